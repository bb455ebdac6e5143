"""Replacement texts of .NET: ``$1``, ``${name}``, ``$$``, ``$&``, ``$```, ``$'``, ``$+``, ``$_``.

What is none of these, or names a group that is not there, is literal text.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from ....errors import FilterError
from .matcher import Groups
from .parser import number

# What a part of a replacement gives for a match of a text.
Part = Callable[[str, Groups], str]

_TOKEN = re.compile(r"\$(?:([0-9]+)|\{([0-9]+)\}|\{([^\W\d][\w\u200c\u200d]*)\}|([$&`'+_]))")


def parse_replacement(template: str, groups: dict[str, int]) -> tuple[Part, ...]:
    """The parts of ``template``; ``groups`` leads from a group's number and name to its index.

    :raises FilterError: a number that .NET does not accept.
    """
    parts, behind = [], 0
    for token in _TOKEN.finditer(template):
        parts += [_literal(template[behind : token.start()]), _part(token, groups)]
        behind = token.end()
    return (*parts, _literal(template[behind:]))


def _part(token: re.Match[str], groups: dict[str, int]) -> Part:
    digits, braced, name, sign = token.groups()
    if sign:
        return _group(max(groups.values())) if sign == "+" else _SIGNS[sign]
    if name is None:
        value = number(digits or braced)
        if value is None:
            raise FilterError(f"replacement, character {token.start() + 1}: the number is too large")
        name = str(value)
    return _group(groups[name]) if name in groups else _literal(token.group())


def _literal(text: str) -> Part:
    return lambda _text, _match: text


def _group(index: int) -> Part:
    """What a group matched; nothing where it took no part."""

    def part(text: str, match: Groups) -> str:
        span = match[index]
        return text[span[0] : span[1]] if span else ""

    return part


_SIGNS: dict[str, Part] = {
    "$": _literal("$"),
    "&": _group(0),
    "`": lambda text, match: text[: match[0][0]],
    "'": lambda text, match: text[match[0][1] :],
    "_": lambda text, _match: text,
}
