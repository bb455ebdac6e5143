"""Action of settings_directory: every file is made on the controller, and all of them go to the host at once."""

from __future__ import annotations

from typing import Any

from ..plugin_utils.settings_action import OPTIONS, SettingsAction


class ActionModule(SettingsAction):
    """Writes what the task names."""

    code = "settings_not_rendered"

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        return self.write(self.options(OPTIONS), task_vars)
