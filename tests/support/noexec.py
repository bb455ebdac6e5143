"""A file system that is mounted noexec, as many hosts have /tmp."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


@contextlib.contextmanager
def mounted(path: Path) -> Iterator[Path]:
    """The directory with such a file system on it, which everybody may write to; skips the test where none can be."""
    path.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m,mode=1777,noexec", "none", path]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("no volume can be mounted here")
    try:
        yield path
    finally:
        subprocess.run(["umount", path], check=True)
