"""JSON; as in the reference also with comments, trailing commas, single quotes and names without quotes.

Python's own parser gives no offsets and takes no comments, so the text is cut into tokens here, and only those that a
variable is for are replaced.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from .edits import Edits
from .errors import NotParsed
from .paths import ROOT, PathVariables

_TOKEN = re.compile(
    r"""
      (?P<blank>   (?: [ \t\r\n]++ | //[^\r\n]*+ | /\*.*?\*/ )++ )
    | (?P<string>  " (?: [^"\\]++ | \\["'\\/bfnrt] | \\u[0-9a-fA-F]{4} )*+ " | ' (?: [^'\\]++ | \\["'\\/bfnrt] | \\u[0-9a-fA-F]{4} )*+ ' )
    | (?P<number>  (?: -?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)? | -?Infinity | NaN ) (?![\w$.+-]) )
    | (?P<boolean> (?:true|false)(?![\w$]) )
    | (?P<null>    null(?![\w$]) )
    | (?P<word>    [A-Za-z_$][\w$]*+ )
    | (?P<sign>    [][{}:,] )
    """,  # noqa: E501 - a row is a rule
    re.VERBOSE | re.DOTALL,
)
_SCALARS = frozenset(("string", "number", "boolean", "null"))
_VALUE = _SCALARS | {"{", "["}
_ITEM = _VALUE | {"]"}
_NAME = frozenset(("string", "word", "boolean", "null", "}"))
_COLON = frozenset(":")
_AFTER = {"{": frozenset(",}"), "[": frozenset(",]"), "": frozenset()}
_NEXT = {"{": _NAME, "[": _ITEM}
_CLOSES = {"}": "{", "]": "["}

_INTEGER = re.compile(r"([+-]?)(?:0(?=[0-9]))*+([0-9]++)")
_DECIMAL = re.compile(r"([+-]?)(?:0(?=[0-9]))*+([0-9]*+)(?:\.([0-9]*+))?([eE][+-]?[0-9]++)?")
_SURROGATE = re.compile("[\ud800-\udfff]")
_REQUOTED = re.compile(r"\\.|\"", re.DOTALL)


def replace_in_json(edits: Edits) -> None:
    """Replace what variables are named after.

    :raises NotParsed: the text is no JSON.
    """
    paths = PathVariables(edits.variables)
    frames = [_Frame(ROOT)]
    for kind, start, end in _events(edits.text):
        frame = frames[-1]
        if kind == "name":
            frame.child = paths.below(frame.path, _name(edits.text[start:end]))
            continue
        if kind in ("}", "]"):
            closed = frames.pop()
            if closed.new is not None:
                edits.put(closed.variable, closed.start, end, closed.new)
            continue
        if frame.index is not None:
            frame.child = paths.below(frame.path, frame.index)
            frame.index += 1
        variable = paths.at(frame.child)
        if kind in ("{", "["):
            inner = _Frame(frame.child, 0 if kind == "[" else None, variable or "", start)
            if variable is not None:
                inner.new = _structure(edits, variable, start)
            if inner.new is not None:
                inner.path = None  # replacing the whole wins over replacing something in it
            frames.append(inner)
        elif variable is not None:
            edits.put(variable, start, end, _scalar(kind, edits.value(variable, start)))


@dataclass(slots=True)
class _Frame:
    """An object or array that is open: its path, the next index of an array, and what it is replaced by."""

    path: str | None
    index: int | None = None
    variable: str = ""
    start: int = 0
    new: str | None = None
    child: str | None = ROOT


def _events(text: str) -> Iterator[tuple[str, int, int]]:
    """What the text consists of: ``name``, a kind of scalar, or a bracket, each with its offsets.

    :raises NotParsed: the text is no JSON. Nothing at all is fine.
    """
    open_brackets: list[str] = []
    expected: frozenset[str] = _VALUE
    for kind, start, end in _tokens(text):
        what = text[start] if kind == "sign" else kind
        if what not in expected:
            raise NotParsed(start, f"found {text[start]!r}, expected {_listed(expected)}")
        around = open_brackets[-1] if open_brackets else ""
        if what == ":":
            expected = _VALUE
        elif what == ",":
            expected = _NEXT[around]
        elif what in ("{", "["):
            open_brackets.append(what)
            expected = _NEXT[what]
            yield what, start, end
        elif what in _CLOSES:
            open_brackets.pop()
            expected = _AFTER[open_brackets[-1] if open_brackets else ""]
            yield what, start, end
        elif expected is _NAME:
            expected = _COLON
            yield "name", start, end
        else:
            expected = _AFTER[around]
            yield what, start, end
    if open_brackets:
        raise NotParsed(len(text), f"the text ends, expected {_listed(expected)}")


def _tokens(text: str) -> Iterator[tuple[str, int, int]]:
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise NotParsed(at, f"cannot read what begins with {text[at]!r}")
        at = match.end()
        if match.lastgroup != "blank":
            yield match.lastgroup or "", match.start(), at


def _listed(expected: frozenset[str]) -> str:
    if not expected:
        return "the end of the text"
    words = sorted(expected - _VALUE - {"word"}) + (["a value"] if expected >= _VALUE else [])
    return " or ".join([*words, "a name"] if expected is _NAME else words)


def _name(token: str) -> str:
    """The text of a property's name."""
    if token[0] not in ("'", '"'):
        return token
    # Either kind of quotes may hold an escaped single one, which Python's parser does not take.
    name: str = json.loads(f'"{_REQUOTED.sub(_requoted, token[1:-1])}"', strict=False)
    return name


def _requoted(match: re.Match[str]) -> str:
    return {"\\'": "'", '"': '\\"'}.get(match.group(), match.group())


def _structure(edits: Edits, variable: str, at: int) -> str | None:
    """The JSON that an object or array is replaced by; None, with a warning, when the value is none."""
    value = edits.value(variable, at) or ""
    try:
        # Numbers stay text: converting them takes time, and Python refuses very long ones.
        json.loads(value, parse_int=str, parse_float=str, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        edits.warn(at, f"the value of {variable} is no JSON: {_why(value, error)}; this object or array stays as it is")
        return None
    return edits.with_line_ends(value.strip())


def _why(value: str, error: Exception) -> str:
    """What the parser says, with the place in the value, and a hint. Nothing of the value: it may be a secret."""
    if not value.strip():
        return "it is empty; expected JSON such as {} or []"
    if isinstance(error, RecursionError):
        return "it is nested too deep"
    if not isinstance(error, json.JSONDecodeError):  # from _refuse
        return f"{error} is no number of JSON; write it as a text, in double quotes"
    found = value[error.pos : error.pos + 1]
    before = value[: error.pos].rstrip()[-1:]
    if not before and found not in ("{", "[", '"', "'", "-"):
        hint = "a text needs double quotes around it"
    elif found == "'":
        hint = "names and texts are in double quotes"
    elif "escape" in error.msg:
        hint = "a backslash is written twice; the filter JsonEscape does that for a token in a text"
    elif "control character" in error.msg:
        hint = (
            r"a line end is written \n, a tab \t (the filter JsonEscape does both), another one as \u00 and two digits"
        )
    elif "trailing comma" in error.msg or (before == "," and found in ("}", "]")):
        hint = "there is no comma behind the last one"
    elif found == "/":
        hint = "there are no comments in it"
    else:
        hint = "expected plain JSON, with names and texts in double quotes"
    return f"{error.msg.removesuffix(' at')} at line {error.lineno}, column {error.colno} of the value; {hint}"


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _scalar(kind: str, value: str | None) -> str:
    """A value in place of a scalar of ``kind``."""
    if value is None:
        return "null"
    if kind == "boolean" and value.strip().lower() in ("true", "false"):
        return value.strip().lower()
    number = _number(value.strip()) if kind == "number" else None
    return number or _string(value)


def _string(value: str) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return _SURROGATE.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def _number(text: str) -> str | None:
    """A number as JSON writes it, with the digits that it has; only an exponent is worked out. None: it is none."""
    integer = _INTEGER.fullmatch(text)
    if integer:
        return integer.group(1).strip("+") + integer.group(2)
    decimal = _DECIMAL.fullmatch(text)
    if decimal is None or not (decimal.group(2) or decimal.group(3)):
        return None
    sign, whole, fraction, exponent = decimal.groups(default="")
    plain = f"{sign.strip('+')}{whole or '0'}{'.' if '.' in text else ''}{fraction or ('0' if '.' in text else '')}"
    if not exponent:
        return plain
    number = float(text)
    worked_out = math.isfinite(number) and (number != 0 or not re.search("[1-9]", plain))
    return repr(number) if worked_out else plain + exponent
