"""Action of logstash_validate: runs the module, and masks secret values in what Logstash says of the settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.plugins.action import ActionBase

from ..plugin_utils.octopus import read_host


class ActionModule(ActionBase):
    """The host does not know which values are secret; the variables on the control node do."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        variables = task_vars or {}
        host = read_host(lambda name: self._templar.template(variables[name]) if name in variables else None)
        return masked(self._execute_module(task_vars=task_vars), host.masked)


def masked(value: Any, mask: Callable[[str], str]) -> Any:
    """``value`` with every text in it masked."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, list):
        return [masked(item, mask) for item in value]
    if isinstance(value, dict):
        return {key: masked(item, mask) for key, item in value.items()}
    return value
