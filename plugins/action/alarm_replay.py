"""Action of alarm_replay: reads the series, and lets the module play it."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail

from ..plugin_utils.alarms import series
from ..plugin_utils.aws_action import AwsAction


class ActionModule(AwsAction):
    """See the module's documentation."""

    code = "alarm_series_invalid"

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        given = dict(self._task.args)
        try:
            slots = series.read(str(given.pop("series", "")))
        except series.NotationError as error:
            raise AnsibleActionFail(f"series: {error}") from None
        self._task.args = given | {"samples": [[list(sample) for sample in slot.samples] for slot in slots]}
        return super().work(result, task_vars)
