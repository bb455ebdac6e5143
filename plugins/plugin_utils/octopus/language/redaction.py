"""Evaluates a text with a placeholder in place of everything that something secret had a part in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from .budget import Budget
from .evaluator import Evaluator
from .parser import parse
from .syntax import Literal, Substitution, Verbatim
from .variables import VariableSet


def redact(
    text: str,
    variables: Mapping[str, object] | Iterable[tuple[str, object]],
    is_secret: Callable[[str], bool],
    placeholder: Callable[[list[str]], str],
    *,
    show_blocks: bool = True,
) -> str:
    """``text`` evaluated leniently, with nothing of a variable for which ``is_secret`` holds.

    It counts which variables are read, not what comes out: a filter, a condition or a loop may change a secret beyond
    recognition. So a token or block that reads one is evaluated as if placeholders were the values; where a filter
    leaves nothing of them that people could read, the placeholder stands instead of the token. ``placeholder`` makes
    one for the names of these variables. Without ``show_blocks`` it stands instead of a whole block, since its
    condition tells something of a secret, too. When the budget is used up, what is left stays as it is written.
    """
    if "#{" not in text:
        return text
    if not isinstance(variables, VariableSet):
        variables = VariableSet(variables)
    hidden = VariableSet((name, placeholder([name]) if is_secret(name) else value) for name, value in variables.items())
    template = parse(text)
    parts, budget = [], Budget(len(text))
    for node in template.nodes:
        if isinstance(node, Literal | Verbatim):
            parts.append(node.text)
            continue
        alone = replace(template, nodes=(node,))
        # What was read for one token is known only where no other had it evaluated before.
        evaluator = Evaluator(variables, collect=True, budget=budget)
        shown = evaluator.run(alone)
        names = sorted(name for name in evaluator.used if is_secret(name))
        if names and not isinstance(node, Substitution) and not show_blocks:
            shown = placeholder(names)
        elif names:
            shown = Evaluator(hidden, collect=True, budget=budget).run(alone)
            if isinstance(node, Substitution) and not any(placeholder([name]) in shown for name in names):
                shown = placeholder(names)
        parts.append(shown if budget.steps >= 0 else str(node))
    return "".join(parts)
