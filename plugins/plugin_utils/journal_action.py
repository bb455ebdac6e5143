"""Of modules that may end a change: only the control node knows who changes the host, and with which toolkit."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from typing import Any

from . import control_node, toolkit
from .masked_action import ModuleAction


def complete(journal: Mapping[str, Any]) -> dict[str, Any]:
    """The option `journal` with `by` and `toolkit`."""
    by = f"{control_node.user()}@{platform.node()}"
    return {"by": by, "toolkit": toolkit.version(), **journal}


class JournalAction(ModuleAction):
    """Completes the option ``journal``, where it is given."""

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        journal = self._task.args.get("journal")
        if isinstance(journal, Mapping):
            self._task.args = {**self._task.args, "journal": complete(journal)}
        return super().work(result, task_vars)
