"""Waits for something that takes its time. Times are in seconds."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

NOT_STABLE = "it did not stay healthy in one process"


def attempts(seconds: float, pause: float, longest: float | None = None) -> Iterator[None]:
    """Yields once, and then again after each pause until the seconds have passed. Leave the loop when it is done.

    With ``longest`` each pause is twice the one before, up to that.
    """
    until = time.monotonic() + seconds
    while True:
        yield
        if time.monotonic() > until:
            return
        time.sleep(pause)
        pause = pause if longest is None else min(2 * pause, longest)


@dataclass(frozen=True)
class Seen:
    """What one look at a service finds."""

    # What is wrong; empty when nothing is.
    problem: str
    # What must stay the same once nothing is wrong, such as the number of its process.
    process: str
    # Whether the problem does not pass by itself, and whether waiting has no point at all.
    final: bool = False
    hopeless: bool = False


@dataclass(frozen=True)
class Outcome:
    """How the wait for a service ended: with what problem (empty for none), and whether it took too long."""

    problem: str
    timed_out: bool = False


def until_stable(
    look: Callable[[], Seen], timeout: float, stable: float, *, pause: float, final: float = math.inf
) -> Outcome:
    """Looks again and again until nothing was wrong for ``stable`` seconds, in one process.

    timeout  after how long it gives up; if nothing is wrong by then, ``stable`` seconds later
    pause    between two looks
    final    how long a final problem is looked at before it gives up
    """
    start = time.monotonic()
    well = failed = None
    process = ""
    while True:
        seen = look()
        now = time.monotonic()
        failed = None if not seen.final else now if failed is None else failed
        if seen.problem or process != seen.process:
            well = None
        if not seen.problem:
            well, process = now if well is None else well, seen.process
            if now - well >= stable:
                return Outcome("")
        problem = seen.problem or NOT_STABLE
        if seen.hopeless or (failed is not None and now - failed >= final):
            return Outcome(problem)
        if now - start >= timeout + (0 if seen.problem else stable):
            return Outcome(problem, timed_out=True)
        time.sleep(pause)
