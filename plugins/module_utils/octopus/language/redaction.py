"""Evaluates a text with a placeholder in place of everything that something secret had a part in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from .budget import Budget
from .evaluator import Evaluator
from .parser import parse
from .syntax import Literal, Verbatim
from .variables import VariableSet


def redact(
    text: str,
    variables: Mapping[str, object] | Iterable[tuple[str, object]],
    is_secret: Callable[[str], bool],
    placeholder: Callable[[list[str]], str],
) -> str:
    """``text`` evaluated leniently, without a token or block that read a variable for which ``is_secret`` holds.

    It counts which variables are read, not what comes out: a filter, a condition or a loop may change a secret beyond
    recognition. ``placeholder`` is what stands there instead, made from the names of these variables. When the budget
    is used up, what is left stays as it is written.
    """
    if "#{" not in text:
        return text
    if not isinstance(variables, VariableSet):
        variables = VariableSet(variables)
    template = parse(text)
    parts, budget = [], Budget(len(text))
    for node in template.nodes:
        if isinstance(node, Literal | Verbatim):
            parts.append(node.text)
            continue
        # What was read for one token is known only where no other had it evaluated before.
        evaluator = Evaluator(variables, collect=True, budget=budget)
        shown = evaluator.run(replace(template, nodes=(node,)))
        names = sorted(name for name in evaluator.used if is_secret(name))
        parts.append(placeholder(names) if names else shown if budget.steps >= 0 else str(node))
    return "".join(parts)
