"""OCL's grammar: a document of blocks and attributes.

``parse`` reads; what a block means is the reader's business.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .errors import ImportFailed
from .ocl_tokens import Token, tokens

# A variable's deepest block is the third; dictionaries and lists hold nothing that nests.
DEEPEST = 20


class Text(str):
    """A text in quotes, or a heredoc."""

    __slots__ = ()


class Word(str):
    """A number, ``true`` or ``false``."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Attribute:
    """``name = value``: a :class:`Text`, a :class:`Word`, None for ``null``, or a list or dictionary of them."""

    name: str
    value: object = field(repr=False)
    place: str


@dataclass(slots=True)
class Block:
    """``name "label" { … }``"""

    name: str
    labels: tuple[str, ...]
    place: str
    attributes: dict[str, Attribute] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)


def parse(text: str, file: str) -> Block:
    """The document, as a block without name.

    :raises ImportFailed: with the first place that is not as the grammar wants it.
    """
    return _Parser(text, file).document()


class _Parser:
    def __init__(self, text: str, file: str) -> None:
        self.tokens = tokens(text, file)
        self.token: Token = next(self.tokens)
        self.file = file

    def document(self) -> Block:
        """``document := body``"""
        document = Block("", (), f"{self.file}:1:1")
        self._body(document, 1)
        if self.token.kind != "end":
            self._fail('expected a block such as `variable "Name" {`')
        return document

    def _body(self, block: Block, depth: int) -> None:
        """``body := { name ( '=' value | { text } '{' body '}' ) }``"""
        if depth > DEEPEST:
            self._fail(f"nested more than {DEEPEST} deep")
        while self.token.kind == "word":
            name = self._next()
            if self._skip("="):
                if name.value in block.attributes:
                    raise ImportFailed(f"{name.place}: `{name.value}` occurs twice in its block; remove one")
                block.attributes[name.value] = Attribute(name.value, self._value(), name.place)
                continue
            labels = []
            while self.token.kind == "text":
                labels.append(self._next().value)
            child = Block(name.value, tuple(labels), name.place)
            self._expect("{", f"`=` or a block's `{{` behind `{name.value}`")
            self._body(child, depth + 1)
            self._expect("}", f"an attribute, a block, or the `}}` of `{name.value}` at {name.place}")
            block.blocks.append(child)

    def _value(self) -> object:
        """``value := scalar | '[' [ scalar { ',' scalar } ] ']' | '{' { key '=' scalar } '}'``"""
        if self._skip("["):
            return self._list()
        if self._skip("{"):
            return self._pairs()
        return self._scalar()

    def _list(self) -> list[object]:
        items: list[object] = []
        while not self._skip("]"):
            if items:
                self._expect(",", "`,` or `]`")
            items.append(self._scalar())
        return items

    def _pairs(self) -> Mapping[str, object]:
        pairs: dict[str, object] = {}
        while not self._skip("}"):
            if self.token.kind not in ("word", "text"):
                self._fail("expected `name = value` or `}`")
            key = self._next()
            if key.value in pairs:
                raise ImportFailed(f"{key.place}: a name occurs twice between the braces; remove one")
            self._expect("=", "`=`")
            pairs[key.value] = self._scalar()
        return pairs

    def _scalar(self) -> object:
        """``scalar := text | number | 'true' | 'false' | 'null'``"""
        token = self.token
        if token.kind == "text":
            return Text(self._next().value)
        if token.kind == "word" and (token.value in ("true", "false", "null") or _is_number(token.value)):
            self._next()
            return None if token.value == "null" else Word(token.value)
        self._fail("expected a text in quotes, a number, true, false or null")
        return None

    def _skip(self, sign: str) -> bool:
        if self.token.kind == "sign" and self.token.value == sign:
            self._next()
            return True
        return False

    def _expect(self, sign: str, what: str) -> None:
        if not self._skip(sign):
            self._fail(f"expected {what}")

    def _next(self) -> Token:
        token = self.token
        if token.kind != "end":
            self.token = next(self.tokens)
        return token

    def _fail(self, expected: str) -> None:
        raise ImportFailed(f"{self.token.place}: found {self.token}, {expected}")


def _is_number(word: str) -> bool:
    digits = word.removeprefix("-").split(".")
    return len(digits) <= 2 and all(part.isdecimal() for part in digits)
