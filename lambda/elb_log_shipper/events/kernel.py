"""Many lines at once: the same events as from the careful parser, many times faster.

A block is split at its quotes, once for all lines, and what is between two quotes at its spaces. The texts of all lines
then lie behind each other in one list, and a column is every n-th text of it. The column's kind (``kinds.py``) tells
whether its texts are usual, and makes JSON of them. The texts of all columns are laid between the constant parts of the
events, and all is joined once. Where texts come again, only the different ones are split or converted.

A line of another arrangement, or with an unusual value, is left out, and costs the others nothing. The careful parser
does it: it is the definition of what is correct.

Texts are in Latin-1 here, whatever they are in the log: so a character is a byte, and what was valid UTF-8 still is.
Their backslashes are doubled, as JSON wants them.
"""

import re
from collections.abc import Callable, Collection, Sequence
from itertools import pairwise
from typing import NamedTuple, TypeVar

from ..native import to_json
from .formats.columns import Column, Derived, Names, Value, list_or_none
from .kinds import KINDS, REPEATED, Texts, Values, filled, unusual

_MARK = re.compile(r'"\\u0000([0-9]+|id)\\u0000"')
_CONTROL = bytes(code for code in range(32) if code != ord("\n"))
_IN_LIST, _COMMA_IN_LIST = '","', "\1"
"""Of a list in quotes the kernel has no quotes inside."""
LINE_END = b'"\n"'
"""Between two lines. It is a text in quotes, so that an odd quote is the fault of one line only."""
_FEW = 2
"""With this many lines for each different text of a column, or more, the texts are looked up."""
_SAMPLE = 32
"""So many lines show whether what is between two quotes comes again."""
_STEP = 64
"""So many rows are compared at a time."""

_REMEMBERED = 4096
"""How many converted texts of a column are remembered before they are forgotten."""

Event = Callable[[Sequence[tuple[Value, ...]], Sequence[tuple[Value, ...]], str], str]
"""Makes the JSON of one event from the values of each column, what is derived from them, and its id."""

Make = Callable[..., tuple[Value, ...]]
Key = str | tuple[str, ...]
For = TypeVar("For")
Of = TypeVar("Of")


def readable(lines: bytes) -> str | None:
    """Lines, with ``LINE_END`` between them, as the kernel reads them; ``None``: some can't be read so."""
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


def _usual(read: Callable[[Texts], Sequence[Of] | None], texts: Texts, rows: set[int]) -> Sequence[Of]:
    """What ``read`` makes of texts of which some are not usual; their rows are added to ``rows``."""
    odd = unusual(read, texts)
    rows.update(odd)
    usual = next((text for row, text in enumerate(texts) if row not in rows), None)
    return () if usual is None else read(filled(texts, odd, usual)) or ()


def _looked_up(keys: Sequence[For], make: Callable[[For], Sequence[Of] | None], rows: set[int]) -> list[list[Of]]:
    """What ``make`` makes of each different key, as columns; rows whose keys it makes nothing of are added to ``rows``,
    and get that of another row."""
    if keys.count(keys[0]) == len(keys):
        values = make(keys[0])
        rows.update(range(len(keys)) if values is None else ())
        return [[value] * len(keys) for value in values or ()]
    found = {key: make(key) for key in set(keys)}
    if odd := {key for key, values in found.items() if values is None}:
        rows.update(row for row, key in enumerate(keys) if key in odd)
        usual = next((values for values in found.values() if values is not None), ())
        found.update(dict.fromkeys(odd, usual))
    return list(map(list, zip(*map(found.__getitem__, keys), strict=True)))


class _Bare:
    """The columns between two quotes, or between a quote and an end of the line.

    :param count: how many they are.
    :param first: whether they begin the line; ``last``: whether they end it.
    """

    def __init__(self, count: int, *, first: bool, last: bool) -> None:
        self._height = count + 1
        self._mark = f"{' ' if last else ''}\n{' ' if first else ''}"  # a space where there is no quote

    def columns(self, texts: Texts, rows: set[int]) -> Sequence[Texts]:
        """Rows that do not have these columns are added to ``rows``, and get the texts of another row."""
        if _come_again(texts[:_SAMPLE]):
            return _looked_up(texts, self._of_one, rows)
        columns = self._split(texts)
        return _usual(self._split, texts, rows) if columns is None else columns

    def _of_one(self, text: str) -> Texts | None:
        columns = self._split([text])
        return None if columns is None else [only for (only,) in columns]

    def _split(self, texts: Texts) -> list[Texts] | None:
        mark, height = self._mark, self._height
        items = f"{mark}{mark.join(texts)}{mark}".strip(" ").split(" ")
        ends = items[::height]
        if len(items) != height * len(texts) + 1 or ends.count("\n") != len(ends) or not all(items):
            return None  # an empty text is between two spaces
        return [items[number::height] for number in range(1, height)]


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
        return list(map(Values, _looked_up(keys, self._json, rows)))

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
        self._list = next(
            (number for number, one in enumerate(columns) if one.convert is list_or_none and quoted[number]), None
        )
        # Between the columns in quotes, and around them.
        at = [-1, *(number for number, in_quotes in enumerate(quoted) if in_quotes), len(quoted)]
        self._bare = [_Bare(end - begin - 1, first=begin < 0, last=end == len(quoted)) for begin, end in pairwise(at)]
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

    def table(self, text: str, numbers: Sequence[int]) -> Table:
        """The lines that have these columns.

        :param text: readable lines, with ``LINE_END`` between them.
        :param numbers: what each is called.
        """
        lines = list(numbers)
        if self._list is not None:
            text = text.replace(_IN_LIST, _COMMA_IN_LIST)
        pieces = f'{text}"\n'.split('"') if lines else []
        height = 2 * len(self._bare)
        for row in _take_out_others(pieces, height, len(lines)):
            del lines[row]
        columns: list[Texts] = []
        rows: set[int] = set()
        for number, bare in enumerate(self._bare if lines else ()):
            if number:
                columns.append(pieces[2 * number - 1 :: height])
            columns += bare.columns(pieces[2 * number :: height], rows)
        if len(rows) == len(lines):
            return Table(lines, [], [], rows)
        if self._list is not None:
            for number, column in enumerate(columns):
                if number != self._list and _COMMA_IN_LIST in "".join(column):
                    rows.update(row for row, text in enumerate(column) if _COMMA_IN_LIST in text)
        values = [self._values(number, columns, rows) for number in range(len(self._sources))]
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
        read = KINDS.get(convert)
        if read is None or (convert in REPEATED and _come_again(texts)):
            return source.json(texts, rows)
        masked = [_masked(mask, text) for text in texts] if mask else texts
        found = read(masked)
        if found is not None:
            return found
        return source.json(texts, rows) if _come_again(texts) else _usual(read, masked, rows)

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
    others = []
    row = begin = 0
    while begin < len(items):
        ends = items[begin + width - 1 : begin + _STEP * width : width]
        alike = len(ends)
        if ends.count("\n") != alike:
            alike = next(number for number, end in enumerate(ends) if end != "\n")
        row += alike
        begin += alike * width
        if alike < len(ends) or not ends:
            end = items.index("\n", begin) + 1
            others.append((row, begin, end))
            row, begin = row + 1, end
    if row != count:  # one with too few and one with too many items look like one row, seldom enough
        begins = [0, *(place + 1 for place, item in enumerate(items) if item == "\n")]
        others = [(row, begin, end) for row, (begin, end) in enumerate(pairwise(begins)) if end - begin != width]
    others.reverse()
    for _row, begin, end in others:
        del items[begin:end]
    return [row for row, _begin, _end in others]
