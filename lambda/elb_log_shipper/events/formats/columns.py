"""What the formats share: the tokenizer, and one converter for each kind of column.

A converter takes the column's text and returns the event's values. ``-`` is the balancers' word for "no value", and so
is ``""``; they may stand in any column and become ``None``. A text that does not have the column's form raises
``ValueError`` with the form that was expected: the line is shipped raw. A text that has the form and is impossible all
the same, such as port 70000, raises :class:`ImpossibleValueError`: the event goes without that value, because an index
would refuse it, and keeps the text beside the others.
"""

import re
import socket
from collections.abc import Callable, Collection
from functools import partial
from typing import NamedTuple

Value = str | int | float | list[str] | None

NOTHING = ("-", "")


class LineParseError(ValueError):
    """The line does not have the format's shape. The message is the reason, short enough to be shipped."""


class ImpossibleValueError(ValueError):
    """A text in the column's form that no field of the column's type can hold. ``values`` are what is left of it."""

    def __init__(self, *values: "Value") -> None:
        super().__init__("possible")
        self.values = values


class Token(NamedTuple):
    text: str
    quoted: bool


class Column(NamedTuple):
    """One column of a log format.

    A converter may make several values of a column: an endpoint is also its address and its port. ``original``, ``ecs``
    and ``aws`` name them in the three styles, separated by spaces; ``_`` is a value that the style does not have, and
    ``a=b`` is one that it has under two names.
    """

    name: str
    """AWS's name for it; used in reasons."""
    convert: Callable[[str], tuple[Value, ...]]
    original: str
    ecs: str
    aws: str
    quoted: bool | None = False
    """Whether the value stands in quotes; ``None``: it may. Lines that differ are parsed all the same."""
    mask: Callable[[str], str] | None = None
    """Takes what must not leave out of the text before it is converted."""

    def read(self, text: str) -> tuple[Value, ...]:
        """The values of a text, which the converter makes once it is masked."""
        return self.convert(self.mask(text) if self.mask else text)

    def names(self, naming: str) -> "Names":
        """The values' names in a style."""
        return _names(getattr(self, naming))


Names = tuple[tuple[str, ...], ...]
"""Of each value the names under which a style has it: none, one or several."""


def _names(table: str) -> Names:
    return tuple(() if name == "_" else tuple(name.split("=")) for name in table.split())


class Derived(NamedTuple):
    """Values that need several columns, such as how long a request took, or that only one style has.

    ``inputs`` are names of columns. ``function`` names one of ``ecs.py``; ``make`` is that function, and imports the
    module when it is asked for: the Lambda's start takes long enough. It takes the texts of these columns as they are
    in the log, masked where they are to be masked, and ``-`` for a column that the line does not have. It returns a
    tuple of values, named as a column's are; a style whose table is empty has none of them, and never calls it. It has
    no state, and raises nothing for texts that the columns' converters take: so it may be called once for all lines
    with the same texts.
    """

    inputs: tuple[str, ...]
    function: str
    ecs: str = ""
    original: str = ""
    aws: str = ""

    @property
    def make(self) -> Callable[..., tuple[Value, ...]]:
        from . import ecs  # noqa: PLC0415

        found: Callable[..., tuple[Value, ...]] = getattr(ecs, self.function)
        return found

    def names(self, naming: str) -> Names:
        """The values' names in a style."""
        return _names(getattr(self, naming))


REQUEST_PARTS = (
    "http.version aws.elb.request_protocol url.scheme url.domain url.port url.path url.query url.fragment url.extension"
)
"""What ``ecs.request_parts`` returns, in the style ``ecs``."""


class Format(NamedTuple):
    """A table of columns. A line may have fewer of them, as it had in other years, and more, which nobody knows yet."""

    name: str
    title: str
    """What people call such a line; used in reasons."""
    columns: tuple[Column, ...]
    time: int
    """Which column is the time of the event."""
    least: int
    """How many columns the oldest lines have."""
    kind: str
    """What the lines are about: ``access``, ``connection`` or ``health_check``."""
    derived: tuple[Derived, ...] = ()
    """Behind the columns' values in an event."""
    ecs: tuple[tuple[str, str | tuple[str, ...]], ...] = ()
    """Names and values that each event of the style ``ecs`` has."""

    def __hash__(self) -> int:
        return hash(self.name)  # of all of the table it would take longer than parsing a line


