"""Dates and times, exact to .NET's ticks of 100 ns, and their reading from text.

The zone of a text that names none, and the zone that .NET's ``DateTime`` turns others into, is that of the computer
where this runs: the control node.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, auto

_MAX_TEXT_LENGTH = 100
_TICKS_PER_SECOND = 10_000_000
TICKS_PER_HOUR = 3600 * _TICKS_PER_SECOND
_TICKS_PER_MINUTE = 60 * _TICKS_PER_SECOND
_MAX_OFFSET = 14 * 60

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class Kind(Enum):
    """What is known of a moment's zone. The first three are .NET's ``DateTime``, the last its ``DateTimeOffset``."""

    UNSPECIFIED = auto()
    UTC = auto()
    LOCAL = auto()
    OFFSET = auto()


@dataclass(frozen=True)
class Moment:
    """A point in time as a clock shows it: ``ticks`` since the year 1, ``offset`` minutes east of UTC."""

    ticks: int
    offset: int
    kind: Kind

    @property
    def clock(self) -> datetime:
        """To the microsecond."""
        return datetime.min + timedelta(microseconds=self.ticks // 10)

    @property
    def fraction(self) -> str:
        """The seven digits behind the second."""
        return f"{self.ticks % _TICKS_PER_SECOND:07}"

    @property
    def in_utc(self) -> Moment | None:
        """None when it is outside of the years 1 to 9999 there."""
        return moment(self.ticks - self.offset * _TICKS_PER_MINUTE, 0, Kind.UTC)

    def later(self, ticks: int) -> Moment | None:
        """The moment that much later; None when it is outside of the years 1 to 9999."""
        return moment(self.ticks + ticks, self.offset, self.kind)


_MAX_TICKS = (datetime.max - datetime.min) // timedelta(microseconds=1) * 10 + 9


def moment(ticks: int, offset: int, kind: Kind) -> Moment | None:
    """None when the clock, or UTC of a moment with offset, is outside of the years 1 to 9999."""
    in_utc = ticks - offset * _TICKS_PER_MINUTE if kind is Kind.OFFSET else ticks
    return Moment(ticks, offset, kind) if 0 <= ticks <= _MAX_TICKS and 0 <= in_utc <= _MAX_TICKS else None


def now() -> Moment:
    """The clock of this computer, with no word on its zone."""
    clock = datetime.now()
    return Moment(_ticks(clock), _local_offset(clock), Kind.UNSPECIFIED)


def now_utc() -> Moment:
    return Moment(_ticks(datetime.now(UTC).replace(tzinfo=None)), 0, Kind.UTC)


def _ticks(clock: datetime) -> int:
    return (clock - datetime.min) // timedelta(microseconds=1) * 10


def _local_offset(clock: datetime) -> int:
    """How many minutes east of UTC this computer's zone is, at a time of its own clock or one with a zone."""
    try:
        offset = clock.astimezone().utcoffset()
    except (OverflowError, ValueError, OSError):  # the first and last days that there are
        offset = None
    return -time.timezone // 60 if offset is None else int(offset.total_seconds() // 60)


# -- reading -----------------------------------------------------------------------------------------------------------

_YEAR, _MONTH, _DAY = r"(?P<year>[0-9]{4})", r"(?P<month>[0-9]{1,2})", r"(?P<day>[0-9]{1,2})"
_WEEKDAY, _NAME = r"(?:(?P<weekday>[A-Za-z]{3,9}),? )?", r"(?P<name>[A-Za-z]{3,9})"
_TIME = (
    r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{1,2})(?::(?P<second>[0-9]{1,2})(?:\.(?P<fraction>[0-9]+))?)?"
    r"(?: ?(?P<half>[AaPp])[Mm])?"
    r"(?: ?(?P<zone>[Zz]|GMT|(?P<sign>[+-])(?P<hours>[0-9]{1,2})(?::?(?P<minutes>[0-9]{2}))?))?"
)
_FORMS = tuple(
    re.compile(rf"{date}(?:(?:[Tt]|,? ){_TIME})?")
    for date in (
        rf"{_YEAR}[-/.]{_MONTH}(?:[-/.]{_DAY})?",  # 2030-05-22
        rf"{_MONTH}[-/.]{_DAY}[-/.]{_YEAR}",  # 05/22/2030
        rf"{_WEEKDAY}{_DAY}[ -]{_NAME}[ -]{_YEAR}",  # Wed, 22 May 2030
        rf"{_WEEKDAY}{_NAME} {_DAY},? {_YEAR}",  # Wednesday, May 22, 2030
    )
)


