"""What evaluation gives, and the functions that are called from outside: text and variables in, a frozen result out."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from ..errors import BudgetExceeded
from .budget import Budget
from .evaluator import Evaluator
from .parser import parse
from .syntax import Substitution, Template
from .truth import is_truthy
from .variables import VariableSet


@dataclass(frozen=True, slots=True)
class Problem:
    """One token of a text that could not be resolved.

    ``line`` and ``column`` (both from 1) are those of the token in the text that was given. ``token`` is what could
    not be resolved; when that stands inside of a value, ``line`` and ``column`` are those of the token that led there
    and ``origin`` is the name of the variable whose value it is. ``kind`` is ``missing`` (no such variable),
    ``filter`` (unknown filter, or one without result), ``calculation``, ``syntax``, ``size``, ``circular`` or
    ``aborted`` (what a filter was given makes no sense at all, or a loop has no measure). ``name`` is the variable that
    would resolve it, where that is known.
    """

    line: int
    column: int
    token: str
    reason: str
    kind: str = "missing"
    origin: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The outcome of :func:`evaluate`.

    ``text`` is None only for "no value"; ``missing`` holds the distinct tokens that could not be evaluated, in
    canonical form, in the order of their appearance; ``error`` is a message or None. Beyond these, ``problems`` are
    all faults with their places, and ``used`` the names of the variables whose values were read.
    """

    text: str | None
    missing: tuple[str, ...] = ()
    error: str | None = None
    problems: tuple[Problem, ...] = ()
    used: frozenset[str] = frozenset()


def evaluate(
    text: str,
    variables: Mapping[str, object] | Iterable[tuple[str, object]],
    *,
    lenient: bool = False,
    budget: Budget | None = None,
) -> Evaluation:
    """Evaluate ``text`` with ``variables``, a mapping or a :class:`VariableSet`.

    Strict, one syntax error makes the whole text come back unchanged with an ``error``. Lenient, as for files, what
    cannot be parsed stays as it stands and only ``problems`` tells. A missing variable is echoed in both.

    ``budget`` is one that several evaluations share; without it, this one has its own.

    :raises BudgetExceeded: the text needs more work or memory than one may.
    :raises CircularReference: a value leads back to itself.
    :raises FilterError: a filter cannot work with what it was given, such as a regular expression with a mistake.
    :raises VariableError: a value is neither text nor a number.
    """
    return _evaluate(text, variables, lenient=lenient, budget=budget)


def render(text: str, variables: Mapping[str, object] | Iterable[tuple[str, object]]) -> Evaluation:
    """Evaluate leniently, with what would raise an :class:`EvaluationError` among the ``problems`` instead.

    For those who report every mistake of a text at once.
    """
    return _evaluate(text, variables, lenient=True, marked=_Marked())


@dataclass(frozen=True, slots=True)
class Inserted:
    """What a token of the outermost text gave: its offsets in the result, and the place of the token in the text.

    ``variable`` is the variable that the value comes from, where that is known, else the path of the token.
    """

    start: int
    end: int
    line: int
    column: int
    token: str
    variable: str


def render_with_places(
    text: str, variables: Mapping[str, object] | Iterable[tuple[str, object]]
) -> tuple[Evaluation, tuple[Inserted, ...]]:
    """As :func:`render`, and what of the result came from variables, in its order.

    What is the text's own is left out, also where it stands within a block.
    """
    mark = next(character for character in map(chr, _MARKS) if character not in text)
    marked = _Marked(mark)
    evaluation = _evaluate(text, variables, lenient=True, marked=marked)
    if evaluation.text is None:
        return evaluation, ()
    place = _Places(text)
    parts, found, at, length, pattern = [], [], 0, 0, re.compile(f"{mark}([0-9]+):([0-9]+){mark}")
    while match := pattern.search(evaluation.text, at):
        parts += [evaluation.text[at : match.start()], evaluation.text[match.end() : match.end() + int(match[2])]]
        length += len(parts[-2]) + len(parts[-1])
        node, variable = marked.places[int(match[1])]
        found.append(Inserted(length - len(parts[-1]), length, *place.of(node.start), str(node), variable))
        at = match.end() + int(match[2])
    return replace(evaluation, text="".join([*parts, evaluation.text[at:]])), tuple(found)


@dataclass(slots=True)
class _Marked:
    """How to :func:`render`: with the character that marks values in the result, and the tokens they come from.

    Without a character nothing is marked.
    """

    mark: str = ""
    places: list[tuple[Substitution, str]] = field(default_factory=list)


# Characters without a meaning of their own. Values may have them: they are passed over by their length.
_MARKS = range(0xE000, 0xF8FF)


def is_true(text: str, variables: Mapping[str, object] | Iterable[tuple[str, object]]) -> bool:
    """Whether a run condition holds: there is a result, without any error, and it is none of the false words.

    :raises EvaluationError: as :func:`evaluate`.
    """
    evaluation = evaluate(text, variables)
    return evaluation.error is None and evaluation.text is not None and is_truthy(evaluation.text)


def unparsable(text: str, origin: str | None = None) -> tuple[Problem, ...]:
    """What looks like a token in ``text`` but isn't; ``origin`` is the name of the variable whose value it is."""
    return _syntax_problems(parse(text), _Places(text), origin) if "#{" in text else ()


def _syntax_problems(template: Template, place: _Places, origin: str | None = None) -> tuple[Problem, ...]:
    return tuple(
        Problem(*place.of(fault.start), fault.token, f"{fault.reason} (line {line}, column {column})", "syntax", origin)
        for fault in template.faults
        for line, column in [place.of(fault.at)]
    )


def _evaluate(
    text: str,
    variables: Mapping[str, object] | Iterable[tuple[str, object]],
    *,
    lenient: bool,
    marked: _Marked | None = None,
    budget: Budget | None = None,
) -> Evaluation:
    if not isinstance(variables, VariableSet):
        variables = VariableSet(variables)
    if "#{" not in text:
        return Evaluation(text)
    template = parse(text)
    place = _Places(text)
    syntax = _syntax_problems(template, place)
    if template.faults and not lenient:
        first = syntax[0]
        error = f"syntax error at line {first.line}, column {first.column}, in {first.token}: {first.reason}"
        return Evaluation(text, error=error, problems=syntax)
    evaluator = Evaluator(variables, marked is not None, budget or Budget(len(text)), marked.mark if marked else "")
    if marked:
        marked.places = evaluator.marked
    try:
        result = evaluator.run(template)
    except BudgetExceeded as failure:
        line, column = place.of(failure.offset or 0)
        raise BudgetExceeded(f"line {line}, column {column}: {failure}") from None
    unresolved = [
        Problem(*place.of(offset), one.token, one.reason, one.kind, one.origin, one.name)
        for offset, ones in evaluator.located
        for one in ones
    ]
    missing = tuple(dict.fromkeys(one.token for one in evaluator.reported if one.reported))
    unevaluated = None
    if missing:
        quoted = ", ".join(f"'{one}'" for one in missing)
        unevaluated = f"The following tokens were unable to be evaluated: {quoted}"
    problems = sorted([*syntax, *dict.fromkeys(unresolved)], key=lambda one: (one.line, one.column))
    return Evaluation(
        None if evaluator.no_value else result, missing, unevaluated, tuple(problems), frozenset(evaluator.used)
    )


class _Places:
    """Offsets of a text as line and column."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts: list[int] | None = None

    def of(self, offset: int) -> tuple[int, int]:
        if self._starts is None:
            self._starts = [0]
            at = -1
            while (at := self._text.find("\n", at + 1)) >= 0:
                self._starts.append(at + 1)
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1
