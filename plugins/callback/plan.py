"""Shows what a run in check mode would change."""

from __future__ import annotations

DOCUMENTATION = r"""
name: plan
type: stdout
short_description: Shows what a run in check mode would change, as a table and as JSON
description:
  - For C(ansible-playbook --check --diff), as C(scripts/plan.sh) calls it. Prints one table for all hosts - each file,
    package, directory or stack that would change, how, by which task - and whether Logstash would restart.
  - Where a task or a file is secret, its difference is hidden as everywhere else.
options:
  plan_file:
    description:
      - The file that the plan is written to, as JSON. Its keys are C(hosts) (by name, each with C(changes), C(service),
        which is C(restart), C(start) or C(untouched), and C(errors)), C(changed) and C(failed).
    type: path
    env: [{name: ELK_PLAN_FILE}]
    ini: [{section: elk_deploy, key: plan_file}]
  plan_diff:
    description: Whether the differences themselves follow the table.
    type: bool
    default: false
    env: [{name: ELK_PLAN_DIFF}]
    ini: [{section: elk_deploy, key: plan_diff}]
"""

import json
import os
from collections import defaultdict
from typing import Any

from ansible.plugins.callback import CallbackBase
from ansible_collections.elk.deploy.plugins.plugin_utils.plan_changes import Host, is_service, table


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "elk.deploy.plan"

    def __init__(self) -> None:
        super().__init__()
        self.hosts: dict[str, Host] = defaultdict(Host)
        self.failures: dict[str, list[str]] = defaultdict(list)

    def _host(self, result: Any) -> Host:
        return self.hosts[result.host.get_name()]

    def v2_runner_on_ok(self, result: Any) -> None:
        host = self._host(result)
        if result.is_changed():
            name = result.task.get_name()
            arguments = result.task_fields.get("args") or {}
            host.add(result.task.action, name.rpartition(" : ")[2], arguments, result.result)

    def v2_runner_on_skipped(self, result: Any) -> None:
        # In check mode there is no unit yet to start before the first installation.
        host = self._host(result)
        if is_service(result.task.action, result.task_fields.get("args") or {}) and host.changes:
            host.service = "start"

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        if not ignore_errors:
            text = str(result.result.get("msg") or "failed")
            self._host(result).errors.append(f"{result.task.get_name().rpartition(' : ')[2]}: {text}")
            self._display.error(f"{result.host.get_name()}: {text}", wrap_text=False)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        text = str(result.result.get("msg") or "unreachable")
        self._host(result).errors.append(f"unreachable: {text}")
        self._display.error(f"{result.host.get_name()} is unreachable: {text}", wrap_text=False)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        hosts = dict(self.hosts)
        self._display.display(table(hosts))
        if self.get_option("plan_diff"):
            for name, host in sorted(hosts.items()):
                for one in host.shown:
                    if one.diff:
                        self._display.display(f"\n{name}: {one.what}\n{one.diff}".rstrip())
        plan = {
            "changed": any(host.shown or host.service != "untouched" for host in hosts.values()),
            "failed": any(host.errors for host in hosts.values()),
            "hosts": {name: host.as_dict() for name, host in sorted(hosts.items())},
        }
        if path := self.get_option("plan_file"):
            # The texts of files, without their secrets, are still nobody else's business.
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
                json.dump(plan, file, indent=2)
                file.write("\n")
