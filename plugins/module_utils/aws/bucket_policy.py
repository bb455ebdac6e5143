"""Whether a bucket's policy lets somebody do something, as IAM evaluates a policy of a resource.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
Where a policy has what is not understood here, the answer is no: what is said to be allowed is allowed.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Request:
    """What somebody wants to do.

    :param principal: ("Service", its name) or ("AWS", an account's number).
    :param context: values of condition keys, such as {"aws:SourceAccount": "123456789012"}.
    """

    principal: tuple[str, str]
    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)


def allows(policy: Mapping[str, Any], request: Request) -> bool:
    """Whether a statement allows the request and none denies it."""
    applying = [one for one in _listed(policy.get("Statement")) if _applies(one, request)]
    return bool(applying) and all(one.get("Effect") == "Allow" for one in applying)


def _applies(statement: Mapping[str, Any], request: Request) -> bool:
    # What is not understood: an Allow does not apply, a Deny does.
    unsure = statement.get("Effect") != "Allow"
    return (
        _of_principal(statement, request.principal)
        and _one_of(statement, "Action", request.action.lower(), request, str.lower)
        and _one_of(statement, "Resource", request.resource, request)
        and all(
            _holds(operator, key, _listed(values), request.context, unsure)
            for operator, keys in (statement.get("Condition") or {}).items()
            for key, values in keys.items()
        )
    )


def _of_principal(statement: Mapping[str, Any], principal: tuple[str, str]) -> bool:
    if "NotPrincipal" in statement:
        return not _is_named(statement["NotPrincipal"], principal)
    return _is_named(statement.get("Principal"), principal)


def _is_named(named: Any, principal: tuple[str, str]) -> bool:
    kind, who = principal
    if named == "*":
        return True
    names = _listed(named.get(kind)) if isinstance(named, Mapping) else []
    if kind == "AWS":
        return any(name in ("*", who) or re.fullmatch(rf"arn:[a-z-]+:iam::{who}:root", name) for name in names)
    return who in names


def _one_of(
    statement: Mapping[str, Any],
    element: str,
    value: str,
    request: Request,
    fold: Callable[[str], str] = str,
) -> bool:
    def named(patterns: Iterable[str]) -> bool:
        return any(_like(fold(one), value, request.context) for one in patterns)

    if f"Not{element}" in statement:
        return not named(_listed(statement[f"Not{element}"]))
    return named(_listed(statement.get(element)))


def _like(pattern: str, value: str, context: Mapping[str, str]) -> bool:
    """`*` matches any text, `?` one character; a bracket has no special meaning."""
    for name in re.findall(r"\$\{([^}]*)\}", pattern):
        literal = name if name in ("*", "?", "$") else _value(context, name)
        if literal is None:
            return False
        pattern = pattern.replace(f"${{{name}}}", f"[{literal}]" if literal in ("*", "?") else literal)
    escaped = re.sub(r"\[(?![*?]\])", "[[]", pattern)
    return fnmatch.fnmatchcase(value, escaped)


def _arn_like(pattern: str, value: str, context: Mapping[str, str]) -> bool:
    """Each of an ARN's six parts by itself."""
    parts, values = pattern.split(":", 5), value.split(":", 5)
    return len(parts) == len(values) and all(_like(*pair, context) for pair in zip(parts, values, strict=True))


_POSITIVE: dict[str, Callable[[str, str, Mapping[str, str]], bool]] = {
    "StringEquals": lambda wanted, value, _: wanted == value,
    "StringEqualsIgnoreCase": lambda wanted, value, _: wanted.lower() == value.lower(),
    "StringLike": _like,
    "ArnEquals": _arn_like,
    "ArnLike": _arn_like,
    "Bool": lambda wanted, value, _: wanted.lower() == value.lower(),
}


def _holds(operator: str, key: str, wanted: list[Any], context: Mapping[str, str], unsure: bool) -> bool:
    texts = [str(one).lower() if isinstance(one, bool) else str(one) for one in wanted]
    value = _value(context, key)
    if operator == "Null":
        return (value is None) == (texts == ["true"])
    if_exists = operator.endswith("IfExists")
    operator = operator.removesuffix("IfExists")
    positive = operator.replace("Not", "", 1)
    if positive not in _POSITIVE:
        return unsure
    if value is None:
        return if_exists or positive != operator
    found = any(_POSITIVE[positive](one, value, context) for one in texts)
    return found == (positive == operator)


def _value(context: Mapping[str, str], key: str) -> str | None:
    """Names of condition keys have no case."""
    return next((value for name, value in context.items() if name.lower() == key.lower()), None)


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
