"""What a pattern is made of, as a tree. The parser builds it, the compiler reads it.

Every part says whether it is ``nullable``: whether it can match without taking a character.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

# Whether a character is meant.
Test = Callable[[str], bool]
# Whether an assertion holds: text, offset, offset where the search began.
Condition = Callable[[str, int, int], bool]


@dataclass
class Character:
    """Any one character that passes a test."""

    test: Test
    nullable = False


@dataclass
class Assertion:
    """A place in the text: ``^``, ``$``, ``\\b``."""

    holds: Condition
    nullable = True


@dataclass
class Backreference:
    """What a group has matched, once more."""

    group: int
    ignore_case: bool
    nullable = True


@dataclass
class Sequence:
    """One part after the other."""

    items: tuple[Node, ...]

    def __post_init__(self) -> None:
        self.nullable: bool = all(item.nullable for item in self.items)


@dataclass
class Alternation:
    """The first branch that leads to a match."""

    branches: tuple[Node, ...]

    def __post_init__(self) -> None:
        self.nullable: bool = any(branch.nullable for branch in self.branches)


@dataclass
class Repeat:
    """``*``, ``+``, ``?``, ``{least,most}``; ``most`` is None where there is no bound."""

    item: Node
    least: int
    most: int | None
    lazy: bool

    def __post_init__(self) -> None:
        self.nullable: bool = self.least == 0 or self.item.nullable


@dataclass
class Capture:
    """A group that remembers what it matched."""

    item: Node
    group: int

    def __post_init__(self) -> None:
        self.nullable: bool = self.item.nullable


@dataclass
class Look:
    """``(?=…)``, ``(?!…)``, ``(?<=…)``, ``(?<!…)``: it matches here, or it does not; no character is taken."""

    item: Node
    behind: bool
    negated: bool
    nullable = True


@dataclass
class Atomic:
    """``(?>…)``: its first match only."""

    item: Node

    def __post_init__(self) -> None:
        self.nullable: bool = self.item.nullable


Node = Character | Assertion | Backreference | Sequence | Alternation | Repeat | Capture | Look | Atomic


@dataclass
class Pattern:
    """A parsed pattern.

    ``groups`` leads from a group's number (as text) and name to its index; indexes have no gaps, and 0 is the whole
    match. ``references`` holds the indexes of groups that a back-reference mentions.
    """

    tree: Node
    groups: dict[str, int]
    references: frozenset[int]
