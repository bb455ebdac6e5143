"""The temporary directory that Java unpacks native libraries in, and whether it lets them run.

JRuby's FFI is one of these libraries. Where the directory's file system is mounted noexec, as /tmp is on many hosts,
Logstash and its programs end at their start with `FFI not available`.
"""

from __future__ import annotations

import contextlib
import errno
import mmap
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from . import accounts, untrusted_paths

OPTION = "-Djava.io.tmpdir="
HINT = (
    "Mount its file system without noexec, or set logstash_path_tmp to a directory on another one, such as "
    "/var/lib/logstash-tmp, which the role makes for Logstash; a -Djava.io.tmpdir in logstash_jvm_options goes before "
    "it. Nothing live was changed."
)


def refuses_programs(path: str) -> str:
    """Why a library can't be loaded from an existing directory by the user that runs this; empty when it can.

    Nothing is left in the directory: the file that is tried has no name, so that it's fit for check mode. Where a file
    system has no such files, the way it is mounted decides.
    """
    if os.statvfs(path).f_flag & os.ST_NOEXEC:
        return "its file system is mounted noexec"
    try:
        descriptor = os.open(path, os.O_TMPFILE | os.O_RDWR, 0o700)
    except OSError as error:
        if error.errno in (errno.EOPNOTSUPP, errno.EISDIR, errno.ENOENT, errno.EROFS, errno.ENOSPC, errno.EDQUOT):
            return ""
        return str(error.strerror)
    try:
        os.ftruncate(descriptor, mmap.PAGESIZE)
        mmap.mmap(descriptor, mmap.PAGESIZE, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_EXEC).close()
    except OSError as error:
        return f"a policy of the host denies it ({error.strerror})"
    finally:
        os.close(descriptor)
    return ""


@contextlib.contextmanager
def own_directory(home: str | Path) -> Iterator[dict[str, str]]:
    """Variables for a program of the Logstash in ``home`` that root runs, with a temporary directory of root's own.

    The service's user must not be able to write there, since what is unpacked there runs with root's rights. And it has
    to be a place that executes, which the home is, since the program itself lies in it. Raises OSError.
    """
    path = Path(home) / "vendor/elk-deploy/tmp"
    # What a run that was killed left.
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(mode=0o700, parents=True)
    try:
        yield {"LS_JAVA_OPTS": f"{OPTION}{path}", "TMPDIR": str(path)}
    finally:
        shutil.rmtree(path, ignore_errors=True)


def temporary_directory_fault(path: str, variable: str, user: str = "", required: bool = False) -> str:
    """Why a directory can't be Java's temporary one, as a message; empty when it can.

    Looks at the mount of the directory, or of the nearest one above it as long as it doesn't exist. An existing one is
    tried as the user, if there is such a user; nothing is ever left in it.

    :param variable: the variable that says where it is.
    :param required: whether it's a fault that the directory doesn't exist.
    """
    path = os.path.normpath(path)
    named = f"{variable} makes {path} the temporary directory of Java"
    try:
        with untrusted_paths.open_nearest(path) as directory:
            above, noexec = directory.path, directory.volume().f_flag & os.ST_NOEXEC
    except OSError as error:
        return f"{named}, which can't be used: {error} {HINT}"
    if above != path and required:
        return f"{named}, but there is no such directory. Make it. {HINT}"
    if noexec:
        return (
            f"{named}, but the file system of {above} is mounted noexec: Logstash could not load its native "
            f"libraries there, and would end with `FFI not available`. {HINT}"
        )
    reason = _refusal_to(user, path) if user and above == path else ""
    return f"{named}, but {reason}" if reason else ""


def _refusal_to(user: str, path: str) -> str:
    """What keeps a user, if there is one of that name, from loading libraries from an existing directory."""
    try:
        reason = accounts.do_as(accounts.find_account(user), lambda: _refusal(path))
    except accounts.NoSuchUserError:
        return ""
    except (OSError, accounts.WorkFailedError) as error:
        return f"whether it can be used could not be checked. {error}"
    return f"user {user} {reason}. {HINT}" if reason else ""


def _refusal(path: str) -> str:
    """What keeps the user that runs this from loading native libraries from a directory; empty when nothing does."""
    if not os.access(path, os.W_OK | os.X_OK):
        return "cannot write to it"
    reason = refuses_programs(path)
    return f"cannot load native libraries from it: {reason}" if reason else ""
