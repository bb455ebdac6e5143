"""Parser of whole texts: literal text, hash runs, tags, and the matching of blocks.

Grammar::

    template := ( text | escape | token )*
    escape   := "#"{N} "{"     N even: N-1 hashes and a literal "{"; N odd: N-2 hashes and a token (N = 1: a token)
    token    := substitution | calc
              | "#{if c}" template ( "#{elseif c}" template )* [ "#{else}" template ] "#{/if}"
              | "#{unless c}" template [ "#{else}" template ] "#{/unless}"
              | "#{each x in p}" template "#{/each}"

The reference tries the alternatives of a token one after the other and so reads an ``#{if X}`` that is never
closed as the variable named ``if X``. Doing that by backtracking takes exponential time. Here the tags are read
once from left to right, the open blocks are kept on a stack, and a block that turns out not to be closed is folded
back into its surroundings with the same outcome, in linear time:

* it reads as a variable (no operator, no ``in``): it becomes that variable, and its body goes on behind it;
* it does not: a syntax error from its start to where its body ended. That error also ends the blocks around it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

from .matching import MAX_DEPTH, Mismatch
from .syntax import (
    Branch,
    Comparison,
    Conditional,
    Expression,
    Literal,
    Loop,
    Name,
    Node,
    Path,
    Substitution,
    SyntaxFault,
    Template,
    Verbatim,
)
from .tokens import TokenParser

# The great majority of tokens: a dotted path without blanks. Saves the descent.
_PLAIN = re.compile(r"#\{([\w\-:~()@][\w\-:/~()@]*+(?:\.[\w\-:/~()@]++)*+)\}")
_OPENING = re.compile(r"#\{\s*(if|unless|each|calc)\s", re.IGNORECASE)
_ELSEIF = re.compile(r"#\{elseif\s")
_CLOSING = re.compile(r"#\{/(if|unless|each)\}")
_ELSE = "#{else}"

# How much of a token that cannot be parsed is shown in messages.
_SHOWN = 40


@dataclass(slots=True)
class _Block:
    """An open block. ``tags`` are its else and elseif tags with the number of nodes that came before each."""

    word: str
    start: int
    head: Expression | Comparison | tuple[str, Path]
    nodes: list[Node] = field(default_factory=list)
    tags: list[tuple[int, _ElseTag]] = field(default_factory=list)

    @property
    def takes_else(self) -> bool:
        """Whether an else belongs to this block: at most one, and nothing behind it."""
        return self.word != "each" and not (self.tags and self.tags[-1][1].condition is None)


@dataclass(frozen=True, slots=True)
class _ElseTag:
    """``#{else}`` (no condition) or ``#{elseif condition}``; outside of an if, ``variable`` is its meaning."""

    start: int
    end: int
    condition: Expression | Comparison | None
    variable: Substitution | None


def parse(text: str) -> Template:
    """Parse ``text`` leniently: what cannot be parsed is in the nodes as it stands, and in ``faults``."""
    if "#{" not in text:
        return Template((Literal(text),) if text else ())
    return _TemplateParser(text).parse()


# Values are parsed again at every use; this keeps the usual ones.
parse_value = lru_cache(maxsize=8192)(parse)


@lru_cache(maxsize=65536)
def parse_name(name: str) -> Path | None:
    """A variable's name as a path; None if templates cannot refer to that name."""
    try:
        path, end = TokenParser(name).path(0)
    except Mismatch:
        return None
    return path if not name[end:].strip() and not path.has_lookup else None


