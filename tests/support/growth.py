"""How the time of some work grows with its size: measured against itself, so that no machine is too slow for a test."""

from __future__ import annotations

import time
from collections.abc import Callable

# Below this a clock says nothing.
_LEAST = 0.003


def assert_linear(work: Callable[[int], object], small: int, factor: int = 8) -> None:
    """``factor`` times the size may take some four times that (machines are busy), never its square.

    ``work`` takes a size. It is called several times, so it must not remember what it did.
    """

    def seconds(size: int) -> float:
        begun = time.process_time()
        work(size)
        return time.process_time() - begun

    base = max(min(seconds(small) for _ in range(3)), _LEAST)
    # Once is enough where it was quick; where it was not, the machine may have been busy.
    for _ in range(3):
        large = seconds(small * factor)
        if large < base * factor * 4:
            return
    raise AssertionError(f"{factor} times the size took {large / base:.0f} times as long")
