"""Lock files: held with POSIX record locks, as the JVM holds them, so that a killed program leaves none behind."""

import fcntl
import os

from .errors import AccessDeniedError, LockError


def acquire(path: str) -> int:
    """Opens and locks a file; returns its descriptor, which holds the lock until it is closed.

    Raises AccessDeniedError for a file that may not be written, LockError for one that another program holds.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError:
        raise AccessDeniedError(path) from None
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise LockError(f"Lock held by another program on lock path: {path}") from None
    return descriptor
