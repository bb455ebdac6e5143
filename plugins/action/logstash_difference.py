"""Action of logstash_difference: whether what is wanted is live and has passed the health check."""

from __future__ import annotations

from typing import Any

from ..plugin_utils.logstash import difference
from ..plugin_utils.masked_action import MaskedAction

MODULE = "elk.deploy.settings_release"
OPTIONS: dict[str, dict[str, Any]] = {
    "release": {"type": "dict", "required": True},
    "host": {"type": "dict", "required": True},
    "plan": {"type": "dict", "required": True},
    "plugins": {"type": "str", "required": True},
    "staged": {"type": "bool", "default": False},
}


class ActionModule(MaskedAction):
    """Asks the host only how the staged settings differ from the live ones."""

    _supports_check_mode = True

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        wanted = self.options(OPTIONS)
        is_check = self._task.check_mode
        self._task.check_mode, self._task.diff = True, False
        try:
            release = self._execute_module(MODULE, wanted["release"], task_vars=task_vars)
        finally:
            self._task.check_mode = is_check
            self._remove_tmp_path(self._connection._shell.tmpdir)
        if release.get("failed"):
            return release
        record = {
            "version": wanted["plan"]["package"]["version"],
            "release": release["release"],
            "package": wanted["plan"]["package"],
            "fingerprints": {"plugins": wanted["plugins"]},
            "health": wanted["plan"]["health"],
        }
        # In check mode nothing is staged, so what would be is not seen in the staged directory.
        settings = {"differs": release["differs"], "would_stage": is_check and wanted["staged"]}
        return result | {
            "changed": False,
            "record": record,
            "previous": release["previous"],
            "is_up_to_date": difference.is_up_to_date(record, wanted["host"], settings),
            "warnings": release.get("warnings", []),
        }
