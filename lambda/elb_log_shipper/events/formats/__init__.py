"""The log formats, a module each, and the choice between them.

A format is a table of columns (``FORMAT``) over the shared tokenizer and converters of ``columns.py``. Columns behind
the known ones are kept as a list: AWS appends columns whenever it likes. The shape of each line says which format it
has, since objects may be mixed, and archives renamed; where the line has none of the shapes, the object's name says
which one was expected (``keys.py``).
"""

from functools import lru_cache
from typing import NamedTuple

from . import alb, classic, connection, health_check, nlb
from .columns import Column, Format, LineParseError, Token, Value, convert, is_port, tokenize, verbatim

__all__ = [
    "EXTRA",
    "FORMATS",
    "NAMINGS",
    "Column",
    "Format",
    "LineParseError",
    "Record",
    "Value",
    "field_names",
    "parse",
    "parse_line",
]

FORMATS = (classic.FORMAT, alb.FORMAT, nlb.FORMAT, connection.FORMAT, health_check.FORMAT)
NAMINGS = ("original", "ecs", "aws")
EXTRA = Column("extra", verbatim, original="Extra", ecs="aws.elb.extra", aws="extra", quoted=None)
"""A column behind the known ones."""


class Record(NamedTuple):
    """One line."""

    format: Format
    values: list[tuple[Value, ...]]
    """Of each known column that the line has."""
    extra: list[str]
    """The texts of the columns behind them."""
    quoted: tuple[bool, ...] = ()
    """Which of all these columns stood in quotes."""

    @property
    def time(self) -> Value:
        """The event's time, in UTC; ``None`` where the column may be without one."""
        return self.values[self.format.time][0]

    def fields(self, naming: str) -> dict[str, Value]:
        """Name -> value, in the columns' order."""
        found: dict[str, Value] = {}
        for names, values in zip(_names(self.format, naming), self.values, strict=False):
            found.update((name, value) for name, value in zip(names, values, strict=True) if name)
        if self.extra:
            found[_extra(naming)] = self.extra
        return found


def parse(line: str, expected: Format | None = None) -> Record:
    """One line of any known format.

    :param expected: the format that the object should have: it is tried as well, and the reason is about it.
    :raises LineParseError: no format fits; the message is the reason.
    """
    try:
        return _parse_by_shape(line)
    except LineParseError:
        if expected is None:
            raise
        return _record(expected, tokenize(line, lists=expected is nlb.FORMAT))


def _parse_by_shape(line: str) -> Record:
    first = line.partition(" ")[0]
    if first in nlb.TYPES:
        return _record(nlb.FORMAT, tokenize(line, lists=True))
    tokens = tokenize(line)
    third = tokens[2].text if len(tokens) > 2 else ""
    if first in alb.TYPES:
        is_access = len(tokens) >= min(alb.FORMAT.shorter) or "/" in third  # the name of a balancer, not a latency
        return _record(alb.FORMAT if is_access else health_check.FORMAT, tokens)
    return _record(connection.FORMAT if is_port(third) else classic.FORMAT, tokens)


def field_names(naming: str) -> frozenset[str]:
    """What a style calls the values of any format."""
    found = {name for chosen in FORMATS for names in _names(chosen, naming) for name in names if name}
    return frozenset({*found, _extra(naming)})


def parse_line(line: str, naming: str = "original") -> dict[str, Value]:
    """The fields of one line of any known format. Errors as :func:`parse`."""
    return parse(line).fields(naming)


def _record(chosen: Format, tokens: list[Token]) -> Record:
    count, full = len(tokens), len(chosen.columns)
    if count < full and count not in chosen.shorter:
        raise LineParseError(f"{count} columns: expected {chosen.expected}")
    values = convert(chosen.columns[:count], tokens)
    return Record(chosen, values, [token.text for token in tokens[full:]], tuple(token.quoted for token in tokens))


def _extra(naming: str) -> str:
    (name,) = EXTRA.names(naming)
    return str(name)


@lru_cache
def _names(chosen: Format, naming: str) -> tuple[tuple[str | None, ...], ...]:
    return tuple(column.names(naming) for column in chosen.columns)
