"""Which run of ansible-playbook this is, and whether another one of this control node is still at work.

Linux tells from /proc; elsewhere (macOS, BSD) `ps` and `sysctl` are asked.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import platform
import subprocess
from pathlib import Path

PROC = Path("/proc")
BOOT_ID = PROC / "sys/kernel/random/boot_id"
MACHINE_ID = Path("/etc/machine-id")
# Between the fields of a run. None of them can hold it.
SEPARATOR = "/"


def _read(path: Path) -> str:
    with contextlib.suppress(OSError):
        return path.read_text(encoding="utf-8", errors="replace").strip()
    return ""


def _output(*command: str) -> str:
    with contextlib.suppress(OSError):
        environment = {**os.environ, "LC_ALL": "C"}
        ended = subprocess.run(  # noqa: S603 - ps and sysctl, with a number
            command, capture_output=True, text=True, check=False, env=environment
        )
        return ended.stdout.strip()
    return ""


def user() -> str:
    """The name of who runs this, or the number where the system has no name for it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def machine() -> str:
    """This machine, however often it is booted: its name and its id. A container has a name of its own."""
    return f"{platform.node()}{SEPARATOR}{_read(MACHINE_ID)}"


def boot() -> str:
    """This boot of the kernel, and the set of process numbers that this process is in. Empty where neither is known."""
    number = _read(BOOT_ID) or _output("sysctl", "-n", "kern.bootsessionuuid")
    with contextlib.suppress(OSError):
        return f"{number} {os.readlink(PROC / 'self/ns/pid')}"
    return number


def started(process: int) -> str:
    """When a process was started, as a text that no other process of its number has; empty when there is none.

    Raises PermissionError where the system does not show other users' processes.
    """
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        pass
    if PROC.joinpath("self/stat").exists():
        try:
            # The program's name, in brackets, may hold anything; the fields after it may not.
            fields = (PROC / str(process) / "stat").read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            # There, as the signal has shown, and hidden.
            raise PermissionError(f"process {process} is hidden") from None
        return "" if fields[0] in "ZX" else fields[19]
    return _output("ps", "-o", "lstart=", "-p", str(process))


def is_gone(holder: dict[str, str]) -> bool:
    """Whether a run, as `owner` of it was written, was one of this control node and has ended. False when unknown."""
    if not holder.get("run") or not holder.get("boot") or not holder.get("process", "").isdigit():
        return False
    if holder["boot"] == boot():
        try:
            return started(int(holder["process"])) != holder.get("started")
        except PermissionError:
            return False
    # Another boot of this very machine. One without an id may be another machine of the same name.
    return holder.get("machine") == machine() and bool(_read(MACHINE_ID)) and not _same_kernel(holder["boot"])


def _same_kernel(other: str) -> bool:
    """Whether it is this boot after all, seen from another set of process numbers."""
    return other.partition(" ")[0] == boot().partition(" ")[0]


def owner(process: int, host: str, playbook: str) -> dict[str, str]:
    """This run, for a lock: who may wait for it, and what finds out later whether it is still at work."""
    since = started(process)
    return {
        "run": SEPARATOR.join((boot(), str(process), since)),
        "host": host,
        "who": f"{user()}@{platform.node()}",
        "process": str(process),
        "started": since,
        "boot": boot(),
        "machine": machine(),
        "playbook": playbook,
    }
