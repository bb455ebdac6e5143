"""Evaluates the conditions of a pipeline, as config_parser reads them."""

import operator
import re

from . import variables
from .event import Event

_ORDER = {"<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge}


def resolve(condition):
    """The condition with the `${}` variables of its strings replaced. Raises ConfigurationError."""
    if isinstance(condition, tuple):
        if condition[0] in ("string", "regexp"):
            return condition[0], variables.replace(condition[1])
        return tuple(resolve(part) for part in condition)
    if isinstance(condition, list):
        return [resolve(part) for part in condition]
    return condition


def holds(condition: tuple, event: Event) -> bool:
    """Whether the condition is true of the event."""
    kind = condition[0]
    if kind in ("and", "or", "xor", "nand"):
        left = holds(condition[1], event)
        if kind == "and":
            return left and holds(condition[2], event)
        if kind == "or":
            return left or holds(condition[2], event)
        right = holds(condition[2], event)
        return left != right if kind == "xor" else not (left and right)
    if kind == "not":
        return not holds(condition[1], event)
    if kind == "truthy":
        value = _value(condition[1], event)
        return value is not None and value is not False
    return _operation(kind, _value(condition[1], event), condition[2], event)


def _operation(kind: str, left, right_node: tuple, event: Event) -> bool:
    if kind in ("=~", "!~"):
        # A field that is missing, or is no string, matches nothing.
        found = isinstance(left, str) and re.search(right_node[1].replace("\\/", "/"), left) is not None
        return found == (kind == "=~")
    right = _value(right_node, event)
    if kind in ("in", "not in"):
        return _contains(right, left) == (kind == "in")
    if kind in ("==", "!="):
        return _equal(left, right) == (kind == "==")
    try:
        return _ORDER[kind](left, right)
    except TypeError:
        return False


def _equal(left, right) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return left == right


def _contains(container, item) -> bool:
    if isinstance(container, str):
        return isinstance(item, str) and item in container
    if isinstance(container, list):
        return any(_equal(item, member) for member in container)
    return container is not None and _equal(container, item)


def _value(node: tuple, event: Event):
    kind = node[0]
    if kind == "field":
        return event.get(node[1])
    if kind == "array":
        return [_value(item, event) for item in node[1]]
    return node[1]
