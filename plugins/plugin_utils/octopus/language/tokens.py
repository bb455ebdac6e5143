"""Recursive-descent parser of what stands between ``#{`` and ``}``: one tag at a time, blocks not yet matched.

Grammar (blanks are any white space)::

    path        := identifier ( "." identifier | "[" index "]" )*
    identifier  := word ( blank+ word )*            ends before `blank+ "in" blank`
    word        := ( letter | digit | one of _ - : / ~ ( ) @ )+
    index       := "#{" path "}"                    exactly that: a lookup
                 | any text with balanced brackets  leading blanks dropped, trailing ones kept
    expression  := [path] ( "|" word argument* )*   not empty
    argument    := word | '"' no-quote-no-hash* '"' | '\\"' text '\\"' | any token       see :mod:`.arguments`
    condition   := expression | side ( "==" | "!=" ) side       not a literal on both sides
    side        := expression | '"' … '"' | '\\"' … '\\"'
    tag         := "#{" expression "}" | "#{" ("if" | "unless") blank condition "}"
                 | "#{elseif" blank condition "}" | "#{each" blank identifier "in" path "}"
                 | "#{calc" blank formula "}"    see :mod:`.calculations`
                 | "#{else}" | "#{/if}" | "#{/unless}" | "#{/each}"

Every method takes an offset and returns ``(part, offset behind it)`` or raises :class:`Mismatch`.
The work of an attempt is bounded by the text between its start and the furthest offset that it reached: brackets
are matched once for the whole text, and no alternative is tried twice below another one.
"""

from __future__ import annotations

import re
from contextlib import suppress
from functools import cached_property

from .arguments import ArgumentParser
from .calculations import parse_formula
from .matching import MAX_DEPTH, Mismatch
from .syntax import (
    Calculation,
    Comparison,
    Expression,
    Filter,
    Index,
    Lookup,
    Name,
    Node,
    Path,
    Quoted,
    Substitution,
)

_BLANK = re.compile(r"\s*")
_WORD = re.compile(r"[\w\-:/~()@]+")
# A run of blanks belongs to an identifier only when a word follows, and that word is not the `in` of a loop. The group
# is not possessive: before 3.11.5, Python would go on where its last try failed, behind the blanks (gh-106052).
_IDENTIFIER = re.compile(r"[\w\-:/~()@]++(?:\s++(?!in\s)[\w\-:/~()@]++)*")
_QUOTED = re.compile(r'"([^"#]*)')
_OPERATOR = re.compile(r"[=!]=")
_IN = re.compile(r"\s+in\s+")


