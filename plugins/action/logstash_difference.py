"""Action of logstash_difference: whether what is wanted is live and has passed the health check."""

from __future__ import annotations

from typing import Any

from ..plugin_utils.logstash import difference
from ..plugin_utils.masked_action import FACTS, MaskedAction

MODULE = "elk.deploy.settings_release"
OPTIONS: dict[str, dict[str, Any]] = {
    "release": {"type": "dict", "required": True},
    "host": {"type": "dict", "required": True},
    "plan": {"type": "dict", "required": True},
    "plugins": {"type": "str", "required": True},
    "staged": {"type": "dict", "default": {}},
}


class ActionModule(MaskedAction):
    """Asks the host only how the staged settings differ from the live ones, unless whoever staged them has told."""

    facts = FACTS | {"record", "previous"}
    _supports_check_mode = True

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        wanted = self.options(OPTIONS)
        release = wanted["staged"].get("comparison") or self._compare(wanted["release"], task_vars)
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
        settings = {
            "differs": release["differs"],
            "would_stage": self._task.check_mode and wanted["staged"].get("changed", False),
        }
        return result | {
            "changed": False,
            "record": record,
            "previous": release["previous"],
            "is_up_to_date": difference.is_up_to_date(record, wanted["host"], settings),
            "warnings": release.get("warnings", []),
        }

    def _compare(self, release: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        is_check = self._task.check_mode
        self._task.check_mode, self._task.diff = True, False
        try:
            found: dict[str, Any] = self._execute_module(MODULE, release, task_vars=task_vars)
        finally:
            self._task.check_mode = is_check
            self._remove_tmp_path(self._connection._shell.tmpdir)
        return found
