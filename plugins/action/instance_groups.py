"""Action of instance_groups: the groups of an environment as stacks. On the control node only."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail

from ..plugin_utils import instance_groups
from ..plugin_utils.masked_action import MaskedAction

OPTIONS = {
    "groups": {"type": "dict", "required": True},
    "defaults": {"type": "dict", "default": {}},
    "environment": {"type": "str", "required": True},
    "artifact_bucket": {"type": "str", "required": True},
    "template": {"type": "path", "required": True},
    "parameters": {"type": "dict", "default": {}},
    "tags": {"type": "dict", "default": {}},
    "running": {"type": "dict", "default": {}},
}


class ActionModule(MaskedAction):
    """Fails with all faults at once, a line for each."""

    code = "instance_groups_invalid"
    facts = frozenset(("names", "stacks", "waiting"))

    _requires_connection = False
    _supports_check_mode = True

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        options = self.options(OPTIONS)
        groups, defaults = options["groups"], options["defaults"]
        environment = instance_groups.Environment(
            options["environment"], options["artifact_bucket"], options["parameters"], options["tags"]
        )
        faults = instance_groups.check(groups, defaults, environment)
        if faults:
            raise AnsibleActionFail("\n".join(faults))
        made, waiting = instance_groups.stacks(groups, defaults, environment, options["template"], options["running"])
        return result | {
            "changed": False,
            "names": {one: instance_groups.stack_name(one, environment.name) for one in groups},
            "stacks": made,
            "waiting": waiting,
        }
