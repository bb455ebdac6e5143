"""Series in short notation, one entry an interval: ``0x10 1 2 300x5 _x3 (1x300) 5@+3``.

========== ===================================================================================
``5``      one sample with the value 5
``_``      a gap: no sample in this interval
``5x3``    three intervals with 5 each; so with every other form: ``_x3``, ``(1x300)x5``
``5+2x4``  four intervals: 5, 7, 9, 11; ``5-2x4`` goes down
``(1x300 7)`` one interval with 301 samples: 300 times 1, and 7
``5@+3``   a sample that arrives three intervals late
========== ===================================================================================

Unlike in promtool, ``xN`` is always N intervals.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_SAMPLES = re.compile(rf"(?P<value>{_NUMBER})(?:x(?P<count>\d+))?")
_ITEM = re.compile(
    rf"(?:(?P<gap>_)|\((?P<group>[^()]*)\)|(?P<value>{_NUMBER})(?P<step>[+-](?:\d+(?:\.\d*)?|\.\d+))?)"
    r"(?:x(?P<count>\d+))?(?:@\+(?P<late>\d+))?"
)
_PARTS = re.compile(r"\([^()]*\)\S*|\S+")
# A week of seconds; a longer series is a mistake, and would take the memory of the machine.
MOST = 1_000_000
EXPECTED = "5, _ (a gap), 5x3 (three times 5), 5+2x4 (5 7 9 11), (1x300) (300 samples in one interval), 5@+3 (3 late)"


class NotationError(ValueError):
    """A series that cannot be read; its text has the place, and the forms expected."""


@dataclass(frozen=True, slots=True)
class Slot:
    """What is reported in one interval: ``samples`` as (value, how many), and how many intervals late they arrive."""

    samples: tuple[tuple[float, int], ...] = ()
    late: int = 0


GAP = Slot()


def read(text: str) -> list[Slot]:
    """The intervals of a series.

    :raises NotationError: with the part that is wrong, and its place.
    """
    slots: list[Slot] = []
    for part in _PARTS.finditer(text):
        slots += _read(part[0], part.start() + 1)
        if len(slots) > MOST:
            raise NotationError(f"{part[0]!r} at character {part.start() + 1}: more than {MOST} intervals")
    return slots


def _read(part: str, at: int) -> list[Slot]:
    def wrong(why: str) -> NotationError:
        return NotationError(f"{part!r} at character {at}: {why}; expected one of: {EXPECTED}")

    found = _ITEM.fullmatch(part)
    if not found or not (found["gap"] or found["group"] is not None or found["value"]):
        raise wrong("not a value, gap or group")
    count, late = int(found["count"] or 1), int(found["late"] or 0)
    if count > MOST or late > MOST:
        raise wrong(f"more than {MOST} intervals")
    if found["gap"]:
        if late:
            raise wrong("a gap cannot be late")
        return [GAP] * count
    if found["group"] is not None:
        samples = [_SAMPLES.fullmatch(one) for one in found["group"].split()]
        if not samples or not all(samples):
            raise wrong("in brackets stand values and how often they come, as in (1x300 7)")
        return [Slot(tuple((float(one["value"]), int(one["count"] or 1)) for one in samples if one), late)] * count
    if found["step"] and not found["count"]:
        raise wrong("a step needs the number of intervals, as in 5+2x4")
    value, step = float(found["value"]), float(found["step"] or 0)
    if step:
        return [Slot(((value + step * number, 1),), late) for number in range(count)]
    return [Slot(((value, 1),), late)] * count


def write(slots: Iterable[Slot]) -> str:
    """The shortest text of these forms that :func:`read` reads as the same intervals, without steps."""
    return " ".join(_written(slots))


def _written(slots: Iterable[Slot]) -> Iterator[str]:
    for slot, same in groupby(slots):
        count = sum(1 for _ in same)
        repeats = f"x{count}" if count > 1 else ""
        late = f"@+{slot.late}" if slot.late else ""
        yield f"{_body(slot)}{repeats}{late}"


def _body(slot: Slot) -> str:
    if not slot.samples:
        return "_"
    samples = [f"{_plain(value)}{f'x{count}' if count != 1 else ''}" for value, count in slot.samples]
    if len(slot.samples) == 1 and slot.samples[0][1] == 1:
        return samples[0]
    return f"({' '.join(samples)})"


def _plain(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
