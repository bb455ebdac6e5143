"""Many lines at once: the same events as from the careful parser, many times faster.

A chunk of lines that all have one format and the same columns in quotes is taken apart by one regular expression, made
from the format's table. Each group of columns (``groups.py``) becomes JSON for all lines; the groups are laid between
the constant parts of the events, and all is joined once.

Whatever is unusual - another number of columns or quotes, anything but ASCII, a value that a column can't have - is no
case for this module: :meth:`Kernel.encode` returns ``None``, and the careful parser does that chunk line by line. It is
the definition of what is correct.
"""

import re
from collections.abc import Callable
from itertools import accumulate
from typing import NamedTuple

from .formats.columns import Format, Value
from .groups import Group, make_groups
from .selection import Selection
from .shapes import Values

_MARK = re.compile(r'"\\u0000([0-9]+|id)\\u0000"')


class Encoded(NamedTuple):
    """What came of a chunk: the events; how many lines there were, and how many events; the time of the last line."""

    text: str
    lines: int
    events: int
    last_time: Value


class Kernel:
    """Lines of one format, with as many columns as ``quoted`` says, in quotes or not.

    :param event: makes the JSON of one event from the values of each column and its id.
    """

    def __init__(
        self,
        form: Format,
        quoted: tuple[bool, ...],
        naming: str,
        event: Callable[[list[tuple[Value, ...]], str], str],
    ) -> None:
        self._groups = make_groups(form.columns, quoted)
        self._sizes = [re.compile(group.pattern).groups for group in self._groups]
        self._firsts = list(accumulate(self._sizes[:-1], initial=2))  # the first group is the whole line
        self._line = _expression([group.pattern for group in self._groups])
        columns = [(number, column) for number, group in enumerate(self._groups) for column in range(group.width)]
        self._time = columns[form.time]
        self._fields = {
            name: (*place, value)
            for place, column in zip(columns, form.columns, strict=False)
            for value, names in enumerate(column.names(naming))
            for name in names
        }
        # An event with marks for values shows what is constant, and where each value goes.
        marks: list[tuple[Group, int, int]] = []
        marked: list[tuple[Value, ...]] = []
        for (number, place), column in zip(columns, form.columns, strict=False):
            values = range(len(column.names(naming)))
            marked.append(tuple(f"\0{len(marks) + value}\0" for value in values))
            marks += [(self._groups[number], place, value) for value in values]
        self._lay_out(_MARK.split(event(marked, "\0id\0") + "\n"), marks)

    def _lay_out(self, parts: list[str], marks: list[tuple[Group, int, int]]) -> None:
        """Make the row that is repeated for each event: a constant text, a slot, ..., a constant text."""
        self._row = row = parts[:1]
        self._id_slot: int | None = None
        last = None
        for mark, constant in zip(parts[1::2], parts[2::2], strict=True):
            if mark == "id":
                self._id_slot, last = len(row), None
            else:
                group, column, value = marks[int(mark)]
                if group is last and group.extend(row[-1], column, value):
                    row[-1] = constant
                    continue
                group.add(len(row), column, value)
                last = group
            row += ["", constant]

    def encode(self, data: bytes, object_id: str, offset: int, selection: Selection | None = None) -> Encoded | None:
        """The events that the selection keeps; ``None``: the careful parser has to do it.

        :param object_id: how each event's id starts; the line's offset in the log follows.
        :param offset: the first line's.
        """
        text = _escaped(data)
        if text is None:
            return None
        # Nothing; the first line, and its groups; nothing; the second, and its groups; ...
        parts = self._line.split(text)
        width = self._line.groups + 1
        if parts[-width] is None:
            return None
        slots: list[tuple[int, Values]] = []
        try:
            for group, first, size in zip(self._groups, self._firsts, self._sizes, strict=True):
                texts = [parts[number::width] for number in range(first, first + size)]
                slots += zip(group.slots, group.encode(*texts), strict=True)
        except ValueError:
            return None
        if len(text) == len(data) + 1:
            lengths = list(map(len, parts[1::width]))
        else:  # with doubled backslashes
            lengths = [len(line) + 1 for line in data.split(b"\n")]
        offsets = list(map(str, accumulate(lengths[:-1], initial=offset)))
        if self._id_slot:
            slots.append((self._id_slot, Values(offsets, f'"{object_id}-', '"')))
        events = self._joinable(slots, len(lengths))
        count = len(lengths)
        if selection:
            kept = self._kept(parts, [f"{object_id}-{place}" for place in offsets], selection)
            size = len(self._row)
            events = [piece for number in kept for piece in events[number * size : (number + 1) * size]]
            count = len(kept)
        return Encoded("".join(events), len(lengths), count, self._time_of(parts[-width:]))

    def _joinable(self, slots: list[tuple[int, Values]], count: int) -> list[str]:
        """The row of each event, all in one list."""
        row = self._row.copy()
        for slot, values in slots:
            row[slot - 1] += values.before
            row[slot + 1] = values.after + row[slot + 1]
        events = row * count
        for slot, values in slots:
            events[slot :: len(row)] = values.texts
            for number in values.nulls:
                place = number * len(row) + slot
                events[place : place + 2] = "null", events[place + 1].removeprefix(values.after)
        return events

    def _kept(self, parts: list[str], ids: list[str], selection: Selection) -> list[int]:
        """Which lines the selection keeps."""
        columns = {}
        for name in selection.fields & self._fields.keys():
            group, column, value = self._fields[name]
            texts = parts[self._firsts[group] :: self._line.groups + 1]
            values = {text: self._groups[group].read(text)[column][value] for text in set(texts)}
            columns[name] = [values[text] for text in texts]
        return [
            number
            for number, event_id in enumerate(ids)
            if selection.keeps({name: values[number] for name, values in columns.items()}, event_id)
        ]

    def _time_of(self, line: list[str]) -> Value:
        group, column = self._time
        return self._groups[group].read(line[self._firsts[group] - 1])[column][0]


def _expression(patterns: list[str]) -> re.Pattern[str]:
    """One line, with its newline; the first group is all of it. Or else all the rest, without groups.

    The rest is taken at once, since a line that does not fit may be looked through to the end of the chunk: with such a
    look at each of many short lines the time would grow with their square.
    """
    *patterns, last = patterns
    last = last.replace("[^ ]", r"\S")  # which does not run on into the next line
    return re.compile(f"({' '.join([*patterns, last])}\n)|(?s:.+)")


def _escaped(data: bytes) -> str | None:
    """The lines with their backslashes doubled for JSON, each with its newline; ``None``: not all of it is ASCII."""
    if not data.isascii():
        return None
    text = data.decode("ascii") + "\n"
    # The balancers' own escapes, such as \x22, are ordinary text.
    return text.replace("\\", "\\\\") if "\\" in text else text
