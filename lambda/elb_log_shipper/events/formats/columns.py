"""What the formats share: the tokenizer, and one converter for each kind of column.

A converter takes the column's text and returns the event's value, or raises ``ValueError`` with the form that it
expected. ``-`` is the balancers' word for "no value" and may stand in any column: it becomes ``None``.
"""

import re
from collections.abc import Callable, Collection
from typing import NamedTuple

Value = str | int | float | list[str] | None

NOTHING = ("-", "")


class LineParseError(ValueError):
    """The line does not have the format's shape. The message is the reason, short enough to be shipped."""


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
    """Whether the value stands in quotes; ``None``: it may."""
    unique: bool = False
    """Whether nearly every line has another value. Only a hint, for speed."""

    def names(self, naming: str) -> "Names":
        """The values' names in a style."""
        return _names(getattr(self, naming))


Names = tuple[tuple[str, ...], ...]
"""Of each value the names under which a style has it: none, one or several."""


def _names(table: str) -> Names:
    return tuple(() if name == "_" else tuple(name.split("=")) for name in table.split())


class Derived(NamedTuple):
    """Values that need several columns, such as how long a request took, or that only one style has.

    ``inputs`` are names of columns. ``make`` takes the texts of these columns as they are in the log, masked where they
    are to be masked, and ``-`` for a column that the line does not have. It returns a tuple of values, named as a
    column's are; a style whose table is empty has none of them, and never calls it. It has no state, and raises
    nothing for texts that the columns' converters take: so it may be called once for all lines with the same texts.
    """

    inputs: tuple[str, ...]
    make: Callable[..., tuple[Value, ...]]
    ecs: str = ""
    original: str = ""
    aws: str = ""

    def names(self, naming: str) -> Names:
        """The values' names in a style."""
        return _names(getattr(self, naming))


class Format(NamedTuple):
    """A table of columns, and how many of them a line of another age has."""

    name: str
    columns: tuple[Column, ...]
    time: int
    """Which column is the time of the event."""
    shorter: Collection[int]
    expected: str
    """The numbers of columns in words; used in reasons."""
    kind: str
    """What the lines are about: ``access``, ``connection`` or ``health_check``."""
    derived: tuple[Derived, ...] = ()
    """Behind the columns' values in an event."""
    ecs: tuple[tuple[str, str | tuple[str, ...]], ...] = ()
    """Names and values that each event of the style ``ecs`` has."""


# A raw quote never occurs inside a value: the balancers write it as \x22. So a backslash is an ordinary character.
_TOKEN = re.compile(r'"(?P<quoted>[^"]*)"|(?P<bare>[^ "]+)')
_TOKEN_OR_LIST = re.compile(r'"(?P<quoted>[^"]*(?:","[^"]*)*)"|(?P<bare>[^ "]+)')


def tokenize(line: str, lists: bool = False) -> list[Token]:
    """Split a line at single spaces, except inside quotes.

    :param lists: whether ``"a","b"`` is one column; its text is without the outer quotes then.

    :raises LineParseError: a quote that doesn't end, an empty column, or text directly after a quote.
    """
    pattern = _TOKEN_OR_LIST if lists else _TOKEN
    tokens: list[Token] = []
    position = 0
    while True:
        match = pattern.match(line, position)
        number = len(tokens) + 1
        if match is None:
            reason = "a quote that does not end" if line.startswith('"', position) else "no value before the space"
            raise LineParseError(f"column {number}: {reason}")
        quoted = match["quoted"]
        tokens.append(Token(match["bare"], quoted=False) if quoted is None else Token(quoted, quoted=True))
        position = match.end()
        if position == len(line):
            return tokens
        if line[position] != " ":
            raise LineParseError(f"column {number}: no space after it")
        position += 1


def convert(columns: tuple[Column, ...], tokens: list[Token]) -> list[tuple[Value, ...]]:
    """The values of each column. ``tokens`` has at least as many members as ``columns``.

    :raises LineParseError: a column is quoted and should not be, the other way round, or holds no value of its kind.
    """
    values = []
    for number, (column, token) in enumerate(zip(columns, tokens, strict=False), 1):
        if column.quoted is not None and token.quoted is not column.quoted:
            expected = "quotes" if column.quoted else "no quotes"
            raise LineParseError(f"column {number} ({column.name}): expected {expected}")
        try:
            values.append(column.convert(token.text))
        except ValueError as error:
            raise LineParseError(f"column {number} ({column.name}): {token.text[:80]!r} is not {error}") from None
    return values


_TIMESTAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?Z")
_TIMESTAMP_WITHOUT_ZONE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?Z?")
_ENDPOINT = re.compile(r"(.+):([0-9]{1,5})", re.DOTALL)
_PORT = re.compile(r"[0-9]{1,5}")
_INTEGER = re.compile(r"[0-9]{1,18}")  # what fits into 64 bits with a sign
_SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?")  # 15 digits at most: what a double holds exactly
_LATENCY = re.compile(r"[0-9]{1,6}(\.[0-9]{1,9})?")  # the same with nanoseconds
_NOTHING = re.compile(r"-1?(\.0+)?")


def verbatim(text: str) -> tuple[str]:
    """The text as it is in the log, ``-`` too."""
    return (text,)


def text_or_none(text: str) -> tuple[str | None]:
    return (None if text == "-" else text,)


def list_or_none(text: str) -> tuple[list[str] | None]:
    return (None if text == "-" else text.split('","'),)


def one_of(texts: Collection[str]) -> Callable[[str], tuple[str]]:
    def convert(text: str) -> tuple[str]:
        if text not in texts:
            raise ValueError(f"one of {', '.join(sorted(texts))}")
        return (text,)

    return convert


def timestamp(text: str) -> tuple[str]:
    """ISO 8601 in UTC, as it is in the log."""
    if not _TIMESTAMP.fullmatch(text):
        raise ValueError("an ISO 8601 time that ends with Z")
    return (text,)


def timestamp_without_zone(text: str) -> tuple[str]:
    """The same from network load balancers, which write UTC and do not say so."""
    if not _TIMESTAMP_WITHOUT_ZONE.fullmatch(text):
        raise ValueError("an ISO 8601 time")
    return (text if text.endswith("Z") else text + "Z",)


def timestamp_or_none(text: str) -> tuple[str | None]:
    return (None,) if text == "-" else timestamp(text)


def endpoint(text: str) -> tuple[str | None, str | None, int | None]:
    """``address:port``, as it is in the log; address; port.

    An IPv6 address has no brackets there: the port follows the last colon.
    """
    if text == "-":
        return None, None, None
    match = _ENDPOINT.fullmatch(text)
    if not match:
        raise ValueError("an address and a port")
    return text, match[1], int(match[2])


def target(text: str) -> tuple[str | None, str | None, int | None]:
    """An endpoint, or the name of something that has no address: a function's ARN."""
    return (text, None, None) if text.startswith("arn:") else endpoint(text)


def integer(text: str) -> tuple[int | None]:
    """A whole number; ``-1``, as ``-``, is none."""
    if text in ("-", "-1"):
        return (None,)
    if not _INTEGER.fullmatch(text):
        raise ValueError("a whole number")
    return (int(text),)


def port(text: str) -> tuple[int]:
    """Always there: what tells a connection log from an access log of a Classic Load Balancer."""
    if not is_port(text):
        raise ValueError("a port")
    return (int(text),)


def is_port(text: str) -> bool:
    return _PORT.fullmatch(text) is not None


def seconds(text: str) -> tuple[float | None, float | None]:
    """Milliseconds, seconds. ``-1`` in the log means that the step never happened.

    The decimal point is moved in the text, not by a multiplication: 0.000043 * 1000 is 0.043000000000000003.
    """
    return _seconds(text, _SECONDS)


def latency(text: str) -> tuple[float | None, float | None]:
    """The same with nanoseconds."""
    return _seconds(text, _LATENCY)


def _seconds(text: str, form: re.Pattern[str]) -> tuple[float | None, float | None]:
    if _NOTHING.fullmatch(text):
        return None, None
    if not form.fullmatch(text):
        raise ValueError("a number of seconds")
    return float(text + "e3"), float(text)


def request(text: str) -> tuple[str, str | None, str | None, str | None]:
    """The request as it is in the log; method; URL; protocol.

    A URL may have spaces in it: the method ends at the first space, the protocol starts behind the last one. ``-`` and
    nothing are ``None``. A text without a space is all URL, one with a single space has no protocol.
    """
    method, first, rest = text.partition(" ")
    if not first:
        return text, None, something(text), None
    url, second, protocol = rest.rpartition(" ")
    if not second:
        url, protocol = rest, ""
    return text, something(method), something(url), something(protocol)


def something(text: str) -> str | None:
    """A part of a request; of ``- - - `` there is none."""
    return None if text in ("", "-", "- -") else text
