"""Time, so that tests can have their own."""

from __future__ import annotations

import datetime
import time


class Clock:
    """The host's clocks."""

    def wall(self) -> float:
        """Seconds since 1970. It may be set back or forth."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds since some time; it only goes forth, and ages are counted by it."""
        return time.monotonic()


def iso(seconds: float, timespec: str = "seconds") -> str:
    """Seconds since 1970 as ``2026-11-28T21:05:00Z``."""
    moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return moment.isoformat(timespec=timespec).replace("+00:00", "Z")


def following(due: float, interval: float, now: float) -> float:
    """When what was due is due again: delays do not add up, and what was missed is not made up for."""
    return due + interval if due + interval > now else now + interval
