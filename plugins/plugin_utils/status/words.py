"""Numbers and times as people read them; a value that is not known is an en dash."""

from __future__ import annotations

import time

UNKNOWN = "–"  # noqa: RUF001 - an en dash
_STEPS = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


def rate(value: float | None) -> str:
    """Events per second, such as ``0.4``, ``38`` or ``1.2k``."""
    if value is None:
        return UNKNOWN
    if 0 < value < 9.95:
        return "<0.1" if value < 0.05 else f"{value:.1f}"
    return short(value)


def short(value: float) -> str:
    """A number of at most four characters or so, such as ``950``, ``12k`` or ``3.4M``."""
    for step, letter in _STEPS:
        if value >= step * 0.9995:
            return f"{value / step:.1f}{letter}" if value < step * 9.95 else f"{value / step:,.0f}{letter}"
    return f"{value:.0f}"


def count(value: float | None) -> str:
    """A whole number, such as ``12,840``."""
    return UNKNOWN if value is None else f"{value:,.0f}"


def share(value: float | None) -> str:
    """A percentage."""
    return UNKNOWN if value is None else "<1 %" if 0 < value < 1 else f"{value:.0f} %"


def duration(value: float | None) -> str:
    """Seconds in two units at most, such as ``12 s``, ``4 min`` or ``2 h 5 min``."""
    if value is None:
        return UNKNOWN
    if value < 90:
        return f"{value:.0f} s"
    minutes = round(value / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{hours // 24} days"


def moment(value: float | None) -> str:
    """A time in UTC, such as ``2026-11-28 17:20``."""
    return UNKNOWN if value is None else time.strftime("%Y-%m-%d %H:%M", time.gmtime(value))


def timestamp(value: float | None) -> str | None:
    """A time as ISO 8601 in UTC."""
    return None if value is None else time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(value))


def ago(value: float | None, now: float) -> str:
    """How long ago a time was."""
    return UNKNOWN if value is None else f"{duration(max(0.0, now - value))} ago"


def number_of(count: int, one: str, many: str = "") -> str:
    """``1 host`` or ``3 hosts``."""
    return f"{count} {one if count == 1 else many or one + 's'}"
