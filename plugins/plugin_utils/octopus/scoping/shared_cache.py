"""A cache that the processes of one run share: files in a private directory that is removed with the run.

Ansible does every task of every host in a forked process, so what one of them keeps in memory is lost to the others.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from ....module_utils import atomic_files


def shared(directory: str, key: str, make: Callable[[], Any]) -> Any:
    """What ``make`` returned for ``key`` in whichever process came first; it must be data that JSON can hold.

    One process makes it while the others wait. Only the user can read the files. Where no file can be written or
    locked, every process makes it for itself.
    """
    path = os.path.join(directory, hashlib.sha256(key.encode()).hexdigest())
    found = _read(path)
    if found is not None:
        return found
    with _locked(path + ".lock"):
        found = _read(path)  # by the process that this one has waited for
        if found is not None:
            return found
        data = make()
        with suppress(OSError):
            atomic_files.write(path, json.dumps(data), shared=True)
        return data


def _read(path: str) -> Any:
    try:
        with open(path, encoding="utf-8") as stream:
            return json.load(stream)
    except OSError:
        return None


@contextmanager
def _locked(path: str) -> Iterator[None]:
    """Hold a lock that other processes wait for; do without one where the file system has none."""
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    except OSError:
        yield
        return
    try:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
