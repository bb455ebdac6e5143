"""Messages about texts whose tokens could not be resolved."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .language.evaluation import Problem, render
from .scoping.host import HostVariables

_HIDDEN = "a token in a sensitive value"


def problem_line(label: str, problem: Problem, host: HostVariables) -> str:
    """``label:line:column: token: reason``"""
    return host.masked(f"{label}:{problem.line}:{problem.column}: ") + explained(problem, host)


def explained(problem: Problem, host: HostVariables) -> str:
    """``token: reason``"""
    token, reason = problem.token, problem.reason
    if host.variables.is_sensitive(problem.origin):
        # What looks like a token there may be a piece of the secret.
        token, reason = _HIDDEN, f"cannot be resolved; a literal #{{ in {problem.origin} must be written ##{{"
    else:
        reason += f" (in the value of {problem.origin})" if problem.origin else ""
        reason += host.why_missing(problem.name) if problem.name else ""
    return host.masked(f"{token}: {reason}")


def required_state(name: str, host: HostVariables) -> str:
    """What is wrong with a variable that must have a value, to follow "variable … is"; empty when nothing is."""
    evaluation = render(f"#{{{name}}}", host.variables)
    if evaluation.problems:
        problem = evaluation.problems[0]
        return "not defined" if problem.name == name and not problem.origin else "not resolvable"
    return "" if (evaluation.text or "").strip() else "empty"


def report(texts: Iterable[tuple[str, Sequence[Problem]]], host: HostVariables) -> str:
    """A message with a line for each problem of all texts, and what to do about them."""
    found = [(label, problem) for label, problems in texts for problem in problems]
    lines = [problem_line(label, problem, host) for label, problem in found]
    kinds = {problem.kind for _unused, problem in found}
    if any(
        problem.kind == "missing" and (problem.name or "").lower() not in host.unfilled for _unused, problem in found
    ):
        lines.append(host.hint)
    if "syntax" in kinds:
        lines.append("Write ##{ where #{ is meant literally.")
    count = "1 token cannot" if len(found) == 1 else f"{len(found)} tokens cannot"
    where = f"host {host.host.name}, environment {host.host.environment}"
    return "\n".join([f"{count} be resolved for {where}:", *lines])
