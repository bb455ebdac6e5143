"""Action of octopus_import: from an export of Octopus Deploy to variable files, on the controller only."""

from __future__ import annotations

import os
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.parsing.convert_bool import boolean

from ..plugin_utils.masked_action import MaskedAction
from ..plugin_utils.octopus.importer import ImportFailed, import_export
from ..plugin_utils.octopus.importer.output import Change, plan, write
from ..plugin_utils.octopus_variables import shown_path

OPTIONS = ("src", "dest", "overwrite")


class ActionModule(MaskedAction):
    """Reads the export, makes all files of it, and writes those that differ."""

    code = "import_failed"

    TRANSFERS_FILES = False
    _requires_connection = False

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        src, dest, overwrite = self._arguments()
        try:
            imported = import_export(shown_path(src), _from_playbook(dest, str(task_vars.get("playbook_dir", ""))))
            changes = plan(shown_path(dest), imported.files, overwrite)
            if not self._task.check_mode:
                write(changes)
        except ImportFailed as error:
            raise AnsibleActionFail(str(error)) from None
        written = [change for change in changes if change.differs]
        if self._task.diff:
            result["diff"] = [_difference(change) for change in written]
        result.update(
            changed=bool(written),
            dest=shown_path(dest),
            files=[change.path for change in changes],
            written=[change.path for change in written],
            **imported.as_data(),
        )
        return result

    def _arguments(self) -> tuple[str, str, bool]:
        """The task's options: the export, the folder, and whether edits may be lost. Paths are absolute."""
        given = self._task.args
        unknown = sorted(set(given) - set(OPTIONS))
        if unknown:
            raise AnsibleActionFail(f"octopus_import has no option {', '.join(unknown)}; it has {', '.join(OPTIONS)}")
        paths = []
        for name, hint in (("src", "the export: -e export=FILE"), ("dest", "the folder to write to: -e to=DIR")):
            value = given.get(name)
            if not isinstance(value, str) or not value.strip():
                raise AnsibleActionFail(f"octopus_import: {name} is missing or no path; expected {hint}")
            paths.append(os.path.abspath(os.path.expanduser(value)))
        try:
            overwrite = boolean(given.get("overwrite", False))
        except TypeError:
            raise AnsibleActionFail(
                f"octopus_import: overwrite is {given['overwrite']!r}, expected true or false"
            ) from None
        return paths[0], paths[1], overwrite


def _from_playbook(folder: str, playbook_dir: str) -> str:
    """How an inventory names the folder: relative to the playbooks, where it is in the same project."""
    relative = os.path.relpath(folder, playbook_dir) if playbook_dir else ".."
    near = not relative.startswith(os.path.join("..", ".."))
    return f"{{{{ playbook_dir }}}}/{relative}" if playbook_dir and near else folder


def _difference(change: Change) -> dict[str, str]:
    """As Ansible shows it; an edited file may hold secrets that somebody filled in."""
    if change.edited:
        return {"prepared": f"Not shown: {change.path} was edited by hand and may hold secrets\n"}
    return {
        "before": change.before or "",
        "after": change.text,
        "before_header": change.path,
        "after_header": change.path,
    }
