"""The log formats, a module each, and the choice between them.

A format is a table of columns (``FORMAT``) over the shared tokenizer and converters of ``columns.py``. Columns behind
the known ones are kept as a list: AWS appends columns whenever it likes. The shape of each line says which format it
has, since objects may be mixed, and archives renamed; where the line has none of the shapes, the object's name says
which one was expected (``keys.py``).
"""

import contextlib
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from . import alb, classic, connection, health_check, nlb
from .columns import (
    Column,
    Derived,
    Format,
    LineParseError,
    Token,
    Value,
    convert,
    looks_like_port,
    tokenize,
    types,
    verbatim,
)

__all__ = [
    "EXTRA",
    "FORMATS",
    "NAMINGS",
    "Column",
    "Derived",
    "Format",
    "Layout",
    "LineParseError",
    "Record",
    "Value",
    "convert_tokens",
    "field_names",
    "layout_of",
    "parse",
    "parse_line",
    "types",
]

FORMATS = (classic.FORMAT, alb.FORMAT, nlb.FORMAT, connection.FORMAT, health_check.FORMAT)
NAMINGS = ("original", "ecs", "aws")
EXTRA = Column("extra", verbatim, original="Extra", ecs="aws.elb.extra", aws="extra", quoted=None)
"""A column behind the known ones; all of them are one field."""
_UNPARSED = {"original": "Unparsed", "ecs": "aws.elb.unparsed", "aws": "unparsed"}
_BYTE_ORDER_MARK = "\ufeff"


class Record(NamedTuple):
    """One line."""

    format: Format
    values: list[tuple[Value, ...]]
    """Of each known column that the line has."""
    extra: list[str]
    """The texts of the columns behind them."""
    unparsed: list[str] = []  # noqa: RUF012 - never changed
    """``column: text`` of the columns whose text no field of their type can hold."""
    tokens: tuple[Token, ...] = ()
    """What the values were made of."""

    @property
    def time(self) -> Value:
        """The event's time, in UTC; ``None`` where the column may be without one, or has an impossible one."""
        return self.values[self.format.time][0]

    def fields(self, naming: str) -> dict[str, Value]:
        """Name -> value, in the columns' order, and behind them what is derived from several."""
        layout = layout_of(self.format, naming, len(self.values))
        derived: Sequence[tuple[Value, ...]] = ()
        if layout.derived:
            texts = {column.name: token.text for column, token in zip(self.format.columns, self.tokens, strict=False)}
            derived = [found.make(*(texts.get(name, "-") for name in found.inputs)) for found in layout.derived]
        return layout.fields(self.values, derived, self.extra, self.unparsed)


class Layout(NamedTuple):
    """What a style calls the values of a line."""

    derived: tuple[Derived, ...]
    """What the style derives from the columns."""
    names: tuple[tuple[str, int], ...]
    """Each name, and which value it has: one of the columns', or behind them of what is derived."""
    extra: str
    unparsed: str

    def fields(
        self,
        values: Sequence[tuple[Value, ...]],
        derived: Sequence[tuple[Value, ...]],
        extra: list[str],
        unparsed: list[str],
    ) -> dict[str, Value]:
        """Name -> value, in the order of an event.

        :param values: of each column that the line has.
        :param derived: the values that each of ``self.derived`` makes.
        """
        made = [*chain.from_iterable(values), *chain.from_iterable(derived)]
        found: dict[str, Value] = {name: made[number] for name, number in self.names}
        if extra:
            found[self.extra] = extra
        if unparsed:
            found[self.unparsed] = unparsed
        return found


def _extra(naming: str) -> str:
    ((name,),) = EXTRA.names(naming)
    return name


@lru_cache
def layout_of(chosen: Format, naming: str, count: int) -> Layout:
    """Of a line that has the first ``count`` of the format's columns."""
    derived = tuple(found for found in chosen.derived if found.names(naming))
    values = [*chain.from_iterable(one.names(naming) for one in chosen.columns[:count])]
    values += chain.from_iterable(one.names(naming) for one in derived)
    names = tuple((name, number) for number, several in enumerate(values) for name in several)
    return Layout(derived, names, _extra(naming), _UNPARSED[naming])


def parse(line: str, expected: Format | None = None) -> Record:
    """One line of any known format. A byte-order mark before it and blanks behind it are ignored.

    Read plainly first, then with backslashes as escapes: an agent may end in a backslash, or have ``\\"`` in it.

    :param expected: the format that the object should have: it is tried as well, and the reason is about it.
    :raises LineParseError: no format fits; the message is the reason.
    """
    line = line.removeprefix(_BYTE_ORDER_MARK).rstrip(" \t")
    try:
        return _parse(line, expected, escapes=False)
    except LineParseError:
        if '\\"' in line:
            with contextlib.suppress(LineParseError):
                return _parse(line, expected, escapes=True)
        raise


def _parse(line: str, expected: Format | None, *, escapes: bool) -> Record:
    try:
        return _parse_by_shape(line, escapes)
    except LineParseError:
        if expected is None:
            raise
        return convert_tokens(expected, tokenize(line, lists=expected is nlb.FORMAT, escapes=escapes))


def _parse_by_shape(line: str, escapes: bool) -> Record:
    if line.partition(" ")[0].strip('"') in nlb.TYPES:
        return convert_tokens(nlb.FORMAT, tokenize(line, lists=True))
    tokens = tokenize(line, escapes=escapes)
    third = tokens[2].text if len(tokens) > 2 else ""
    if tokens[0].text in alb.TYPES:
        is_access = len(tokens) >= alb.FORMAT.least or "/" in third  # the name of a balancer, not a latency
        return convert_tokens(alb.FORMAT if is_access else health_check.FORMAT, tokens)
    return convert_tokens(connection.FORMAT if looks_like_port(third) else classic.FORMAT, tokens)


def field_names(naming: str) -> frozenset[str]:
    """What a style calls the values of any format."""
    found = {name for chosen in FORMATS for name, _ in layout_of(chosen, naming, len(chosen.columns)).names}
    return frozenset({*found, _extra(naming), _UNPARSED[naming]})


def parse_line(line: str, naming: str = "original") -> dict[str, Value]:
    """The fields of one line of any known format. Errors as :func:`parse`."""
    return parse(line).fields(naming)


def convert_tokens(chosen: Format, tokens: list[Token]) -> Record:
    """The record of a line of this format.

    :raises LineParseError: too few columns, or one that holds no value of its kind.
    """
    full = len(chosen.columns)
    if len(tokens) < chosen.least:
        raise LineParseError(
            f"{len(tokens)} column{'' if len(tokens) == 1 else 's'}: expected {chosen.least} or more in {chosen.title}"
        )
    values, unparsed = convert(chosen.columns, tokens[:full])
    if len(tokens) > full:
        _check_quotes(chosen, tokens)
    return Record(chosen, values, [token.text for token in tokens[full:]], unparsed, tuple(tokens))


def _check_quotes(chosen: Format, tokens: list[Token]) -> None:
    """Of a line with more columns than are known: with quotes elsewhere it has been split at the wrong places."""
    for number, (column, token) in enumerate(zip(chosen.columns, tokens, strict=False), 1):
        if column.quoted is not None and token.quoted is not column.quoted:
            found, expected = ("quotes", "none") if token.quoted else ("no quotes", "some")
            raise LineParseError(
                f"column {number} ({column.name}): found {found}, expected {expected}, and {len(tokens)} columns, "
                f"expected {len(chosen.columns)} in {chosen.title}"
            )
