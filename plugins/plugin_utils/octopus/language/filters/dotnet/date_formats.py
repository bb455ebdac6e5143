"""Dates and times to text by a standard format (one letter: ``s``) or a custom one (``yyyy-MM-dd HH:mm``)."""

from __future__ import annotations

import re
from collections.abc import Callable

from ....errors import NoResult
from ..arguments import shown
from . import MAX_FORMAT_LENGTH
from .dates import MONTHS, WEEKDAYS, Kind, Moment

_LONG_DATE = "dddd, dd MMMM yyyy"
_STANDARD = {
    "d": "MM/dd/yyyy",
    "D": _LONG_DATE,
    "f": f"{_LONG_DATE} HH:mm",
    "F": f"{_LONG_DATE} HH:mm:ss",
    "g": "MM/dd/yyyy HH:mm",
    "G": "MM/dd/yyyy HH:mm:ss",
    "m": "MMMM dd",
    "M": "MMMM dd",
    "o": "yyyy-MM-ddTHH:mm:ss.fffffffK",
    "O": "yyyy-MM-ddTHH:mm:ss.fffffffK",
    "r": "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
    "R": "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
    "s": "yyyy-MM-ddTHH:mm:ss",
    "t": "HH:mm",
    "T": "HH:mm:ss",
    "u": "yyyy-MM-dd HH:mm:ss'Z'",
    "U": f"{_LONG_DATE} HH:mm:ss",
    "y": "yyyy MMMM",
    "Y": "yyyy MMMM",
}
_CUSTOM = re.compile(
    r"""
      (?P<field>([dfFghHmMstyz])\2*|K)
    | %(?P<alone>[^%])
    | \\(?P<escaped>.) | '(?P<single>(?:[^'\\]|\\.)*)' | "(?P<double>(?:[^"\\]|\\.)*)"
    | (?P<text>[^%\\'"])
    """,
    re.VERBOSE | re.DOTALL,
)


def format_date(moment: Moment, form: str) -> str:
    """:raises NoResult: ``form`` is no format of dates."""
    if len(form) > MAX_FORMAT_LENGTH:
        raise NoResult(f"the format has {len(form)} characters, expected {MAX_FORMAT_LENGTH} at most")
    if not form:
        form = f"{_STANDARD['G']} zzz" if moment.kind is Kind.OFFSET else "G"
    if len(form) > 1:
        return _custom(moment, form)
    if form not in _STANDARD or (form == "U" and moment.kind is Kind.OFFSET):
        raise NoResult(f"{shown((form,))} is no format of dates; a single letter can be {', '.join(_STANDARD)}")
    # A DateTime is written as its clock shows it even where the format ends with GMT or Z.
    if form == "U" or (form in "rRu" and moment.kind is Kind.OFFSET):
        in_utc = moment.in_utc
        if in_utc is None:
            raise NoResult("in UTC the date is outside of the years 1 to 9999")
        moment = in_utc
    return _custom(moment, _STANDARD[form])


def _custom(moment: Moment, form: str) -> str:
    written = ""
    end = 0
    while end < len(form):
        match = _CUSTOM.match(form, end)
        if match is None:
            raise NoResult(
                f"the format {shown((form,))} has a quote, backslash or % without its other half at character {end + 1}"
            )
        end = match.end()
        field = match["field"] or match["alone"]
        if field and field[0] in _FIELDS:
            text = _FIELDS[field[0]](moment, len(field))
            if not text and field[0] == "F":
                written = written.removesuffix(".")
            written += text
        else:
            written += re.sub(r"\\(.)", r"\1", match[match.lastgroup or 0], flags=re.DOTALL)
    return written


# -- fields: letter and how often it stands there ----------------------------------------------------------------------


def _number(value: Callable[[Moment], int]) -> Callable[[Moment, int], str]:
    return lambda moment, count: f"{value(moment):0{min(count, 2)}}"


def _day(moment: Moment, count: int) -> str:
    if count < 3:
        return f"{moment.clock.day:0{count}}"
    name = WEEKDAYS[moment.clock.weekday()]
    return name[:3] if count == 3 else name


def _month(moment: Moment, count: int) -> str:
    if count < 3:
        return f"{moment.clock.month:0{count}}"
    name = MONTHS[moment.clock.month - 1]
    return name[:3] if count == 3 else name


def _year(moment: Moment, count: int) -> str:
    year = moment.clock.year
    return f"{year % 100:0{count}}" if count < 3 else f"{year:0{count}}"


def _half(moment: Moment, count: int) -> str:
    return ("AM" if moment.clock.hour < 12 else "PM")[: min(count, 2)]


def _fraction(moment: Moment, count: int) -> str:
    if count > 7:
        raise NoResult(f"the format has {count} letters for the fraction of a second, expected 7 at most")
    return moment.fraction[:count]


def _offset(moment: Moment, count: int) -> str:
    hours, minutes = divmod(abs(moment.offset), 60)
    sign = "-" if moment.offset < 0 else "+"
    return f"{sign}{hours:0{min(count, 2)}}" + (f":{minutes:02}" if count > 2 else "")


def _zone(moment: Moment, _count: int) -> str:
    if moment.kind is Kind.UTC:
        return "Z"
    return "" if moment.kind is Kind.UNSPECIFIED else _offset(moment, 3)


_FIELDS: dict[str, Callable[[Moment, int], str]] = {
    "d": _day,
    "f": _fraction,
    "F": lambda moment, count: _fraction(moment, count).rstrip("0"),
    "g": lambda moment, count: "A.D.",
    "h": _number(lambda moment: moment.clock.hour % 12 or 12),
    "H": _number(lambda moment: moment.clock.hour),
    "K": _zone,
    "m": _number(lambda moment: moment.clock.minute),
    "M": _month,
    "s": _number(lambda moment: moment.clock.second),
    "t": _half,
    "y": _year,
    "z": _offset,
}
