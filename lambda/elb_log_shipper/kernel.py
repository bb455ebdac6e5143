"""Many lines at once: the same events as from the careful parser, several times faster.

A chunk of lines that all have one format and the same columns in quotes is taken apart as a whole. It is split at the
quotes once; each quoted text is then replaced by a single ``"``, so that a split at the spaces gives a fixed number of
texts a line, and every n-th of them is one column. Each column becomes JSON as a whole, by a dictionary of what has
been seen before or by a few operations on all of it; and the columns are laid between the constant parts of the events.

Whatever is unusual - another number of columns or quotes, a control character, anything but ASCII, a value that a
column can't have - is no case for this module: :meth:`Kernel.encode` returns ``None``, and the careful parser does that
chunk line by line. It is the definition of what is correct, and whatever is not trivial is left to its converters.
"""

import re
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import NamedTuple

from .formats.columns import (
    Column,
    Format,
    Value,
    endpoint,
    integer,
    request,
    seconds,
    something,
    text_or_none,
    timestamp,
    timestamp_or_none,
)
from .native import to_json

REMEMBERED = 2048
"""How many values of one column are remembered before they are forgotten and learnt again."""

_LONGEST_REMEMBERED = 256
_CONTROLS = [chr(code) for code in range(32) if chr(code) != "\n"]
_SLOT = re.compile(r'"\\u0000([0-9]+|id)\\u0000"')
_ZEROS = str.maketrans("123456789", "0" * 9)

_THOUSANDTHS = {f"{number // 1000}.{number % 1000:03}": str(number) for number in range(1000)}
_MILLIONTHS = {f"{number:03}": f".{f'{number:03}'.rstrip('0') or '0'}" for number in range(1000)}

Texts = list[str]


class Values(NamedTuple):
    """One value of each line: JSON, or texts that only lack the quotes around them."""

    texts: Texts
    is_json: bool


_UNUSED = Values([], is_json=True)


class Kernel:
    """Lines of one format, with as many columns as ``quoted`` says, in quotes or not.

    :param event: makes the JSON of one event from the values of each column and its id.
    """

    def __init__(self, form: Format, quoted: tuple[bool, ...], naming: str, event: Callable[[list, str], str]) -> None:
        self._width = width = len(quoted)
        self._time = form.time
        columns = form.columns[:width]
        self._quoted = [number for number, is_quoted in enumerate(quoted) if is_quoted]
        self._columns = [_ColumnKernel(column, naming) for column in columns]
        slots = iter(range(len(columns) * 8))
        places = [[f"\0{next(slots)}\0" for _ in column.names(naming)] for column in columns]
        numbers = {
            place.strip("\0"): (number, part) for number, found in enumerate(places) for part, place in enumerate(found)
        }
        # Constant text, slot, constant text, slot, ... constant text.
        self._row = _SLOT.split(event(places, "\0id\0") + "\n")
        names = self._row[1::2]
        self._slots = [(2 * names.index(name) + 1, numbers[name]) for name in names if name != "id"]
        self._id_slot = 2 * names.index("id") + 1 if "id" in names else None

    def encode(self, data: bytes, object_id: str, offset: int) -> tuple[str, int, Value] | None:
        """The events, their number and the last one's time; ``None`` when the careful parser has to do it.

        :param object_id: how each event's id starts; the line's offset in the log follows.
        :param offset: the first line's.
        """
        if not data.isascii():
            return None
        text = data.decode("ascii")
        for control in _CONTROLS:
            if control in text:
                return None
        if "\\" in text:
            text = text.replace("\\", "\\\\")  # as JSON wants it; the balancers' own escapes are ordinary text
        columns = self._split(text)
        if columns is None:
            return None
        count = len(columns[0])
        try:
            found = [kernel.encode(texts) for kernel, texts in zip(self._columns, columns, strict=True)]
        except ValueError:
            return None
        row = self._row.copy()
        if self._id_slot is not None:
            row[self._id_slot - 1] += f'"{object_id}-'
            row[self._id_slot + 1] = '"' + row[self._id_slot + 1]
        for position, (number, part) in self._slots:
            if not found[number][part].is_json:
                row[position - 1] += '"'
                row[position + 1] = '"' + row[position + 1]
        events = row * count
        for position, (number, part) in self._slots:
            events[position :: len(row)] = found[number][part].texts
        if self._id_slot is not None:
            # There is no other line end than \n among these lines.
            offsets = accumulate(map(len, data.splitlines(keepends=True)[:-1]), initial=offset)
            events[self._id_slot :: len(row)] = map(str, offsets)
        return "".join(events), count, self._columns[self._time].first_value(columns[self._time][-1])

    def _split(self, text: str) -> list[Texts] | None:
        """The texts of each column, or ``None`` unless each line has exactly the expected columns and quotes."""
        count = text.count("\n") + 1
        quoted = len(self._quoted)
        parts = text.split('"')
        if len(parts) != 2 * quoted * count + 1:
            return None
        bare = '"'.join(parts[::2]).replace("\n", " \n ")
        if "  " in bare or bare.startswith(" ") or bare.endswith(" "):
            return None  # a column is missing
        tokens = bare.split(" ")
        stride = self._width + 1  # and the end of the line
        if len(tokens) != count * stride - 1 or tokens[self._width :: stride] != ["\n"] * (count - 1):
            return None
        columns = [tokens[number::stride] for number in range(self._width)]
        quotes = ['"'] * count
        for order, number in enumerate(self._quoted):
            if columns[number] != quotes:
                return None
            columns[number] = parts[2 * order + 1 :: 2 * quoted]
        return columns


