"""Java properties, by the rules of ``java.util.Properties.load``: the key of a logical line is a variable's name."""

from __future__ import annotations

import re

from .edits import Edits

# A line break behind a backslash, and the blanks of the next line, belong to no text.
_CONTINUED = r"\\(?:\r\n|\r|\n)[ \t\f]*+"
_LINE = re.compile(
    rf"""
    [ \t\f]*+
    (?: [#!][^\r\n]*+
      | (?P<key>       (?: {_CONTINUED} | \\[^\r\n] | [^\\=:\ \t\f\r\n] )*+ )
        (?P<separator> (?: {_CONTINUED} | [ \t\f] )*+ (?: [=:] (?: {_CONTINUED} | [ \t\f] )*+ )? )
        (?P<value>     (?: {_CONTINUED} | \\[^\r\n] | [^\\\r\n] )*+ \\?+ )
    )
    (?: \r\n | \r | \n | \Z )
    """,
    re.VERBOSE,
)
_ESCAPE = re.compile(rf"{_CONTINUED}|\\u([0-9a-fA-F]{{4}})|\\(.)", re.DOTALL)
_ESCAPED = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
_SPECIAL = re.compile(r"^ |[\\\t\n\r\f\xff-\U0010ffff]")
_WRITTEN = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\f": "\\f", " ": "\\ "}


def replace_in_properties(edits: Edits) -> None:
    """Replace the values of the keys that variables are named after. Every text is a properties file."""
    names = {name.lower(): name for name in edits.variables if not name.lower().startswith("octopus")}
    at = 0
    while at < len(edits.text):
        line = _LINE.match(edits.text, at)
        at = line.end()
        variable = names.get(_unescaped(line.group("key")).lower()) if line.group("key") else None
        value = edits.value(variable, line.start("key")) if variable is not None else None
        if variable is not None and value is not None:
            separator = "" if line.group("separator") else ":"
            edits.put(variable, *line.span("value"), separator + _escaped(value))


def _unescaped(key: str) -> str:
    return _ESCAPE.sub(_character, key)


def _character(match: re.Match[str]) -> str:
    code, sign = match.groups()
    return chr(int(code, 16)) if code else _ESCAPED.get(sign, sign) if sign else ""


def _escaped(value: str) -> str:
    return _SPECIAL.sub(lambda match: _WRITTEN.get(match.group()) or _code_units(match.group()), value)


def _code_units(character: str) -> str:
    """``\\uXXXX`` for each UTF-16 unit."""
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
