"""Values of a stack's parameters: texts, as CloudFormation takes them, or outputs of other stacks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_KEYS = {"stack", "output"}


@dataclass(frozen=True)
class Reference:
    """An output of another stack."""

    stack: str
    output: str


def reference(value: Any) -> Reference | None:
    """The reference that a parameter's value is: ``{stack: NAME, output: NAME}``. None: it is another value."""
    if isinstance(value, Mapping) and set(value) == _KEYS:
        return Reference(str(value["stack"]), str(value["output"]))
    return None


def text(value: Any) -> str:
    """A value as CloudFormation takes it: a list with commas, a truth value in small letters, None as nothing."""
    if value is None:
        return ""
    if isinstance(value, (list, tuple)):
        return ",".join(map(text, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def resolved(
    parameters: Mapping[str, Any], outputs_of: Callable[[str], Mapping[str, str] | None]
) -> tuple[dict[str, str], dict[str, Reference]]:
    """(texts by parameter, the references whose stack or output is not there).

    :param outputs_of: the outputs of a stack; None when there is no such stack.
    """
    texts, missing = {}, {}
    known: dict[str, Mapping[str, str]] = {}
    for name, value in parameters.items():
        found = reference(value)
        if found is None:
            texts[name] = text(value)
            continue
        if found.stack not in known:
            known[found.stack] = outputs_of(found.stack) or {}
        if found.output in known[found.stack]:
            texts[name] = known[found.stack][found.output]
        else:
            missing[name] = found
    return texts, missing
