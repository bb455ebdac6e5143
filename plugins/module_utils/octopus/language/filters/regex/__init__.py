"""Filters with regular expressions of .NET: ``Match`` and ``Replace``.

``tree``, ``parser`` (pattern to tree), ``characters`` (what a class and an anchor mean), ``program`` (tree to
instructions), ``matcher`` (runs them, in bounded time), ``replacement`` (``$1``).
Python's ``re`` does not do: its syntax and rules differ, and ``(a+)+$`` can keep it busy for years.
"""

from __future__ import annotations

from functools import lru_cache

from ....errors import FilterError
from ..arguments import takes
from ..registry import register
from .matcher import Matcher
from .parser import parse
from .program import Program, compile_tree
from .replacement import parse_replacement

# Characters, and parts that replacements are put together from.
MAX_WRITTEN = 16 * 1024 * 1024


@lru_cache(maxsize=32)  # the body of a loop has the same pattern every time
def _compiled(pattern: str) -> tuple[Program, dict[str, int]]:
    parsed = parse(pattern)
    return compile_tree(parsed), parsed.groups


@register("Match")
@takes("a regular expression", 1, 1)
def _match(text: str, pattern: str) -> str:
    """``Match pattern``: whether it is found anywhere."""
    program, _ = _compiled(pattern)
    return "false" if next(Matcher(program, text).matches(), None) is None else "true"


@register("Replace")
@takes("a regular expression and a replacement", 1, 2)
def _replace(text: str, pattern: str, replacement: str = "") -> str:
    """``Replace pattern [replacement]``: every match is replaced, without a replacement by nothing."""
    program, groups = _compiled(pattern)
    parts = parse_replacement(replacement, groups)
    pieces, behind, written = [], 0, 0
    for match in Matcher(program, text).matches():
        start, end = match[0]
        new = "".join(part(text, match) for part in parts)
        written += len(new) + len(parts)
        if written > MAX_WRITTEN:
            raise FilterError(f"Replace: the replacements are more than {MAX_WRITTEN} characters")
        pieces += [text[behind:start], new]
        behind = end
    return "".join([*pieces, text[behind:]])
