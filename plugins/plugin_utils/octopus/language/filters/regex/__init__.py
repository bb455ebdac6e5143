"""Filters with regular expressions of .NET: ``Match`` and ``Replace``.

``tree``, ``parser`` (pattern to tree), ``characters`` (what a class and an anchor mean), ``program`` (tree to
instructions), ``matcher`` (runs them, in bounded time), ``replacement`` (``$1``).
Python's ``re`` does not do: its syntax and rules differ, and ``(a+)+$`` can keep it busy for years.
"""

from __future__ import annotations

from functools import lru_cache

from ....errors import FilterError
from ...budget import spend
from ..arguments import takes
from ..registry import register
from .matcher import Matcher
from .parser import parse
from .program import MAX_PROGRAM, Program, compile_tree
from .replacement import parse_replacement

# Characters, and parts that replacements are put together from.
MAX_WRITTEN = 16 * 1024 * 1024


# Steps that it takes to read a character of a pattern, and to make an instruction of a program. One that is too large
# was made nevertheless.
_OF_A_CHARACTER, _OF_AN_INSTRUCTION = 10, 5


@lru_cache(maxsize=32)  # the body of a loop has the same pattern every time
def _compiled(pattern: str) -> tuple[Program, dict[str, int]]:
    parsed = parse(pattern)
    return compile_tree(parsed), parsed.groups


def _charged(pattern: str) -> tuple[Program, dict[str, int]]:
    spend(_OF_A_CHARACTER * len(pattern))
    try:
        program, groups = _compiled(pattern)
    except FilterError:
        spend(_OF_AN_INSTRUCTION * MAX_PROGRAM)
        raise
    spend(_OF_AN_INSTRUCTION * len(program.code))
    return program, groups


@register("Match")
@takes("a regular expression", 1, 1)
def _match(text: str, pattern: str) -> str:
    """``Match pattern``: whether it is found anywhere."""
    program, _groups = _charged(pattern)
    matcher = Matcher(program, text)
    try:
        return "false" if next(matcher.matches(), None) is None else "true"
    finally:
        spend(matcher.steps)


@register("Replace")
@takes("a regular expression and a replacement", 1, 2)
def _replace(text: str, pattern: str, replacement: str = "") -> str:
    """``Replace pattern [replacement]``: every match is replaced, without a replacement by nothing."""
    program, groups = _charged(pattern)
    parts = parse_replacement(replacement, groups)
    pieces, behind, written = [], 0, 0
    matcher = Matcher(program, text)
    try:
        for match in matcher.matches():
            start, end = match[0]
            new = "".join(part(text, match) for part in parts)
            written += len(new) + len(parts)
            if written > MAX_WRITTEN:
                raise FilterError(f"Replace: the replacements are more than {MAX_WRITTEN} characters")
            pieces += [text[behind:start], new]
            behind = end
    finally:
        spend(matcher.steps + written // 8)
    return "".join([*pieces, text[behind:]])
