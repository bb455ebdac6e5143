"""Action of alarm_check: whether the alarms of an environment can work. On the control node only."""

from __future__ import annotations

from typing import Any

from ..plugin_utils.alarm_options import ALARM_OPTIONS, refuse
from ..plugin_utils.alarms.checks import check
from ..plugin_utils.alarms.definitions import read
from ..plugin_utils.masked_action import MaskedAction

OPTIONS = {**ALARM_OPTIONS, "region": {"type": "str", "default": ""}}


class ActionModule(MaskedAction):
    """Fails with all faults at once, a line and a code for each."""

    code = "alarm_invalid"

    _requires_connection = False
    _supports_check_mode = True

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        options = self.options(OPTIONS)
        definitions = read(options["alarms"], options["changes"])
        refuse([*definitions.faults, *check(definitions, options["region"])])
        return result | {"changed": False, "count": len(definitions.alarms) + len(definitions.composites)}
