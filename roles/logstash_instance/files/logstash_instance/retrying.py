"""Tries again what may pass, within the time that there is.

Waits grow exponentially and are drawn from the whole range below their bound ("full jitter"), so that instances of a
group that came up together do not ask again at the same moment. Times are in seconds.
"""

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from .errors import InstanceError

FIRST_WAIT = 1.0
LONGEST_WAIT = 20.0

T = TypeVar("T")

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Clock:
    """Where time comes from; tests have one of their own.

    ``now`` counts seconds from any moment on.
    """

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    uniform: Callable[[float, float], float] = random.uniform


@dataclass
class Deadline:
    """Until when everything has to be done, on the clock's own scale."""

    clock: Clock = field(default_factory=Clock)
    until: float = 0.0

    @classmethod
    def after(cls, seconds: float, clock: Clock | None = None) -> "Deadline":
        clock = clock or Clock()
        return cls(clock, clock.now() + seconds)

    def left(self) -> float:
        """Seconds; never below 0."""
        return max(0.0, self.until - self.clock.now())

    def within(self, seconds: float) -> "Deadline":
        """One that is at most so far away."""
        return Deadline(self.clock, min(self.until, self.clock.now() + seconds))

    def retry(self, action: Callable[[], T]) -> T:
        """What the action returns. It is done once at least, and again while its error may pass and there is time.

        :raises InstanceError: the last try's.
        """
        began = self.clock.now()
        tries = 0
        while True:
            try:
                return action()
            except InstanceError as error:
                tries += 1
                pause = self.clock.uniform(0.0, min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(tries - 1, 16)))
                spent = self.clock.now() - began + pause
                if spent > error.retry_seconds or pause >= self.left():
                    raise
                _log.warning("[%s] %s Next try in %.1f s.", error.code, error, pause)
                self.clock.sleep(pause)
