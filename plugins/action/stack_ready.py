"""Runs the module stack_ready with the connection of the group amazon.aws.aws."""

from __future__ import annotations

from typing import Any

from ..module_utils.aws.template import Template, TemplateError
from ..plugin_utils.aws_action import AwsAction


class ActionModule(AwsAction):
    """Leaves out what CloudFormation does not show: Ansible shows and logs the options of a module.

    Names are no secrets, so that the module misses nothing.
    """

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        parameters = self._task.args.get("template_parameters")
        if isinstance(parameters, dict):
            try:
                hidden = Template(str(self._task.args.get("template_body", "")), {}, {}).hidden_parameters
            except TemplateError:
                # The module says what is wrong with it, and needs no value for that.
                hidden = frozenset(parameters)
            shown = {name: value for name, value in parameters.items() if name not in hidden}
            self._task.args = {**self._task.args, "template_parameters": shown}
        return super().work(result, task_vars)
