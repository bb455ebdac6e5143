"""Many lines at once: the same events as from the careful parser, many times faster.

A block is split at its quotes, and what is between the quotes at its spaces, once for all lines. Lines with the same
arrangement of columns then lie behind each other in one list, and a column is every n-th text of it. The column's kind
(``kinds.py``) tells whether its texts are usual, and makes JSON of them. The texts of all columns are laid between the
constant parts of the events, and all is joined once.

A line of another arrangement, or with an unusual value, is left out, and costs the others nothing. The careful parser
does it: it is the definition of what is correct.

Texts are in Latin-1 here, whatever they are in the log: so a character is a byte, and what was valid UTF-8 still is.
Their backslashes are doubled, as JSON wants them.
"""

import re
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from ..native import to_json
from .formats.columns import Column, Derived, Names, Value, list_or_none
from .kinds import KINDS, REPEATED, Kind, Texts, Values, filled

_MARK = re.compile(r'"\\u0000([0-9]+|id)\\u0000"')
_CONTROL = bytes(code for code in range(32) if code != ord("\n"))
_IN_LIST, _COMMA_IN_LIST = '","', "\1"
"""Of a list in quotes the kernel has no quotes inside."""
_NEWLINE, _END = "\n", ' "\n" \n '
_FEW = 2
"""With this many lines for each different text of a column, or more, the texts are looked up."""

_REMEMBERED = 4096
"""How many converted texts of a column are remembered before they are forgotten."""

Event = Callable[[Sequence[tuple[Value, ...]], Sequence[tuple[Value, ...]], str], str]
"""Makes the JSON of one event from the values of each column, what is derived from them, and its id."""

Make = Callable[..., tuple[Value, ...]]
Key = str | tuple[str, ...]


def readable(lines: bytes) -> str | None:
    """Lines as the kernel reads them; ``None``: some can't be read so."""
    if any(code in lines for code in _CONTROL):
        return None
    if not lines.isascii():
        try:
            lines.decode()
        except UnicodeDecodeError:
            return None
    text = lines.decode("latin-1")
    return text.replace("\\", "\\\\") if "\\" in text else text


def written(text: str) -> str:
    """Other texts as they are here. A lone surrogate can only come from the command line's options."""
    return text.encode("utf-8", "replace").decode("latin-1")


def _is_plain(text: str) -> bool:
    """Whether a text is the same in the log, here, and in JSON."""
    return text.isascii() and text.isprintable() and "\\" not in text and '"' not in text


def _json(value: Value) -> str:
    if value is None:
        return "null"
    if isinstance(value, str) and _is_plain(value):
        return f'"{value}"'
    return str(value) if isinstance(value, int) else written(to_json(value))


def _as_logged(text: str) -> str:
    """One of the texts as the careful parser reads it."""
    if _is_plain(text):
        return text
    return text.replace("\\\\", "\\").replace(_COMMA_IN_LIST, _IN_LIST).encode("latin-1").decode()


def _masked(mask: Callable[[str], str], text: str) -> str:
    if _is_plain(text):
        return mask(text)
    return written(mask(_as_logged(text))).replace("\\", "\\\\")


def _come_again(texts: Texts) -> bool:
    """Whether there are so few different texts that looking them up is faster."""
    return len(set(texts)) * _FEW <= len(texts)


def _usual(kind: Kind, texts: Texts, rows: set[int]) -> Sequence[Values]:
    """The values of texts of which some are not usual; the rows of those are added to ``rows``."""
    for find in (kind.odd, kind.unusual):
        if found := find(texts):
            rows.update(found)
            usual = next((text for row, text in enumerate(texts) if row not in rows), None)
            if usual is None:
                break
            texts = filled(texts, found, usual)
            if (values := kind.read(texts)) is not None:
                return values
    return []


