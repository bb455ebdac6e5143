"""Action of logstash_host: inspects the host, and compares it with the desired state."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.parsing.convert_bool import boolean

from ..module_utils.messages import coded
from ..plugin_utils.host_lock import LockingAction
from ..plugin_utils.logstash import difference

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


class ActionModule(LockingAction):
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
        result |= self._look(arguments, task_vars)
        self._remove_tmp_path(self._connection._shell.tmpdir)
        if given and not result.get("failed"):
            wanted = checked.validated_parameters
            installed, deployment = result["installed"], result["deployment"]
            installed |= difference.of_installation(installed, wanted)
            installed["keep"] = difference.versions_to_keep(installed, deployment, wanted["version"])
            result["releases"] = [record["release"] for record in difference.records(deployment)]
            result["target"] = difference.rollback_target(deployment, wanted["rollback_to"])
            if wanted["rollback_to"] and not result["target"]:
                kept = ", ".join(result["releases"]) or "there is none"
                raise AnsibleActionFail(
                    coded(
                        "release_missing",
                        f"logstash_rollback_to is {json.dumps(wanted['rollback_to'])}; expected `previous`, or a "
                        f"release that passed the health gate on {arguments['host']}: {kept}. Name one of them.",
                    )
                )
        return result

    def _look(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """What the module returns, which takes the host's lock before it looks where it is told to."""
        lock = arguments.get("lock")

        def run(of_run: dict[str, Any]) -> dict[str, Any]:
            given = {**arguments, "lock": {**lock, **of_run}} if lock else arguments
            found: dict[str, Any] = self._execute_module(module_args=given, task_vars=task_vars)
            return found

        return self.with_lock(str(lock["path"]), run, task_vars) if lock else run({})
