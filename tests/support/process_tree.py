"""Processes and what they started. Needs nothing but Python, so that it runs on a host too, with `python3 -c`:

freeze PATTERN   stops the first process whose command line matches, as soon as it is there, and prints its number
resume PID       lets it go on
kill PID         ends everything that belongs to the same command of the container as this process
"""

import os
import re
import signal
import sys
import time
from pathlib import Path

PATIENCE = 300
INTERVAL = 0.003


def parents() -> dict[int, int]:
    """{process: its parent}, of everything that runs."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            found[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    return found


def kill_tree(root: int) -> None:
    """Ends a process and what it started, also what has a process group of its own by now.

    All are stopped before the first one ends: one that still ran could start another, which nobody would know of. A
    signal takes a moment, in which a process may be in the middle of starting one; so each is waited for.
    """
    doomed: list[int] = []
    found = [root]
    while found:
        for process in found:
            _send(process, signal.SIGSTOP)
        for process in found:
            _wait_until_stopped(process)
        doomed += found
        found = [child for child, parent in parents().items() if parent in doomed and child not in doomed]
    for process in doomed:
        _send(process, signal.SIGKILL)


def _wait_until_stopped(process: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return
        if state in "TtZX":
            return
        time.sleep(INTERVAL)


def _send(process: int, number: signal.Signals) -> None:
    try:
        os.kill(process, number)
    except ProcessLookupError:
        return


def top(process: int) -> int:
    """The first process of the command that was started in the container: its parent is outside."""
    known = parents()
    while known[process] > 0:
        process = known[process]
    if process == 1:
        raise RuntimeError("that process belongs to the container itself")
    return process


def freeze(pattern: str) -> int:
    """Stops the first process that matches, and says which it is."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            process = int(path.parent.name)
            try:
                command = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
                if process != os.getpid() and re.search(pattern, command):
                    os.kill(process, signal.SIGSTOP)
                    return process
            except OSError:
                continue
        time.sleep(INTERVAL)
    raise TimeoutError(f"no process {pattern!r} within {PATIENCE} s")


def main() -> None:
    """The command line."""
    action, argument = sys.argv[1:]
    if action == "freeze":
        print(freeze(argument))
    elif action == "resume":
        os.kill(int(argument), signal.SIGCONT)
    else:
        kill_tree(top(int(argument)))


if __name__ == "__main__":
    main()