@dataclass(frozen=True)
class _Read:
    """A date and time as it is written. ``offset`` None: no zone is named; ``is_utc``: it is Z or GMT."""

    ticks: int
    offset: int | None
    is_utc: bool


def parse_date_time(text: str) -> Moment | None:
    """As .NET's ``DateTime.Parse``: where a zone is named, the moment on the clock of this computer."""
    read = _read(text)
    if read is None:
        return None
    if read.offset is None:
        return _unspecified(read)
    in_utc = moment(read.ticks - read.offset * _TICKS_PER_MINUTE, 0, Kind.UTC)
    if in_utc is None:
        return None
    offset = _local_offset(in_utc.clock.replace(tzinfo=UTC))
    return moment(in_utc.ticks + offset * _TICKS_PER_MINUTE, offset, Kind.LOCAL)


def parse_date_time_offset(text: str) -> Moment | None:
    """As .NET's ``DateTimeOffset.Parse``: where no zone is named, it is that of this computer."""
    read = _read(text)
    if read is None:
        return None
    offset = _unspecified(read).offset if read.offset is None else read.offset
    return moment(read.ticks, offset, Kind.OFFSET)


def parse_as_written(text: str) -> Moment | None:
    """The zone stays what the text says: none, UTC, or an offset."""
    read = _read(text)
    if read is None:
        return None
    if read.offset is None:
        return _unspecified(read)
    return moment(read.ticks, read.offset, Kind.UTC if read.is_utc else Kind.OFFSET)


def _unspecified(read: _Read) -> Moment:
    without_zone = Moment(read.ticks, 0, Kind.UNSPECIFIED)
    return Moment(read.ticks, _local_offset(without_zone.clock), Kind.UNSPECIFIED)


def _read(text: str) -> _Read | None:
    if len(text) > _MAX_TEXT_LENGTH:
        return None
    text = " ".join(text.split())
    match = next(filter(None, (form.fullmatch(text) for form in _FORMS)), None)
    return None if match is None else _checked(match)


def _checked(match: re.Match[str]) -> _Read | None:
    """None when there is no such day or time."""
    part = {name: value for name, value in match.groupdict().items() if value is not None}
    month, hour, offset = _month(part), _hour(part), _offset(part)
    if month is None or hour is None or (offset is not None and abs(offset) > _MAX_OFFSET):
        return None
    minute, second = int(part.get("minute", 0)), int(part.get("second", 0))
    try:
        clock = datetime(int(part["year"]), month, int(part.get("day", 1)), hour, minute, second)
    except ValueError:
        return None
    if "weekday" in part and not _is_name(part["weekday"], WEEKDAYS[clock.weekday()]):
        return None
    ticks = _ticks(clock) + _fraction_ticks(part.get("fraction", ""))
    if ticks > _MAX_TICKS:
        return None
    return _Read(ticks, offset, is_utc="zone" in part and "sign" not in part)


def _is_name(text: str, name: str) -> bool:
    return text.lower() in (name.lower(), name[:3].lower())


def _month(part: dict[str, str]) -> int | None:
    if "month" in part:
        return int(part["month"])
    return next((number for number, name in enumerate(MONTHS, 1) if _is_name(part["name"], name)), None)


def _hour(part: dict[str, str]) -> int | None:
    hour = int(part.get("hour", 0))
    if "half" not in part:
        return hour
    return None if hour > 12 else hour % 12 + (12 if part["half"] in "Pp" else 0)


def _offset(part: dict[str, str]) -> int | None:
    if "zone" not in part:
        return None
    minutes = int(part.get("hours", 0)) * 60 + int(part.get("minutes", 0))
    return -minutes if part.get("sign") == "-" else minutes


def _fraction_ticks(digits: str) -> int:
    """The ticks that ``digits`` behind a second's point are, rounded."""
    return (int(digits[:8].ljust(8, "0")) + 5) // 10
