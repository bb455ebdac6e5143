"""Numbers and times as people say them."""

from __future__ import annotations

_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def duration(seconds: float) -> str:
    """``45 s``, ``2 h 10 min``: the two largest units that are needed."""
    left = round(seconds)
    if left < 1:
        return "less than 1 s" if seconds > 0 else "0 s"
    parts = []
    for size, unit in _UNITS:
        number, left = divmod(left, size)
        if number:
            parts.append(f"{number} {unit}")
        elif parts:
            break
    return " ".join(parts[:2])


def count(number: int, thing: str) -> str:
    """``1 event``, ``125 events``."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def rate(per_second: float) -> str:
    """A rate with no more digits than it is known to."""
    return f"{per_second:.0f}" if per_second >= 10 else f"{per_second:.2g}"
