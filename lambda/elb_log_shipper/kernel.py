"""Many lines at once: the same events as from the careful parser, many times faster.

A chunk of lines that all have one format and the same columns in quotes is taken apart by one regular expression, made
from the format's table. Each group of columns (``groups.py``) becomes JSON for all lines; the groups are laid between
the constant parts of the events, and all is joined once.

Whatever is unusual - another number of columns or quotes, a control character, anything but ASCII, a value that a
column can't have - is no case for this module: :meth:`Kernel.encode` returns ``None``, and the careful parser does that
chunk line by line. It is the definition of what is correct.
"""

import re
from collections.abc import Callable
from itertools import accumulate

from .formats.columns import Format, Value
from .groups import Group, make_groups
from .shapes import Values

_MARK = re.compile(r'"\\u0000([0-9]+|id)\\u0000"')


class Kernel:
    """Lines of one format, with as many columns as ``quoted`` says, in quotes or not.

    :param event: makes the JSON of one event from the values of each column and its id.
    """

    def __init__(self, form: Format, quoted: tuple[bool, ...], naming: str, event: Callable[[list, str], str]) -> None:
        self._groups = make_groups(form.columns, quoted)
        self._sizes = [re.compile(group.pattern).groups for group in self._groups]
        self._line = _expression([group.pattern for group in self._groups])
        columns = [(number, column) for number, group in enumerate(self._groups) for column in range(group.width)]
        self._time = columns[form.time]
        # An event with marks for values shows what is constant, and where each value goes.
        marks: list[tuple[Group, int, int]] = []
        marked: list[list[str]] = []
        for (number, place), column in zip(columns, form.columns, strict=False):
            values = range(len(column.names(naming)))
            marked.append([f"\0{len(marks) + value}\0" for value in values])
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

    def encode(self, data: bytes, object_id: str, offset: int) -> tuple[str, int, Value] | None:
        """The events, their number and the last one's time; ``None`` when the careful parser has to do it.

        :param object_id: how each event's id starts; the line's offset in the log follows.
        :param offset: the first line's.
        """
        text = _escaped(data)
        if text is None:
            return None
        # What lies before the first line; the line, and its groups; what lies between it and the second; ...
        parts = self._line.split(text)
        width = self._line.groups + 1
        if any(parts[::width]):
            return None
        slots: list[tuple[int, Values]] = []
        first = 2
        try:
            for group, size in zip(self._groups, self._sizes, strict=True):
                texts = [parts[number::width] for number in range(first, first + size)]
                slots += zip(group.slots, group.encode(*texts), strict=True)
                first += size
        except ValueError:
            return None
        if self._id_slot:
            if len(text) == len(data) + 1:
                lengths = list(map(len, parts[1::width]))
            else:  # with doubled backslashes
                lengths = [len(line) + 1 for line in data.split(b"\n")]
            offsets = accumulate(lengths[:-1], initial=offset)
            slots.append((self._id_slot, Values(map(str, offsets), f'"{object_id}-', '"')))
        row = self._row.copy()
        for slot, values in slots:
            row[slot - 1] += values.before
            row[slot + 1] = values.after + row[slot + 1]
        count = len(parts) // width
        events = row * count
        for slot, values in slots:
            events[slot :: len(row)] = values.texts
            for number in values.nulls:
                place = number * len(row) + slot
                events[place : place + 2] = "null", events[place + 1].removeprefix(values.after)
        return "".join(events), count, self._time_of(parts[-width:])

    def _time_of(self, line: list[str]) -> Value:
        group, column = self._time
        return self._groups[group].read(line[1 + sum(self._sizes[:group])])[column][0]


def _expression(patterns: list[str]) -> re.Pattern[str]:
    """One line, with its newline; the first group is all of it."""
    *patterns, last = patterns
    last = last.replace("[^ ]", r"\S")  # which does not run on into the next line
    return re.compile(f"(?m)^({' '.join([*patterns, last])}\n)")


def _escaped(data: bytes) -> str | None:
    """The lines with their backslashes doubled for JSON, each with its newline; ``None``: not all of it is ASCII."""
    if not data.isascii():
        return None
    text = data.decode("ascii") + "\n"
    # The balancers' own escapes, such as \x22, are ordinary text.
    return text.replace("\\", "\\\\") if "\\" in text else text
