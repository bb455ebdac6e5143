"""Draws an alarm's data points against its threshold in a terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from .alarm_test_files import duration
from .definitions import Alarm
from .evaluator import ALARM, BREACHES, DAY, OK, Course

COLUMNS = 100
ROWS = 8
_BARS = " ▁▂▃▄▅▆▇█"
_LABEL = 12
_STATES = {OK: "o", ALARM: "A"}
LEGEND = "o OK, A ALARM, ? INSUFFICIENT_DATA, · no data"


def draw(course: Course, until: int, *, marked: int | None = None, start: datetime | None = None) -> list[str]:
    """Lines of up to 100 columns, up to ``until`` seconds: data points, the threshold among them, times and states.

    A column is one period, or several where they are too many; it shows the value that is nearest to breaching.
    ``marked`` are seconds after the start that get a mark. A composite has states and no data points.
    """
    period = course.alarm.period if isinstance(course.alarm, Alarm) else 60
    periods = max(1, math.ceil(until / period))
    each = math.ceil(periods / (COLUMNS - _LABEL - 1))
    width = math.ceil(periods / each)
    ends = [min((column + 1) * each, periods) * period for column in range(width)]
    lines = _plot(course, course.alarm, ends) if isinstance(course.alarm, Alarm) else []
    lines.append(_line("state", "".join(_state(course, before, end) for before, end in pairwise([0, *ends]))))
    if marked is not None:
        at = next((column for column, end in enumerate(ends) if end >= marked), width - 1)
        lines.append(_line("", " " * at + "^"))
    lines.append(_line("", _times(ends, start)))
    lines.append(_line("", LEGEND))
    return lines


def _line(label: str, text: str) -> str:
    return f"{label:>{_LABEL}} {text}".rstrip()


def _state(course: Course, after: int, end: int) -> str:
    """The state at the end of a column; ALARM, if it was that in between."""
    rang = any(change.state == ALARM and after < change.at <= end for change in course.changes)
    return _STATES.get(ALARM if rang else course.state(end), "?")


def _plot(course: Course, alarm: Alarm, ends: Sequence[int]) -> list[str]:
    upward = BREACHES[alarm.comparison_operator](1, 0)
    values: list[float | None] = []
    for before, end in pairwise([0, *ends]):
        inside = [value for at, value in course.points if before < at <= end and value is not None]
        values.append((max(inside) if upward else min(inside)) if inside else None)
    there = [value for value in values if value is not None]
    low, high = min([0.0, alarm.threshold, *there]), max([alarm.threshold, *there])
    high = high if high > low else low + 1
    row = (high - low) / ROWS
    threshold = min(ROWS - 1, int((alarm.threshold - low) / row))
    lines = []
    for number in range(ROWS - 1, -1, -1):
        bottom = low + number * row
        empty = "─" if number == threshold else "·" if number == 0 else " "
        text = "".join(_cell(value, bottom, row, "─" if number == threshold else " ", empty) for value in values)
        label = f"{_short(alarm.threshold)} ─" if number == threshold else ""
        if not label:
            label = f"{_short(high)}  " if number == ROWS - 1 else f"{_short(low)}  " if number == 0 else ""
        lines.append(_line(label, text))
    return lines


def _cell(value: float | None, bottom: float, row: float, background: str, missing: str) -> str:
    if value is None:
        return missing
    filled = round((value - bottom) / row * 8)
    # The lowest row shows that there is a value, even if it is the lowest.
    return _BARS[min(filled, 8)] if filled > 0 else ("▁" if background == " " and bottom <= value else background)


def _short(value: float) -> str:
    return f"{value:.6g}"


def _times(ends: Sequence[int], start: datetime | None) -> str:
    """Times at the ends of columns, as many as fit; the last column always has one."""
    text = _time(ends[-1], ends[-1], start).rjust(len(ends))
    for column in range(len(ends) - 2, -1, -1):
        label = _time(ends[column], ends[-1], start)
        begin, after = column - len(label) + 1, len(text) - len(text.lstrip())
        if begin >= 0 and column + 8 <= after:
            text = " " * begin + label + text[column + 1 :]
    return text


def _time(end: int, last: int, start: datetime | None) -> str:
    if start is None:
        return duration(end)
    return (start + timedelta(seconds=end)).strftime("%H:%M" if last < DAY else "%m-%d %H:%M")