class _TemplateParser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = TokenParser(text)
        self.plain: dict[str, Expression] = {}  # so that a text with the same token many times has it once
        self.nodes: list[Node] = []  # of the outermost level
        self.blocks: list[_Block] = []
        self.faults: list[SyntaxFault] = []
        self.muted_from: tuple[int, int] | None = None  # offset, and number of outermost nodes before it

    def parse(self) -> Template:
        text, at = self.text, 0
        while True:
            literal, at = self.tokens.literal(at)
            if literal:
                self._add(Literal(literal))
            if at == len(text):
                break
            at = self._token(at)
        if self.blocks:
            self._give_up_blocks(len(text))
        if self.muted_from is not None:
            start, count = self.muted_from
            self.nodes[count:] = [Verbatim(text[start:], tuple(self.nodes[count:]))]
        return Template(tuple(self.nodes), tuple(sorted(self.faults, key=lambda fault: fault.start)))

    # -- tags --------------------------------------------------------------------------------------------------

    def _token(self, at: int) -> int:
        """Read the tag at ``at``; returns the offset behind it, or behind what had to be given up."""
        text = self.text
        plain = _PLAIN.match(text, at)
        if plain and plain.group() != _ELSE:
            name = plain.group(1)
            expression = self.plain.get(name)
            if expression is None:
                expression = self.plain[name] = Expression(Path(tuple(map(Name, name.split(".")))))
            self._add(Substitution(expression, at))
            return plain.end()
        try:
            return self._tag(at)
        except Mismatch as mismatch:
            return self._give_up(at, mismatch)

    def _tag(self, at: int) -> int:
        """The alternatives of a tag; raises :class:`Mismatch` when none fits."""
        text = self.text
        if text.startswith(_ELSE, at):
            return self._plain_else(at)
        if closing := _CLOSING.match(text, at):
            self._close(closing.group(1), at)
            return closing.end()
        if opening := _OPENING.match(text, at):
            return self._open(opening.group(1).lower(), at, opening.end())
        if elseif := _ELSEIF.match(text, at):
            return self._elseif(at, elseif.end())
        return self._variable(at)

    def _variable(self, at: int) -> int:
        node, end = self.tokens.substitution(at)
        self._add(node)
        return end

    def _open(self, word: str, at: int, behind: int) -> int:
        """The opening tag of a block, or else a variable whose name starts with that word."""
        try:
            if word == "calc":
                node, end = self.tokens.calculation(at, behind)
                self._add(node)
                return end
            if word == "each":
                name, path, end = self.tokens.loop_head(behind)
                head: Expression | Comparison | tuple[str, Path] = (name, path)
            else:
                head, end = self.tokens.condition(behind)
                end = self.tokens.close(end)
        except Mismatch as mismatch:
            try:
                return self._variable(at)
            except Mismatch as other:
                raise max(mismatch, other, key=lambda one: one.at) from None
        if len(self.blocks) >= MAX_DEPTH:
            raise Mismatch(end, f"blocks are nested more than {MAX_DEPTH} deep")
        self.blocks.append(_Block(word, at, head))
        return end

    def _plain_else(self, at: int) -> int:
        variable, end = self.tokens.substitution(at)
        self._else(_ElseTag(at, end, None, variable))
        return end

    def _elseif(self, at: int, behind: int) -> int:
        try:
            variable, end = self.tokens.substitution(at)
        except Mismatch:
            variable = None
        condition, end = self.tokens.condition(behind)
        end = self.tokens.close(end)
        self._else(_ElseTag(at, end, condition, variable))
        return end

    def _else(self, tag: _ElseTag) -> None:
        """An else or elseif belongs to the innermost block if that can take it; else it is a variable."""
        block = self.blocks[-1] if self.blocks else None
        if block and block.takes_else and (tag.condition is None or block.word == "if"):
            block.tags.append((len(block.nodes), tag))
        elif tag.variable is None:
            raise Mismatch(tag.end, "elseif outside of an if")
        else:
            self._add(tag.variable)

    def _close(self, word: str, at: int) -> None:
        position = next((i for i in reversed(range(len(self.blocks))) if self.blocks[i].word == word), None)
        unclosed = [] if position is None else self.blocks[position + 1 :]
        variables = [variable for block in unclosed if (variable := self._as_variable(block))]
        if position is None or len(variables) < len(unclosed):
            raise Mismatch(at + 2, f"#{{/{word}}} closes nothing", resume=at)
        del self.blocks[position + 1 :]
        for block, variable in zip(unclosed, variables, strict=True):
            self._fold(block, variable)
        self._add(_closed(self.blocks.pop()))

    # -- what does not fit -------------------------------------------------------------------------------------

    def _as_variable(self, block: _Block) -> Substitution | None:
        """The meaning of an opening tag whose block is never closed; None when it has none."""
        try:
            return self.tokens.substitution(block.start)[0]
        except Mismatch:
            return None

    def _fold(self, block: _Block, variable: Substitution) -> None:
        """Put what an unclosed block collected into the level around it."""
        self._add(variable)
        done = 0
        for count, tag in block.tags:
            self._extend(block.nodes[done:count])
            done = count
            try:
                self._else(tag)
            except Mismatch as mismatch:
                self._fault(tag.start, tag.end, mismatch.reason)
                self._add(Verbatim(self.text[tag.start : tag.end]))
        self._extend(block.nodes[done:])

    def _give_up(self, at: int, mismatch: Mismatch) -> int:
        """Lenient recovery: from the token's start to the furthest offset reached, everything stays as it is."""
        text = self.text
        closing = _CLOSING.match(text, at)
        end = closing.end() if closing else max(mismatch.at, at + 2)
        self._fault(at, end, mismatch.reason)
        self._give_up_blocks(at)
        if mismatch.resume < mismatch.at and not closing:
            # The attempt reached the end of the text, so all of that stays; look at what is in it nevertheless.
            if self.muted_from is None:
                self.muted_from = (at, len(self.nodes))
            return mismatch.resume
        self._add(Verbatim(text[at:end]))
        return end

    def _give_up_blocks(self, at: int) -> None:
        """End all open blocks at ``at``, outermost first."""
        blocks, self.blocks = self.blocks, []
        for number, block in enumerate(blocks):
            variable = self._as_variable(block)
            if variable is not None:
                self._fold(block, variable)
                continue
            self._fault(block.start, at, f"#{{{block.word} …}} has no #{{/{block.word}}}")
            count = len(self.nodes)
            self._extend(block.nodes)
            for inner in blocks[number + 1 :]:
                if variable := self._as_variable(inner):
                    self._add(variable)
                else:
                    self._fault(inner.start, at, f"#{{{inner.word} …}} has no #{{/{inner.word}}}")
                self._extend(inner.nodes)
            self.nodes[count:] = [Verbatim(self.text[block.start : at], tuple(self.nodes[count:]))]
            return

    def _fault(self, start: int, at: int, reason: str) -> None:
        line = self.text[start : start + _SHOWN + 1].split("\n", 1)[0].rstrip("\r")
        end = line.find("}") + 1 or len(line)
        shown = line[:end] if len(line[:end]) <= _SHOWN else line[:_SHOWN] + "…"
        self.faults.append(SyntaxFault(start, at, shown, reason))

    # -- nodes -------------------------------------------------------------------------------------------------

    def _add(self, node: Node) -> None:
        (self.blocks[-1].nodes if self.blocks else self.nodes).append(node)

    def _extend(self, nodes: list[Node]) -> None:
        (self.blocks[-1].nodes if self.blocks else self.nodes).extend(nodes)


def _closed(block: _Block) -> Conditional | Loop:
    """The node of a block that met its closing tag."""
    if isinstance(block.head, tuple):
        name, path = block.head
        return Loop(name, path, tuple(block.nodes), block.start)
    starts = [0, *(count for count, _unused in block.tags)]
    ends = [*starts[1:], len(block.nodes)]
    bodies = [tuple(block.nodes[start:end]) for start, end in zip(starts, ends, strict=True)]
    conditions: list[Expression | Comparison | None] = [block.head, *(tag.condition for _unused, tag in block.tags)]
    otherwise = bodies.pop() if conditions[-1] is None else None
    branches = tuple(
        Branch(condition, body) for condition, body in zip(conditions, bodies, strict=False) if condition is not None
    )
    return Conditional(block.word, branches, otherwise, block.start)
