"""What JRuby 9 needs of the temporary directory: its FFI unpacks a library there, and maps it for execution.

Where that is not possible, on a file system that is mounted noexec, the real programs end at their start.
"""

import contextlib
import mmap
import os
import shlex
import tempfile
from pathlib import Path

REASON = "(LoadError) Could not load FFI Provider: (NotImplementedError) FFI not available: null"
# The first release with JRuby 9.
_FIRST = (6, 0, 0)
_OPTION = "-Djava.io.tmpdir="
_JVM_OPTIONS = Path("/etc/logstash/jvm.options")


def temporary_directory(home: Path) -> str:
    """java.io.tmpdir: the last one of jvm.options and LS_JAVA_OPTS, else what Java takes."""
    given = os.environ.get("LS_JVM_OPTS") or next(
        (path for path in (_JVM_OPTIONS, home / "config/jvm.options") if os.access(path, os.R_OK)), None
    )
    options = []
    if given:
        with contextlib.suppress(OSError):
            options = Path(given).read_text(encoding="utf-8").splitlines()
    options += shlex.split(os.environ.get("LS_JAVA_OPTS", ""))
    found = [option.removeprefix(_OPTION) for option in options if option.startswith(_OPTION)]
    return found[-1] if found else "/tmp"  # noqa: S108 - as Java


def load(home: Path, release: tuple[int, int, int]) -> bool:
    """Unpacks the library, maps it, and removes it, as the real programs do.

    Where the temporary directory does not do, the working directory is tried: seen with 8.5.3 (jffi 1.3.9).
    """
    return release < _FIRST or _maps(temporary_directory(home)) or _maps(os.getcwd())


def _maps(directory: str) -> bool:
    try:
        descriptor, name = tempfile.mkstemp(prefix="jffi", suffix=".so", dir=directory)
    except OSError:
        return False
    try:
        os.write(descriptor, b"\0" * mmap.PAGESIZE)
        mmap.mmap(descriptor, mmap.PAGESIZE, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_EXEC).close()
    except OSError:
        return False
    finally:
        os.close(descriptor)
        os.unlink(name)
    return True
