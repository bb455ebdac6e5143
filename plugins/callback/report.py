"""Shows the reports that tasks return, and nothing else but failures."""

from __future__ import annotations

DOCUMENTATION = r"""
name: report
type: stdout
short_description: Shows the reports that tasks return
description:
  - For playbooks whose tasks return a text named C(report), as C(scripts/alarms.sh) and C(scripts/show.sh) run them.
    Shows these texts as they are, and of a task that failed without one its message.
"""

from typing import Any

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "elk.deploy.report"

    def v2_runner_on_ok(self, result: Any) -> None:
        if "report" in result.result:
            self._display.display(result.result["report"])

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        if "report" in result.result:
            self._display.display(result.result["report"])
        elif not ignore_errors:
            self._display.error(str(result.result.get("msg") or "failed"), wrap_text=False)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        # One that the playbook goes on without is in its report.
        if result.task.ignore_unreachable:
            return
        self._display.error(str(result.result.get("msg") or "unreachable"), wrap_text=False)

    def v2_playbook_on_no_hosts_matched(self) -> None:
        self._display.error("The inventory has no host of the group that the playbook is for.", wrap_text=False)
