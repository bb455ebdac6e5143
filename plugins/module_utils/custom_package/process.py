"""Runs what comes from outside: without rights, with a short environment, for a limited time."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from ..logstash_host import accounts
from ..masking import foreign
from .errors import CustomPackageError

OUTPUT_LINES = 20


class Runner:
    """Runs programs in one folder."""

    def __init__(self, folder: Path, environment: Mapping[str, str], timeout: float) -> None:
        self.folder = folder
        self.timeout = timeout
        self.environment = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "HOME": str(folder),
            "TMPDIR": str(folder),
            # Logstash's programs load native libraries from there.
            "LS_JAVA_OPTS": f"-Djava.io.tmpdir={folder}",
            "LC_ALL": "C.UTF-8",
            **environment,
        }

    def run(self, *command: str | Path, **environment: str) -> str:
        """The standard output of a program that has to succeed."""
        process = subprocess.Popen(  # noqa: S603 - running the package's own programs is what this is for
            [str(word) for word in command],
            cwd=self.folder,
            env={**self.environment, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        try:
            output, complaint = process.communicate(timeout=self.timeout)
        except subprocess.TimeoutExpired:
            # The program may have started others, such as a JVM: all of its session end with it.
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise CustomPackageError(
                f"{command[0]} did not end within {self.timeout} s and was stopped. On a slow machine, raise timeout."
            ) from None
        if process.returncode:
            said = (output + complaint).strip().splitlines()[-OUTPUT_LINES:]
            raise CustomPackageError(
                f"{' '.join(str(word) for word in command)} failed with exit status {process.returncode}: "
                + (foreign.hide("\n".join(said)) or "it printed nothing")
            )
        return output


def account_without_rights(user: str) -> pwd.struct_passwd | None:
    """The account to work as: None for whoever is not root, and has no rights to give up."""
    if os.geteuid() != 0:
        return None
    try:
        account = pwd.getpwnam(user)
    except KeyError:
        raise CustomPackageError(
            f"user is {user!r}; expected an account of this machine that has no rights. Name one, such as nobody."
        ) from None
    if account.pw_uid == 0:
        raise CustomPackageError(f"user is {user!r}, who is root; expected an account without rights, such as nobody.")
    return account


def without_rights(
    account: pwd.struct_passwd | None, work: Callable[[], None], seconds: float = accounts.LONGEST
) -> None:
    """Calls work() in a process of the account, for so long. What it raises is raised here as a CustomPackageError."""
    if account is None:
        work()
        return

    def build() -> None:
        os.umask(0o022)
        work()

    try:
        accounts.do_as(account, build, expected=(CustomPackageError,), groups=[], seconds=seconds)
    except (OSError, accounts.WorkFailedError) as error:
        raise CustomPackageError(str(error)) from None