class _ColumnKernel:
    """From a column's texts, their backslashes doubled, to each of its values."""

    def __init__(self, column: Column, naming: str) -> None:
        self._convert = column.convert
        self._wanted = [name is not None for name in column.names(naming)]
        whole = _WHOLE.get(column.convert) if column.unique else None
        quick = _quick_milliseconds if column.convert is seconds else None
        if column.convert is seconds and naming != "original":
            whole = quick = None  # they give milliseconds, which only the original style wants
        self._whole = whole
        self._memos = [_Memo(column.convert, part, quick) for part in range(len(self._wanted))]

    def encode(self, texts: Texts) -> Sequence[Values]:
        """:raises ValueError: a text that this column can't have."""
        if self._whole and (found := self._whole(texts)):
            return found
        return [
            Values(list(map(memo.__getitem__, texts)), is_json=True) if wanted else _UNUSED
            for memo, wanted in zip(self._memos, self._wanted, strict=True)
        ]

    def first_value(self, text: str) -> Value:
        return self._convert(text)[0]


class _Memo(dict):
    """Text, its backslashes doubled -> one of the column's values as JSON."""

    def __init__(
        self, convert: Callable[[str], tuple[Value, ...]], part: int, quick: Callable[[str], str | None] | None = None
    ) -> None:
        super().__init__()
        self._convert = convert
        self._part = part
        self._quick = quick

    def __missing__(self, text: str) -> str:
        if len(self) >= REMEMBERED:
            self.clear()
        found = self._quick(text) if self._quick else None
        if found is None:
            found = to_json(self._convert(text.replace("\\\\", "\\"))[self._part])
        if len(text) <= _LONGEST_REMEMBERED:
            self[text] = found
        return found


def _timestamps(texts: Texts) -> Sequence[Values] | None:
    """Times with microseconds, which all but the oldest lines have."""
    if "".join(texts).translate(_ZEROS) == "0000-00-00T00:00:00.000000Z" * len(texts):
        return (Values(texts, is_json=False),)
    return None


def _integers(texts: Texts) -> Sequence[Values] | None:
    """Whole numbers without zeros in front are their own JSON."""
    listed = f" {'  '.join(texts)} "
    if not "".join(texts).isdigit() or " 0" in listed.replace(" 0 ", "") or max(map(len, texts)) > 18:
        return None
    return (Values(texts, is_json=True),)


def _milliseconds(texts: Texts) -> Sequence[Values] | None:
    """Less than a second, with microseconds; what they are in seconds is left out."""
    try:
        return Values([_THOUSANDTHS[text[:-3]] + _MILLIONTHS[text[-3:]] for text in texts], is_json=True), _UNUSED
    except KeyError:
        return None


def _texts(texts: Texts) -> Sequence[Values] | None:
    return None if "-" in texts else (Values(texts, is_json=False),)


def _endpoints(texts: Texts) -> Sequence[Values] | None:
    """Addresses of IPv4, each with a port that has no zeros in front."""
    tokens = ":\n:".join(texts).split(":")
    if len(tokens) != 3 * len(texts) - 1 or tokens[2::3] != ["\n"] * (len(texts) - 1):
        return None
    addresses, ports = tokens[0::3], tokens[1::3]
    listed = " " + " ".join(ports)
    if not "".join(ports).isdigit() or "" in ports or " 0" in listed or "" in addresses or max(map(len, ports)) > 5:
        return None
    return Values(texts, is_json=False), Values(addresses, is_json=False), Values(ports, is_json=True)


def _requests(texts: Texts) -> Sequence[Values] | None:
    """Requests of exactly three parts."""
    tokens = " \n ".join(texts).split(" ")
    if len(tokens) != 4 * len(texts) - 1 or tokens[3::4] != ["\n"] * (len(texts) - 1):
        return None
    urls = tokens[1::4]
    if "" in urls or "-" in urls:
        return None
    methods = Values(list(map(_REQUEST_PARTS.__getitem__, tokens[0::4])), is_json=True)
    protocols = Values(list(map(_REQUEST_PARTS.__getitem__, tokens[2::4])), is_json=True)
    return Values(texts, is_json=False), methods, Values(urls, is_json=False), protocols


_REQUEST_PARTS = _Memo(lambda text: (something(text),), 0)

_WHOLE: dict[Callable, Callable[[Texts], Sequence[Values] | None]] = {
    timestamp: _timestamps,
    timestamp_or_none: _timestamps,
    text_or_none: _texts,
    endpoint: _endpoints,
    request: _requests,
    integer: _integers,
    seconds: _milliseconds,
}
"""What does a whole column at once, for converters of columns with a different value in nearly every line."""


def _quick_milliseconds(text: str) -> str | None:
    """What ``seconds`` gives for the usual form, by two look-ups: 0.001337 is 1 and 337."""
    whole = _THOUSANDTHS.get(text[:-3])
    fraction = _MILLIONTHS.get(text[-3:])
    return whole + fraction if whole and fraction else None
