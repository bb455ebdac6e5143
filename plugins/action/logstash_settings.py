"""Action of logstash_settings: the settings directory with its keystore, from the variables of role logstash."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError

from ..module_utils.messages import coded
from ..plugin_utils.evaluated import Evaluated
from ..plugin_utils.logstash import plan
from ..plugin_utils.role_variables import RoleVariables
from ..plugin_utils.settings_action import OPTIONS as OF_DIRECTORY
from ..plugin_utils.settings_action import SettingsAction
from . import role_arguments

MODULE_OF_KEYSTORE = "elk.deploy.logstash_keystore"
# What the keystore consists of, which the other files of the directory leave alone.
KEYSTORE = ["logstash.keystore", "keystore.env"]
OPTIONS: dict[str, dict[str, Any]] = {
    **{name: option for name, option in OF_DIRECTORY.items() if name not in ("files", "leave", "record")},
    "role_path": {"type": "path", "required": True},
    "entry": {"type": "str"},
    "control_node": {"type": "bool", "default": False},
    "keystore": {
        "type": "dict",
        "options": {
            "record": {"type": "str", "required": True},
            "home": {"type": "str", "required": True},
            "group": {"type": "str", "required": True},
        },
    },
}


class ActionModule(SettingsAction):
    """Reads the role's variables itself: a secret that went through a fact would not be known any more."""

    code = "settings_not_rendered"
    _role_path = ""

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        options = self.options(OPTIONS)
        self._role_path = options["role_path"]
        if options["entry"]:
            self._check(options["entry"], task_vars)
        result |= self.write({**options, "files": [], "leave": KEYSTORE, "record": None}, task_vars)
        if result.get("failed") or not options["keystore"]:
            return result
        entries = RoleVariables(self.evaluated(task_vars))("logstash_keystore")
        if not entries and not result["left"]:
            # There is none, and none is to be: a module more would only say so.
            return result | {"names": []}
        keystore = self._keystore(options["path"], options["keystore"], task_vars)
        if keystore.get("failed"):
            return keystore
        differences = [found["diff"] for found in (result, keystore) if found["changed"] and "diff" in found]
        warnings = [*result.get("warnings", []), *keystore.get("warnings", [])]
        result["changed"] = result["changed"] or keystore["changed"]
        result["names"] = keystore["names"]
        if keystore["changed"]:
            # It was made before the keystore was.
            result.pop("comparison", None)
        if warnings:
            result["warnings"] = warnings
        if differences:
            result["diff"] = [one for found in differences for one in (found if isinstance(found, list) else [found])]
        return result

    def _check(self, entry: str, task_vars: dict[str, Any]) -> None:
        try:
            arguments = {"role_path": self._role_path, "entry": entry}
            self.work_of(role_arguments.ActionModule, "role_arguments", arguments, task_vars)
        except AnsibleError as error:
            raise AnsibleActionFail(coded(role_arguments.ActionModule.code, str(error))) from None

    def more_files(self, variables: Evaluated) -> list[dict[str, Any]]:
        read = RoleVariables(variables)
        unit = Path(self._role_path, "templates/unit.systemd.j2").read_text(encoding="utf-8")
        files = plan.settings_files(read)
        # Last, since it then finds most of the variables evaluated.
        files.append({"name": "unit.systemd", "content": variables.render(unit, write_paths=plan.write_paths(read))})
        usual = {"content": None, "src": None, "template": None, "secret": False, "pipeline": False}
        return [{**usual, **file} for file in files]

    def _keystore(self, path: str, options: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        read = RoleVariables(self.evaluated(task_vars))
        arguments = {
            "path": path,
            "record": options["record"],
            "entries": read("logstash_keystore"),
            "password": read("logstash_keystore_password"),
            "version": read("logstash_version"),
            "program": f"{options['home']}/bin/logstash-keystore",
            "java_home": read("logstash_java_home"),
            "group": options["group"],
        }
        try:
            found: dict[str, Any] = self._execute_module(MODULE_OF_KEYSTORE, arguments, task_vars=task_vars)
        finally:
            self._remove_tmp_path(self._connection._shell.tmpdir)
        found.pop("invocation", None)
        return found
