"""Action of the modules that have none of their own (meta/runtime.yml): runs the module, told what it must not show."""

from __future__ import annotations

from typing import Any

from ..plugin_utils.masked_action import MaskedAction


class ActionModule(MaskedAction):
    """What Ansible does for a module, and no secret in what comes back."""

    _supports_check_mode = True
    _supports_async = True

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        wrapped = self._task.async_val and not self._connection.has_native_async
        result |= self._execute_module(task_vars=task_vars, wrap_async=wrapped)
        if not wrapped:
            self._remove_tmp_path(self._connection._shell.tmpdir)
        return result
