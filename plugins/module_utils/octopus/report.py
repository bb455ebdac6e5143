"""Messages about texts whose tokens could not be resolved."""

from __future__ import annotations

from collections.abc import Iterable

from .evaluator import Problem
from .host import HostVariables

_HIDDEN = "a token in a sensitive value"


def problem_line(label: str, problem: Problem, host: HostVariables) -> str:
    """``label:line:column: token: reason``, and the way out where there is one."""
    token, reason = problem.token, problem.reason
    if host.variables.is_sensitive(problem.origin):
        # What looks like a token there is a piece of the secret.
        token, reason = _HIDDEN, f"cannot be resolved; a literal #{{ in {problem.origin} must be written ##{{"
    elif problem.origin:
        reason += f" (used in the value of {problem.origin})"
    if problem.name and token is problem.token:
        reason += f"; {host.way_out(problem.name)}"
    return host.masked(f"{label}:{problem.line}:{problem.column}: {token}: {reason}")


def problem_report(files: Iterable[tuple[str, Iterable[Problem]]], host: HostVariables) -> list[str]:
    """One line a problem, for all files."""
    return [problem_line(label, problem, host) for label, problems in files for problem in problems]
