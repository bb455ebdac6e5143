"""Compiler: a tree to a program for the matcher.

A program is a list of instructions, a tuple each: an :class:`Op` and its operands. Quantifiers with a count are written
out, so that a place in the program and an offset in the text say all that matters for what can still be matched.
What matters besides them, where a pattern has such a thing, is named by each branch:

* whether the running iteration of a loop has taken a character, where its body could match without (``marks``);
* what groups hold that a back-reference mentions (``pinned``).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from ....errors import FilterError
from .characters import at_origin
from .tree import (
    Alternation,
    Assertion,
    Atomic,
    Backreference,
    Capture,
    Character,
    Look,
    Node,
    Pattern,
    Repeat,
    Sequence,
    Test,
)

MAX_PROGRAM = 20_000


class Op(Enum):
    """What an instruction does, with its operands."""

    CHARACTER = auto()  # test, step, offset: one character that passes; step is -1 to the left
    ASSERT = auto()  # condition
    BACKREFERENCE = auto()  # group, ignore_case, step
    BRANCH = auto()  # targets, marks, pinned: the first target that leads to a match
    JUMP = auto()  # target
    MARK = auto()  # slot: keep the offset
    CAPTURE = auto()  # group, slot: the group is what lies between the kept offset and here
    UNLESS_EMPTY = auto()  # slot, target: go there if nothing was taken since the mark
    INNER = auto()  # target, negated, stays, pure: match what follows up to END on its own, then go there
    END = auto()


class _Label:
    """A place in the program that becomes known later."""

    at = -1


@dataclass(frozen=True)
class Program:
    """Instructions, and what the matcher must know about them.

    ``slots`` counts the spans of ``groups``, which come first, and kept offsets. ``first`` is what a match's first
    character must pass, where that is plain to see. ``uses_origin`` says that it matters where the search began.
    """

    code: list[tuple[Any, ...]]
    groups: int
    slots: int
    first: Test | None
    uses_origin: bool


def compile_tree(pattern: Pattern) -> Program:
    """The program of ``pattern``.

    :raises FilterError: it would be larger than ``MAX_PROGRAM`` instructions.
    """
    compiler = _Compiler(pattern)
    compiler.add(pattern.tree)
    compiler.emit(Op.END)
    code: list[tuple[Any, ...]] = [tuple(_placed(operand) for operand in instruction) for instruction in compiler.code]
    # Marks and captures alone stand between the start and the first thing to match.
    op, *operands = next(instruction for instruction in code if instruction[0] is not Op.MARK)
    return Program(
        code,
        groups=compiler.groups,
        slots=compiler.slots,
        first=operands[0] if op is Op.CHARACTER else None,
        uses_origin=(Op.ASSERT, at_origin) in code,
    )


def _placed(operand: object) -> object:
    if isinstance(operand, _Label):
        return operand.at
    if isinstance(operand, tuple):
        return tuple(map(_placed, operand))
    return operand


class _Compiler:
    def __init__(self, pattern: Pattern) -> None:
        self.code: list[tuple[Any, ...]] = []
        self.references = pattern.references
        self.groups = len(set(pattern.groups.values()))
        self.slots = self.groups
        self.step = 1
        self.marks: tuple[int, ...] = ()
        self.pinned = tuple(sorted(pattern.references))

    def emit(self, op: Op, *operands: object) -> int:
        if len(self.code) >= MAX_PROGRAM:
            raise FilterError(
                f"regular expression: it is too large; written out, its repetitions take more than {MAX_PROGRAM} steps"
            )
        self.code.append((op, *operands))
        return len(self.code) - 1

    def add(self, node: Node) -> None:
        """Emit what matches ``node`` and then goes on behind it."""
        match node:
            case Character(test):
                self.emit(Op.CHARACTER, test, self.step, min(self.step, 0))
            case Assertion(holds):
                self.emit(Op.ASSERT, holds)
            case Backreference(group, ignore_case):
                self.emit(Op.BACKREFERENCE, group, ignore_case, self.step)
            case Sequence(items):
                for item in items[:: self.step]:
                    self.add(item)
            case Alternation(branches):
                self._alternation(branches)
            case Repeat():
                self._repeat(node)
            case Capture(item, group):
                self._capture(item, group)
            case Look(item, behind, negated):
                self._inner(item, -1 if behind else 1, negated=negated, stays=True)
            case Atomic(item):
                self._inner(item, self.step, negated=False, stays=False)

    def _branch(self, *targets: _Label) -> None:
        self.emit(Op.BRANCH, targets, self.marks, self.pinned)

    def _place(self, label: _Label) -> None:
        label.at = len(self.code)

    def _slot(self) -> int:
        self.slots += 1
        return self.slots - 1

    def _alternation(self, branches: tuple[Node, ...]) -> None:
        starts, end = [_Label() for _branch in branches], _Label()
        self._branch(*starts)
        for start, branch in zip(starts, branches, strict=True):
            self._place(start)
            self.add(branch)
            self.emit(Op.JUMP, end)
        self._place(end)
        # All branches meet here. Being a branch itself, what follows is tried once an offset, however many arrive.
        behind = _Label()
        self._branch(behind)
        self._place(behind)

    def _repeat(self, node: Repeat) -> None:
        """The required copies, then a loop or the optional copies.

        As in .NET, an iteration that takes no character ends the repetition once the required ones are done. For
        that, the last required one counts as done.
        """
        end = _Label()
        fixed = node.least if node.most == node.least else max(node.least - 1, 0)
        for _turn in range(fixed):
            self.add(node.item)
        if node.most is None:
            start, test = _Label(), _Label()
            if node.least == 0:
                self.emit(Op.JUMP, test)
            self._place(start)
            self._iteration(node.item, end)
            self._place(test)
            self._choose(start, end, node.lazy)
        elif node.most > node.least:
            if node.least:
                self._iteration(node.item, end)
            for _turn in range(node.most - node.least):
                start = _Label()
                self._choose(start, end, node.lazy)
                self._place(start)
                self._iteration(node.item, end)
        self._place(end)

    def _choose(self, again: _Label, end: _Label, lazy: bool) -> None:
        self._branch(*((end, again) if lazy else (again, end)))

    def _iteration(self, item: Node, end: _Label) -> None:
        """An item, and the jump to ``end`` if it consumes no character."""
        if not item.nullable:
            self.add(item)
            return
        mark, outer = self._slot(), self.marks
        self.emit(Op.MARK, mark)
        self.marks = (*outer, mark)
        self.add(item)
        self.marks = outer
        self.emit(Op.UNLESS_EMPTY, mark, end)

    def _capture(self, item: Node, group: int) -> None:
        start, outer = self._slot(), self.pinned
        self.emit(Op.MARK, start)
        if group in self.references:
            self.pinned = (*outer, start)
        self.add(item)
        self.pinned = outer
        self.emit(Op.CAPTURE, group, start)

    def _inner(self, item: Node, step: int, *, negated: bool, stays: bool) -> None:
        start, outer = self.emit(Op.INNER), self.step
        self.step = step
        self.add(item)
        self.step = outer
        self.emit(Op.END)
        pure = all(op is not Op.CAPTURE for op, *_rest in self.code[start:])
        self.code[start] = (Op.INNER, len(self.code), negated, stays, pure)
