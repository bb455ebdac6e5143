"""The changes of one file: which part of its text is to become what, and what there is to say about it.

A format finds the parts; all other text stays as it is, to the byte.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, replace
from functools import cached_property

from ..errors import CircularReference, EvaluationError
from ..language.budget import Budget
from ..language.evaluation import Problem, evaluate
from ..language.variables import VariableSet

_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Replaced:
    """A place of the file, as it was, that got the value of ``variable``. Line and column are from 1."""

    variable: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """The new text of a file in ``format``.

    ``problems`` are the tokens that could not be resolved in the values that were used, at the places which those
    values were for; what stayed unresolved is in ``text``. ``warnings`` are ``file:line:column: …`` and hold no values.
    ``used`` has the names of all variables that were read, those within values too.
    """

    text: str
    format: str
    replaced: tuple[Replaced, ...] = ()
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()
    used: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Edit:
    start: int
    end: int
    new: str
    variable: str


class Edits:
    """Collects the changes of ``text``, the content of the file ``name``."""

    def __init__(self, text: str, name: str, variables: VariableSet) -> None:
        self.text = text
        self.name = name
        self.variables = variables
        self._edits: list[_Edit] = []
        self._values: dict[str, str | None] = {}
        self._budget = Budget(len(text))  # one for all that goes into the file
        self._problems: list[Problem] = []
        self._warnings: list[str] = []
        self._read: dict[str, frozenset[str]] = {}  # variable to the names that its value was made of

    def value(self, variable: str, at: int) -> str | None:
        """The evaluated value of ``variable`` for the place ``at``; None when it has no value."""
        if variable not in self._values:
            self._values[variable] = self._evaluated(variable, at)
        return self._values[variable]

    def is_secret(self, variable: str) -> bool:
        """Whether anything secret is in the value of ``variable``, so that no message may quote from it."""
        return any(map(self.variables.is_sensitive, self._read.get(variable, ())))

    def put(self, variable: str, start: int, end: int, new: str) -> None:
        """Let ``new`` take the place of the text from ``start`` to ``end``."""
        self._budget.text(new)  # one name may stand at many places
        self._edits.append(_Edit(start, end, new, variable))

    def warn(self, at: int, message: str) -> None:
        line, column = self.place(at)
        self._warnings.append(f"{self.name}:{line}:{column}: {message}")

    def place(self, at: int) -> tuple[int, int]:
        """An offset as line and column."""
        line = bisect_right(self._line_starts, at)
        return line, at - self._line_starts[line - 1] + 1

    def offset(self, line: int, column: int) -> int:
        """A line and column as an offset."""
        return min(
            self._line_starts[min(max(line, 1), len(self._line_starts)) - 1] + max(column, 1) - 1, len(self.text)
        )

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(match.end() for match in _LINE_END.finditer(self.text))]

    @cached_property
    def line_end(self) -> str:
        """The most frequent one of the file."""
        found = _LINE_END.findall(self.text)
        return max(("\n", "\r\n", "\r"), key=found.count)

    def with_line_ends(self, text: str) -> str:
        """A value of several lines, with the line ends of the file."""
        return _LINE_END.sub(self.line_end, text) if _LINE_END.search(text) else text

    def outcome(self, format_name: str) -> Outcome:
        """Apply the changes. Of two for the same text the later one wins; one within another is dropped."""
        parts, replaced, done = [], [], 0
        latest = {(edit.start, edit.end): edit for edit in self._edits}
        for edit in sorted(latest.values(), key=lambda one: (one.start, -one.end)):
            if edit.start < done:
                continue
            parts += [self.text[done : edit.start], edit.new]
            done = edit.end
            replaced.append(Replaced(edit.variable, *self.place(edit.start)))
        text = "".join([*parts, self.text[done:]])
        return Outcome(
            text,
            format_name,
            tuple(replaced),
            tuple(self._problems),
            tuple(dict.fromkeys(self._warnings)),
            frozenset().union(*self._read.values()),
        )

    def _evaluated(self, variable: str, at: int) -> str | None:
        raw = self.variables[variable]
        self._read[variable] = frozenset((variable,))
        if raw is None:
            return None
        line, column = self.place(at)
        try:
            evaluation = evaluate(raw, self.variables, budget=self._budget)
        except EvaluationError as error:
            kind = "circular" if isinstance(error, CircularReference) else "aborted"
            self._problems.append(Problem(line, column, f"#{{{variable}}}", str(error), kind, variable))
            return raw
        self._read[variable] |= evaluation.used
        self._problems += [
            replace(problem, line=line, column=column, origin=problem.origin or variable)
            for problem in evaluation.problems
            if problem.kind != "syntax"  # such a value is used as it stands, as everywhere
        ]
        return evaluation.text
