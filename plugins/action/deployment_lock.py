"""Action of deployment_lock: says who this run is, and whether a run that holds the lock is still at work."""

from __future__ import annotations

from typing import Any

from ..plugin_utils.host_lock import LockingAction

MODULE = "elk.deploy.deployment_lock"


class ActionModule(LockingAction):
    """Takes the lock, or releases it."""

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        def run(of_run: dict[str, Any]) -> dict[str, Any]:
            found: dict[str, Any] = self._execute_module(MODULE, {**self._task.args, **of_run}, task_vars=task_vars)
            return found

        return result | self.with_lock(self._task.args.get("path", ""), run, task_vars)
