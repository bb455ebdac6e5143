"""What a template consists of. ``str()`` of each part is its canonical form, as it is echoed when unresolved.

Canonical form: one blank around ``|``, every literal argument in double quotes, no other blanks; a literal
on the right of a comparison is followed by one blank; ``elseif`` prints as an ``if`` inside ``else``; literal
text has its ``#{`` escaped again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union

from .doubles import double_text


@dataclass(frozen=True, slots=True)
class Name:
    """One identifier of a path: ``.x``."""

    text: str


@dataclass(frozen=True, slots=True)
class Index:
    """A literal index: ``[x]``; ``[*]`` stands for the first one."""

    text: str

    def __str__(self) -> str:
        return f"[{self.text}]"


@dataclass(frozen=True, slots=True)
class Lookup:
    """An index whose text is the value of another variable: ``[#{x}]``."""

    path: Path

    def __str__(self) -> str:
        return f"[#{{{self.path}}}]"


@dataclass(frozen=True, slots=True)
class Path:
    """``identifier ( .identifier | [index] )*``"""

    steps: tuple[Name | Index | Lookup, ...]

    @property
    def has_lookup(self) -> bool:
        return any(isinstance(step, Lookup) for step in self.steps)

    def __str__(self) -> str:
        parts = [f".{step.text}" if isinstance(step, Name) else str(step) for step in self.steps]
        return "".join(parts)[1:]  # the first step is always a name


@dataclass(frozen=True, slots=True)
class Quoted:
    """A literal argument or a literal side of a comparison, however it was written."""

    text: str

    def __str__(self) -> str:
        return f'"{self.text}"'


@dataclass(frozen=True, slots=True)
class Filter:
    """``| Name argument*``"""

    name: str
    arguments: tuple[Quoted | Node, ...] = ()

    def __str__(self) -> str:
        return " ".join([self.name, *map(str, self.arguments)])


@dataclass(frozen=True, slots=True)
class Expression:
    """``[path] ( | filter )*``"""

    path: Path | None
    filters: tuple[Filter, ...] = ()

    def __str__(self) -> str:
        head = "" if self.path is None else str(self.path)
        return " | ".join([head, *map(str, self.filters)])


@dataclass(frozen=True, slots=True)
class Comparison:
    """``left == right`` or ``left != right``."""

    left: Expression | Quoted
    operator: str
    right: Expression | Quoted

    def __str__(self) -> str:
        return f"{self.left} {self.operator} {self.right}{' ' if isinstance(self.right, Quoted) else ''}"


@dataclass(frozen=True, slots=True)
class Literal:
    """Text outside of tokens, escapes already undone."""

    text: str

    def __str__(self) -> str:
        return self.text.replace("#{", "##{")


@dataclass(frozen=True, slots=True)
class Substitution:
    """``#{ expression }``; ``start`` is its offset in the text that was parsed."""

    expression: Expression
    start: int

    def __str__(self) -> str:
        return f"#{{{self.expression}}}"


@dataclass(frozen=True, slots=True)
class Branch:
    """``#{if condition}…`` or ``#{elseif condition}…`` with the text below it."""

    condition: Expression | Comparison
    body: tuple[Node, ...]

    def __str__(self) -> str:
        return f"{self.condition}}}{''.join(map(str, self.body))}"


@dataclass(frozen=True, slots=True)
class Conditional:
    """``#{if condition}…#{elseif condition}…#{else}…#{/if}`` and, with ``word`` ``unless``, its opposite.

    An ``unless`` has one branch, an ``if`` one and one more for each ``elseif``.
    """

    word: str
    branches: tuple[Branch, ...]
    otherwise: tuple[Node, ...] | None
    start: int

    def __str__(self) -> str:
        branches = f"#{{else}}#{{{self.word} ".join(map(str, self.branches))
        otherwise = "" if self.otherwise is None else "#{else}" + "".join(map(str, self.otherwise))
        closing = f"#{{/{self.word}}}" * len(self.branches)
        return f"#{{{self.word} {branches}{otherwise}{closing}"


@dataclass(frozen=True, slots=True)
class Loop:
    """``#{each name in path}…#{/each}``"""

    name: str
    path: Path
    body: tuple[Node, ...]
    start: int

    def __str__(self) -> str:
        return f"#{{each {self.name} in {self.path}}}{''.join(map(str, self.body))}#{{/each}}"


@dataclass(frozen=True, slots=True)
class Number:
    """A number in a calculation; it prints without needless zeros."""

    value: float

    def __str__(self) -> str:
        return double_text(self.value)


@dataclass(frozen=True, slots=True)
class Operation:
    """``first operator operand operator operand …``, all operators of one precedence, from left to right."""

    first: Operand
    rest: tuple[tuple[str, Operand], ...]

    def __str__(self) -> str:
        return f"{self.first}{''.join(f'{operator}{operand}' for operator, operand in self.rest)}"


Operand = Union[Number, Path, Operation]  # noqa: UP007 - has forward users


@dataclass(frozen=True, slots=True)
class Calculation:
    """``#{calc formula}``. Its canonical form has neither the word nor any brackets."""

    formula: Operand
    start: int

    def __str__(self) -> str:
        return f"#{{{self.formula}}}"


@dataclass(frozen=True, slots=True)
class Verbatim:
    """Text that lenient parsing gave up on and that is emitted as it stands.

    ``inside`` are the tokens in it that could be read on their own. They are not substituted, but looked at, so
    that one syntax error does not hide the other mistakes of a file.
    """

    text: str
    inside: tuple[Node, ...] = ()

    def __str__(self) -> str:
        return self.text


Token = Substitution | Conditional | Loop | Calculation
Node = Union[Literal, Token, Verbatim]  # noqa: UP007 - has forward users


@dataclass(frozen=True, slots=True)
class SyntaxFault:
    """Where a token could not be parsed and why; ``start`` is the token's offset, ``at`` where parsing stopped."""

    start: int
    at: int
    token: str
    reason: str


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed text. With ``faults`` it is only usable leniently."""

    nodes: tuple[Node, ...]
    faults: tuple[SyntaxFault, ...] = ()
