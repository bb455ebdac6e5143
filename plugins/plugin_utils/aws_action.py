"""Lets a module of this collection reach AWS as the modules of amazon.aws do."""

from __future__ import annotations

from typing import Any

from ansible.executor.module_common import _apply_action_arg_defaults
from ansible.plugins.action import ActionBase

# A module of the group that has all of its options for the connection, and takes none that is not of the group.
_OF_THE_GROUP = "amazon.aws.cloudformation"


class AwsAction(ActionBase):
    """Runs the module of the action's name with the defaults of the group ``amazon.aws.aws``.

    A group of ``module_defaults`` can't be given modules of another collection.
    """

    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        arguments = _apply_action_arg_defaults(_OF_THE_GROUP, self._task, self._task.args.copy(), self._templar)
        return result | self._execute_module(
            module_name=self._task.action, module_args=arguments, task_vars=task_vars or {}
        )
