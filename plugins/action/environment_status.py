"""Action of environment_status: shows an environment as it is now."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail

from ..module_utils import atomic_files
from ..plugin_utils.octopus_variables import shown_path
from ..plugin_utils.showing_action import ShowingAction
from ..plugin_utils.status.model import host, overview
from ..plugin_utils.status.page import page
from ..plugin_utils.status.table import as_json, table

OPTIONS: dict[str, dict[str, Any]] = {
    "environment": {"type": "str", "required": True},
    "variable": {"type": "str", "required": True},
    "monitored": {"type": "bool", "default": True},
    "alarms": {"type": "dict", "default": {}},
    "output": {"type": "str", "choices": ["redis", "elasticsearch", "file"], "default": "elasticsearch"},
    "page": {"type": "path"},
    "format": {"type": "str", "choices": ["table", "json"], "default": "table"},
}
# Reasons may quote what passes through.
PAGE_MODE = 0o640


class ActionModule(ShowingAction):
    """Prints a table and writes a page."""

    code = "status_failed"

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        options = self.options(OPTIONS)
        found = self.found(options["variable"], task_vars)
        hosts = [host(name, layer, one, monitored=options["monitored"]) for name, (layer, one) in found.items()]
        shown = overview(options["environment"], time.time(), hosts, options["alarms"], options["output"])
        wrong = [f"{name}: {problem}" if name else problem for name, problem in shown.problems]
        report = as_json(shown) if options["format"] == "json" else table(shown, **self.terminal())
        if options["page"] and not self._task.check_mode:
            self._write(Path(options["page"]), page(shown))
            if options["format"] == "table":
                report += f"\nThe same as a page: {shown_path(options['page'])}"
        result |= {"changed": False, "wrong": wrong, "report": report}
        if wrong:
            result |= {"failed": True, "msg": f"{len(wrong)} wrong in {options['environment']}: {'; '.join(wrong)}"}
        return result

    def _write(self, path: Path, content: bytes) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            atomic_files.write(path, content, PAGE_MODE, shared=True)
        except OSError as error:
            raise AnsibleActionFail(f"{shown_path(str(path))}: cannot write the page: {error.strerror}") from None
