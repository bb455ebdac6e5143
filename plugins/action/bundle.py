"""Makes a configuration bundle on the control node, and has the module bundle sign and keep it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml
from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.utils.vars import load_extra_vars

from ..module_utils.bundle.manifest import BundleError
from ..module_utils.messages import coded
from ..plugin_utils.aws_action import AwsAction
from ..plugin_utils.bundle import build, layers, wheels

ROOT = Path(__file__).resolve().parents[2]
# What hosts are deployed with. Given on the command line it would hold for this run, and not for instances.
OF_HOSTS = ("logstash_", "octopus_")
EXTRA_VARS = "bundle_extra_vars"
# The options that are not the module's.
OPTIONS: dict[str, dict[str, Any]] = {
    "inventory": {"type": "path"},
    "hosts": {"type": "dict", "default": {}},
    "architectures": {"type": "list", "elements": "str", "choices": list(wheels.ARCHITECTURES), "default": ["x86_64"]},
    "python_versions": {"type": "list", "elements": "str", "default": ["3.11"]},
    "collections": {"type": "list", "elements": "str", "default": ["amazon.aws"]},
    "files": {"type": "list", "elements": "path", "default": []},
    "wheels": {"type": "path"},
    "dest": {"type": "path"},
}


class ActionModule(AwsAction):
    """See the module's documentation."""

    code = "bundle_invalid"

    # Nothing of it is secret, and to look for secrets would evaluate them: that is for instances to do.
    _secrets = ()

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        given = self._task.args
        of_module = {name: value for name, value in given.items() if name not in OPTIONS}
        self._task.args = {name: value for name, value in given.items() if name in OPTIONS}
        options = self.options(OPTIONS)
        if not of_module.get("bundle"):
            if missing := [name for name in ("inventory", "wheels", "dest") if not options[name]]:
                raise AnsibleActionFail(f"{', '.join(missing)} missing; expected directories, or the option bundle.")
            try:
                of_module |= self._made(str(of_module.get("environment", "")), options, task_vars)
            except BundleError as error:
                raise AnsibleActionFail(coded(error.code, f"{error}.")) from None
            except OSError as error:
                raise AnsibleActionFail(f"The bundle can't be made: {error}.") from None
        self._task.args = of_module
        return super().work(result, task_vars)

    def _made(self, environment: str, options: dict[str, Any], task_vars: Mapping[str, Any]) -> dict[str, str]:
        """Makes the archive. Returns the module's options about it."""
        extra_vars = self._extra_vars(task_vars)
        files: list[Path] = []
        versions, named = {}, []
        for layer, host in options["hosts"].items():
            variables = {**task_vars["hostvars"].raw_get(host), **extra_vars}
            evaluate = self._templar.copy_with_new_env(available_variables=variables).template
            try:
                files += layers.variable_files(variables, evaluate)
                versions[layer] = layers.version(variables, evaluate, _default_version())
            except AnsibleError as error:
                raise AnsibleActionFail(f"Layer {layer}: {error}") from None
            named.append((layer, variables, evaluate))
        parts = build.Parts(
            root=ROOT,
            environment=environment,
            inventory=Path(options["inventory"]).absolute(),
            variable_files=list(dict.fromkeys(files)),
            files=[ROOT / path for path in options["files"]],
            collections={name: _folder(name) for name in options["collections"]},
            extra_vars=extra_vars,
            logstash_versions=versions,
        )
        missing = [f"{layer}: {text}" for layer, *given in named for text in layers.missing_files(*given, parts.places)]
        if missing:
            raise AnsibleActionFail(coded("bundle_incomplete", "\n".join(missing)))
        found = build.collect(parts)
        folders = [
            wheels.fetch(parts.requirements, python, architecture, Path(options["wheels"]).absolute())[0]
            for python in options["python_versions"]
            for architecture in options["architectures"]
        ]
        manifest, content = build.pack(parts, found, folders)
        path = build.keep(Path(options["dest"]).absolute(), manifest, content)
        return {"src": str(path), "manifest": manifest.text}

    def _extra_vars(self, task_vars: Mapping[str, Any]) -> dict[str, Any]:
        """The bundle's own, as they are written: templates in them are for instances."""
        only_here = sorted(name for name in load_extra_vars(self._loader) if name.startswith(OF_HOSTS))
        if only_here:
            raise AnsibleActionFail(
                f"{', '.join(only_here)} on the command line would hold for this run only, and not for instances. "
                f'Put it into the bundle, as with -e \'{{"{EXTRA_VARS}": {{"{only_here[0]}": ...}}}}\', or into the '
                "inventory."
            )
        value = task_vars.get(EXTRA_VARS) or {}
        try:
            if not isinstance(value, Mapping):
                raise TypeError
            found: dict[str, Any] = json.loads(json.dumps(value))
        except TypeError:
            raise AnsibleActionFail(
                f"{EXTRA_VARS} is no dictionary, or has a value that is encrypted or that JSON does not have; expected "
                "variables with their values, as `{logstash_version: 9.5.2}`. Values may be templates, which instances "
                "evaluate."
            ) from None
        return found


def _default_version() -> str:
    """Of the role, for layers that don't set one."""
    defaults = yaml.safe_load((ROOT / "roles/logstash/defaults/main/install.yml").read_text(encoding="utf-8"))
    return str(defaults["logstash_version"])


def _folder(collection: str) -> Path:
    """Where a collection is on this machine.

    :raises BundleError: it isn't.
    """
    try:
        return Path(import_module(f"ansible_collections.{collection}").__path__[0])
    except ImportError:
        raise BundleError(
            f"Collection {collection} (bundle_collections) is not on this machine. Install it", "bundle_incomplete"
        ) from None
