"""Action of verify_report: the table and the JUnit file of a verification, on the control node only."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.utils.color import ANSIBLE_COLOR

from ..module_utils import atomic_files
from ..module_utils.messages import coded
from ..plugin_utils import verification
from ..plugin_utils.alarms.definitions import deployed_name
from ..plugin_utils.masked_action import MaskedAction
from ..plugin_utils.verification import Check, Suite

OPTIONS: dict[str, dict[str, Any]] = {
    "environment": {"type": "str", "required": True},
    "suites": {"type": "dict", "required": True},
    "alarms": {"type": "dict"},
    "dest": {"type": "path", "required": True},
}
FILE_MODE = 0o644
WIDTH = 140


class ActionModule(MaskedAction):
    """See the module's documentation."""

    code = "verification_failed"
    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        options = self.options(OPTIONS)
        # A detail may quote what another program has said.
        suites = [_suite(name, self._mask.everything(found)) for name, found in options["suites"].items()]
        if options["alarms"] is not None:
            suites.append(Suite("alarms", _alarms(options["alarms"], options["environment"])))
        # That of a terminal; without one, Ansible takes 79, in which hardly a detail fits.
        columns = self._display.columns if self._display.columns > 79 else WIDTH
        # Not for the log: it would be a picture of the terminal.
        self._display.display(verification.table(suites, columns, colour=ANSIBLE_COLOR), screen_only=True)
        if not self._task.check_mode:
            self._write(Path(options["dest"]), verification.junit(suites, f"verify.{options['environment']}", _now()))
        failed = verification.failures(suites)
        made = sum(len(suite.checks) for suite in suites)
        if failed:
            raise AnsibleActionFail(
                coded(
                    self.code,
                    f"{len(failed)} of {made} checks of {options['environment']} have failed. "
                    f"{options['dest']} has all.\n" + "\n".join(failed),
                )
            )
        passed = sum(suite.count("passed") for suite in suites)
        skipped = made - passed
        said = f"{passed} checks of {options['environment']} have passed{f', skipped: {skipped}' if skipped else ''}."
        return result | {"changed": False, "passed": passed, "msg": f"{said} {options['dest']} has all."}

    def _write(self, path: Path, content: bytes) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            atomic_files.write(path, content, FILE_MODE, shared=True)
        except OSError as error:
            raise AnsibleActionFail(f"{path}: the JUnit file cannot be written: {error.strerror}") from None


def _suite(name: str, found: Mapping[str, Any]) -> Suite:
    checks = tuple(Check.of(check) for check in found.get("checks") or ())
    if not checks:
        said = found.get("msg") or "it could not be reached"
        checks = (Check("reachable", "failed", f"{str(said).rstrip('.')}. Nothing else of it was checked"),)
    return Suite(name, checks, float(found.get("seconds") or 0))


def _alarms(found: Mapping[str, Any], environment: str) -> tuple[Check, ...]:
    if found.get("problem"):
        return (Check("alarms", "failed", f"CloudWatch could not be asked: {found['problem']}"),)
    expected = {deployed_name(name, environment): name in found["messengers"] for name in found["names"]}
    checks = verification.check_alarms(expected, found["deployed"], found.get("waiting") or ())
    return tuple(checks) or (Check("alarms", "skipped", "the inventory has none"),)


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S")
