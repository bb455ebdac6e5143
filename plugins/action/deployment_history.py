"""Action of deployment_history: shows the last deployments of an environment."""

from __future__ import annotations

from typing import Any

from ..plugin_utils.showing_action import ShowingAction
from ..plugin_utils.status.history import as_json, history, table

OPTIONS: dict[str, dict[str, Any]] = {
    "variable": {"type": "str", "required": True},
    "instances": {"type": "dict", "default": {}},
    "last": {"type": "int", "default": 20},
    "format": {"type": "str", "choices": ["table", "json"], "default": "table"},
}


class ActionModule(ShowingAction):
    """Prints a table."""

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        options = self.options(OPTIONS)
        hosts = {name: one for name, (_, one) in self.found(options["variable"], task_vars).items()}
        found = history(hosts, options["instances"], options["last"])
        report = as_json(found) if options["format"] == "json" else table(found, **self.terminal())
        return result | {"changed": False, "report": report}
