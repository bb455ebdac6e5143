"""Action of alarm_tests: evaluates alarms against test files, on the control node only."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail

from ..module_utils.messages import coded
from ..plugin_utils.alarm_options import ALARM_OPTIONS, definitions_of
from ..plugin_utils.alarms import alarm_test_files, alarm_test_runs, report
from ..plugin_utils.masked_action import MaskedAction

OPTIONS = {
    **ALARM_OPTIONS,
    "src": {"type": "path", "required": True},
    "coverage": {"type": "bool", "default": False},
}


class ActionModule(MaskedAction):
    """See the module's documentation."""

    code = "alarm_tests_invalid"

    _requires_connection = False
    _supports_check_mode = True

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        options = self.options(OPTIONS)
        definitions_of(options)
        environment = alarm_test_runs.Environment(options["alarms"], options["changes"])
        try:
            outcomes = _outcomes(Path(options["src"]), environment)
        except alarm_test_files.AlarmTestsError as error:
            raise AnsibleActionFail(str(error)) from None
        # One file of several says little of what all of them cover.
        counts = options["coverage"] or Path(options["src"]).is_dir()
        lacking = alarm_test_runs.coverage(outcomes, environment) if counts else None
        alarms = len(environment.alarms)
        result |= {
            "changed": False,
            "report": "\n".join(report.lines(outcomes, lacking, alarms)),
            "failures": [outcome.test.place for outcome in outcomes if outcome.failures],
            "lacking": lacking or {},
        }
        if result["failures"] or (options["coverage"] and lacking):
            said = f"{report.summary(outcomes, lacking, alarms)}. The report says more; `make alarms` shows it."
            result |= {"failed": True, "msg": coded("alarm_tests_failed", said)}
        return result


def _outcomes(path: Path, environment: alarm_test_runs.Environment) -> list[alarm_test_runs.Outcome]:
    """Runs the tests of all files, and reports every mistake in them at once."""
    files = alarm_test_files.find(path)
    if not files:
        raise AnsibleActionFail(f"{path}: there are no tests of alarms, expected a file or a folder with *.yml")
    outcomes: list[alarm_test_runs.Outcome] = []
    faults: list[str] = []
    for test in alarm_test_files.load(files, environment.names, Path(os.environ.get("PWD", "/"))):
        try:
            outcomes.append(alarm_test_runs.run(test, environment))
        except alarm_test_files.AlarmTestsError as error:
            faults += error.faults
    if faults:
        raise alarm_test_files.AlarmTestsError(faults)
    return outcomes
