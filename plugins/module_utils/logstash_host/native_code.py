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

OPTION = "-Djava.io.tmpdir="


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
