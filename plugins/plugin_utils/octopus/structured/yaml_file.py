"""YAML: mappings and sequences are walked with the same paths as JSON's objects and arrays, in every document.

The parser's events have offsets, so only what a variable is for is replaced; comments, blank lines, anchors and
directives stay.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import yaml

from .edits import Edits
from .paths import ROOT, PathVariables
from .yaml_text import block_scalar, end_of, events, fragment, quoted, scalar, start_of

_STEP = 2  # indentation where the file does not show any

_LINE_ENDS = "\r\n\x85\u2028\u2029"  # YAML 1.1 has more than most
_BLANK = f" \t{_LINE_ENDS}"

# What may stand before a node: an anchor, a tag, comments and blanks.
_PROPERTY = re.compile(
    r"(?P<tag>(?:!<[^>\s]*+>|![^\s,\[\]{}]*+)[ \t]*+)|&[^\s,\[\]{}]++"
    rf"|[{_BLANK}]++|\#[^{_LINE_ENDS}]*+"
)
_BLOCK_HEAD = re.compile(
    rf"[|>][0-9+-]*+(?P<comment>[ \t]++\#[^{_LINE_ENDS}]*+)?[ \t]*+(?:\r\n|[{_LINE_ENDS}]|\Z)"
    rf"(?:[ \t]*+[{_LINE_ENDS}]++)*(?P<indent>[ ]*+)"  # `*`, not `*+`: see _IDENTIFIER in language/tokens.py
)
_LINE = re.compile(rf"[^{_LINE_ENDS}]*+")


def replace_in_yaml(edits: Edits) -> None:
    """Replace what variables are named after.

    :raises NotParsed: the text is no YAML.
    """
    walk = _Walk(edits)
    for event in events(edits.text):
        walk.take(event)


@dataclass(slots=True)
class _Frame:
    """A mapping or sequence that is open; with a ``variable``, its value is to replace it."""

    start: int
    path: str | None
    is_mapping: bool = False
    in_flow: bool = False
    event: yaml.CollectionStartEvent | None = None
    variable: str | None = None
    index: int = 0
    at_key: bool = True
    child: str | None = ROOT


class _Walk:
    def __init__(self, edits: Edits) -> None:
        self.edits = edits
        self.text = edits.text
        self.paths = PathVariables(edits.variables)
        self.frames: list[_Frame] = []
        self.anchors: dict[str, yaml.NodeEvent] = {}
        # Where the last thing that has text of its own ends: the end of a block is only known by what follows it.
        self.last_end = 0

    def take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.DocumentStartEvent):
            self.frames = [_Frame(end_of(event), ROOT)]
            self.anchors = {}
        elif isinstance(event, yaml.NodeEvent):
            self._node(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._close(event)

    def _node(self, event: yaml.NodeEvent) -> None:
        path = self._path(event)
        variable = self.paths.at(path)
        start = start_of(event)
        if isinstance(event, yaml.AliasEvent):
            self.last_end = end_of(event)
            if variable is not None:
                self.edits.put(variable, start, self.last_end, self._for_alias(variable, event))
            return
        if event.anchor:
            self.anchors[event.anchor] = event
        if isinstance(event, yaml.ScalarEvent):
            if event.anchor or event.tag:
                start = self._behind_properties(start, end_of(event))
            self._scalar(event, start, variable)
        elif isinstance(event, yaml.CollectionStartEvent):
            if event.anchor or event.tag:
                start = self._behind_properties(start, len(self.text))
            self.frames.append(
                _Frame(
                    start,
                    path if variable is None else None,  # replacing the whole hides what is in it
                    isinstance(event, yaml.MappingStartEvent),
                    bool(event.flow_style),
                    event,
                    variable,
                )
            )

    def _path(self, event: yaml.NodeEvent) -> str | None:
        """The path of a node; None for a key, and for what no variable can be named after."""
        frame = self.frames[-1]
        if frame.event is None:
            return frame.path
        if not frame.is_mapping:
            frame.index += 1
            return self.paths.below(frame.path, frame.index - 1)
        frame.at_key = not frame.at_key
        if frame.at_key:
            return frame.child
        frame.child = self.paths.below(frame.path, event.value) if isinstance(event, yaml.ScalarEvent) else None
        return None

    def _behind_properties(self, at: int, end: int) -> int:
        while at < end and (match := _PROPERTY.match(self.text, at, end)):
            at = match.end()
        return at

    # -- scalars -----------------------------------------------------------------------------------------------

    def _scalar(self, event: yaml.ScalarEvent, start: int, variable: str | None) -> None:
        first, end = start_of(event), end_of(event)
        block = event.style if event.style in ("|", ">") else None
        if block:
            end = self._block_end(start, end)
        has_place = first < end
        if not has_place:  # in flow style the parser places it at what follows
            first = start = end = len(self.text[self.last_end : end].rstrip(_BLANK)) + self.last_end
            has_place = first > self.last_end and self.text[first - 1] in ":-?"
        if has_place:
            self.last_end = end
        if variable is None:
            return
        if not has_place:
            self.edits.warn(first, f"{variable} names a key without value; nothing is added")
            return
        value = self.edits.value(variable, start)
        head = self.text[first:start]
        if value is None:
            head, new = self._without_tag(first, start), "null"
        elif block:
            new = self._block(value, block, start, end)
        else:
            new = scalar(value, event.style, in_flow=self.frames[-1].in_flow)
        self.edits.put(variable, first, end, f"{head}{' ' if start == end else ''}{new}")

    def _block_end(self, start: int, end: int) -> int:
        """Where the content of a block scalar ends; empty lines behind it are the file's."""
        last = self._line_end(start + len(self.text[start:end].rstrip(_BLANK)))
        return (
            last if not self.text[last:end].strip(_LINE_ENDS) else start + len(self.text[start:end].rstrip(_LINE_ENDS))
        )

    def _block(self, value: str, style: str, start: int, end: int) -> str:
        head = _BLOCK_HEAD.match(self.text, start)
        indent = len(head.group("indent")) if head and head.end() < end else 0
        comment = (head and head.group("comment")) or ""
        lines = block_scalar(value, style, indent or self._column(self.frames[-1].start) + _STEP)
        if lines is None:
            return quoted(value) + comment
        lines[0] += comment
        if end == len(self.text):
            lines.append("")  # else a value that ends with a line end would lose it
        return self.edits.line_end.join(lines)

    def _for_alias(self, variable: str, event: yaml.AliasEvent) -> str:
        """The replacement of an alias: the replacement of the node that it refers to."""
        value = self.edits.value(variable, start_of(event))
        if value is None:
            return "null"
        node = self.anchors.get(event.anchor or "")
        if isinstance(node, yaml.CollectionStartEvent):
            return "".join(fragment(value, in_flow=True) or [quoted(value)])
        style = node.style if isinstance(node, yaml.ScalarEvent) and node.style not in ("|", ">") else None
        return scalar(value, style, in_flow=self.frames[-1].in_flow)

    # -- mappings and sequences --------------------------------------------------------------------------------

    def _close(self, event: yaml.CollectionEndEvent) -> None:
        frame = self.frames.pop()
        if start_of(event) < end_of(event):
            self.last_end = end_of(event)
        if frame.variable is None:
            return
        end = self.last_end if frame.in_flow else self._line_end(self.last_end)
        first = start_of(frame.event) if frame.event else frame.start
        value = self.edits.value(frame.variable, frame.start)
        lines = ["null"] if value is None else fragment(value, in_flow=frame.in_flow)
        if lines is None:
            head, lines = self.text[first : frame.start], [quoted(value or "")]
        else:
            head = self._without_tag(first, frame.start)
        column = self._column(frame.start)
        pad = ""
        if (
            not frame.in_flow
            and not frame.is_mapping
            and not lines[0].startswith("- ")
            and self._is_not_indented(column)
        ):
            pad = " " * _STEP
        blanks = " " * column + pad
        new = self.edits.line_end.join([lines[0], *(f"{blanks}{line}" if line else "" for line in lines[1:])])
        self.edits.put(frame.variable, first, end, f"{head}{pad}{new}")

    def _is_not_indented(self, column: int) -> bool:
        """Whether a sequence at ``column`` stands below its key without indentation; nothing else may."""
        around = self.frames[-1]
        return around.is_mapping and column == self._column(around.start)

    def _without_tag(self, first: int, start: int) -> str:
        """The anchor, comments and blanks before a node: its tag was for the old value, its aliases are still there."""
        return "".join(match.group() for match in _PROPERTY.finditer(self.text, first, start) if not match.group("tag"))

    def _line_end(self, at: int) -> int:
        """Where the line that ``at`` stands in ends."""
        rest = _LINE.match(self.text, at)
        return rest.end() if rest else at

    def _column(self, at: int) -> int:
        return self.edits.place(at)[1] - 1
