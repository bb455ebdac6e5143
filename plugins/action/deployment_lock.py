"""Action of deployment_lock: says who this run is, and whether a run that holds the lock is still at work."""

from __future__ import annotations

import shlex
from typing import Any

from ansible.errors import AnsibleActionFail

from ..module_utils.logstash_host.deployment_lock import release_command
from ..plugin_utils.host_lock import LockingAction

MODULE = "elk.deploy.deployment_lock"
OPTIONS: dict[str, dict[str, Any]] = {
    "path": {"type": "path", "required": True},
    "state": {"type": "str", "choices": ["held", "released"], "default": "held"},
    "max_age": {"type": "int", "default": 7200},
}


class ActionModule(LockingAction):
    """Takes the lock, or releases it."""

    code = "lock_unavailable"
    _supports_check_mode = True

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        options = self.options(OPTIONS)
        path, is_release = options["path"], options.pop("state") == "released"
        if is_release:
            if not self._task.check_mode:
                self._release(path, task_vars)
            return result | {"changed": False, "holder": {}}

        def run_module(of_run: dict[str, Any]) -> dict[str, Any]:
            found: dict[str, Any] = self._execute_module(MODULE, {**options, **of_run}, task_vars=task_vars)
            return found

        return result | self.with_lock(path, run_module, task_vars)

    def _release(self, path: str, task_vars: dict[str, Any]) -> None:
        ended = self._low_level_execute_command(shlex.join(release_command(path, self.owner(task_vars))))
        if ended["rc"]:
            raise AnsibleActionFail(
                f"The lock {path} cannot be released: {ended['stderr'].strip() or ended['stdout'].strip()}. Make that "
                "file system writable, and remove the file."
            )
