"""Runs the module stack with the connection of the group amazon.aws.aws, and shows what it says while it works."""

from __future__ import annotations

import contextlib
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ..module_utils.aws.template import Template, TemplateError
from ..plugin_utils.aws_action import AwsAction

POLL_SECONDS = 0.5


class ActionModule(AwsAction):
    """Hides what CloudFormation does not show: Ansible shows and logs the options of a module."""

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        arguments = self._task.args.copy()
        parameters = arguments.get("template_parameters")
        if isinstance(parameters, dict):
            try:
                hidden = Template(str(arguments.get("template_body", "")), {}, {}).hidden_parameters
            except TemplateError:
                # The module says what is wrong with it.
                hidden = frozenset(parameters)
            arguments["template_parameters"] = {name: one for name, one in parameters.items() if name not in hidden}
            arguments["hidden_parameters"] = {name: one for name, one in parameters.items() if name in hidden}
        if self._task.check_mode:
            # What would change is shown by a task of its own.
            self._task.args = arguments
            return super().work(result, task_vars)
        with shown_lines(lambda line: self._display.display(f"  {self._mask.text(line)}")) as path:
            self._task.args = {**arguments, "progress": path}
            return super().work(result, task_vars)


@contextlib.contextmanager
def shown_lines(show: Callable[[str], None]) -> Iterator[str]:
    """A file's path, whose lines are shown as they are written."""
    ended = threading.Event()

    def follow(path: Path) -> None:
        with path.open(encoding="utf-8") as file:
            rest, is_last = "", False
            while not is_last:
                is_last = ended.wait(POLL_SECONDS)
                *lines, rest = (rest + file.read()).split("\n")
                for line in lines:
                    show(line)

    with tempfile.TemporaryDirectory(prefix="elk-stack-") as folder:
        path = Path(folder, "progress")
        path.touch()
        follower = threading.Thread(target=follow, args=(path,), daemon=True)
        follower.start()
        try:
            yield str(path)
        finally:
            ended.set()
            follower.join()
