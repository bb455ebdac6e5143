"""Parser of what stands behind ``#{calc``: arithmetic on numbers and variables.

Grammar (blanks are ignored around every part)::

    formula  := term ( ( "+" | "-" ) term )*
    term     := operand ( ( "*" | "/" ) operand )*
    operand  := "(" formula ")" | number | "{" path "}" | path
    number   := digits [ "." digits ] | "." digits

A path without braces takes every character that identifiers may have, ``-``, ``/``, brackets and blanks among them:
``B - 2`` is one name, ``{B} - 2`` and ``2 - B`` subtract.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from .matching import MAX_DEPTH, Mismatch
from .syntax import Number, Operand, Operation

if TYPE_CHECKING:
    from .tokens import TokenParser

_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?|\.[0-9]+")


def parse_formula(tokens: TokenParser, at: int, depth: int = 0) -> tuple[Operand, int]:
    """``formula``; raises :class:`~.matching.Mismatch`."""
    return _chain("+-", _term, tokens, at, depth)


def _term(tokens: TokenParser, at: int, depth: int) -> tuple[Operand, int]:
    return _chain("*/", _operand, tokens, at, depth)


def _chain(
    operators: str,
    operand: Callable[[TokenParser, int, int], tuple[Operand, int]],
    tokens: TokenParser,
    at: int,
    depth: int,
) -> tuple[Operand, int]:
    """``operand ( operator operand )*``"""
    first, at = operand(tokens, at, depth)
    rest = []
    while (operator := tokens.text[(behind := tokens.blank(at)) : behind + 1]) and operator in operators:
        following, at = operand(tokens, behind + 1, depth)
        rest.append((operator, following))
    return (Operation(first, tuple(rest)) if rest else first), at


def _operand(tokens: TokenParser, at: int, depth: int) -> tuple[Operand, int]:
    at = tokens.blank(at)
    if tokens.text.startswith("(", at) and depth < MAX_DEPTH:
        try:
            formula, end = parse_formula(tokens, at + 1, depth + 1)
            return formula, tokens.expect(")", tokens.blank(end))
        except Mismatch:
            return tokens.path(at)  # a bracket may begin a name as well
    if number := _NUMBER.match(tokens.text, at):
        return Number(float(number.group())), number.end()
    if tokens.text.startswith("{", at):
        path, end = tokens.path(at + 1)
        return path, tokens.close(end)
    return tokens.path(at)
