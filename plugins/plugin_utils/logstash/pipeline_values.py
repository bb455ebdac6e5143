"""Whether the values that went into a pipeline file are values to Logstash, too, and no more.

A pipeline is the author's text, and variables fill places in it: the inside of a string, a number, a name. Whoever
may set one variable must not be able to end the string and write a plugin behind it. So each value is held against the
place where the author put it. The grammar is Logstash's, from 5.x to 9.x: a backslash in front of a quote keeps a
string from ending whatever else stands there, and a line end does not end a string.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ..octopus.language.evaluation import Inserted

_COMMENT = "#"
_CODE = ""
_OPENING = re.compile(r"(?P<opened>[\"'#])|[=!]~\s*+(?P<regex>/)")
_LINE_END = re.compile(r"[\r\n]")
# What one value may be outside of strings: a word or number or a part of one, a string, a field, a pattern.
_ITEM = re.compile(
    r"""
      (?P<plain>    [\w.()@:*+%-]++ )
    | (?P<string>   "(?:[^"\\]|\\"|\\)*+" | '(?:[^'\\]|\\'|\\)*+' )
    | (?P<field>    (?:\[[^\]\[,"'\#{}\r\n]++\])++ )
    | (?P<regex>    /(?:[^/\\\r\n]|\\/|\\)*+/ )
    | (?P<arrow>    => )
    | (?P<sign>     [][{},] )
    | (?P<blank>    \s++ )
    """,
    re.VERBOSE,
)
_CLOSES = {"]": "[", "}": "{"}

_HINT = (
    "Write the token without quotes around it and with the filter LogstashString, as #{Name | LogstashString}, or keep "
    "the value in logstash_keystore and write ${NAME} in the string."
)


class Fault(NamedTuple):
    """A value that is more than a value. ``reason`` says why and what to do, and shows nothing of the value."""

    inserted: Inserted
    reason: str


def faults(text: str, inserted: Iterable[Inserted]) -> Iterator[Fault]:
    """The first fault of a rendered pipeline: what follows it is not known any more.

    :param inserted: the values in it, in their order.
    """
    mode, at = _CODE, 0
    # A value, at whose end a backslash would take the author's next quote with it.
    before: Inserted | None = None
    for one in inserted:
        mode, open_ended = _through(text, at, one.start, mode, before)
        if open_ended:
            yield Fault(open_ended, _backslash(mode))
            return
        if one.start < one.end or not text.endswith("\\", 0, one.start):
            before = one
        elif before is None or before.end != one.start:
            before = one  # nothing in place of what should have come between a backslash and a quote
        value, at = text[one.start : one.end], one.end
        reason = _fault(value, mode, behind_backslash=text.endswith("\\", 0, one.start))
        if reason:
            yield Fault(one, reason)
            return
    mode, open_ended = _through(text, at, len(text), mode, before)
    if open_ended:
        yield Fault(open_ended, _backslash(mode))


def _fault(value: str, mode: str, behind_backslash: bool) -> str:
    """Why ``value`` cannot stand in a place of this kind; empty when it can."""
    if mode == _COMMENT:
        return "" if not _LINE_END.search(value) else "a line end in it would end the comment. Take the token out."
    if mode == _CODE:
        return (
            ""
            if _is_value(value)
            else (
                "the value is more than one word, number, string, field or list, and would be read as a part of the "
                "pipeline. Write what it says into the template; a text goes through the filter LogstashString, which "
                "puts it into quotes."
            )
        )
    ends = value.startswith(mode) and not behind_backslash
    if ends or re.search(rf"(?s)[^\\]{mode}", value):
        if mode == "/":
            return r"a / in the value would end the pattern. Write \/ in the value."
        return f"a {mode} in the value would end the string. {_HINT}"
    return ""


def _backslash(mode: str) -> str:
    if mode == "/":
        return "the backslash at its end would keep the pattern from ending. Take it out."
    return (
        "the backslash at its end would keep the string from ending, since to Logstash a quote behind a backslash is a "
        "part of the string. Take it out, or keep the value in logstash_keystore and write ${NAME} in the string."
    )


def _through(text: str, at: int, end: int, mode: str, before: Inserted | None) -> tuple[str, Inserted | None]:
    """What the author's text leads to, from ``at`` to ``end``; and the value whose backslash prevents it, if any."""
    while at < end:
        if mode == _CODE:
            opening = _OPENING.search(text, at, end)
            if opening is None:
                return mode, None
            mode, at = opening["opened"] or "/", opening.end()
            continue
        if mode == _COMMENT:
            closing = _LINE_END.search(text, at, end)
            if closing is None:
                return mode, None
            mode, at = _CODE, closing.end()
            continue
        found = text.find(mode, at, end)
        if found < 0:
            return mode, None
        if text.endswith("\\", 0, found):
            if before is not None and before.end == found:
                return mode, before
            at = found + 1
            continue
        mode, at = _CODE, found + 1
    return mode, None


def _is_value(value: str) -> bool:
    """Whether a text in place of a value is one, or some with commas between them: nothing that begins a plugin."""
    opened: list[str] = []
    at = 0
    last: str | None = ","
    while at < len(value):
        found = _ITEM.match(value, at)
        if found is None:
            return False
        at = found.end()
        kind = found.lastgroup
        if kind == "blank":
            continue
        sign = found[0] if kind == "sign" else kind
        if sign in ("[", "{") or kind in ("plain", "string", "field", "regex"):
            # In a mapping its entries follow each other without commas.
            if last not in (",", "[", "{", "arrow") and not (opened[-1:] == ["{"] and sign not in ("[", "{")):
                return False
            if sign in ("[", "{"):
                opened.append(sign)
        elif sign in _CLOSES:
            if not opened or opened.pop() != _CLOSES[sign]:
                return False
        elif kind == "arrow" and opened[-1:] != ["{"]:
            return False
        last = sign
    return not opened
