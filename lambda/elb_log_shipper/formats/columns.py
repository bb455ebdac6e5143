"""What the formats share: the tokenizer, and one converter for each kind of column.

A converter takes the column's text and returns the event's value, or raises ``ValueError`` with the form that it
expected. ``-`` is the balancers' word for "no value" and may stand in any column: it becomes ``None``.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

Value = str | int | float | list[str] | None


class ParseError(ValueError):
    """The line does not have the format's shape. The message is the reason, short enough to be shipped."""


class Token(NamedTuple):
    text: str
    quoted: bool


class Column(NamedTuple):
    """One column of a log format."""

    name: str
    """AWS's name for it; used in reasons."""
    field: str
    """The event's name for it."""
    convert: Callable[[str], Value]
    quoted: bool = False


# A raw quote never occurs inside a value: the balancers write it as \x22. So a backslash is an ordinary character.
_TOKEN = re.compile(r'"(?P<quoted>[^"]*)"|(?P<bare>[^ "]+)')


def tokenize(line: str) -> list[Token]:
    """Split a line at single spaces, except inside quotes.

    :raises ParseError: a quote that doesn't end, an empty column, or text directly after a quote.
    """
    tokens = []
    position = 0
    while True:
        match = _TOKEN.match(line, position)
        number = len(tokens) + 1
        if match is None:
            reason = "a quote that does not end" if line.startswith('"', position) else "no value before the space"
            raise ParseError(f"column {number}: {reason}")
        quoted = match["quoted"]
        tokens.append(Token(match["bare"], quoted=False) if quoted is None else Token(quoted, quoted=True))
        position = match.end()
        if position == len(line):
            return tokens
        if line[position] != " ":
            raise ParseError(f"column {number}: no space after it")
        position += 1


def convert(columns: tuple[Column, ...], tokens: list[Token]) -> dict[str, Value]:
    """The event's fields, in the columns' order. ``tokens`` has at least as many members as ``columns``.

    :raises ParseError: a column is quoted and should not be, the other way round, or holds no value of its kind.
    """
    fields: dict[str, Value] = {}
    for number, (column, token) in enumerate(zip(columns, tokens, strict=False), 1):
        if token.quoted is not column.quoted:
            expected = "quotes" if column.quoted else "no quotes"
            raise ParseError(f"column {number} ({column.name}): expected {expected}")
        try:
            fields[column.field] = column.convert(token.text)
        except ValueError as error:
            raise ParseError(f"column {number} ({column.name}): {token.text[:80]!r} is not {error}") from None
    return fields


_TIMESTAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?Z")
_ENDPOINT = re.compile(r".+:[0-9]{1,5}", re.DOTALL)
_INTEGER = re.compile(r"[0-9]{1,18}")  # what fits into 64 bits with a sign
_SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?")  # 15 digits at most: what a double holds exactly
_NO_SECONDS = re.compile(r"-1(\.0+)?")


def verbatim(text: str) -> str:
    """The text as it is in the log, ``-`` too."""
    return text


def text_or_none(text: str) -> str | None:
    return None if text == "-" else text


def timestamp(text: str) -> str:
    """ISO 8601 in UTC, as it is in the log."""
    if not _TIMESTAMP.fullmatch(text):
        raise ValueError("an ISO 8601 time that ends with Z")
    return text


def endpoint(text: str) -> str | None:
    """``address:port``, as it is in the log. An IPv6 address has no brackets there: the port follows the last colon."""
    if text == "-":
        return None
    if not _ENDPOINT.fullmatch(text):
        raise ValueError("an address and a port")
    return text


def integer(text: str) -> int | None:
    if text == "-":
        return None
    if not _INTEGER.fullmatch(text):
        raise ValueError("a whole number")
    return int(text)


def milliseconds(text: str) -> float | None:
    """Seconds in the log, milliseconds in the event. ``-1`` means that the step never happened.

    The decimal point is moved in the text, not by a multiplication: 0.000043 * 1000 is 0.043000000000000003.
    """
    if text == "-" or _NO_SECONDS.fullmatch(text):
        return None
    if not _SECONDS.fullmatch(text):
        raise ValueError("a number of seconds")
    return float(text + "e3")
