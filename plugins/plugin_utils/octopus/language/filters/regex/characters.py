"""Tests for one character, and conditions for a place, as .NET understands them.

Characters are code points, where .NET counts UTF-16 units: one beyond U+FFFF is one character here.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, lru_cache
from unicodedata import category

from .tree import Condition, Test

# The general categories: a letter for all of a kind, and which letters may follow it.
_KINDS = {"L": "ultmo", "M": "nce", "N": "dlo", "P": "cdseifo", "S": "mcko", "Z": "slp", "C": "cfson"}
_CATEGORIES = frozenset(kind + detail for kind, details in _KINDS.items() for detail in ("", *details))
_CASED = ("Lu", "Ll", "Lt")
_WORD = frozenset(("Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Nd", "Pc"))
_JOINERS = "\u200c\u200d"  # they do not end a word, though \w does not match them


def anything(char: str) -> bool:
    """``.`` with option s"""
    return True


def is_word(char: str) -> bool:
    """``\\w``"""
    return category(char) in _WORD


def is_digit(char: str) -> bool:
    """``\\d``"""
    return category(char) == "Nd"


def is_space(char: str) -> bool:
    """``\\s``"""
    return char in "\t\n\v\f\r\x85" or category(char)[0] == "Z"


def in_category(name: str, ignore_case: bool) -> Test | None:
    """``\\p{name}``; None when there is no such general category."""
    if name not in _CATEGORIES:
        return None
    # Without regard to case, each of the three cased categories stands for all of them.
    names = _CASED if ignore_case and name in _CASED else (name,)
    return lambda char: category(char).startswith(names)


@lru_cache(maxsize=1024)
def _cases(char: str) -> tuple[str, ...]:
    """The character itself and its other case, where that is a single character."""
    return (char, *(case for case in (char.lower(), char.upper()) if len(case) == 1 and case != char))


def one(char: str, ignore_case: bool) -> Test:
    """The character itself."""
    return frozenset(_cases(char)).__contains__ if ignore_case else char.__eq__


def between(first: str, last: str, ignore_case: bool) -> Test:
    """A range of characters, both ends included."""
    if ignore_case:
        return lambda char: any(first <= case <= last for case in _cases(char))
    return lambda char: first <= char <= last


def opposite(test: Test) -> Test:
    """Every other character."""
    return lambda char: not test(char)


def one_of(tests: Iterable[Test], negated: bool, excluded: Test | None) -> Test:
    """``[tests-[excluded]]``, ``[^tests-[excluded]]``"""
    tests = tuple(tests)

    @cache  # a class may list a lot, and a text has few different characters
    def passes(char: str) -> bool:
        return any(test(char) for test in tests) != negated and not (excluded and excluded(char))

    return passes


def same(one_text: str, other: str, ignore_case: bool) -> bool:
    """Whether two texts are equal."""
    if not ignore_case or len(one_text) != len(other):
        return one_text == other
    return all(char in _cases(opposed) for char, opposed in zip(one_text, other, strict=True))


# -- places ----------------------------------------------------------------------------------------------------


def at_start(text: str, at: int, origin: int) -> bool:
    """``\\A``, and ``^`` without option m"""
    return at == 0


def at_line_start(text: str, at: int, origin: int) -> bool:
    """``^`` with option m"""
    return at == 0 or text[at - 1] == "\n"


def at_end(text: str, at: int, origin: int) -> bool:
    """``\\z``"""
    return at == len(text)


def at_last_line_end(text: str, at: int, origin: int) -> bool:
    """``\\Z``, and ``$`` without option m: a final line feed may follow"""
    return at >= len(text) - 1 and text[at:] in ("", "\n")


def at_line_end(text: str, at: int, origin: int) -> bool:
    """``$`` with option m"""
    return at == len(text) or text[at] == "\n"


def at_origin(text: str, at: int, origin: int) -> bool:
    """``\\G``: where the match before ended"""
    return at == origin


def at_boundary(text: str, at: int, origin: int) -> bool:
    """``\\b``"""
    return _in_word(text, at - 1) != _in_word(text, at)


def inside_or_outside(text: str, at: int, origin: int) -> bool:
    """``\\B``"""
    return not at_boundary(text, at, origin)


def _in_word(text: str, at: int) -> bool:
    return 0 <= at < len(text) and (is_word(text[at]) or text[at] in _JOINERS)


ASSERTIONS: dict[str, Condition] = {
    "A": at_start,
    "B": inside_or_outside,
    "G": at_origin,
    "Z": at_last_line_end,
    "b": at_boundary,
    "z": at_end,
}
