"""Dates: what is read, what standard and custom formats write, and the filters that add to a date.

The computer's zone is two hours east of UTC in all of these tests.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.errors import NoResult
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.language import filters


@pytest.fixture(autouse=True)
def _zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "TST-02:00")
        time.tzset()
        yield
    time.tzset()


def ids(rows: list[tuple]) -> list[str]:
    return [row[0] for row in rows]


READ = [
    # rule, text, as a DateTimeOffset in round-trip form
    ("[T] year first, slashes", "2030/05/22 09:05:00", "2030-05-22T09:05:00.0000000+02:00"),
    ("[I] year first, hyphens, T", "2030-05-22T09:05:01", "2030-05-22T09:05:01.0000000+02:00"),
    ("[I] without seconds", "2030-05-22 9:05", "2030-05-22T09:05:00.0000000+02:00"),
    ("[I] a date alone", "2030-5-2", "2030-05-02T00:00:00.0000000+02:00"),
    ("[I] a month alone", "2030-05", "2030-05-01T00:00:00.0000000+02:00"),
    ("[I] seven digits of a second", "2030-05-22T09:05:00.1234567", "2030-05-22T09:05:00.1234567+02:00"),
    ("[I] more digits are rounded", "2030-05-22T23:59:59.99999995", "2030-05-23T00:00:00.0000000+02:00"),
    ("[T] Z", "2030-05-22T09:05:00Z", "2030-05-22T09:05:00.0000000+00:00"),
    ("[T] an offset", "2030-05-22T09:05:00.5-03:30", "2030-05-22T09:05:00.5000000-03:30"),
    ("[I] an offset in hours, a blank before it", "2030-05-22 09:05 +5", "2030-05-22T09:05:00.0000000+05:00"),
    ("[I] month, day, year", "05/22/2030 09:05:00", "2030-05-22T09:05:00.0000000+02:00"),
    ("[I] in the afternoon", "5/22/2030 9:05 pm", "2030-05-22T21:05:00.0000000+02:00"),
    ("[I] just after midnight", "5/22/2030 12:05 AM", "2030-05-22T00:05:00.0000000+02:00"),
    ("[I] RFC 1123", "Wed, 22 May 2030 09:05:00 GMT", "2030-05-22T09:05:00.0000000+00:00"),
    ("[I] names of months", "22-May-2030", "2030-05-22T00:00:00.0000000+02:00"),
    ("[I] names in full", "Wednesday, 22 May 2030 09:05", "2030-05-22T09:05:00.0000000+02:00"),
    ("[I] month's name first", "May 22, 2030", "2030-05-22T00:00:00.0000000+02:00"),
    ("[I] blanks around and in between", "  2030-05-22   09:05 ", "2030-05-22T09:05:00.0000000+02:00"),
    ("[I] the first moment", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00.0000000+00:00"),
    ("[I] the last moment", "9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.9999999+00:00"),
]

UNREADABLE = [
    *["hello World", "", "2030", "09:05", "2030-02-29", "2030-13-01", "2030-00-10", "0000-01-01", "30-05-22"],
    *["2030-05-22T24:00", "2030-05-22T09:60", "2030-05-22T09:05:60", "2030-05-22T13:05 PM", "2030-05-22T09"],
    *["2030-05-22T09:05:00+15:00", "Tue, 22 May 2030", "22 Mayy 2030", "May 2030 22", "2030-05-22T09:05:00.Z"],
    *["9999-12-31T23:59:59.99999999", "0001-01-01T00:00:00+01:00", "2030-05-22 09:05 UTC", "20300522T090500Z"],
    "2030-05-22" + " " * 100,
]


@pytest.mark.parametrize(("rule", "text", "outcome"), READ, ids=ids(READ))
def test_read(rule: str, text: str, outcome: str) -> None:
    assert filters.apply("Format", text, ("DateTimeOffset", "o")) == outcome


@pytest.mark.parametrize("text", UNREADABLE)
@pytest.mark.parametrize("kind", ["Date", "datetimeoffset"])
def test_unreadable(text: str, kind: str) -> None:
    """[T] What cannot be read is echoed."""
    with pytest.raises(NoResult, match=f"the value cannot be read as of the type {kind.lower()}"):
        filters.apply("Format", text, (kind, "o"))


DATE = "2030-05-02T21:05:03.0400000"
STANDARD = [
    # format, as a DateTime without zone, as a DateTimeOffset
    ("d", "05/02/2030", "05/02/2030"),
    ("D", "Thursday, 02 May 2030", "Thursday, 02 May 2030"),
    ("f", "Thursday, 02 May 2030 21:05", "Thursday, 02 May 2030 21:05"),
    ("F", "Thursday, 02 May 2030 21:05:03", "Thursday, 02 May 2030 21:05:03"),
    ("g", "05/02/2030 21:05", "05/02/2030 21:05"),
    ("G", "05/02/2030 21:05:03", "05/02/2030 21:05:03"),
    ("m", "May 02", "May 02"),
    ("M", "May 02", "May 02"),
    ("o", "2030-05-02T21:05:03.0400000", "2030-05-02T21:05:03.0400000+02:00"),
    ("O", "2030-05-02T21:05:03.0400000", "2030-05-02T21:05:03.0400000+02:00"),
    ("r", "Thu, 02 May 2030 21:05:03 GMT", "Thu, 02 May 2030 19:05:03 GMT"),
    ("R", "Thu, 02 May 2030 21:05:03 GMT", "Thu, 02 May 2030 19:05:03 GMT"),
    ("s", "2030-05-02T21:05:03", "2030-05-02T21:05:03"),
    ("t", "21:05", "21:05"),
    ("T", "21:05:03", "21:05:03"),
    ("u", "2030-05-02 21:05:03Z", "2030-05-02 19:05:03Z"),
    ("U", "Thursday, 02 May 2030 19:05:03", None),
    ("y", "2030 May", "2030 May"),
    ("Y", "2030 May", "2030 May"),
    ("", "05/02/2030 21:05:03", "05/02/2030 21:05:03 +02:00"),
]


@pytest.mark.parametrize(("form", "date_time", "with_offset"), STANDARD, ids=[row[0] or "empty" for row in STANDARD])
def test_standard_format(form: str, date_time: str, with_offset: str | None) -> None:
    """[D]"""
    assert filters.apply("Format", DATE, ("DateTime", form)) == date_time
    if with_offset is None:
        with pytest.raises(NoResult, match='"U" is no format of dates'):
            filters.apply("Format", DATE, ("DateTimeOffset", form))
    else:
        assert filters.apply("Format", DATE, ("DateTimeOffset", form)) == with_offset


CUSTOM = [
    # rule, format, outcome
    ("[T] three letters of a year", "HH dd-MMM-yyy", "21 02-May-2030"),
    ("[T] four letters of a year", "HH dd-MMM-yyyy", "21 02-May-2030"),
    ("[D] days", "%d dd ddd dddd ddddd", "2 02 Thu Thursday Thursday"),
    ("[D] months", "%M MM MMM MMMM MMMMM", "5 05 May May May"),
    ("[D] years", "%y yy yyy yyyy yyyyy", "30 30 2030 2030 02030"),
    ("[D] hours of a day", "%H HH HHH", "21 21 21"),
    ("[D] hours of half a day", "%h hh hhh", "9 09 09"),
    ("[D] minutes and seconds", "%m mm %s ss", "5 05 3 03"),
    ("[D] halves of a day", "%t tt ttt", "P PM PM"),
    ("[D] fractions", "%f ff fff fffffff", "0 04 040 0400000"),
    ("[D] fractions without zeros at the end", "%F FF FFF FFFFFFF", " 04 04 04"),
    ("[D] the point goes with an empty fraction", "ss.F", "03"),
    ("[D] the point stays with a fraction", "ss.FFF", "03.04"),
    ("[D] era", "%g gg", "A.D. A.D."),
    ("[D] offsets", "%z zz zzz zzzz", "+2 +02 +02:00 +02:00"),
    ("[D] zone", "[K]", "[]"),
    ("[D] literal letters", "yyyy'd'\"M\"\\y", "2030dMy"),
    ("[D] escapes between quotes", r"'it\'s'", "it's"),
    ("[D] other letters are literal", "yyyyTHH:mm/x!", "2030T21:05/x!"),
    ("[D] a single letter", "%d", "2"),
    ("[D] % before what is no letter of a format", "%:", ":"),
]


@pytest.mark.parametrize(("rule", "form", "outcome"), CUSTOM, ids=ids(CUSTOM))
def test_custom_format(rule: str, form: str, outcome: str) -> None:
    assert filters.apply("Format", DATE, ("date", form)) == outcome


@pytest.mark.parametrize(("hour", "outcome"), [("00", "12 AM"), ("11", "11 AM"), ("12", "12 PM"), ("13", "01 PM")])
def test_hours_of_half_a_day_begin_with_twelve(hour: str, outcome: str) -> None:
    """[D]"""
    assert filters.apply("Format", f"2030-05-02 {hour}:00", ("date", "hh tt")) == outcome


BAD_FORMATS = [
    ("q", '"q" is no format of dates; a single letter can be d, D, f'),
    ("yyyy 'x", "at character 6"),
    ("\"x'", "at character 1"),
    ("yyyy\\", "at character 5"),
    ("yyyy%", "at character 5"),
    ("%%", "at character 1"),
    ("ffffffff", "8 letters for the fraction of a second, expected 7 at most"),
    ("y" * 501, "the format has 501 characters, expected 500 at most"),
]


@pytest.mark.parametrize(("form", "reason"), BAD_FORMATS, ids=[row[1] for row in BAD_FORMATS])
def test_bad_format(form: str, reason: str) -> None:
    with pytest.raises(NoResult, match=reason):
        filters.apply("Format", DATE, ("date", form))


ZONES = [
    # rule, text, type, format, outcome
    (
        "[I] a DateTime with Z is on the computer's clock",
        "2030-05-22T23:05Z",
        "date",
        "o",
        "2030-05-23T01:05:00.0000000+02:00",
    ),
    ("[I] a DateTime with offset too", "2030-05-22T23:05+03:00", "date", "o", "2030-05-22T22:05:00.0000000+02:00"),
    ("[I] and is written as that clock shows it", "2030-05-22T23:05Z", "date", "u", "2030-05-23 01:05:00Z"),
    ("[I] zone of a DateTimeOffset in UTC", "2030-05-22T23:05Z", "datetimeoffset", "zzz K", "+00:00 +00:00"),
    ("[I] negative offsets", "2030-05-22T23:05-03:30", "datetimeoffset", "%z zz zzz", "-3 -03 -03:30"),
    ("[T] what is no number is a DateTimeOffset", "2030-05-22T23:05-03:30", None, "HH zzz", "23 -03:30"),
    ("[T] a format that is a word", "2030/05/22 09:05:00", None, "yyyy", "2030"),
]


@pytest.mark.parametrize(("rule", "text", "kind", "form", "outcome"), ZONES, ids=ids(ZONES))
def test_zone(rule: str, text: str, kind: str | None, form: str, outcome: str) -> None:
    assert filters.apply("Format", text, (kind, form) if kind else (form,)) == outcome


def test_outside_of_the_years_in_utc() -> None:
    with pytest.raises(NoResult, match="in UTC the date is outside of the years 1 to 9999"):
        filters.apply("Format", "0001-01-01", ("date", "U"))


ADDED = [
    # rule, text, filter, amount, outcome
    ("[T] hours, no zone", "2030-05-22T09:05:00", "AddHours", "3", "2030-05-22T12:05:00.0000000"),
    ("[T] days", "2030-05-22", "AddDays", "10", "2030-06-01T00:00:00.0000000"),
    ("[T] a negative number", "2030-05-22T09:05:00Z", "AddHours", "-10", "2030-05-21T23:05:00.0000000Z"),
    ("[T] a fraction", "2030-05-22T09:05:00", "AddHours", "1.5", "2030-05-22T10:35:00.0000000"),
    ("[S] with exponent", "2030-05-22", "AddDays", "1e1", "2030-06-01T00:00:00.0000000"),
    ("[T] Z is kept", "2030-05-22T23:05:00.1234567Z", "AddDays", "0.5", "2030-05-23T11:05:00.1234567Z"),
    ("[T] an offset is kept", "2030-05-22T23:05:00+05:30", "AddHours", "1", "2030-05-23T00:05:00.0000000+05:30"),
    ("[S] also that of UTC", "2030-05-22T23:05:00+00:00", "AddHours", "1", "2030-05-23T00:05:00.0000000+00:00"),
    ("[I] to the tick", "2030-05-22", "AddHours", "0.0000000003", "2030-05-22T00:00:00.0000010"),
    ("[I] less than a tick is nothing", "2030-05-22", "AddHours", "-1e-12", "2030-05-22T00:00:00.0000000"),
]


@pytest.mark.parametrize(("rule", "text", "name", "amount", "outcome"), ADDED, ids=ids(ADDED))
def test_added(rule: str, text: str, name: str, amount: str, outcome: str) -> None:
    assert filters.apply(name, text, (amount,)) == outcome


NOT_ADDED = [
    ("2030-05-22", (), "expected a number of hours, in quotes when it has a point.*, seen no argument"),
    ("2030-05-22", ("1", "2"), 'seen "1" "2"'),
    ("2030-05-22", ("x",), 'seen "x"'),
    ("2030-05-22", ("1,5",), 'seen "1,5"'),
    ("2030-05-22", ("1e300",), "outside of the years 1 to 9999"),
    ("2030-05-22", ("-1e9",), "outside of the years 1 to 9999"),
    ("9999-12-31T23:00Z", ("1",), "outside of the years 1 to 9999"),
    ("9999-12-31T20:00-02:00", ("2",), "outside of the years 1 to 9999"),
    ("hello", ("1",), "the value is no date that can be read; expected one as 2030-05-22T09:05:00Z"),
]


@pytest.mark.parametrize(("text", "arguments", "reason"), NOT_ADDED)
def test_not_added(text: str, arguments: tuple[str, ...], reason: str) -> None:
    with pytest.raises(NoResult, match=reason):
        filters.apply("AddHours", text, arguments)


def seconds(text: str) -> int:
    return round(time.mktime(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")))


def test_now_is_the_clock_without_zone() -> None:
    """[T]"""
    now = filters.apply("NowDate", None, ())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}", now)
    assert abs(seconds(now) - time.time()) < 60


def test_now_in_utc() -> None:
    """[T]"""
    now = filters.apply("NowDateUtc", None, ())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z", now)
    assert abs(seconds(now) + 7200 - time.time()) < 60


def test_now_has_formats_and_can_be_chained() -> None:
    """[T]"""
    assert filters.apply("NowDate", None, ("zzz [K]",)) == "+02:00 []"
    assert filters.apply("NowDateUtc", None, ("zzz [K]",)) == "+00:00 [Z]"
    assert filters.apply("Format", filters.apply("NowDateUtc", None, ()), ("DateTimeOffset", "zz")) == "+00"
    assert filters.apply("Format", filters.apply("NowDate", None, ()), ("DateTimeOffset", "zz")) == "+02"


@pytest.mark.parametrize("name", ["NowDate", "NowDateUtc"])
def test_now_takes_no_input_and_one_format(name: str) -> None:
    """[S]"""
    with pytest.raises(NoResult, match=rf"expected no variable before it, as in #\{{ \| {name}\}}"):
        filters.apply(name, "", ())
    with pytest.raises(NoResult, match='expected a date format, or no argument, seen "d" "d"'):
        filters.apply(name, None, ("d", "d"))
    with pytest.raises(NoResult, match='"q" is no format of dates'):
        filters.apply(name, None, ("q",))
