"""The log formats, a module each, and the choice between them.

A format is a table of columns (``FORMAT``) over the shared tokenizer and converters of ``columns.py``. Columns behind
the known ones are kept as a list: AWS appends columns whenever it likes. The shape of each line says which format it
has, since objects may be mixed, and archives renamed; where the line has none of the shapes, the object's name says
which one was expected (``keys.py``).
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from . import alb, classic, connection, health_check, nlb
from .columns import Column, Derived, Format, LineParseError, Names, Token, Value, convert, is_port, tokenize

__all__ = [
    "FORMATS",
    "NAMINGS",
    "Column",
    "Derived",
    "Format",
    "Layout",
    "LineParseError",
    "Record",
    "Value",
    "field_names",
    "layout_of",
    "parse",
    "parse_line",
]

FORMATS = (classic.FORMAT, alb.FORMAT, nlb.FORMAT, connection.FORMAT, health_check.FORMAT)
NAMINGS = ("original", "ecs", "aws")
_EXTRA = {"original": "Extra", "ecs": "aws.elb.extra", "aws": "extra"}


class Record(NamedTuple):
    """One line."""

    format: Format
    texts: tuple[str, ...]
    """Of each known column that the line has."""
    values: list[tuple[Value, ...]]
    """Of the same columns."""
    extra: list[str]
    """The texts of the columns behind them."""
    quoted: tuple[bool, ...] = ()
    """Which of the known columns stood in quotes."""

    @property
    def time(self) -> Value:
        """The event's time, in UTC; ``None`` where the column may be without one."""
        return self.values[self.format.time][0]

    def fields(self, naming: str) -> dict[str, Value]:
        """Name -> value, in the columns' order, and behind them what is derived from several."""
        layout = layout_of(self.format, naming)
        texts = dict(zip(layout.columns, self.texts, strict=False)) if layout.derived else {}
        derived = [found.make(*(texts.get(name, "-") for name in found.inputs)) for found in layout.derived]
        return layout.fields(self.values, derived, self.extra)


class Layout(NamedTuple):
    """What a style calls the values of a format."""

    columns: tuple[str, ...]
    """AWS's names."""
    derived: tuple[Derived, ...]
    """What the style derives from them."""
    names: tuple[Names, ...]
    """Of the columns' values, and of what is derived."""
    extra: str

    def fields(
        self, values: Sequence[tuple[Value, ...]], derived: Sequence[tuple[Value, ...]], extra: list[str]
    ) -> dict[str, Value]:
        """Name -> value, in the order of an event.

        :param values: of each column that the line has.
        :param derived: the values that each of ``self.derived`` makes.
        """
        found: dict[str, Value] = {}
        count = len(self.columns)
        for table, made in ((self.names[:count], values), (self.names[count:], derived)):
            for names, several in zip(table, made, strict=False):
                for one, value in zip(names, several, strict=True):
                    found.update(dict.fromkeys(one, value))
        if extra:
            found[self.extra] = extra
        return found


@lru_cache
def layout_of(chosen: Format, naming: str) -> Layout:
    derived = tuple(found for found in chosen.derived if found.names(naming))
    return Layout(
        tuple(column.name for column in chosen.columns),
        derived,
        (*(column.names(naming) for column in chosen.columns), *(found.names(naming) for found in derived)),
        _EXTRA[naming],
    )


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
    found = {
        name for chosen in FORMATS for names in layout_of(chosen, naming).names for several in names for name in several
    }
    return frozenset({*found, _EXTRA[naming]})


def parse_line(line: str, naming: str = "original") -> dict[str, Value]:
    """The fields of one line of any known format. Errors as :func:`parse`."""
    return parse(line).fields(naming)


def _record(chosen: Format, tokens: list[Token]) -> Record:
    count, full = len(tokens), len(chosen.columns)
    if count < full and count not in chosen.shorter:
        raise LineParseError(f"{count} columns: expected {chosen.expected}")
    values = convert(chosen.columns[:count], tokens)
    return Record(
        chosen,
        tuple(token.text for token in tokens[:full]),
        values,
        [token.text for token in tokens[full:]],
        tuple(token.quoted for token in tokens[:full]),
    )
