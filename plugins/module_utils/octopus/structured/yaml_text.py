"""Reading and writing of YAML by PyYAML's events: no recursion, nothing constructed, aliases not expanded."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import yaml

from .errors import NotParsed

MAX_DEPTH = 1000  # beyond it the parser's time grows with the square of the depth

# libyaml where PyYAML was built with it: some ten times faster.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_NO_WIDTH = 1_000_000_000

_NOT_ALLOWED = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LINE = re.compile("[\t\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]*+")
# What JSON leaves as it is and YAML does not: control characters, other line ends and the byte order mark.
_UNESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def events(text: str) -> Iterator[yaml.Event]:
    """What the text consists of.

    :raises NotParsed: it is no YAML.
    """
    wrong = _NOT_ALLOWED.search(text)
    if wrong:
        raise NotParsed(wrong.start(), f"the character U+{ord(wrong.group()):04X} is not allowed in YAML")
    depth = 0
    try:
        for event in yaml.parse(text, _LOADER):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH:
                raise NotParsed(event.start_mark.index, f"nested more than {MAX_DEPTH} deep")
            yield event
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise NotParsed(mark.index if mark else 0, error.problem or "cannot be read") from None


def scalar(value: str, style: str | None, *, in_flow: bool) -> str:
    """``value`` in the quotes of ``style``, or without; where that cannot hold it, in quotes that can."""
    if not style and _is_plain(value, in_flow):
        return value
    if style != '"' and _LINE.fullmatch(value):
        return "'" + value.replace("'", "''") + "'"
    return quoted(value)


def quoted(value: str) -> str:
    """``value`` in double quotes, on one line."""
    return _UNESCAPED.sub(lambda match: f"\\u{ord(match.group()):04x}", json.dumps(value, ensure_ascii=False))


def block_scalar(value: str, style: str, indent: int) -> list[str] | None:
    """The lines of a block scalar; None for what needs more than that: blanks at its start, empty lines at its end.

    Several lines are literal (``|``) even where ``style`` is folded (``>``).
    """
    value = value.replace("\r\n", "\n")
    body = value.removesuffix("\n")
    lines = body.split("\n")
    if not lines[0] or not lines[-1] or lines[0][0] in " \t" or not all(map(_LINE.fullmatch, lines)):
        return None
    head = ("|" if len(lines) > 1 else style) + ("-" if value == body else "")
    block = [head, *(f"{' ' * indent}{line}" if line else "" for line in lines)]
    found = _only_scalar("- " + "\n".join([*block, ""]))
    return block if found and found.value == value else None


def fragment(value: str, *, in_flow: bool) -> list[str] | None:
    """The lines of a value that is YAML; None when it is none, or nothing, or has anchors or several documents."""
    try:
        found = list(events(value))
    except NotParsed:
        return None
    documents = [event for event in found if isinstance(event, yaml.DocumentStartEvent)]
    if len(documents) != 1 or documents[0].tags or any(getattr(event, "anchor", None) for event in found):
        return None
    for event in found:
        if isinstance(event, yaml.DocumentStartEvent | yaml.DocumentEndEvent):
            event.explicit, event.version = False, None
        elif isinstance(event, yaml.CollectionStartEvent) and in_flow:
            event.flow_style = True
        elif isinstance(event, yaml.ScalarEvent):
            _make_movable(event, in_flow or event is found[2])
    text = yaml.emit(found, Dumper=_DUMPER, width=_NO_WIDTH, allow_unicode=True).rstrip("\n")
    return text.removesuffix("\n...").split("\n")


def _make_movable(event: yaml.ScalarEvent, on_one_line: bool) -> None:
    """Let a scalar mean the same wherever the emitter puts it."""
    if not event.style and not event.value and not event.tag:
        event.value = "null"  # nothing would become an empty text
    lines = event.value.removesuffix("\n").split("\n")
    if event.style in ("|", ">") and (on_one_line or not lines[-1] or not all(map(_LINE.fullmatch, lines))):
        event.style = '"'


def _is_plain(value: str, in_flow: bool) -> bool:
    """Whether ``value`` without quotes is read as just that text."""
    if not value or not _LINE.fullmatch(value) or value.startswith(("---", "...")):
        return False
    found = _only_scalar(f"[{value}]" if in_flow else f"- {value}")
    return found is not None and not found.style and found.value == value


def _only_scalar(text: str) -> yaml.ScalarEvent | None:
    """The scalar in a sequence of one scalar without anchor and tag; None when ``text`` is anything else."""
    try:
        found = list(events(text))
    except NotParsed:
        return None
    scalars = [event for event in found if isinstance(event, yaml.ScalarEvent)]
    if len(found) != 7 or not scalars or scalars[0].tag or scalars[0].anchor:
        return None
    return scalars[0]