class TokenParser:
    """Parses single tags of ``text``."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.arguments = ArgumentParser(self)

    # -- literal text ------------------------------------------------------------------------------------------

    def literal(self, at: int) -> tuple[str, int]:
        """The text up to the next token, escapes undone, and that token's offset (or the end of the text).

        A run of N hashes before ``{``: N even, N-1 hashes and a literal ``{``; N odd, N-2 hashes (none for N = 1) and
        a token.
        """
        text, parts = self.text, []
        while (found := text.find("#{", at)) >= 0:
            first = found
            while first > at and text[first - 1] == "#":
                first -= 1
            if (found - first) % 2 == 0:
                # Of an odd run the first hash is dropped and the last one opens the token.
                parts.append(text[at:first] + text[first + 1 : found])
                return "".join(parts), found
            parts.append(text[at:found] + "{")
            at = found + 2
        parts.append(text[at:])
        return "".join(parts), len(text)

    # -- paths -------------------------------------------------------------------------------------------------

    def path(self, at: int, depth: int = 0) -> tuple[Path, int]:
        """``identifier ( "." identifier | "[" index "]" )*``, blanks around every part ignored."""
        text = self.text
        identifier, at = self.identifier(at)
        steps: list[Name | Index | Lookup] = [Name(identifier)]
        while True:
            behind = self.blank(at)
            if text.startswith(".", behind):
                identifier, at = self.identifier(behind + 1)
                steps.append(Name(identifier))
            elif text.startswith("[", behind):
                index, at = self._index(behind, depth)
                steps.append(index)
            else:
                return Path(tuple(steps)), at

    def identifier(self, at: int) -> tuple[str, int]:
        """Words with blanks between them, up to a word ``in`` that has blanks on both sides."""
        at = self.blank(at)
        match = _IDENTIFIER.match(self.text, at)
        if match is None:
            raise self._unexpected(at, "a variable's name")
        return match.group(), match.end()

    def _index(self, at: int, depth: int) -> tuple[Index | Lookup, int]:
        """``"[" ( "#{" path "}" | text ) "]"``; ``at`` is the bracket."""
        closing = self._brackets.get(at)
        if closing is None:
            # An index may hold any text, so the attempt reaches to the end of it.
            raise Mismatch(len(self.text), "the [ has no matching ]", resume=at + 1)
        start = min(self.blank(at + 1), closing)
        if self.text.startswith("#{", start) and depth < MAX_DEPTH:
            # Whatever is not exactly one plain substitution is literal index text.
            with suppress(Mismatch):
                path, end = self.path(start + 2, depth + 1)
                if self.close(end) == closing:
                    return Lookup(path), closing + 1
        return Index(self.text[start:closing]), closing + 1

    @cached_property
    def _brackets(self) -> dict[int, int]:
        """Offset of each ``[`` to the offset of its ``]``."""
        pairs, opened = {}, []
        for match in re.finditer(r"[\[\]]", self.text):
            if match.group() == "[":
                opened.append(match.start())
            elif opened:
                pairs[opened.pop()] = match.start()
        return pairs

    # -- expressions -------------------------------------------------------------------------------------------

    def expression(self, at: int, depth: int = 0) -> tuple[Expression, int]:
        """``[path] ( "|" filter )*``; without a path at least one filter."""
        start = self.blank(at)
        path = None
        if not self.text.startswith("|", start):
            path, at = self.path(start)
        filters = []
        while self.text.startswith("|", behind := self.blank(at)):
            call, at = self._filter(behind + 1, depth)
            filters.append(call)
        return Expression(path, tuple(filters)), at

    def _filter(self, at: int, depth: int) -> tuple[Filter, int]:
        """``word argument*``"""
        at = self.blank(at)
        name = _WORD.match(self.text, at)
        if name is None:
            raise self._unexpected(at, "a filter's name")
        at = name.end()
        arguments: list[Quoted | Node] = []
        while True:
            start = self.blank(at)
            argument: Quoted | Node
            if self.text.startswith("#{", start):
                argument, at = self.arguments.token(start, depth + 1)
            elif literal := self._quoted(start):
                argument, at = literal
            elif word := _WORD.match(self.text, start):
                argument, at = Quoted(word.group()), word.end()
            else:
                return Filter(name.group(), tuple(arguments)), at
            arguments.append(argument)

    def _quoted(self, at: int) -> tuple[Quoted, int] | None:
        """``"…"`` without ``"`` and ``#`` inside, or ``\\"…\\"``; None when there is no quote."""
        text = self.text
        if text.startswith('\\"', at):
            closing = text.find('\\"', at + 2) if at + 2 <= self._last_escaped_quote else -1
            if closing < 0:
                raise Mismatch(len(text), 'the \\" has no closing \\"', resume=at + 2)
            return Quoted(text[at + 2 : closing]), closing + 2
        match = _QUOTED.match(text, at)
        if match is None:
            return None
        if not text.startswith('"', match.end()):
            raise Mismatch(match.end(), 'the " has no closing " (a # in it needs \\"…\\")')
        return Quoted(match.group(1)), match.end() + 1

    @cached_property
    def _last_escaped_quote(self) -> int:
        return self.text.rfind('\\"')

    def condition(self, at: int) -> tuple[Expression | Comparison, int]:
        """``expression | side ( "==" | "!=" ) side``"""
        left, at = self._side(at)
        start = self.blank(at)
        operator = _OPERATOR.match(self.text, start)
        if operator is None:
            if isinstance(left, Quoted):
                raise self._unexpected(start, "== or !=")
            return left, at
        right_at = self.blank(operator.end())
        right: Expression | Quoted
        if isinstance(left, Quoted):
            right, at = self.expression(right_at)  # a literal on both sides is no condition
        else:
            right, at = self._side(right_at)
        return Comparison(left, operator.group(), right), at

    def _side(self, at: int) -> tuple[Expression | Quoted, int]:
        at = self.blank(at)
        return self._quoted(at) or self.expression(at)

    # -- tags --------------------------------------------------------------------------------------------------

    def substitution(self, at: int, depth: int = 0) -> tuple[Substitution, int]:
        """``"#{" expression "}"``; a name that starts with ``/`` needs a blank before it."""
        if self.text.startswith("/", at + 2):
            raise Mismatch(at + 2, "a closing tag without its opening one")
        expression, end = self.expression(at + 2, depth)
        return Substitution(expression, at), self.close(end)

    def loop_head(self, at: int) -> tuple[str, Path, int]:
        """``identifier "in" path "}"``; ``at`` is behind the word ``each``."""
        name, at = self.identifier(at)
        word = _IN.match(self.text, at)
        if word is None:
            raise self._unexpected(self.blank(at), "`in`")
        path, at = self.path(word.end())
        return name, path, self.close(at)

    def calculation(self, at: int, behind: int) -> tuple[Calculation, int]:
        """``formula "}"``; ``at`` is the token's offset, ``behind`` the one behind the word ``calc``."""
        formula, end = parse_formula(self, behind)
        return Calculation(formula, at), self.close(end)

    def close(self, at: int) -> int:
        """``"}"``"""
        return self.expect("}", self.blank(at))

    # -- characters --------------------------------------------------------------------------------------------

    def blank(self, at: int) -> int:
        """The offset behind any white space."""
        return _BLANK.match(self.text, at).end()  # type: ignore[union-attr]  # it matches nothing, too

    def expect(self, wanted: str, at: int) -> int:
        """The offset behind ``wanted``, which has to stand at ``at``."""
        if not self.text.startswith(wanted, at):
            raise self._unexpected(at, wanted)
        return at + len(wanted)

    def _unexpected(self, at: int, expected: str) -> Mismatch:
        seen = repr(self.text[at]) if at < len(self.text) else "the end of the text"
        return Mismatch(at, f"expected {expected}, found {seen}")
