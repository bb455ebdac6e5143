"""What the monitor saw in each minute: the points of the history, and the data for CloudWatch. No clock, no I/O."""

from __future__ import annotations

import collections
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .cloudwatch import Datum
from .judge import GRAVITY, Verdict

MINUTE = 60
HEAP_MINUTES = 5
# After a longer gap nothing is known of the minutes in between: the host slept, or its clock was set.
GAP_MINUTES = 5


@dataclass
class Minute:
    """``start`` is in seconds since 1970. Without a look in it, nothing but the start is known."""

    start: int
    verdicts: dict[str, list[Verdict]] = field(default_factory=lambda: collections.defaultdict(list))
    lost: int = 0
    heap: float | None = None
    canary_age: float | None = None
    looks: int = 0

    def point(self) -> dict[str, dict[str, Any]]:
        """The pipelines of a point of the history. Rates are the means, levels the last, the verdict the worst."""
        return {name: _point(verdicts) for name, verdicts in self.verdicts.items()}


def _point(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    last = verdicts[-1].numbers
    return {
        "in": _mean(verdicts, "in_per_second"),
        "out": _mean(verdicts, "out_per_second"),
        "queue_events": last.get("queue_events"),
        "queue_bytes": last.get("queue_bytes"),
        "verdict": min((one.verdict for one in verdicts), key=GRAVITY.index),
    }


def _mean(verdicts: Sequence[Verdict], name: str) -> float | None:
    known = [value for one in verdicts if (value := one.numbers.get(name)) is not None]
    return round(sum(known) / len(known), 3) if known else None


class Minutes:
    """Puts looks into minutes. Each minute is closed once, whatever the clock does, and however slow the loop is."""

    def __init__(self) -> None:
        self._open: Minute | None = None
        self._heaps: collections.deque[float] = collections.deque(maxlen=HEAP_MINUTES)

    def close(self, now: float) -> list[Minute]:
        """The minutes that are over at ``now``, seconds since 1970, and have not been closed before; oldest first."""
        start = int(now // MINUTE) * MINUTE
        before, closed = self._open, []
        if before and start > before.start:
            missed = (start - before.start) // MINUTE - 1
            closed = [before]
            if missed <= GAP_MINUTES:
                closed += [Minute(before.start + MINUTE * (number + 1)) for number in range(missed)]
        # A clock that was set back a little catches up: no minute is there twice. After more, time is what it says.
        if not before or start > before.start or before.start - start > GAP_MINUTES * MINUTE:
            self._open = Minute(start)
        for minute in closed:
            if minute.heap is not None:
                self._heaps.append(minute.heap)
        return closed

    def add(self, verdicts: Sequence[Verdict], *, lost: int, heap: float | None, canary_age: float | None) -> None:
        """Adds a look to the minute that :meth:`close` has begun."""
        minute = self._open
        if not minute:
            raise RuntimeError("no minute has begun")
        minute.looks += 1
        minute.lost += lost
        if heap is not None:
            minute.heap = heap if minute.heap is None else min(minute.heap, heap)
        minute.canary_age = canary_age
        for verdict in verdicts:
            minute.verdicts[verdict.pipeline].append(verdict)

    def lowest_heap(self) -> float | None:
        """The lowest share of the heap in the last minutes that were closed: what collections do not free."""
        return min(self._heaps, default=None)


def data(minute: Minute, lowest_heap: float | None, environment: str, layer: str, host: str) -> list[Datum]:
    """What CloudWatch gets of a minute. What is not known is left out; a minute without a look has a sign of life."""
    found = [Datum("Heartbeat", 1, "Count", (("Environment", environment), ("Layer", layer)), minute.start, once=True)]
    every = [verdict for verdicts in minute.verdicts.values() for verdict in verdicts]
    last = [verdicts[-1].numbers for verdicts in minute.verdicts.values()]
    values: list[tuple[str, float | None, str]] = []
    if minute.looks:
        values = [
            ("PipelineStalled", any(one.verdict == "stalled" for one in every) if every else None, "Count"),
            ("EventsLost", minute.lost, "Count"),
            ("QueueBytes", _sum(last, "queue_bytes"), "Bytes"),
            ("QueueShare", max(_known(last, "queue_share"), default=None), "Percent"),
            ("DeadLetters", _sum(last, "dead_letters"), "Count"),
            ("HeapShare", lowest_heap, "Percent"),
            ("CanaryAge", minute.canary_age, "Seconds"),
        ]
    for dimensions in ((("Environment", environment),), (("Environment", environment), ("Host", host))):
        found += [
            Datum(name, float(value), unit, dimensions, minute.start)
            for name, value, unit in values
            if value is not None
        ]
    return found


def _known(numbers: Sequence[Mapping[str, float | int | None]], name: str) -> list[float]:
    return [value for one in numbers if (value := one.get(name)) is not None]


def _sum(numbers: Sequence[Mapping[str, float | int | None]], name: str) -> float | None:
    known = _known(numbers, name)
    return sum(known) if known else None
