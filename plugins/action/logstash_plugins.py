"""Action of logstash_plugins: reads gems and packs on the controller, and copies those that the host lacks."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean

from ..module_utils.custom_package.errors import CustomPackageError
from ..module_utils.custom_package.gems import read_gems
from ..module_utils.custom_package.sources import check_checksum, check_file, digest, name_of, take
from ..module_utils.downloads import is_address, is_trusted
from ..module_utils.logstash_host.installed_plugins import find_changes, result_of
from ..plugin_utils.masked_action import FACTS, MaskedAction

MODULE = "elk.deploy.logstash_plugins"
OPTIONS = (
    "plugins",
    "check_only",
    "require_checksums",
    "trusted_mirrors",
    "installed",
    "fingerprint",
    "home",
    "java_home",
    "environment",
    "timeout",
)
# What is for this side alone.
OWN_OPTIONS = ("check_only", "require_checksums", "trusted_mirrors", "installed")
ENTRY = ("name", "version", "gem", "pack", "checksum", "state")
NAME = re.compile(r"logstash-(codec|filter|input|integration|output)-[A-Za-z0-9_.-]+")
VERSION = re.compile(r"\d[0-9A-Za-z.]*")


class ActionModule(MaskedAction):
    """Checks the list against the files, asks the host what it lacks, and copies that."""

    code = "plugins_invalid"
    facts = FACTS | {"changes", "fingerprint"}

    # Were it true, Ansible would make a directory on the host before the list is checked.
    TRANSFERS_FILES = False

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        unknown = sorted(set(self._task.args) - set(OPTIONS))
        if unknown:
            raise AnsibleActionFail(f"logstash_plugins has no option {', '.join(unknown)}; it has {', '.join(OPTIONS)}")
        entries = self._entries(self._task.args.get("plugins", []))
        check_only = boolean(self._task.args.get("check_only", False))
        if (check_only and not entries) or not {"plugins", "fingerprint"} & set(self._task.args):
            # An empty list is fine for the host: what a run that was cut off left there is undone.
            lacking = "plugins is missing or empty" if check_only else "neither plugins nor fingerprint is given"
            raise AnsibleActionFail(
                f"logstash_plugins has nothing to {'check' if check_only else 'do'}: {lacking}; give a list of "
                "plugins, or leave the task out"
            )
        if check_only:
            return {**result, "changed": False}
        installed = self._task.args.get("installed")
        if installed and self._task.check_mode:
            changes = find_changes(entries, installed["installed"], installed["sources"])
            return {**result, **result_of(changes, installed, is_check=True, has_diff=self._task.diff)}
        first = self._module(entries, task_vars)
        result.update(first)
        lacking = result.pop("lacking", None)
        if lacking and not result.get("failed"):
            files = self._bring([entry for entry in entries if entry["name"] in lacking])
            result.update(
                self._module([{**entry, "file": files.get(entry["name"], "")} for entry in entries], task_vars)
            )
            result["undone"] = first["undone"]
        return result

    def _module(self, entries: list[dict[str, Any]], task_vars: dict[str, Any]) -> dict[str, Any]:
        given = ("name", "version", "state", "checksum", "file")
        plugins = [{key: entry[key] for key in given if key in entry} for entry in entries]
        arguments = {key: value for key, value in self._task.args.items() if key not in OWN_OPTIONS}
        if plugins:
            arguments["plugins"] = plugins
        return self._execute_module(MODULE, arguments, task_vars=task_vars)

    def _entries(self, plugins: Any) -> list[dict[str, Any]]:
        """The list with what the files say: an entry with one gets its `version`, `checksum` and `path`."""
        if not isinstance(plugins, list):
            raise AnsibleActionFail(f"logstash_plugins: plugins is {plugins!r}; expected a list of plugins")
        entries, problems = [], []
        for number, plugin in enumerate(plugins, 1):
            try:
                entries.append(self._entry(plugin))
            except (CustomPackageError, AnsibleError) as error:
                name = plugin.get("name") if isinstance(plugin, dict) else None
                problems.append(f"plugin {number}{f' ({name})' if name else ''}: {error}")
        names = [entry["name"] for entry in entries]
        twice = sorted({name for name in names if names.count(name) > 1})
        problems += [f"{name} is in the list more than once; keep one of its entries" for name in twice]
        if problems:
            raise AnsibleActionFail(
                "The list of plugins cannot be used; nothing was done. " + " ".join(f"{text}." for text in problems)
            )
        return entries

    def _entry(self, plugin: Any) -> dict[str, Any]:
        if not isinstance(plugin, dict):
            raise CustomPackageError(
                f"it is {plugin!r}; expected a name, and version, gem or pack, and state where needed"
            )
        unknown = sorted(set(plugin) - set(ENTRY))
        if unknown:
            raise CustomPackageError(f"it has no option {', '.join(unknown)}; it has {', '.join(ENTRY)}")
        name, version, state = (
            str(plugin.get("name", "")),
            str(plugin.get("version") or ""),
            plugin.get("state", "present"),
        )
        if not NAME.fullmatch(name):
            raise CustomPackageError(
                f"name is {name!r}; expected a plugin's whole name, such as logstash-output-http. "
                "`logstash-plugin list` shows those that are installed"
            )
        if version and not VERSION.fullmatch(version):
            raise CustomPackageError(
                f"version is {version!r}; expected one version in full, such as 4.3.2, and no range"
            )
        if state not in ("present", "absent"):
            raise CustomPackageError(f"state is {state!r}; expected present or absent")
        given = [plugin[kind] for kind in ("gem", "pack") if plugin.get(kind)]
        if len(given) > 1 or (given and state == "absent"):
            raise CustomPackageError(
                "it has more than it can use; expected one of gem and pack, and neither with state: absent"
            )
        checksum = str(plugin.get("checksum") or "")
        if checksum and not given:
            raise CustomPackageError("it has a checksum, but no gem or pack that it belongs to; name the file")
        entry = {"name": name, "version": version, "state": state, "checksum": ""}
        if given:
            return self._with_file(entry, str(given[0]), bool(plugin.get("gem")), checksum)
        if state == "present" and not version:
            raise CustomPackageError(
                "it has no version, so that each host would get what the public gem server calls the newest one; set "
                "version, which applies to bundled plugins, too"
            )
        if state == "present" and self._requires_checksums():
            raise CustomPackageError(
                "it comes from the public gem server, where nothing identifies what is installed; name its file or its "
                "address as gem or pack, with its checksum, or set logstash_require_checksums: false"
            )
        return entry

    def _requires_checksums(self) -> bool:
        return boolean(self._task.args.get("require_checksums", False))

    def _file(self, given: str, checksum: str) -> Path:
        """The file on this machine; one with an address is kept here under its checksum."""
        if checksum:
            check_checksum("checksum", checksum)
        if not is_address(given):
            path = Path(self._find_needle("files", os.path.expanduser(given)))
            if self._requires_checksums() and not checksum:
                raise CustomPackageError(
                    f"{given} has no checksum; set checksum: sha256:{digest(path, 'sha256')} once you know that the "
                    "file is the right one, or logstash_require_checksums: false"
                )
            if checksum:
                check_file(given, path, checksum)
            return path
        if not checksum:
            raise CustomPackageError(
                f"{given} has no checksum, which an address needs; set checksum: sha256:<64 hex digits>"
            )
        if not is_trusted(given, map(str, self._task.args.get("trusted_mirrors") or ())):
            raise CustomPackageError(
                f"{given} would be fetched without TLS; use https, or add its host to logstash_trusted_mirrors"
            )
        return _fetched(given, checksum)

    def _with_file(self, entry: dict[str, Any], given: str, is_gem: bool, wanted: str) -> dict[str, Any]:
        path = self._file(given, wanted)
        if path.suffix != (".gem" if is_gem else ".zip"):
            kinds = "gem is {}; expected a .gem file" if is_gem else "pack is {}; expected a .zip file"
            raise CustomPackageError(kinds.format(given))
        held = {gem.name: gem for gem in read_gems(path)}
        found = held.get(entry["name"])
        if not found or (entry["version"] and found.version != entry["version"]):
            content = ", ".join(f"{gem.name} {gem.version}" for gem in held.values())
            raise CustomPackageError(
                f"{given} holds {content}, and not {entry['name']} {entry['version']}".rstrip()
                + ". Correct the name or the version, or give the right file"
            )
        if not found.is_plugin:
            raise CustomPackageError(
                f"{given} holds {found.name}, whose specification does not describe a Logstash plugin"
            )
        if is_gem and not re.fullmatch(rf"{re.escape(f'{found.name}-{found.version}')}(-java)?\.gem", path.name):
            raise CustomPackageError(
                f"{given} holds {found.name} {found.version}; expected the name {found.name}-{found.version}.gem, with "
                "-java before .gem when it is built for Java. Logstash takes the version from the file's name"
            )
        with path.open("rb") as file:
            checksum = hashlib.file_digest(file, "sha256").hexdigest()
        return {**entry, "version": found.version, "path": path, "is_gem": is_gem, "checksum": checksum}

    def _bring(self, entries: list[dict[str, Any]]) -> dict[str, str]:
        """Copies what the plugins are installed from to the host: {plugin's name: path there}. Gems become one pack."""
        shell = self._connection._shell
        if not shell.tmpdir:
            self._make_tmp_path()
        brought: dict[Path, str] = {}
        with tempfile.TemporaryDirectory() as folder:
            gems = Path(folder) / "gems.zip"
            with zipfile.ZipFile(gems, "w") as pack:
                for entry in entries:
                    if entry["is_gem"]:
                        pack.write(entry["path"], f"logstash/{entry['path'].name}")
            sources = {entry["name"]: gems if entry["is_gem"] else entry["path"] for entry in entries}
            for number, source in enumerate(dict.fromkeys(sources.values())):
                # A name of its own for each, without characters that an address would need to escape.
                brought[source] = shell.join_path(shell.tmpdir, f"pack-{number}.zip")
                self._transfer_file(str(source), brought[source])
            self._fixup_perms2((shell.tmpdir, *brought.values()), execute=False)
        return {name: brought[source] for name, source in sources.items()}


def _fetched(address: str, checksum: str) -> Path:
    """A file from an address; fetched once, and looked at each time."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    # Beside package files, which have the same form of names.
    folder = Path(cache) / "elk-deploy/plugins" / checksum.replace(":", "-")
    path = folder / name_of(address)
    algorithm, _separator, wanted = checksum.partition(":")
    if path.is_file() and digest(path, algorithm) == wanted:
        return path
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        # Under its name only once it is whole, and the right one.
        take("the plugin's file", address, checksum, Path(temporary)).replace(path)
    return path
