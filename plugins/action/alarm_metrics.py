"""Action of alarm_metrics: reads the list of alarms, and lets the module look for those on signs of life."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ansible.errors import AnsibleActionFail

from ..module_utils.messages import coded
from ..plugin_utils.alarm_options import ALARM_OPTIONS, ENVIRONMENT, definitions_of
from ..plugin_utils.alarms.definitions import deployed_name
from ..plugin_utils.aws_action import AwsAction


class ActionModule(AwsAction):
    """See the module's documentation."""

    code = "alarm_invalid"

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        if not self._task.args.get("environment"):
            raise AnsibleActionFail(
                coded(self.code, "environment is missing, expected the environment's name. Set octopus_environment.")
            )
        own = {key: value for key, value in self._task.args.items() if key in ALARM_OPTIONS | ENVIRONMENT}
        signs_of_life = [
            asdict(alarm) | {"deployed_name": deployed_name(alarm.name, own["environment"])}
            for alarm in definitions_of(own).alarms
            if alarm.is_sign_of_life
        ]
        if not signs_of_life:
            return result | {"changed": False, "waiting": []}
        connection = {key: value for key, value in self._task.args.items() if key not in own}
        self._task.args = connection | {"signs_of_life": signs_of_life}
        return super().work(result, task_vars)
