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
# Plain texts begin and end with no blank and begin with no sign of YAML's; there is no ": " and no " #" in them. In
# flow style they have none of its signs at all, and no colon.
_SEEN = "\\x20-\\x7e\\xa0-\\u2027\\u202a-\\ud7ff\\ue000-\\ufefe\\uff00-\\ufffd\\U00010000-\\U0010ffff"
_START = "(?!---|\\.\\.\\.|(?:[-+]?0o|[-+.])[._]*_[._]*\\Z)(?![-?:](?: |\\Z)|[ ,\\[\\]{}#&*!|>'\"%@`])"
_PLAIN = re.compile(f"{_START}(?:(?!:(?: |\\Z)| #| \\Z)[{_SEEN}])+")
_PLAIN_IN_FLOW = re.compile(f"{_START}(?:(?! #| \\Z|[,?:\\[\\]{{}}])[{_SEEN}])+")
# What readers may take for a number, a date, a merge key and the like.
_NOT_ONLY_TEXT = re.compile(r"[-+.0-9<=]")

# What JSON leaves as it is and YAML does not: control characters, other line ends and the byte order mark.
_UNESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_JSON_ESCAPE = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}(\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\.", re.DOTALL)


def start_of(event: yaml.Event) -> int:
    """The offset of what the event stands for."""
    return event.start_mark.index if event.start_mark else 0


def end_of(event: yaml.Event) -> int:
    return event.end_mark.index if event.end_mark else 0


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
                raise NotParsed(start_of(event), f"nested more than {MAX_DEPTH} deep")
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
    return _UNESCAPED.sub(_escaped, json.dumps(value, ensure_ascii=False))


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
        found = list(events(_json_as_yaml(value)))
    except NotParsed:
        return None
    documents = [event for event in found if isinstance(event, yaml.DocumentStartEvent)]
    if len(documents) != 1 or documents[0].tags or any(getattr(event, "anchor", None) for event in found):
        return None
    for event in found:
        if isinstance(event, yaml.DocumentStartEvent):
            event.explicit, event.version = False, None
        elif isinstance(event, yaml.DocumentEndEvent):
            event.explicit = False
        elif isinstance(event, yaml.CollectionStartEvent) and in_flow:
            event.flow_style = True
        elif isinstance(event, yaml.ScalarEvent):
            _make_movable(event, in_flow or event is found[2])
    text: str = yaml.emit(found, Dumper=_DUMPER, width=_NO_WIDTH, allow_unicode=True).rstrip("\n")
    return text.removesuffix("\n...").split("\n")


def _json_as_yaml(value: str) -> str:
    """JSON with those characters escaped that YAML reads otherwise, and without those escapes that it cannot read."""
    try:
        json.loads(value, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        return value
    return _UNESCAPED.sub(_escaped, _JSON_ESCAPE.sub(_joined, value))


def _escaped(match: re.Match[str]) -> str:
    return f"\\u{ord(match.group()):04x}"


def _joined(match: re.Match[str]) -> str:
    """The character that JSON writes as two escapes; any other escape as it is."""
    joined: str = json.loads(f'"{match.group()}"') if match.group(1) else match.group()
    return joined


def _make_movable(event: yaml.ScalarEvent, on_one_line: bool) -> None:
    """Let a scalar mean the same wherever the emitter puts it."""
    if not event.style and not event.value and not event.tag:
        event.value = "null"  # nothing would become an empty text
    lines = event.value.removesuffix("\n").split("\n")
    if event.style in ("|", ">") and (on_one_line or not lines[-1] or not all(map(_LINE.fullmatch, lines))):
        event.style = '"'


def _is_plain(value: str, in_flow: bool) -> bool:
    """Whether every reader takes ``value`` without quotes for just that text, and can make something of it.

    Readers differ: libyaml takes a ``?`` within flow style and a tab, PyYAML in Python takes neither, and older ones no
    colon in flow style. So this asks none of them, and keeps to what is plain for all.
    """
    if (_PLAIN_IN_FLOW if in_flow else _PLAIN).fullmatch(value) is None:
        return False
    if not _NOT_ONLY_TEXT.match(value):
        return True
    # What looks like a number or a date must be one: readers fail at the date 2023-02-30.
    reader = yaml.SafeLoader("")
    tag = reader.resolve(yaml.ScalarNode, value, (True, False))  # type: ignore[no-untyped-call]  # its types lack it
    try:
        reader.construct_object(yaml.ScalarNode(tag, value))
    except (yaml.YAMLError, ValueError):
        return False
    return True


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
