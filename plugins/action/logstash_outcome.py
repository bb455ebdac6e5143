"""Action of logstash_outcome: fails with what happened to the service in a failed run."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail

from ..plugin_utils.logstash.outcome import Outcome, describe
from ..plugin_utils.masked_action import MaskedAction

RECORD = "elk.deploy.logstash_deployment_record"
OPTIONS = {
    "path": {"type": "str", "required": True},
    "found_files": {"type": "str", "required": True},
    "deployment": {"type": "dict", "required": True},
    "recorded": {"type": "dict", "required": True},
    "rollback": {"type": "bool", "required": True},
    "to_run": {"type": "bool", "required": True},
    "out_of_service": {"type": "bool", "default": False},
    "failure": {"type": "str", "required": True},
    "rollback_failure": {"type": "str", "default": ""},
}


class ActionModule(MaskedAction):
    """Asks the host only what the service does now."""

    _supports_check_mode = True

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        options = self.options(OPTIONS)
        try:
            now = self._execute_module(RECORD, {"path": options["path"]}, task_vars=task_vars)
        finally:
            self._remove_tmp_path(self._connection._shell.tmpdir)
        if now.get("failed"):
            return result | now
        then = options["deployment"]
        outcome = Outcome(
            changing=then["changing"],
            same_process=then["same_process"],
            before=then["service"],
            now=now["service"],
            record=then["record"],
            recorded_now=then["record"] != options["recorded"],
            found={**then["found"], "files": options["found_files"]} if then["found"] else {},
            rollback=options["rollback"],
            to_run=options["to_run"],
            check=self._task.check_mode,
            failure=options["rollback_failure"],
            out_of_service=options["out_of_service"],
        )
        raise AnsibleActionFail(f"{describe(outcome)} What failed: {options['failure']}")