class Converted(NamedTuple):
    """What a line's columns hold."""

    values: list[tuple[Value, ...]]
    """Of each column."""
    unparsed: list[str]
    """``column: text`` of those whose text is impossible."""


# Nearly always a raw quote never occurs inside a value: the balancers write it as \x22, and a backslash is an ordinary
# character. Classic Load Balancers have written \" in the agents of some clients.
_BARE = r'|([^ "]+)'
_TOKEN = re.compile(r'"([^"]*)"' + _BARE)
# Seldom needed, and compiled then.
_TOKEN_OR_LIST = r'"([^"]*(?:","[^"]*)*)"' + _BARE
_TOKEN_WITH_ESCAPES = r'"((?:[^"\\]|\\(?s:.))*)"' + _BARE
_ESCAPE = r'\\(["\\])'
_token = partial(tuple.__new__, Token)  # takes a third of the time


def tokenize(line: str, *, lists: bool = False, escapes: bool = False) -> list[Token]:
    """Split a line at single spaces, except inside quotes.

    :param lists: whether ``"a","b"`` is one column; its text is without the outer quotes then.
    :param escapes: whether ``\\"`` is a quote inside a value.

    :raises LineParseError: a quote that doesn't end, an empty column, or text directly after a quote.
    """
    pattern = re.compile(_TOKEN_OR_LIST if lists else _TOKEN_WITH_ESCAPES) if lists or escapes else _TOKEN
    found = pattern.findall(line)
    if not found or " ".join([bare or f'"{quoted}"' for quoted, bare in found]) != line:
        raise LineParseError(_wrong(line, pattern))
    if escapes:
        found = [(re.sub(_ESCAPE, r"\1", quoted) if '\\"' in quoted else quoted, bare) for quoted, bare in found]
    return list(map(_token, [(bare or quoted, not bare) for quoted, bare in found]))


def _wrong(line: str, pattern: re.Pattern[str]) -> str:
    """Where a line can't be split, and why. Its texts are not repeated: they may be parts of a value that is masked."""
    number = position = 0
    for number, match in enumerate(pattern.finditer(line), 1):
        if match.start() > position:
            break  # something was skipped
        position = match.end() + 1
        if line[match.end() : position] not in ("", " "):
            found = "a quote inside a value" if match[2] else "text directly after the closing quote"
            return f"column {number}: found {found}, expected a space"
    else:
        number += 1
    if line.startswith('"', position):
        return f"column {number}: a quote that does not end"
    found = "nothing" if not line else "two spaces" if position else "a space at the start"
    return f"column {number}: found {found}, expected a value"


def convert(columns: tuple[Column, ...], tokens: list[Token]) -> Converted:
    """The values of each column. ``tokens`` has at least as many members as ``columns``.

    :raises LineParseError: a column holds no value of its kind.
    """
    values = []
    unparsed = []
    for column, token in zip(columns, tokens, strict=False):
        try:
            values.append(column.convert(token.text))
        except ImpossibleValueError as error:
            values.append(error.values)
            unparsed.append(f"{column.name}: {token.text}")
        except ValueError as error:
            reason = f"column {len(values) + 1} ({column.name}): {token.text[:80]!r} is not {error}"
            raise LineParseError(reason) from None
    return Converted(values, unparsed)