class _Source:
    """Where values come from: a column, or several of them.

    :param make: takes the column's text, or one of each; ``inputs`` are the numbers of the columns, ``None`` for one
        that the lines do not have.
    """

    def __init__(self, make: Make, inputs: list[int | None], columns: Sequence[Column], names: Names) -> None:
        self.names = names
        self._make = make
        self._inputs = inputs
        self._masks = [None if number is None else columns[number].mask for number in inputs]
        self._remembered: dict[Key, tuple[str, ...] | None] = {}

    def texts(self, columns: list[Texts]) -> Sequence[Key]:
        """What each row's values are made of: a text, or one of each column."""
        missing = ["-"] * len(columns[0])
        texts = [missing if number is None else columns[number] for number in self._inputs]
        return list(zip(*texts, strict=True)) if len(texts) > 1 else texts[0]

    def values(self, key: Key) -> tuple[Value, ...]:
        """Not masked. :raises ValueError: the texts are unusual."""
        return self._make(*map(_as_logged, (key,) if isinstance(key, str) else key))

    def json(self, keys: Sequence[Key], rows: set[int]) -> Sequence[Values]:
        """The values; rows whose texts have none are added to ``rows``, and get those of another row."""
        found = {key: self._json(key) for key in set(keys)}
        usual = next((values for values in found.values() if values is not None), ())
        for key, values in found.items():
            if values is None:
                found[key] = usual
                rows.update(row for row, other in enumerate(keys) if other == key)
        if len(usual) == 1:
            only = {key: values[0] for key, values in found.items() if values}
            return [Values(list(map(only.__getitem__, keys)))]
        return [Values(values) for values in zip(*map(found.__getitem__, keys), strict=True)]

    def _json(self, key: Key) -> tuple[str, ...] | None:
        if key not in self._remembered:
            if len(self._remembered) >= _REMEMBERED:
                self._remembered.clear()
            logged = map(_as_logged, (key,) if isinstance(key, str) else key)
            try:
                values = self._make(
                    *[mask(one) if mask else one for mask, one in zip(self._masks, logged, strict=True)]
                )
                self._remembered[key] = tuple(map(_json, values))
            except ValueError:
                self._remembered[key] = None
        return self._remembered[key]


class _Place(NamedTuple):
    """The number of a source, and of one of its values."""

    source: int
    value: int


class Table(NamedTuple):
    """Lines of one arrangement of columns, a row each."""

    lines: list[int]
    """Their numbers."""
    columns: list[Texts]
    """The texts of each column."""
    values: list[Sequence[Values]]
    """The values of each column."""
    unusual: set[int]
    """Rows whose values are not right: the careful parser has to do these lines."""


class Pieces(NamedTuple):
    """The events of a table's rows: ``width`` texts for each."""

    texts: list[str]
    width: int

    def drop(self, row: int) -> None:
        """Forget the event of a row."""
        self.texts[row * self.width : (row + 1) * self.width] = [""] * self.width


