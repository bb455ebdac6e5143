"""Action of logstash_host: inspects the host, and compares it with the desired state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.parsing.convert_bool import boolean

from ..plugin_utils.logstash import difference
from ..plugin_utils.masked_action import MaskedAction

PREPARING = {"logstash_directories", "logstash_configure"}
WANTED = {
    "version": {"type": "str", "required": True},
    "source": {"type": "str", "required": True},
    "hold": {"type": "bool", "required": True},
    "rollback_to": {"type": "str", "default": ""},
}


def _prepares(variables: Mapping[str, Any]) -> bool:
    """Whether a run has the phases that a changed path matters to; others go on with the paths that are live."""
    chosen, left_out = set(variables["ansible_run_tags"]), set(variables["ansible_skip_tags"])
    phases = {tag for tag in chosen if tag.startswith("logstash_")}
    return "logstash_directories" not in left_out and (not phases or bool(phases & PREPARING))


class ActionModule(MaskedAction):
    """What is wanted stays on the control node."""

    _supports_check_mode = True

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        arguments = dict(self._task.args)
        arguments = {**arguments.pop("plan", {}), **arguments}
        if not boolean(arguments.get("checks", True)):
            arguments.pop("ports", None)
        if not _prepares(task_vars):
            arguments.pop("old_data", None)
        given = arguments.pop("wanted", None)
        checked = ArgumentSpecValidator(WANTED).validate(given or {})
        if given and checked.error_messages:
            raise AnsibleActionFail(f"logstash_host: wanted: {'; '.join(checked.error_messages)}")
        result |= self._execute_module(module_args=arguments, task_vars=task_vars)
        self._remove_tmp_path(self._connection._shell.tmpdir)
        if given and not result.get("failed"):
            wanted = checked.validated_parameters
            installed, deployment = result["installed"], result["deployment"]
            installed |= difference.of_installation(installed, wanted)
            installed["keep"] = difference.versions_to_keep(installed, deployment, wanted["version"])
            result["releases"] = [record["release"] for record in difference.records(deployment)]
            result["target"] = difference.rollback_target(deployment, wanted["rollback_to"])
        return result
