"""Action of logstash_layers: check how the layers are connected, on the control node only."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail

from ..plugin_utils.logstash.layers import faults
from ..plugin_utils.masked_action import MaskedAction


class ActionModule(MaskedAction):
    """Reads the variables itself: to evaluate conditions for each host would take longer than all the rest."""

    code = "layers_invalid"

    TRANSFERS_FILES = False
    _requires_connection = False

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        self.options({})
        found = list(faults(self.evaluated(task_vars)))
        if found:
            raise AnsibleActionFail("\n".join(found))
        # There is nothing in it to be masked.
        self._masked_on_the_host = True
        return result | {"changed": False}
