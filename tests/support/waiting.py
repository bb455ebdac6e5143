"""Waiting for what another process does."""

import time
from collections.abc import Callable
from typing import TypeVar

# Long enough for any machine, however busy. It costs nothing: whoever waits goes on as soon as the condition holds.
PATIENCE = 120

Found = TypeVar("Found")


def wait_for(condition: Callable[[], Found], what: str, interval: float = 0.2, patience: float = PATIENCE) -> Found:
    """Asks every ``interval`` seconds until the condition gives something true, and returns that.

    Raises AssertionError, which says what there was not, after ``patience`` seconds.
    """
    until = time.monotonic() + patience
    while True:
        # Asked once more after the end: the machine may have slept meanwhile.
        last = time.monotonic() >= until
        if found := condition():
            return found
        assert not last, f"within {patience:g} s there was no {what}"
        time.sleep(interval)
