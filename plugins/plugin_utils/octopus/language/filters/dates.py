"""Filters on dates: ``NowDate``, ``NowDateUtc``, ``AddHours``, ``AddDays``."""

from __future__ import annotations

import math
from collections.abc import Callable

from ...errors import NoResult
from ..doubles import parse_double
from .arguments import takes, unexpected
from .dotnet.date_formats import format_date
from .dotnet.dates import TICKS_PER_HOUR, Moment, now, now_utc, parse_as_written
from .registry import register

_FORM = "a date format, or no argument"
_ROUND_TRIP = "O"


def _now(name: str, clock: Callable[[], Moment]) -> None:
    """A filter without input: ``#{ | NowDate}``."""

    @register(name)
    def run(text: str | None, arguments: tuple[str, ...]) -> str:
        if text is not None:
            raise NoResult(f"expected no variable before it, as in #{{ | {name}}}")
        if len(arguments) > 1:
            raise unexpected(_FORM, *arguments)
        return format_date(clock(), *(arguments or (_ROUND_TRIP,)))


_now("NowDate", now)
_now("NowDateUtc", now_utc)


def _add(name: str, unit: str, ticks: int) -> None:
    """A filter that adds so many units, perhaps a fraction or a negative number of them."""
    form = f'a number of {unit}, in quotes when it has a point, as "1.5"'

    @register(name)
    @takes(form, 1, 1)
    def run(text: str, amount: str) -> str:
        number = parse_double(amount) if "," not in amount else None
        if number is None:
            raise unexpected(form, amount)
        moment = parse_as_written(text)
        if moment is None:
            raise NoResult("the value is no date that can be read; expected one as 2030-05-22T09:05:00Z")
        later = moment.later(math.trunc(number * ticks)) if abs(number) < 10**9 else None
        if later is None:
            raise NoResult("the outcome is outside of the years 1 to 9999")
        return format_date(later, _ROUND_TRIP)


_add("AddHours", "hours", TICKS_PER_HOUR)
_add("AddDays", "days", 24 * TICKS_PER_HOUR)
