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
from typing import Any, NamedTuple

from ..native import to_json
from .formats.columns import Column, Derived, Value, list_or_none
from .kinds import KINDS, REPEATED, Kind, Texts, Values

_MARK = re.compile(r'"\\u0000([0-9]+|id)\\u0000"')
_CONTROL = bytes(code for code in range(32) if code != ord("\n"))
_IN_LIST, _COMMA_IN_LIST = '","', "\1"
"""Of a list in quotes the kernel has no quotes inside."""
_NEWLINE, _END = "\n", ' "\n" \n '
_FEW = 4
"""A column with so many lines for each distinct text is looked up."""

_REMEMBERED = 4096
"""How many converted texts of a column are remembered before they are forgotten."""

Event = Callable[[Sequence[tuple[Value, ...]], Sequence[tuple[Value, ...]], str], str]
"""Makes the JSON of one event from the values of each column, what is derived from them, and its id."""

Make = Callable[..., tuple[Value, ...]]

Json = tuple[str, ...]
"""Of each value."""


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


def _usual(kind: Kind, texts: Texts, rows: set[int]) -> Sequence[Values]:
    """The values of texts of which some are not usual. As :meth:`Kernel._values`."""
    for find in (kind.odd, kind.unusual):
        others = find(texts)
        usual = next((text for text in texts if text not in others), None)
        rows.update(row for row, text in enumerate(texts) if text in others)
        if usual is None:
            break
        texts = [usual if text in others else text for text in texts]
        if (values := kind.read(texts)) is not None:
            return values
    return []


def _json(values: tuple[Value, ...]) -> Json:
    return tuple([written(to_json(value)) for value in values])


def _remember(remembered: dict[Any, Json | None], text: object, found: Json | None) -> None:
    if len(remembered) >= _REMEMBERED:
        remembered.clear()
    remembered[text] = found


def _masked(mask: Callable[[str], str], text: str) -> str:
    if text.isascii() and "\\" not in text:
        return mask(text)
    return written(mask(_as_logged(text))).replace("\\", "\\\\")


def _value(make: Make, texts: tuple[str, ...], number: int) -> Value:
    try:
        return make(*map(_as_logged, texts))[number]
    except ValueError:  # of an unusual row
        return None


def _come_again(texts: Texts) -> bool:
    """Whether it is worth while to look them up."""
    return len(set(texts)) * _FEW <= len(texts)


def _as_logged(text: str) -> str:
    """One of the texts as the careful parser reads it."""
    return text.replace("\\\\", "\\").replace(_COMMA_IN_LIST, _IN_LIST).encode("latin-1").decode()


