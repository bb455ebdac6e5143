"""What Packer and Ansible say, as lines that somebody can follow; the whole is in a log."""

from __future__ import annotations

import re

_PREFIX = re.compile(r"^(?:==>|   ) [a-z-]+\.image: ?")
_STEP = "==> "
_TASK = re.compile(r"^TASK \[(.+?)\] \**$")
_FAILURE = re.compile(r"^(fatal: |ERROR!|\[ERROR\]|Error)")
# From here on, Packer repeats what it said.
_END = re.compile(r"^(Build '.*' (errored|finished)|==> Wait completed|Cancelling build)")


class Progress:
    """Sorts lines into those that are shown and those that only the log has."""

    def __init__(self) -> None:
        self._fails = False
        self._ended = False

    def shown(self, line: str) -> str:
        """What to show of a line; empty where it is nothing.

        Steps of Packer, names of Ansible's tasks, and what a failed task or step says.
        """
        line = line.rstrip()
        self._ended = self._ended or bool(_END.match(line))
        text = _PREFIX.sub("", line)
        if self._ended or not text:
            return ""
        if task := _TASK.match(text):
            self._fails = False
            return f"  {task[1]}"
        is_step = line.startswith(_STEP)
        self._fails = bool(_FAILURE.match(text)) or (self._fails and not is_step)
        # The whole command has nothing that somebody would want to follow.
        return text.partition(": ansible-playbook ")[0] if self._fails or is_step else ""
