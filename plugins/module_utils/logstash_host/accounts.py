"""Accounts of the host: who a user is, and work with that user's rights only."""

from __future__ import annotations

import contextlib
import grp
import json
import os
import pwd
import select
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from .. import waiting
from . import untrusted_paths
from .service_manager import Run

# For how many seconds work as another user may take, and how many bytes its answer may have.
LONGEST = 60
LONGEST_ANSWER = 64 << 20


class NoSuchUserError(Exception):
    """The user is not on the host."""


class WorkFailedError(Exception):
    """The work as another user failed unexpectedly; the message says how."""


class WorkTooLongError(WorkFailedError):
    """The work as another user did not end in time, or returned too much."""


def find_account(name: str) -> pwd.struct_passwd:
    """The entry of the user database. Raises NoSuchUserError."""
    try:
        return pwd.getpwnam(name)
    except KeyError:
        raise NoSuchUserError(f"There is no user {name!r} on the host; install the package that creates it.") from None


class AccountNotMadeError(Exception):
    """The user or the group could not be created; the message says why."""


def missing(user: str, group: str) -> list[str]:
    """What the host lacks, of `group` and `user`, in the order in which they are created."""
    found = []
    for kind, name, find in (("group", group, grp.getgrnam), ("user", user, pwd.getpwnam)):
        try:
            find(name)
        except KeyError:
            found.append(kind)
    return found


def make(run: Run, user: str, group: str, home: str) -> None:
    """Creates a system user without a login shell, and its group; one that exists stays as it is.

    One that a package made has another home, which cannot be changed while its service runs.
    Raises AccountNotMadeError.
    """
    commands = {
        "group": ["groupadd", "--system", group],
        "user": [
            *("useradd", "--system", f"--gid={group}", f"--home-dir={home}", "--no-create-home"),
            *("--shell=/usr/sbin/nologin", user),
        ],
    }
    for kind in missing(user, group):
        code, _output, errors = run(commands[kind])
        if code:
            raise AccountNotMadeError(f"The {kind} {user if kind == 'user' else group} could not be created: {errors}")


def owner_name(uid: int) -> str:
    """The name of an owner, or its number where the host has no such user."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user id {uid}"


def probable_cause(uid: int) -> str:
    """Why something below Logstash's directories probably belongs to this user instead of the service's."""
    if uid == 0:
        return "probably Logstash or its configuration test was run as root, or a backup was restored as root"
    if owner_name(uid).startswith("user id "):
        return "no user here has this id: probably a backup or a volume of another host, or the id of the user changed"
    return "probably that user copied or created it"


def do_as(
    account: pwd.struct_passwd,
    work: Callable[[], object],
    expected: Iterable[type[Exception]] = (),
    groups: Sequence[int] | None = None,
    seconds: float = LONGEST,
) -> Any:
    """What ``work()`` returns, in the types of JSON, when it runs with the rights of the account and no others.

    It runs in a child process, since a process that gave up root's rights does not get them back. What it raises is
    raised here: OSError and the exceptions ``expected``, which are made of one message, as they are; everything else,
    and a child that ends without an answer, as WorkFailedError. ``groups`` are the ids of its further groups, where
    they are to be others than those of the account. Other processes of the account may stop the child: after
    ``seconds`` it is killed, with what it started in its session.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        # Not a return: the parent's clean-up belongs to the parent.
        try:
            os.setsid()
            os.close(reader)
            told = _answer(account, work, tuple(expected), groups)
            with os.fdopen(writer, "wb") as stream:
                stream.write(json.dumps(told).encode())
        finally:
            os._exit(0)
    os.close(writer)
    until = time.monotonic() + seconds
    try:
        answer = _read_until(reader, until)
    finally:
        os.close(reader)
        status = _end(child, until)
    if answer is None:
        raise WorkTooLongError(
            f"The process that worked as user {account.pw_name} had no answer within {seconds} s, or one that is too "
            "long. Look whether another process of that user stops it, or a file system does not answer, and run again."
        )
    try:
        kind, value = json.loads(answer)
    except ValueError:
        how = f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"wait status {status}"
        raise WorkFailedError(
            f"The process that worked as user {account.pw_name} ended with {how}, before it had an answer. Look "
            "whether the host has enough memory, and run again."
        ) from None
    if kind == "returned":
        return value
    if kind == "os":
        raise OSError(*value)
    if kind == "expected":
        number, message = value
        raise tuple(expected)[number](message)
    raise WorkFailedError(f"What was to be done as user {account.pw_name} failed: {value}")


def run_program(
    account: pwd.struct_passwd, command: Sequence[str], environment: Mapping[str, str], seconds: float, longest: int
) -> tuple[int | None, str]:
    """Runs a program with the rights of the account; its exit status, and what it printed, up to ``longest`` bytes.

    The status is None where it did not end within ``seconds``, and was killed. Raises OSError and WorkFailedError.
    """
    # A file and no pipe, which a process that goes on in the background could hold open.
    with tempfile.TemporaryFile() as output:

        def work() -> int:
            return subprocess.run(  # noqa: S603 - the program is what the caller names
                command,
                cwd="/",
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            ).returncode

        code: int | None
        try:
            code = do_as(account, work, seconds=seconds)
        except WorkTooLongError:
            code = None
        printed = untrusted_paths.read_up_to(output.fileno(), longest)
    return code, printed.decode("utf-8", "replace")


def _read_until(reader: int, until: float) -> bytes | None:
    """What the child wrote until it closed its end; None when it did not in time, or wrote too much."""
    parts: list[bytes] = []
    size = 0
    waits = select.poll()
    waits.register(reader, select.POLLIN)
    while size <= LONGEST_ANSWER:
        left = until - time.monotonic()
        if left <= 0 or not waits.poll(left * 1000):
            return None
        part = os.read(reader, 1 << 16)
        if not part:
            return b"".join(parts)
        parts.append(part)
        size += len(part)
    return None


def _end(child: int, until: float) -> int:
    """The wait status of the child, which is killed where it has not ended in time."""
    for _attempt in waiting.attempts(until - time.monotonic(), 0.001, longest=0.1):
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status
    # With all that it started.
    os.kill(child, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]


def _answer(
    account: pwd.struct_passwd,
    work: Callable[[], object],
    expected: tuple[type[Exception], ...],
    groups: Sequence[int] | None,
) -> tuple[str, Any]:
    """The child's answer, as (kind, value)."""
    try:
        os.setgroups(os.getgrouplist(account.pw_name, account.pw_gid) if groups is None else groups)
        os.setgid(account.pw_gid)
        os.setuid(account.pw_uid)
        value = work()
        json.dumps(value)
    except expected as error:
        number = next(index for index, kind in enumerate(expected) if isinstance(error, kind))
        return "expected", (number, str(error))
    except OSError as error:
        path = None if error.filename is None else os.fsdecode(error.filename)
        return "os", [error.errno, error.strerror or str(error), path][: 3 if path else 2]
    except BaseException as error:
        return "failed", f"{type(error).__name__}: {error}"
    return "returned", value