class Kernel:
    """Lines with these columns, in quotes or not.

    :param derived: what the style derives from the columns.
    :param time: which column is the time of the event.
    """

    def __init__(  # noqa: PLR0913 - what makes an event
        self,
        columns: Sequence[Column],
        derived: Sequence[Derived],
        *,
        quoted: Sequence[bool],
        naming: str,
        time: int,
        event: Event,
    ) -> None:
        self._columns = columns
        self._time = time
        self._list = next((number for number, one in enumerate(columns) if one.convert is list_or_none), None)
        self._quoted = [number for number, in_quotes in enumerate(quoted) if in_quotes]
        numbers = {column.name: number for number, column in enumerate(columns)}
        self._sources = [
            *(_Source(one.convert, [number], columns, one.names(naming)) for number, one in enumerate(columns)),
            *(
                _Source(one.make, [numbers.get(name) for name in one.inputs], columns, one.names(naming))
                for one in derived
            ),
        ]
        names = [source.names for source in self._sources]
        self._names = {
            name: _Place(number, value)
            for number, several in enumerate(names)
            for value, same in enumerate(several)
            for name in same
        }
        # An event with marks for values shows what is constant, and where each value goes.
        places = [_Place(number, value) for number, several in enumerate(names) for value in range(len(several))]
        marks = iter(range(len(places)))
        marked = [tuple(f"\0{next(marks)}\0" for _same in several) for several in names]
        sample = event(marked[: len(columns)], marked[len(columns) :], "\0id\0")
        self._start, *parts = _MARK.split(written(f"{sample}\n"))
        self._parts = [
            (None if mark == "id" else places[int(mark)], constant)
            for mark, constant in zip(parts[0::2], parts[1::2], strict=True)
        ]

    def table(self, text: str, count: int) -> Table:
        """The lines that have these columns.

        :param text: readable lines.
        :param count: how many they are.
        """
        lines = list(range(count))
        if self._list is not None:
            text = text.replace(_IN_LIST, _COMMA_IN_LIST)
        # The end of a line is a text in quotes, so that an odd quote is the fault of one line only; and a column.
        pieces = f' \n {text.replace(_NEWLINE, _END)} "\n"'.split('"')
        del pieces[-1]
        height = 2 * len(self._quoted) + 2
        for row in _take_out_others(pieces, height, count):
            del lines[row]
        texts = ('"'.join(pieces[0::2]) + '" \n').split(" ")
        del texts[:2]
        width = len(self._columns) + 2
        for row in _take_out_others(texts, width, len(lines)):
            del lines[row]
            del pieces[row * height : (row + 1) * height]
        rows: set[int] = set()
        for number in (*self._quoted, width - 2):
            quotes = texts[number::width]
            if quotes.count('"') != len(lines):
                rows.update(row for row, text in enumerate(quotes) if text != '"')
        if "" in texts:  # two spaces, where a value is missing
            rows.update(place // width for place, text in enumerate(texts) if not text)
        columns = [texts[number::width] for number in range(len(self._columns))]
        for place, number in enumerate(self._quoted):
            columns[number] = pieces[2 * place + 1 :: height]
        if self._list is not None:
            for number, column in enumerate(columns):
                if number != self._list and _COMMA_IN_LIST in "".join(column):
                    rows.update(row for row, text in enumerate(column) if _COMMA_IN_LIST in text)
        values = [self._values(number, columns, rows) for number in range(len(self._sources))] if lines else []
        return Table(lines, columns, values, rows)

    def _values(self, number: int, columns: list[Texts], rows: set[int]) -> Sequence[Values]:
        """The values of a source. Rows whose texts have none are added to ``rows``, and get those of another row."""
        source = self._sources[number]
        if number >= len(columns):
            return source.json(source.texts(columns), rows)
        texts = columns[number]
        if texts.count(texts[0]) == len(texts):
            alike: set[int] = set()
            values = source.json(texts[:1], alike)
            rows.update(range(len(texts)) if alike else ())
            return [Values(None, "".join(one.texts or ())) for one in values]
        convert, mask = self._columns[number].convert, self._columns[number].mask
        kind = KINDS.get(convert)
        if kind is None or (convert in REPEATED and _come_again(texts)):
            return source.json(source.texts(columns), rows)
        masked = [_masked(mask, text) for text in texts] if mask else texts
        found = kind.read(masked)
        if found is None and _come_again(texts):
            return source.json(source.texts(columns), rows)
        return _usual(kind, masked, rows) if found is None else found

    def fields(self, table: Table, names: Collection[str]) -> list[dict[str, Value]]:
        """The values with these names, of each row, as the careful parser has them before they are masked."""
        found: list[dict[str, Value]] = [{} for _line in table.lines]
        for name in names & self._names.keys():
            number, value = self._names[name]
            texts = self._sources[number].texts(table.columns)
            usual = {one for row, one in enumerate(texts) if row not in table.unusual}
            values = {one: self._sources[number].values(one)[value] for one in usual}
            for fields, one in zip(found, texts, strict=True):
                fields[name] = values.get(one)
        return found

    def time(self, table: Table, row: int) -> Value:
        """The time of an event."""
        return self._columns[self._time].read(_as_logged(table.columns[self._time][row]))[0]

    def events(self, table: Table, ids: Values) -> Pieces:
        """The events of a table's rows, which have these ids; those of unusual rows are empty."""
        row = [self._start]
        filled: list[tuple[int, Values]] = []
        for place, constant in self._parts:
            values = table.values[place.source][place.value] if place else ids
            row[-1] += values.before
            if values.texts is None:
                row[-1] += constant
            else:
                filled.append((len(row), values))
                row += ["", values.after + constant]
        width = len(row)
        pieces = row * len(table.lines)
        for number, values in filled:
            pieces[number::width] = values.texts or ()
        for number, values in filled:
            for null in values.nulls:
                piece = null * width + number
                before, after = pieces[piece - 1], pieces[piece + 1]
                pieces[piece - 1 : piece + 2] = (
                    before.removesuffix(values.before),
                    "null",
                    after.removeprefix(values.after),
                )
        events = Pieces(pieces, width)
        for unusual_row in table.unusual:
            events.drop(unusual_row)
        return events


def _take_out_others(items: list[str], width: int, count: int) -> list[int]:
    """Take out the rows that have not ``width`` items.

    :param items: of ``count`` rows, each of which ends with a newline and has no other.
    :return: which those were, the last first.
    """
    if len(items) == width * count and items[width - 1 :: width].count("\n") == count:
        return []
    others = []
    begin = 0
    for row in range(count):
        end = items.index("\n", begin) + 1
        if end - begin != width:
            others.append((row, begin, end))
        begin = end
    others.reverse()
    for _row, begin, end in others:
        del items[begin:end]
    return [row for row, _begin, _end in others]
