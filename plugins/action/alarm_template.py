"""Action of alarm_template: makes the template of an environment's alarms, on the control node only."""

from __future__ import annotations

from typing import Any

from ..plugin_utils.alarm_options import ALARM_OPTIONS, ENVIRONMENT, definitions_of
from ..plugin_utils.alarms.definitions import without
from ..plugin_utils.alarms.template import parameters, template
from ..plugin_utils.masked_action import MaskedAction

OPTIONS = {
    **ALARM_OPTIONS,
    **ENVIRONMENT,
    "topics_stack": {"type": "str", "required": True},
    "without": {"type": "list", "elements": "str", "default": []},
}


class ActionModule(MaskedAction):
    """See the module's documentation."""

    code = "alarm_invalid"
    # The template is what the next task deploys.
    facts = MaskedAction.facts | {"template", "parameters"}

    _requires_connection = False
    _supports_check_mode = True

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        options = self.options(OPTIONS)
        definitions = without(definitions_of(options), options["without"])
        alarms = [*definitions.alarms, *definitions.composites]
        return result | {
            "changed": False,
            "template": template(definitions, options["environment"]),
            "parameters": {
                name: {"stack": options["topics_stack"], "output": name} for name in parameters(definitions)
            },
            "alarms": [one.name for one in alarms],
            "messengers": [one.name for one in alarms if one.alarm_actions and one.ok_actions],
            "without_end": [one.name for one in alarms if one.alarm_actions and not one.ok_actions],
        }
