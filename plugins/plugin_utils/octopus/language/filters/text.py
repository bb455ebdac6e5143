"""Filters on plain text: case, parts, tests, what is put around it.

Characters are code points; the reference counts UTF-16 units, and may cut a character beyond U+FFFF in half.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from ...errors import NoResult
from .arguments import takes, unexpected, whole_number
from .registry import register

MAX_LENGTH = 16 * 1024 * 1024  # characters that an indented text may have, like any value
_INDENT_SIZES = re.compile(r"(?:(?P<first>[0-9]{1,3})?(?P<slash>/))?(?P<others>[0-9]{1,3})")


# -- case --------------------------------------------------------------------------------------------------------------


def _case(name: str, change: Callable[[str], str]) -> None:
    """A filter that maps each character by itself, as .NET does: ``ß``, without a capital of one character, stays."""

    def one(character: str) -> str:
        changed = change(character)
        return changed if len(changed) == 1 else character

    register(name)(takes("no argument")(lambda text: "".join(map(one, text))))


_case("ToLower", str.lower)
_case("ToUpper", str.upper)


# -- parts -------------------------------------------------------------------------------------------------------------


@register("Trim")
@takes("start, end or no argument", 0, None)
def _trim(text: str, side: str = "", *_ignored: str) -> str:
    trim = {"": str.strip, "start": str.lstrip, "end": str.rstrip}.get(side.lower())
    if trim is None:
        raise unexpected("start, end or no argument", side)
    return trim(text)


@register("Substring")
@takes("a length, or a start and a length", 1, 2)
def _substring(text: str, *numbers: str) -> str:
    """``Substring length`` or ``Substring start length``; what is too long gives what is left."""
    start, length = map(whole_number, ("0", *numbers)[-2:])
    if start is None or length is None or start < 0 or length < 0:
        raise unexpected("a length, or a start and a length, as whole numbers from 0", *numbers)
    if start > len(text):
        raise NoResult(f"the start {start} is behind the end of the text")
    return text[start : start + length]


@register("Truncate")
@takes("a length, and perhaps what is put behind a text that was cut", 1, 2)
def _truncate(text: str, length: str, suffix: str = "...") -> str:
    size = whole_number(length)
    if size is None or size < 0:
        raise unexpected("a length, as a whole number from 0", length)
    return text[:size] + suffix if len(text) > size else text


# -- tests -------------------------------------------------------------------------------------------------------------


def _test(name: str, function: Callable[[str, str], bool]) -> None:
    """A filter that says ``true`` or ``false``; ordinal and case-sensitive."""
    register(name)(takes("a text", 1, 1)(lambda text, part: "true" if function(text, part) else "false"))


_test("StartsWith", str.startswith)
_test("EndsWith", str.endswith)
_test("Contains", str.__contains__)


# -- what is put around it ---------------------------------------------------------------------------------------------


@register("Append")
def _append(text: str | None, arguments: tuple[str, ...]) -> str:
    """All arguments behind the input; a missing input counts as empty, so this serves as a default value."""
    if not arguments:
        raise unexpected("one or more texts")
    return "".join((text or "", *arguments))


@register("Prepend")
def _prepend(text: str | None, arguments: tuple[str, ...]) -> str:
    """All arguments before the input; a missing input counts as empty."""
    if not arguments:
        raise unexpected("one or more texts")
    return "".join((*arguments, text or ""))


@register("Indent")
@takes("a size, sizes as 4/2 or /2, or one or two texts", 0, 2)
def _indent(text: str, *arguments: str) -> str:
    if not text:
        return text
    first, others = _indents(*arguments)
    if len(text) + len(first) + text.count("\n") * len(others) > MAX_LENGTH:
        raise NoResult(f"the indented text would have more than {MAX_LENGTH} characters")
    return first + text.replace("\n", "\n" + others)


def _indents(first: str = "4", others: str | None = None) -> tuple[str, str]:
    """What is put before the first line and before each other one.

    One argument: ``4`` (blanks), ``/4`` (blanks, not before the first line), ``4/2``, or a text. Sizes go up to 255;
    what is larger is a text.
    """
    if others is not None:
        return first, others
    sizes = _INDENT_SIZES.fullmatch(first)
    if sizes is None:
        return first, first
    size = int(sizes["others"])
    first_size = int(sizes["first"] or 0) if sizes["slash"] else size
    if size > 255 or first_size > 255:
        return first, first
    return " " * first_size, " " * size
