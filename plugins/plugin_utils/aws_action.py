"""Lets a module of this collection reach AWS as the modules of amazon.aws do."""

from __future__ import annotations

from typing import Any

from ansible.executor.module_common import _apply_action_arg_defaults
from ansible.plugins.action import ActionBase

from .masked_action import MaskedAction

# A module of the group that has all of its options for the connection, and takes none that is not of the group.
_OF_THE_GROUP = "amazon.aws.cloudformation"


class AwsAction(MaskedAction):
    """Runs the module of the action's name with the defaults of the group ``amazon.aws.aws``.

    A group of ``module_defaults`` can't be given modules of another collection.
    """

    TRANSFERS_FILES = False

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        arguments = _apply_action_arg_defaults(_OF_THE_GROUP, self._task, self._task.args.copy(), self._templar)
        # These modules run on the control node, and have no option for what is secret: it is masked here.
        return result | ActionBase._execute_module(
            self, module_name=self._task.action, module_args=arguments, task_vars=task_vars
        )
