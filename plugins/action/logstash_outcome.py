"""Action of logstash_outcome: fails with what happened to the service in a failed run."""

from __future__ import annotations

import dataclasses
from typing import Any

from ansible.errors import AnsibleActionFail

from ..module_utils.logstash_host.deployment_journal import FAILED, RESTORED
from ..plugin_utils.journal_action import complete
from ..plugin_utils.logstash.outcome import Outcome, describe, is_restored
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
    "journal": {"type": "dict"},
}


class ActionModule(MaskedAction):
    """Asks the host only what the service does now, and leaves a line in its journal with that."""

    # Only where what failed has no code of its own.
    code = "deployment_failed"
    _supports_check_mode = True

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        options = self.options(OPTIONS)
        then = options["deployment"]
        known = self._known(options, then)
        arguments = {"path": options["path"]}
        if options["journal"]:
            result_of_run = RESTORED if is_restored(known) else FAILED
            told = {"result": result_of_run, "reason": options["failure"]}
            arguments["journal"] = complete({**options["journal"], **told})
        try:
            now = self._execute_module(RECORD, arguments, task_vars=task_vars)
        finally:
            self._remove_tmp_path(self._connection._shell.tmpdir)
        if now.get("failed"):
            return result | now
        outcome = dataclasses.replace(known, now=now["service"])
        raise AnsibleActionFail(f"{describe(outcome)} What failed: {options['failure']}")

    def _known(self, options: dict[str, Any], then: dict[str, Any]) -> Outcome:
        """What is known without asking the host once more."""
        return Outcome(
            changing=then["changing"],
            same_process=then["same_process"],
            before=then["service"],
            now=then["service"],
            record=then["record"],
            recorded_now=then["record"] != options["recorded"],
            found={**then["found"], "files": options["found_files"]} if then["found"] else {},
            rollback=options["rollback"],
            to_run=options["to_run"],
            check=self._task.check_mode,
            failure=options["rollback_failure"],
            out_of_service=options["out_of_service"],
        )