class _Place(NamedTuple):
    """The number of a column, and of one of its values."""

    column: int
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
        self._derived = [(one.make, [numbers.get(name) for name in one.inputs]) for one in derived]
        self._remembered: list[dict[Any, Json | None]] = [{} for _ in (*columns, *derived)]
        names = [*(column.names(naming) for column in columns), *(one.names(naming) for one in derived)]
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
        columns = [texts[number::width] for number in range(len(self._columns))]
        for place, number in enumerate(self._quoted):
            columns[number] = pieces[2 * place + 1 :: height]
        if self._list is not None:
            for number, column in enumerate(columns):
                if number != self._list and _COMMA_IN_LIST in "".join(column):
                    rows.update(row for row, text in enumerate(column) if _COMMA_IN_LIST in text)
        values = []
        if lines:
            values = [self._values(number, column, rows) for number, column in enumerate(columns)]
        if len(rows) < len(lines):
            values += [self._derive(number, columns, rows) for number in range(len(self._derived))]
        return Table(lines, columns, values, rows)

    def _values(self, number: int, texts: Texts, rows: set[int]) -> Sequence[Values]:
        """The values of a column. Rows whose texts have none are added to ``rows``, and get those of another row."""
        if texts.count(texts[0]) == len(texts):
            if (constants := self._converted(number, texts[0])) is not None:
                return [Values(None, constant) for constant in constants]
            rows.update(range(len(texts)))
            return []
        convert, mask = self._columns[number].convert, self._columns[number].mask
        kind = KINDS.get(convert)
        if kind is None or (convert in REPEATED and _come_again(texts)):
            return self._looked_up(number, texts, rows)
        masked = [_masked(mask, text) for text in texts] if mask else texts
        values = kind.read(masked)
        if values is None and _come_again(texts):
            return self._looked_up(number, texts, rows)
        return _usual(kind, masked, rows) if values is None else values

    def _looked_up(self, number: int, texts: Texts, rows: set[int]) -> Sequence[Values]:
        converted = {text: self._converted(number, text) for text in set(texts)}
        usual = next((values for values in converted.values() if values is not None), ())
        for text, values in converted.items():
            if values is None:
                converted[text] = usual
                rows.update(row for row, one in enumerate(texts) if one == text)
        return [Values(found) for found in zip(*map(converted.__getitem__, texts), strict=True)]

    def _converted(self, number: int, text: str) -> Json | None:
        """JSON of each of the values that a column has of a text; ``None``: the text has none."""
        remembered = self._remembered[number]
        if text not in remembered:
            try:
                values = self._columns[number].read(_as_logged(text))
            except ValueError:
                _remember(remembered, text, None)
            else:
                _remember(remembered, text, _json(values))
        return remembered[text]

    def _derive(self, number: int, columns: list[Texts], rows: set[int]) -> Sequence[Values]:
        """The values that are derived from columns; for unusual rows those of another row."""
        _make, inputs = self._derived[number]
        make, texts = self._source(len(self._columns) + number, columns)
        remembered = self._remembered[len(self._columns) + number]
        if rows:
            usual = next(text for row, text in enumerate(texts) if row not in rows)
            for row in rows:
                texts[row] = usual
        converted = {}
        for one in set(texts):
            found = remembered.get(one)
            if found is None:
                found = _json(make(*map(self._input, inputs, one)))
                _remember(remembered, one, found)
            converted[one] = found
        return [Values(found) for found in zip(*map(converted.__getitem__, texts), strict=True)]

    def _input(self, number: int | None, text: str) -> str:
        mask = self._columns[number].mask if number is not None else None
        return mask(_as_logged(text)) if mask else _as_logged(text)

    def fields(self, table: Table, names: Collection[str]) -> list[dict[str, Value]]:
        """The values with these names, of each row, as the careful parser has them before they are masked."""
        found = {}
        for name in names & self._names.keys():
            number, value = self._names[name]
            make, texts = self._source(number, table.columns)
            values = {one: _value(make, one, value) for one in set(texts)}
            found[name] = [values[one] for one in texts]
        if not found:
            return [{}] * len(table.lines)
        return [dict(zip(found, row, strict=True)) for row in zip(*found.values(), strict=True)]

    def _source(
        self, number: int, columns: list[Texts]
    ) -> tuple[Callable[..., tuple[Value, ...]], list[tuple[str, ...]]]:
        """What makes values, of a column or derived ones, and the texts of each row that it makes them of."""
        if number < len(self._columns):
            return self._columns[number].convert, list(zip(columns[number], strict=True))
        make, inputs = self._derived[number - len(self._columns)]
        missing = ["-"] * len(columns[0])
        return make, list(zip(*[missing if one is None else columns[one] for one in inputs], strict=True))

    def time(self, table: Table, row: int) -> Value:
        """The time of an event."""
        return self._columns[self._time].read(_as_logged(table.columns[self._time][row]))[0]

    def events(self, table: Table, ids: Values) -> Pieces:
        """The events of a table's rows, which have these ids; those of unusual rows are empty."""
        row = [self._start]
        filled: list[tuple[int, Values]] = []
        for place, constant in self._parts:
            values = table.values[place.column][place.value] if place else ids
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
