"""The matcher: runs a program on a text, as a backtracking engine does, but in bounded time.

It takes the first alternative, keeps a trail of the others and comes back to them on failure; so captures are those of
any backtracking engine. What makes the difference: once all alternatives of a branch have failed at an offset, that
is remembered, and the branch is not tried there again. So every instruction runs at most once an offset, and a
search takes time in proportion to program and text. Three things add to that:

* loops whose body may be empty, within each other: times their depth;
* groups in a lookaround or an atomic group: it is matched anew wherever it is met, so a square of the text;
* back-references: what the groups hold counts too, a polynomial whose degree grows with the number of groups.

``MAX_STEPS`` bounds all of it: a text that needs more is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ....errors import FilterError
from .characters import same
from .program import Op, Program

# Some seconds, and some hundred megabytes at worst. Half a million characters are possible with ordinary patterns.
MAX_STEPS = 3_000_000

# The span of each group, None where it took no part; the first is the whole match.
Groups = tuple[tuple[int, int], *tuple[tuple[int, int] | None, ...]]

# Names of this module are found faster than members of an Enum, and this is looked up at every step.
CHARACTER, ASSERT, BACKREFERENCE, BRANCH, JUMP, MARK, CAPTURE, UNLESS_EMPTY, INNER, END = Op
_FAILED = -1  # in place of an offset
_UNDO = -1  # in place of an instruction


class Matcher:
    """One program on one text."""

    def __init__(self, program: Program, text: str) -> None:
        self._program = program
        self._text = text
        self.steps = 0  # taken so far
        self._origin = 0
        self._slots: list[Any] = []
        # Branches that are done with: they failed, or (in an inner match) where the match from there on ends.
        self._known: dict[object, int] = {}
        # What to come back to: (branch, offset, next alternative, key), or (_UNDO, slot, old content, None).
        self._trail: list[tuple[int, int, Any, Any]] = []

    def matches(self) -> Iterator[Groups]:
        """All matches from left to right, as .NET's ``Regex.Replace`` finds them.

        :raises FilterError: more than ``MAX_STEPS`` steps were needed.
        """
        at = 0
        while (groups := self._search(at)) is not None:
            yield groups
            start, self._origin = groups[0]
            at = self._origin + (start == self._origin)

    def _search(self, start: int) -> Groups | None:
        """The leftmost match that begins at ``start`` or behind it."""
        first, text = self._program.first, self._text
        if self._program.uses_origin:
            self._known.clear()
        self._trail.clear()
        self.steps += self._program.slots // 10
        self._slots = [None] * self._program.slots
        for at in range(start, len(text) + 1):
            if first is not None and not (at < len(text) and first(text[at])):
                continue
            end = self._run(0, at)
            if end is not None:
                return ((at, end), *self._slots[1 : self._program.groups])
        return None

    def _run(self, pc: int, at: int) -> int | None:  # noqa: PLR0912, PLR0915 - one case an instruction
        """Where a match from ``at`` on ends; its alternatives are left on the trail. None leaves nothing there."""
        code, text, slots, trail = self._program.code, self._text, self._slots, self._trail
        size, bottom = len(text), len(trail)
        while True:
            self.steps += 1
            if self.steps > MAX_STEPS:
                raise FilterError(
                    f"regular expression: more than {MAX_STEPS} steps are needed; shorten pattern or text"
                )
            instruction = code[pc]
            op = instruction[0]
            pc += 1
            if op is CHARACTER:
                _op, test, step, offset = instruction
                if 0 <= at + offset < size and test(text[at + offset]):
                    at += step
                    continue
            elif op is BRANCH:
                key = self._key(pc - 1, at)
                end = self._known.get(key)
                if end is None:
                    trail.append((pc - 1, at, 1, key))
                    pc = instruction[1][0]
                    continue
                if end != _FAILED:
                    return end
            elif op is JUMP:
                pc = instruction[1]
                continue
            elif op is MARK:
                self._set(instruction[1], at)
                continue
            elif op is CAPTURE:
                _op, group, mark = instruction
                self._set(group, (min(slots[mark], at), max(slots[mark], at)))
                continue
            elif op is UNLESS_EMPTY:
                _op, mark, target = instruction
                if slots[mark] == at:
                    pc = target
                continue
            elif op is ASSERT:
                if instruction[1](text, at, self._origin):
                    continue
            elif op is INNER:
                _op, target, negated, stays, _rest = instruction
                end = self._inner(pc - 1, at)
                if (end is None) is negated:
                    pc = target
                    at = at if stays or end is None else end
                    continue
            elif op is BACKREFERENCE:
                taken = self._repeated(instruction, at)
                if taken is not None:
                    at += taken
                    continue
            elif op is END:
                return at
            resumed = self._backtrack(bottom)
            if resumed is None:
                return None
            pc, at = resumed

    def _backtrack(self, bottom: int) -> tuple[int, int] | None:
        """The latest alternative that is left above ``bottom`` of the trail: its instruction and offset."""
        trail = self._trail
        while len(trail) > bottom:
            pc, at, alternative, key = trail.pop()
            if pc == _UNDO:
                self._slots[at] = alternative
                continue
            targets = self._program.code[pc][1]
            if alternative < len(targets):
                trail.append((pc, at, alternative + 1, key))
                return targets[alternative], at
            self._known[key] = _FAILED
        return None

    def _key(self, pc: int, at: int) -> object:
        """All that decides what can be matched from a branch on."""
        slots = self._slots
        _op, _target, marks, pinned = self._program.code[pc]
        width = len(self._text) + 1
        key = pc * width + at  # plain numbers as far as possible: there may be millions of them
        taken = 0
        for mark in marks:
            taken = 2 * taken + (slots[mark] != at)
        key += taken * len(self._program.code) * width
        return (key, *[slots[slot] for slot in pinned]) if pinned else key

    def _set(self, slot: int, content: object) -> None:
        self._trail.append((_UNDO, slot, self._slots[slot], None))
        self._slots[slot] = content

    def _inner(self, pc: int, at: int) -> int | None:
        """Where the match of an ``INNER`` instruction's content ends; there is no way back into it."""
        trail, bottom = self._trail, len(self._trail)
        pure = self._program.code[pc][4]
        end = self._run(pc + 1, at)
        if end is None:
            return None
        left = trail[bottom:]
        del trail[bottom:]
        for entry in left:
            if entry[0] == _UNDO:
                trail.append(entry)
            elif pure:
                self._known[entry[3]] = end  # with captures inside, they would be missing the next time
        return end

    def _repeated(self, instruction: tuple[Op, int, bool, int], at: int) -> int | None:
        """How far a back-reference goes from ``at``; None if its group took no part or the text differs."""
        _op, group, ignore_case, step = instruction
        span: tuple[int, int] | None = self._slots[group]
        if span is None:
            return None
        start, end = span
        length = end - start
        self.steps += length if ignore_case else length // 100  # whole texts compare fast
        begin = at if step > 0 else at - length
        if begin < 0 or not same(self._text[start:end], self._text[begin : begin + length], ignore_case):
            return None
        return step * length
