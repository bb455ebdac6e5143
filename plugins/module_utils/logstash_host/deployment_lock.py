"""The lock that keeps two deployments from changing one host at the same time.

It is a file of JSON that names its owner, a dict of texts as the control node makes it. Whether an owner that is found
is still at work can be told by its own control node only; the host knows its own boots and the lock's age.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shlex
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from .. import atomic_files

BOOT = Path("/proc/sys/kernel/random/boot_id")
# The name of the second lock, after that of the lock.
GUARD = ".guard"
# What makes two owners the same: one run of ansible-playbook, at one host of its inventory.
IDENTITY = ("run", "host")


class DeploymentLockError(Exception):
    """The lock cannot be read or written; the message says why, and what to do."""


def same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two owners are the same run."""
    return all(one.get(name) == other.get(name) for name in IDENTITY)


def host_boot() -> str:
    """What tells one boot of this host from another; empty where the kernel does not say."""
    try:
        return BOOT.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def hold(options: Mapping[str, Any], is_check: bool) -> dict[str, Any]:
    """Takes the lock of the options `path`, `max_age`, `owner` and `replace`; in check mode only looks at it.

    Returns the holder that is in the way, or nothing. Raises DeploymentLockError and OSError.
    """
    lock, owner = Lock(options["path"]), options["owner"]
    if not is_check:
        return lock.take(owner, options["max_age"], options["replace"])
    found = lock.holder()
    return found if found and not same(found, owner) else {}


def release_command(path: str | Path, owner: Mapping[str, str]) -> list[str]:
    """The command that releases the lock, where it is this owner's.

    A shell's, since starting Python for it, with all that a module brings, takes longer than all else about the lock.
    """
    lock, guard = shlex.quote(str(path)), shlex.quote(f"{path}{GUARD}")
    # As `_write` has them, each on a line of its own.
    lines = [shlex.quote(f"{json.dumps(name)}: {json.dumps(owner[name])}") for name in IDENTITY]
    is_its = " && ".join(f"grep -qF -e {line} {lock}" for line in lines)
    release = f"if [ -e {lock} ] && {is_its}; then rm {lock}; fi"
    return ["sh", "-c", f"if [ -e {lock} ]; then flock {guard} sh -c {shlex.quote(release)}; fi"]


class Lock:
    """A lock file. What reads it and then writes it is done under a second lock, which ends with its process."""

    def __init__(self, path: str | Path, boot: str | None = None, clock: Callable[[], float] = time.time) -> None:
        self.path = Path(path)
        self._boot = host_boot() if boot is None else boot
        self._clock = clock

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        try:
            self.path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            guard = os.open(self.path.with_name(self.path.name + GUARD), os.O_WRONLY | os.O_CREAT, 0o600)
            with os.fdopen(guard, "w", encoding="ascii") as held:
                fcntl.flock(held, fcntl.LOCK_EX)
                yield
        except OSError as error:
            raise DeploymentLockError(
                f"The lock {self.path} cannot be taken: {error}. Make room on that file system, or make it writable, "
                "and run again."
            ) from error

    def holder(self) -> dict[str, Any]:
        """The owner as it was written, with `age` in seconds; empty when there is none or the host was booted since.

        A file that is no such JSON was not written by this code: whose it is cannot be told, and its age is the file's.
        """
        try:
            text = self.path.read_text(encoding="utf-8", errors="replace")
            written = self.path.stat().st_mtime
        except FileNotFoundError:
            return {}
        try:
            found = json.loads(text)
            owner = {name: str(value) for name, value in found["owner"].items()}
            boot = found["boot"]
        except (ValueError, TypeError, KeyError, AttributeError):
            owner, boot = {}, self._boot
        if boot != self._boot:
            return {}
        # A clock that was set back makes no negative ages.
        return {**owner, "age": max(0, int(self._clock() - written)), "since": int(written)}

    def take(
        self, owner: Mapping[str, str], max_age: float, replace: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Takes the lock for an owner, who may hold it already. Returns another holder that prevents it, or nothing.

        `replace` is a holder that its control node found gone: its lock is taken over, unless another run was quicker.
        So is one that is older than `max_age` seconds, unless it is of this boot of the `owner`'s control node, which
        can tell.
        """
        with self._alone():
            found = self.holder()
            gone = replace is not None and same(found, replace)
            old = bool(found) and found["age"] >= max_age and found.get("boot") != owner["boot"]
            if found and not same(found, owner) and not gone and not old:
                return found
            if not found or not same(found, owner):
                self._write(owner)
            return {}

    def _write(self, owner: Mapping[str, str]) -> None:
        content = json.dumps({"owner": owner, "boot": self._boot}, indent=1, sort_keys=True) + "\n"
        atomic_files.write(self.path, content, 0o644)
