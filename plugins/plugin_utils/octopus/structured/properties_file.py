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
_WRITTEN = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\f": "\\f", " ": "\\ "}
_NO_SIGN = "\\\r\n \t\f"  # all that a separator of blanks consists of

# What is escaped in a value. Java reads bytes as Latin-1, whatever the file's encoding is, so that beyond ASCII only
# escapes are the same for all. Octopus writes U+0080 to U+00FE as they are.
_SPECIAL = {
    "java": re.compile(r"^ |[\\\t\n\r\f\x80-\U0010ffff]"),
    "octopus": re.compile(r"^ |[\\\t\n\r\f\xff-\U0010ffff]"),
}
ESCAPES = tuple(_SPECIAL)


def replace_in_properties(edits: Edits, escape: str = "java") -> None:
    """Replace the values of the keys that variables are named after. Every text is a properties file.

    ``escape`` is one of :data:`ESCAPES`: with ``java`` the value is read back as it is; ``octopus`` writes what Octopus
    does, which is read otherwise where it has characters beyond ASCII, or begins with ``:`` or ``=`` behind blanks.
    """
    names = {name.lower(): name for name in edits.variables if not name.lower().startswith("octopus")}
    at = 0
    while at < len(edits.text) and (line := _LINE.match(edits.text, at)):
        at = line.end()
        variable = names.get(_unescaped(line.group("key")).lower()) if line.group("key") else None
        value = edits.value(variable, line.start("key")) if variable is not None else None
        if variable is not None and value is not None:
            separator = line.group("separator")
            new = _SPECIAL[escape].sub(_written, value)
            if escape == "java" and separator and not separator.strip(_NO_SIGN) and value.startswith((":", "=")):
                new = f"\\{new}"  # else it would be part of the separator
            edits.put(variable, line.start("value"), line.end("value"), new if separator else f":{new}")


def _unescaped(key: str) -> str:
    return _ESCAPE.sub(_character, key)


def _character(match: re.Match[str]) -> str:
    code, sign = match.groups()
    return chr(int(code, 16)) if code else _ESCAPED.get(sign, sign) if sign else ""


def _written(match: re.Match[str]) -> str:
    """A character's escape: ``\\uXXXX`` for each UTF-16 unit where it has none of its own."""
    character = match.group()
    if character in _WRITTEN:
        return _WRITTEN[character]
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
