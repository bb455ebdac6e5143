"""A long command: its output goes to a file and to a function, and with it ends all that it has started."""

import logging
import os
import selectors
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from .errors import DeadlineError
from .retrying import Deadline

# How long a process has to end by itself.
GRACE_SECONDS = 10.0
# How often the time is looked at while there is no output.
LOOK_SECONDS = 1.0
_LINES_KEPT = 2000

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ended:
    """A command that has ended. ``output`` has its last lines."""

    status: int
    output: str


@dataclass(frozen=True)
class Command:
    """:param environment: the whole environment of the process."""

    arguments: Sequence[str]
    directory: Path
    environment: Mapping[str, str]

    def run(
        self, log: BinaryIO, deadline: Deadline, meanwhile: Callable[[], None], look_seconds: float = LOOK_SECONDS
    ) -> Ended:
        """Runs it to its end. ``meanwhile`` is called about once per ``look_seconds``.

        :raises DeadlineError: it was ended, with all that it had started.
        """
        process = subprocess.Popen(  # noqa: S603 - the arguments are this program's own
            self.arguments,
            cwd=self.directory,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        output = _Output(process, log)
        try:
            while not output.is_complete(look_seconds):
                meanwhile()
                if not deadline.left():
                    raise DeadlineError(
                        f"{Path(self.arguments[0]).name} still ran at the end of the time that there was. Its last "
                        f"line: {output.last_line()}"
                    )
        finally:
            if process.poll() is None:
                end(process.pid)
                process.wait()
            output.close()
        return Ended(process.returncode, "\n".join(output.lines))


class _Output:
    """What a process writes, line by line."""

    def __init__(self, process: subprocess.Popen[bytes], log: BinaryIO) -> None:
        self.lines: list[str] = []
        self._process = process
        self._log = log
        self._rest = b""
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        self._pipe = process.stdout
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._pipe, selectors.EVENT_READ)

    def is_complete(self, seconds: float) -> bool:
        """Waits so long for output, takes it, and says whether the process has ended and said all."""
        if not self._selector.select(seconds):
            # Something that it left behind may keep the pipe open.
            return self._process.poll() is not None
        content = os.read(self._pipe.fileno(), 1 << 16)
        self._take(content)
        if content:
            return False
        self._process.wait()
        return True

    def last_line(self) -> str:
        return next((line.rstrip(" *") for line in reversed(self.lines) if line), "none")

    def close(self) -> None:
        if self._rest:
            self._take(b"\n")
        self._selector.close()
        self._pipe.close()

    def _take(self, content: bytes) -> None:
        self._log.write(content)
        self._log.flush()
        *lines, self._rest = (self._rest + content).split(b"\n")
        for line in lines:
            text = line.decode("utf-8", "replace").rstrip()
            if text:
                _log.info("%s", text)
            self.lines.append(text)
        del self.lines[:-_LINES_KEPT]


def end(pid: int, grace_seconds: float = GRACE_SECONDS) -> None:
    """Ends a process and all that descends from it, also in sessions of their own, as Ansible's workers are."""
    family = _family(pid)
    _signal(family, signal.SIGTERM)
    deadline = Deadline.after(grace_seconds)
    while deadline.left() and any(map(_is_alive, family)):
        deadline.clock.sleep(0.05)
        # What was started meanwhile.
        family |= {one for parent, _began in list(family) for one in _family(parent)}
    _signal(family, signal.SIGKILL)


# A process by its number and when it began: the number alone may be another's by now.
_Process = tuple[int, str]


def _family(pid: int) -> set[_Process]:
    found: set[_Process] = set()
    pending = [pid]
    while pending:
        one = pending.pop()
        began = _began(one)
        if began:
            found.add((one, began))
            pending += _children(one)
    return found


def _children(pid: int) -> list[int]:
    found: list[int] = []
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += map(int, (task / "children").read_text(encoding="ascii").split())
    except OSError:
        pass  # it has ended
    return found


def _stat(pid: int) -> list[str]:
    """The fields of /proc/<pid>/stat after the name, which may have spaces: the state is the first."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


def _began(pid: int) -> str:
    return (_stat(pid) + [""] * 20)[19]


def _is_alive(process: _Process) -> bool:
    pid, began = process
    return _began(pid) == began and _stat(pid)[:1] not in ([], ["Z"])


def _signal(family: set[_Process], number: signal.Signals) -> None:
    for process in family:
        if _is_alive(process):
            try:
                os.kill(process[0], number)
            except ProcessLookupError:
                continue
