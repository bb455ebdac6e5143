"""Run conditions: whether a step is to run, and what to tell about one that nobody can read."""

from __future__ import annotations

import re
from typing import NamedTuple

from .errors import EvaluationError
from .language.evaluation import Problem, evaluate, is_true, unparsable
from .report import explained
from .scoping.host import HostVariables

# The language takes `#{if Name}` without an end for a variable called "if Name".
_BLOCK = re.compile(r"#\{\s*(?:(if|unless|each|calc)\s.*|else|elseif\s.*)\}", re.IGNORECASE | re.DOTALL)


class Condition(NamedTuple):
    """Whether a condition ``holds``; with a ``fault`` that is not known. A ``doubt`` is why it may be meant otherwise.

    Both are messages without secrets, empty where there is nothing to say.
    """

    holds: bool
    fault: str = ""
    doubt: str = ""


def judge(text: str, host: HostVariables) -> Condition:
    """Evaluate a run condition as :func:`..language.evaluation.is_true` does.

    What does not parse is a fault, both in the condition and in a value that it reads: the reference takes such a
    condition for false and such a value for true, and a step is skipped or run without a word. What cannot be resolved
    is false, as in the reference, and a doubt, since a name may be misspelled.
    """
    shown = host.masked(f"the condition '{text}'")
    try:
        evaluation = evaluate(text, host.variables)
    except EvaluationError as error:
        return Condition(False, fault=host.masked(f"{text}: {error}"))
    faults = [_line("", problem, host) for problem in evaluation.problems if problem.kind == "syntax"]
    faults += [
        f"{_line('', problem, host)}; {_open_block(block)}"
        for problem in evaluation.problems
        if problem.kind == "missing" and (block := _BLOCK.fullmatch(problem.token))
    ]
    for name in sorted(evaluation.used):
        label = f"the value of {name}{_place(name, host)}, "
        faults += [_line(label, problem, host) for problem in unparsable(host.variables[name] or "", name)]
    if faults:
        hint = "Correct it; write ##{ where #{ is meant literally."
        return Condition(False, fault=f"{shown} does not parse: {'; '.join(faults)}. {hint}")
    holds = is_true(text, host.variables)
    reasons = "; ".join(_line("", problem, host) for problem in evaluation.problems)
    doubt = f"{shown} counts as {str(holds).lower()}: {reasons}" if reasons else ""
    return Condition(holds, doubt=doubt)


def _open_block(match: re.Match[str]) -> str:
    word = (match.group(1) or "").lower()
    if not word:
        return "it is in no #{if …} that has its #{/if}"
    return "it is no calculation" if word == "calc" else f"it is not a block either, since it has no #{{/{word}}}"


def _line(label: str, problem: Problem, host: HostVariables) -> str:
    return f"{label}line {problem.line}, column {problem.column}: {explained(problem, host)}"


def _place(name: str, host: HostVariables) -> str:
    layers = host.layers.get(name.lower(), ())
    entry = layers[-1].entry if layers else None
    return f" ({entry.place})" if entry else ""
