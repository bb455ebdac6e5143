"""Filters on plain text."""

from __future__ import annotations

import re
from collections.abc import Callable

from .registry import register


def _plain(name: str, function: Callable[[str], str]) -> None:
    """A filter that needs an input and takes no argument."""
    register(name)(lambda text, arguments: None if text is None or arguments else function(text))


def _escaping(table: dict[str, str]) -> Callable[[str], str]:
    characters = str.maketrans(table)
    return lambda text: text.translate(characters)


_XML = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;"}

_plain("ToLower", str.lower)
_plain("ToUpper", str.upper)
_plain("HtmlEscape", _escaping({**_XML, "/": "&#x2F;"}))
_plain("XmlEscape", _escaping(_XML))
# Other control characters and everything beyond ASCII stay as they are, as in the reference.
_plain("JsonEscape", _escaping({'"': '\\"', "\\": "\\\\", "\r": "\\r", "\n": "\\n", "\t": "\\t"}))


@register("Trim")
def _trim(text: str | None, arguments: tuple[str, ...]) -> str | None:
    """``Trim``, ``Trim start``, ``Trim end``; arguments behind the first are ignored."""
    if text is None:
        return None
    sides = {"": str.strip, "start": str.lstrip, "end": str.rstrip}
    trim = sides.get(arguments[0].lower() if arguments else "")
    return trim(text) if trim else None


@register("Append")
def _append(text: str | None, arguments: tuple[str, ...]) -> str | None:
    """All arguments behind the input; a missing input counts as empty, so this serves as a default value."""
    return (text or "") + "".join(arguments) if arguments else None


@register("Prepend")
def _prepend(text: str | None, arguments: tuple[str, ...]) -> str | None:
    return "".join(arguments) + (text or "") if arguments else None


def _test(name: str, function: Callable[[str, str], bool]) -> None:
    """A filter with one argument that says ``true`` or ``false``; ordinal and case-sensitive."""

    def run(text: str | None, arguments: tuple[str, ...]) -> str | None:
        if text is None or len(arguments) != 1:
            return None
        return "true" if function(text, arguments[0]) else "false"

    register(name)(run)


_test("StartsWith", str.startswith)
_test("EndsWith", str.endswith)
_test("Contains", str.__contains__)


@register("Substring")
def _substring(text: str | None, arguments: tuple[str, ...]) -> str | None:
    """``Substring length`` or ``Substring start length``."""
    if text is None or len(arguments) not in (1, 2) or not all(re.fullmatch(r"[0-9]+", one) for one in arguments):
        return None
    start, length = (0, int(arguments[0])) if len(arguments) == 1 else map(int, arguments)
    return text[start : start + length] if start <= len(text) else None