_DATE_AND_TIME = r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.[0-9]{1,9})?"
_TIMESTAMP = re.compile(_DATE_AND_TIME + "Z")
_TIMESTAMP_WITHOUT_ZONE = re.compile(_DATE_AND_TIME + "Z?")
_ENDPOINT = re.compile(r"(.+):([0-9]+)", re.DOTALL)
_PORT = re.compile(r"[0-9]{1,5}")
_INTEGER = re.compile(r"[0-9]{1,18}")  # what fits into 64 bits with a sign
_SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,12})?")
_NOTHING_MEASURED = re.compile(r"-1?(\.0+)?")
# The protocol of HTTP, or of whatever else has been sent to the port, such as RTSP/1.0; "-" where there was none.
_PROTOCOL = re.compile(r"(?:[A-Z]{2,}|http)/[0-9](?:\.[0-9])?|-")

_FIRST_YEAR, _LAST_YEAR = 1970, 2261
"""What an index that counts nanoseconds in 64 bits can hold."""


def verbatim(text: str) -> tuple[str]:
    """The text as it is in the log, ``-`` too."""
    return (text,)


def text_or_none(text: str) -> tuple[str | None]:
    return (None if text in NOTHING else text,)


def list_or_none(text: str) -> tuple[list[str] | None]:
    return (None if text in NOTHING else text.split('","'),)


def one_of(texts: Collection[str]) -> Callable[[str], tuple[str]]:
    def convert(text: str) -> tuple[str]:
        if text not in texts:
            raise ValueError(f"one of {', '.join(sorted(texts))}")
        return (text,)

    return convert


def timestamp(text: str) -> tuple[str]:
    """ISO 8601 in UTC, as it is in the log, with as many decimals."""
    match = _TIMESTAMP.fullmatch(text)
    if not match:
        raise ValueError("an ISO 8601 time that ends with Z")
    return _possible(match, text)


def timestamp_without_zone(text: str) -> tuple[str]:
    """The same from network load balancers, which write UTC and do not say so."""
    match = _TIMESTAMP_WITHOUT_ZONE.fullmatch(text)
    if not match:
        raise ValueError("an ISO 8601 time")
    return _possible(match, text if text.endswith("Z") else text + "Z")


def _possible(match: re.Match[str], text: str) -> tuple[str]:
    year, month, day, hour, minute, second = map(int, match.groups())
    is_time = hour < 24 and minute < 60 and second < 60
    if not is_time or not _FIRST_YEAR <= year <= _LAST_YEAR or not 1 <= day <= _days(year, month):
        raise ImpossibleValueError(None)
    return (text,)


def _days(year: int, month: int) -> int:
    """Of a month of the Gregorian calendar; 0 of a month that there isn't."""
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return {4: 30, 6: 30, 9: 30, 11: 30}.get(month, 31 if 1 <= month <= 12 else 0)


def timestamp_or_none(text: str) -> tuple[str | None]:
    return (None,) if text in NOTHING else timestamp(text)


def timestamp_without_zone_or_none(text: str) -> tuple[str | None]:
    return (None,) if text in NOTHING else timestamp_without_zone(text)


def endpoint(text: str) -> tuple[str | None, str | None, int | None]:
    """``address:port``, as it is in the log; address; port.

    An IPv6 address has no brackets there: the port follows the last colon. Brackets are taken off all the same.
    """
    if text in NOTHING:
        return None, None, None
    match = _ENDPOINT.fullmatch(text)
    if not match:
        raise ValueError("an address and a port")
    found, number = without_brackets(match[1]), match[2]
    if is_address(found) and is_port(number):
        return text, found, int(number)
    raise ImpossibleValueError(text, found if is_address(found) else None, int(number) if is_port(number) else None)


def target(text: str) -> tuple[str | None, str | None, int | None]:
    """An endpoint, or the name of something that has no address: a function's ARN."""
    return (text, None, None) if text.startswith("arn:") else endpoint(text)


def address(text: str) -> tuple[str | None]:
    """An address without a port."""
    if text in NOTHING:
        return (None,)
    found = without_brackets(text)
    if not is_address(found):
        raise ImpossibleValueError(None)
    return (found,)


def without_brackets(text: str) -> str:
    return text[1:-1] if text.startswith("[") and text.endswith("]") else text


def is_address(text: str) -> bool:
    """Whether it is one of IPv4 or IPv6, without a port."""
    try:
        socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)
    except (OSError, ValueError):  # not an address; a NUL in it, or what is not ASCII
        return False
    return True


