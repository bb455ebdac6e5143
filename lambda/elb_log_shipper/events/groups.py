"""The groups of a line's columns: from the texts of one group in all lines to JSON.

A column with another text in nearly each line is a group by itself, and has a shape (``shapes.py``) that makes JSON of
all its texts at once. The columns between two of those are one group together: the JSON of their texts is looked up,
and made by the careful parser's own functions when it was not seen before.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby

from ..native import to_json
from .formats.columns import Column, Value, convert, list_or_none, tokenize
from .shapes import SHAPES, Shape, Texts, Values

REMEMBERED = 2048
"""How many texts of one group are remembered before they are forgotten and learnt again."""

_LONGEST_REMEMBERED = 1024
_BARE = "[^ ]++"
_QUOTED = '[^"]*+'


class _Memo(dict[str, str]):
    """A group's text -> JSON of some of its values, and the constant texts between them."""

    def __init__(self, read: Callable[[str], list[tuple[Value, ...]]], column: int, value: int) -> None:
        super().__init__()
        self._read = read
        self.pieces: list[str | tuple[int, int]] = [(column, value)]

    def __missing__(self, text: str) -> str:
        if len(self) >= REMEMBERED:
            self.clear()
        values = self._read(text)
        found = "".join(
            piece if isinstance(piece, str) else to_json(values[piece[0]][piece[1]]) for piece in self.pieces
        )
        if len(text) <= _LONGEST_REMEMBERED:
            self[text] = found
        return found

    def encode(self, texts: Texts) -> Values:
        """:raises ValueError: a text that the columns can't have."""
        return Values(list(map(self.__getitem__, texts)))


class LookedUp:
    """Columns with the same texts in many lines."""

    def __init__(self, columns: Sequence[Column], quoted: Sequence[bool]) -> None:
        self._columns = tuple(columns)
        self._lists = any(column.convert is list_or_none for column in columns)
        # A list has quotes inside it, and no spaces.
        texts = [f'"{_QUOTED}"' if in_quotes and not self._lists else _BARE for in_quotes in quoted]
        self.pattern = f"({' '.join(texts)})"
        self.slots: list[int] = []
        """Where in an event the values go."""
        self._memos: list[_Memo] = []

    @property
    def width(self) -> int:
        """How many columns there are."""
        return len(self._columns)

    def add(self, slot: int, column: int, value: int) -> None:
        """Put a value of a column there."""
        self.slots.append(slot)
        self._memos.append(_Memo(self.read, column, value))

    def extend(self, constant: str, column: int, value: int) -> bool:
        """Put another value into the last slot, behind this constant text; returns whether that can be done."""
        self._memos[-1].pieces += [constant, (column, value)]
        return True

    def encode(self, texts: Texts) -> list[Values]:
        """What goes into each slot.

        :raises ValueError: a text that the columns can't have.
        """
        return [memo.encode(texts) for memo in self._memos]

    def read(self, text: str) -> list[tuple[Value, ...]]:
        """The careful parser's values of each column.

        :param text: its backslashes are doubled.
        :raises ValueError: it does not hold these columns.
        """
        return _read(text, self._columns, self._lists)


class Shaped:
    """One column with another text in nearly each line. As :class:`LookedUp` where no other is said."""

    width = 1

    def __init__(self, column: Column, shape: Shape, quoted: bool) -> None:
        self._quoted = quoted
        self._shape = shape
        self._column = column
        pattern = shape.pattern or f"({_QUOTED if quoted else _BARE})"
        self.pattern = f'"{pattern}"' if quoted else pattern
        self.slots: list[int] = []
        self._values: list[int] = []
        self._memos: list[_Memo] = []
        """For texts that do not have the shape."""

    def add(self, slot: int, column: int, value: int) -> None:
        self.slots.append(slot)
        self._values.append(value)
        self._memos.append(_Memo(self.read, column, value))

    def extend(self, constant: str, column: int, value: int) -> bool:
        return False

    def encode(self, texts: Texts, *parts: Texts) -> list[Values]:
        found = self._shape.encode(texts, *parts)
        if found is None:
            return [memo.encode(texts) for memo in self._memos]
        return [found[value] for value in self._values]

    def read(self, text: str) -> list[tuple[Value, ...]]:
        return _read(f'"{text}"' if self._quoted else text, (self._column,))


def _read(text: str, columns: tuple[Column, ...], lists: bool = False) -> list[tuple[Value, ...]]:
    if "\n" in text:
        raise ValueError("two lines")
    values, unparsed = convert(columns, tokenize(text.replace("\\\\", "\\"), lists=lists))
    if unparsed:
        raise ValueError("an impossible value")
    return values


Group = LookedUp | Shaped


def make_groups(columns: Iterable[Column], quoted: Iterable[bool]) -> list[Group]:
    """The groups of a line with these columns, in quotes or not."""
    groups: list[Group] = []
    for shape, run in groupby(zip(columns, quoted, strict=False), lambda found: _shape_of(found[0])):
        if shape:
            groups += [Shaped(column, shape, in_quotes) for column, in_quotes in run]
        else:
            groups.append(LookedUp(*zip(*run, strict=True)))
    return groups


def _shape_of(column: Column) -> Shape | None:
    return SHAPES.get(column.convert) if column.unique else None
