"""Parser of a token that is an argument of a filter: any token of the language, blocks included.

The argument ends where its token ends, so here, unlike in :mod:`.parser`, a block is read as a whole or not at all.
What was found at an offset is kept, since the same argument is met again by every alternative that begins before it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .matching import MAX_DEPTH, Mismatch
from .syntax import Branch, Conditional, Literal, Loop, Node

if TYPE_CHECKING:
    from .tokens import TokenParser

_OPENING = re.compile(r"#\{\s*(if|unless|each|calc)\s", re.IGNORECASE)
_ELSEIF = re.compile(r"#\{elseif\s")
_ELSE = "#{else}"
# What ends the text of a block.
_CLOSING = re.compile(r"#\{/")
_ELSE_OR_CLOSING = re.compile(r"#\{(?:else\}|/)")
_BRANCH_OR_CLOSING = re.compile(r"#\{(?:else\}|elseif\s|/)")


class ArgumentParser:
    """Parses tokens within one text; every method returns ``(part, offset behind it)`` or raises ``Mismatch``."""

    def __init__(self, tokens: TokenParser) -> None:
        self.tokens = tokens
        self.found: dict[int, tuple[Node, int]] = {}
        # Not the exceptions themselves: each holds the stack where it was raised, and so all that was tried.
        self.failed: dict[int, tuple[int, str, int]] = {}

    def token(self, at: int, depth: int) -> tuple[Node, int]:
        """The token that begins at ``at``."""
        if at in self.failed:
            raise Mismatch(*self.failed[at])
        if at not in self.found:
            try:
                self.found[at] = self._token(at, depth)
            except Mismatch as mismatch:
                self.failed[at] = mismatch.at, mismatch.reason, mismatch.resume
                raise
        return self.found[at]

    def _token(self, at: int, depth: int) -> tuple[Node, int]:
        if depth > MAX_DEPTH:
            raise Mismatch(at, f"arguments are nested more than {MAX_DEPTH} deep")
        opening = _OPENING.match(self.tokens.text, at)
        if opening is None:
            return self.tokens.substitution(at, depth)
        try:
            return self._block(opening.group(1).lower(), at, opening.end(), depth)
        except Mismatch as mismatch:
            try:
                return self.tokens.substitution(at, depth)  # a variable whose name begins with that word
            except Mismatch as other:
                raise max(mismatch, other, key=lambda one: one.at) from None

    def _block(self, word: str, at: int, behind: int, depth: int) -> tuple[Node, int]:
        if word == "calc":
            return self.tokens.calculation(at, behind)
        if word == "each":
            name, path, end = self.tokens.loop_head(behind)
            body, end = self._template(end, depth, _CLOSING)
            return Loop(name, path, body, at), self.tokens.expect("#{/each}", end)
        branches, otherwise = [], None
        stops = _BRANCH_OR_CLOSING if word == "if" else _ELSE_OR_CLOSING
        while True:
            condition, end = self.tokens.condition(behind)
            body, end = self._template(self.tokens.close(end), depth, stops)
            branches.append(Branch(condition, body))
            elseif = _ELSEIF.match(self.tokens.text, end)
            if word != "if" or elseif is None:
                break
            behind = elseif.end()
        if self.tokens.text.startswith(_ELSE, end):
            otherwise, end = self._template(end + len(_ELSE), depth, _CLOSING)
        return Conditional(word, tuple(branches), otherwise, at), self.tokens.expect(f"#{{/{word}}}", end)

    def _template(self, at: int, depth: int, stops: re.Pattern[str]) -> tuple[tuple[Node, ...], int]:
        """Text and tokens up to what ``stops`` matches."""
        text = self.tokens.text
        nodes: list[Node] = []
        while True:
            literal, found = self.tokens.literal(at)
            if literal:
                nodes.append(Literal(literal))
            if found == len(text) or stops.match(text, found):
                return tuple(nodes), found
            node, at = self.token(found, depth + 1)
            nodes.append(node)