def integer(text: str) -> tuple[int | None]:
    """A whole number; ``-1``, as ``-``, is none."""
    return (None,) if text == "-1" else _integer(text)


def priority(text: str) -> tuple[int | None]:
    """A whole number, or -1, which has a meaning of its own: an error while the rules were evaluated."""
    return (-1,) if text == "-1" else _integer(text)


def _integer(text: str) -> tuple[int | None]:
    if text in NOTHING:
        return (None,)
    if not _INTEGER.fullmatch(text):
        raise ValueError("a whole number of up to 18 digits")
    return (int(text),)


def port(text: str) -> tuple[int]:
    """Always there: what tells a connection log from an access log of a Classic Load Balancer."""
    if not looks_like_port(text):
        raise ValueError("a port")
    if not is_port(text):
        raise ImpossibleValueError(None)
    return (int(text),)


def port_or_none(text: str) -> tuple[int | None]:
    return (None,) if text in NOTHING else port(text)


def looks_like_port(text: str) -> bool:
    return _PORT.fullmatch(text) is not None


def is_port(text: str) -> bool:
    return looks_like_port(text) and int(text) < 1 << 16


def seconds(text: str) -> tuple[float | None, float | None]:
    """Milliseconds, seconds. ``-1`` in the log means that the step never happened.

    The decimal point is moved in the text, not by a multiplication: 0.000043 * 1000 is 0.043000000000000003.
    """
    if text == "" or _NOTHING_MEASURED.fullmatch(text):
        return None, None
    if not _SECONDS.fullmatch(text):
        raise ValueError("a number of seconds")
    return float(text + "e3"), float(text)


def milliseconds(text: str) -> tuple[float | None, int | None]:
    """Whole milliseconds: as a number like the other times, and as a whole one."""
    (found,) = integer(text)
    return None if found is None else float(found), found


def request(text: str) -> tuple[str, str | None, str | None, str | None]:
    """The request as it is in the log; method; URL; protocol.

    A URL may have spaces in it: the method ends at the first space, and the last word is the protocol if it looks like
    one. ``-`` and nothing are ``None``. A text without a space is all URL. Blanks behind it belong to nothing.
    """
    rest, protocol = split_protocol(text)
    method, space, url = rest.partition(" ")
    if not space and not protocol:
        method, url = "-", rest
    return text, something(method), something(url), something(protocol.strip())


def split_protocol(text: str) -> tuple[str, str]:
    """A request's method and URL; its protocol with the blanks around it, or only blanks, or nothing."""
    stripped = text.rstrip(" ")
    rest, space, last = stripped.rpartition(" ")
    end = len(rest) if space and looks_like_protocol(last) else len(stripped)
    return text[:end], text[end:]


def looks_like_protocol(text: str) -> bool:
    return _PROTOCOL.fullmatch(text) is not None


def something(text: str) -> str | None:
    """A part of a request; of ``- - - `` there is none."""
    return None if text in (*NOTHING, "- -") else text


TYPES: dict[Callable[[str], tuple[Value, ...]], tuple[str, ...]] = {
    address: ("address",),
    endpoint: ("text", "address", "integer"),
    integer: ("integer",),
    list_or_none: ("list",),
    milliseconds: ("number", "integer"),
    port: ("integer",),
    port_or_none: ("integer",),
    priority: ("integer",),
    request: ("text", "text", "text", "text"),
    seconds: ("number", "number"),
    target: ("text", "address", "integer"),
    timestamp: ("time",),
    timestamp_or_none: ("time",),
    timestamp_without_zone: ("time",),
    timestamp_without_zone_or_none: ("time",),
}


def types(column: Column) -> tuple[str, ...]:
    """What each of a column's values is, if it is not ``None``: text, list (of texts), integer, number, time, address.

    Integers have 64 bits; times are possible ones in UTC with at most nine decimals; addresses are those of IPv4 and
    IPv6. So each of them is one that an index takes.
    """
    return TYPES.get(column.convert, ("text",))
