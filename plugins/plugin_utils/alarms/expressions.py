"""Metric math, as CloudWatch's alarms use it.

Facts: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html. Where two series meet, a
data point that one of them lacks counts as 0; where both lack it, there is none. A data point that would divide by zero
is dropped. An alarm's expression gives one series.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise

# The data points of a series, one a period, the oldest first; None where there is none.
Points = tuple[float | None, ...]
Number = float | None
# What a part of an expression gives: a number, a series, or a list of series.
Value = Number | Points | list[Points]
Operation = Callable[[float, float], Number]

_TOKENS = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)|(?P<id>[a-z][A-Za-z0-9_]*)|(?P<name>[A-Z][A-Z0-9_]*)"
    r"|(?P<operator>==|!=|<=|>=|&&|\|\||[-+*/<>(),\[\]]))"
)
_SPELLED = {"AND": " and ", "&&": " and ", "OR": " or ", "||": " or "}
# Ids get it, so that none of them is a keyword of Python.
_PREFIX = "id_"


class ExpressionError(ValueError):
    """An expression that cannot be read; its text says what is wrong, and what would be right."""


def _divide(left: float, right: float) -> Number:
    return left / right if right else None


def _compared(compare: Callable[[float, float], bool]) -> Operation:
    return lambda left, right: float(compare(left, right))


_ARITHMETIC: dict[type[ast.operator], Operation] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: _divide,
}
_COMPARISONS: dict[type[ast.cmpop], Operation] = {
    ast.Eq: _compared(operator.eq),
    ast.NotEq: _compared(operator.ne),
    ast.Lt: _compared(operator.lt),
    ast.LtE: _compared(operator.le),
    ast.Gt: _compared(operator.gt),
    ast.GtE: _compared(operator.ge),
}
_LOGIC: dict[type[ast.boolop], Operation] = {
    ast.And: lambda left, right: float(bool(left) and bool(right)),
    ast.Or: lambda left, right: float(bool(left) or bool(right)),
}


@dataclass(frozen=True)
class Expression:
    """A parsed expression over the metrics with ``ids``."""

    text: str
    ids: tuple[str, ...]
    tree: ast.expr

    def __call__(self, metrics: Mapping[str, Points], period: int) -> Points:
        """The expression's series. ``metrics`` are by id, all of one length, the points ``period`` seconds apart."""
        value = _Evaluation(metrics, period).of(self.tree)
        if isinstance(value, tuple):
            return value
        gives = "several series" if isinstance(value, list) else "one number"
        raise ExpressionError(
            f"{self.text!r} gives {gives}, expected one series; an alarm watches one. "
            "TIME_SERIES() makes a series of a number, SUM(), MIN(), MAX() and AVG() one of several."
        )


def parse(text: str, ids: Sequence[str]) -> Expression:
    """Reads an expression over the metrics with ``ids``.

    :raises ExpressionError: for what CloudWatch, or this evaluator, does not know.
    """
    spelled = _spelled(text)
    try:
        tree = ast.parse(spelled, mode="eval").body
    except SyntaxError:
        raise ExpressionError(
            f"{text!r} is not an expression: an operator, operand or bracket is missing or too many"
        ) from None
    found = Expression(text, tuple(ids), tree)
    # Without data, all that is unknown or of a wrong kind shows already.
    found(dict.fromkeys(ids, (None, None)), 60)
    return found


def _spelled(text: str) -> str:
    """The expression as Python would write it."""
    spelled, at = [], 0
    while text[at:].strip():
        found = _TOKENS.match(text, at)
        if not found:
            rest = text[at:].lstrip()
            raise ExpressionError(
                f"{text!r} has {rest[0]!r} at character {len(text) - len(rest) + 1}; expected numbers, ids, functions "
                "in capitals, + - * /, comparisons, AND, OR and brackets"
            )
        token = found[0].strip()
        if found["number"]:
            token = str(float(token))
        spelled.append(_PREFIX + token if found["id"] else _SPELLED.get(token, token))
        at = found.end()
    return " ".join(spelled)


class _Evaluation(ast.NodeVisitor):
    """One evaluation of an expression with its metrics' data points."""

    def __init__(self, metrics: Mapping[str, Points], period: int) -> None:
        self.metrics = metrics
        self.period = period
        self.length = len(next(iter(metrics.values()), ()))

    def of(self, node: ast.expr) -> Value:
        value: Value = self.visit(node)
        return value

    def generic_visit(self, node: ast.AST) -> Value:
        raise ExpressionError(f"{ast.unparse(node).replace(_PREFIX, '')!r} is not known in metric math")

    def visit_Constant(self, node: ast.Constant) -> Value:
        # The tokens let numbers through, and no other constant.
        return node.value if isinstance(node.value, float) else self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> Value:
        id_ = node.id.removeprefix(_PREFIX)
        if node.id.startswith(_PREFIX) and id_ in self.metrics:
            return self.metrics[id_]
        raise ExpressionError(f"no metric has the id {id_}; the ids are {', '.join(self.metrics) or '(none)'}")

    def visit_List(self, node: ast.List) -> Value:
        series: list[Points] = []
        for one in map(self.of, node.elts):
            if isinstance(one, tuple):
                series.append(one)
            elif isinstance(one, list):
                series += one
            else:
                raise ExpressionError("a list has a number in it; expected series, as in [m1, m2]")
        return series

    def visit_UnaryOp(self, node: ast.UnaryOp) -> Value:
        return _pair(operator.mul, -1.0 if isinstance(node.op, ast.USub) else 1.0, self.of(node.operand))

    def visit_BinOp(self, node: ast.BinOp) -> Value:
        if type(node.op) not in _ARITHMETIC:
            return self.generic_visit(node)
        return _pair(_ARITHMETIC[type(node.op)], self.of(node.left), self.of(node.right))

    def visit_BoolOp(self, node: ast.BoolOp) -> Value:
        operation = _LOGIC[type(node.op)]
        return reduce(lambda left, right: _pair(operation, left, right), map(self.of, node.values))

    def visit_Compare(self, node: ast.Compare) -> Value:
        if len(node.ops) > 1:
            raise ExpressionError("two comparisons in a row, such as a < b < c; expected a < b AND b < c")
        return _pair(_COMPARISONS[type(node.ops[0])], self.of(node.left), self.of(node.comparators[0]))

    def visit_Call(self, node: ast.Call) -> Value:
        name = node.func.id.removeprefix(_PREFIX) if isinstance(node.func, ast.Name) else ast.unparse(node.func)
        function = None if isinstance(node.func, ast.Name) and node.func.id != name else _FUNCTIONS.get(name)
        if not function:
            known = ", ".join(sorted(_FUNCTIONS))
            raise ExpressionError(f"function {name} is not known to this evaluator; it knows {known}, in capitals")
        return function(self, node.args)

    def arguments(self, name: str, nodes: list[ast.expr], form: str, counts: tuple[int, ...] = (1,)) -> list[Value]:
        if len(nodes) not in counts:
            raise ExpressionError(f"{name} has {len(nodes)} arguments, expected {form}")
        return [self.of(node) for node in nodes]


def _pair(operation: Operation, left: Value, right: Value) -> Value:
    """An operation on two values, point by point where one of them is a series."""
    if isinstance(left, list):
        others = right if isinstance(right, list) else [right] * len(left)
        if len(others) != len(left):
            raise ExpressionError(f"lists of {len(left)} and {len(others)} series meet; expected two of one length")
        return [_series(_pair(operation, one, other)) for one, other in zip(left, others, strict=True)]
    if isinstance(right, list):
        return [_series(_pair(operation, left, other)) for other in right]
    if isinstance(left, tuple) and isinstance(right, tuple):
        return tuple(
            None if one is None and other is None else operation(one or 0.0, other or 0.0)
            for one, other in zip(left, right, strict=True)
        )
    if isinstance(left, tuple):
        return tuple(_number(operation, one, right) for one in left)
    if isinstance(right, tuple):
        return tuple(_number(operation, left, other) for other in right)
    return _number(operation, left, right)


def _number(operation: Operation, left: Value, right: Value) -> Number:
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        return operation(left, right)
    return None


def _series(value: Value) -> Points:
    if not isinstance(value, tuple):
        raise ExpressionError("a number stands where a series is expected")
    return value


def _each(name: str, change: Callable[[Points, int], Points]) -> Callable[[_Evaluation, list[ast.expr]], Value]:
    """A function that makes a series of a series, and a list of a list."""

    def function(evaluation: _Evaluation, nodes: list[ast.expr]) -> Value:
        (value,) = evaluation.arguments(name, nodes, f"one, as in {name}(m1)")
        if isinstance(value, list):
            return [change(one, evaluation.period) for one in value]
        if not isinstance(value, tuple):
            raise ExpressionError(f"{name} has a number, expected a series, as in {name}(m1)")
        return change(value, evaluation.period)

    return function


def _points(change: Callable[[float], float]) -> Callable[[Points, int], Points]:
    return lambda points, _: tuple(None if one is None else float(change(one)) for one in points)


def _rate(points: Points, period: int, per_second: bool = True) -> Points:
    """Each data point less the one before it, which may be more than one period away. The first has none before it."""
    found: list[Number] = []
    last: tuple[int, float] | None = None
    for at, one in enumerate(points):
        if one is None or last is None:
            found.append(None)
        else:
            found.append((one - last[1]) / ((at - last[0]) * period if per_second else 1))
        if one is not None:
            last = at, one
    return tuple(found)


def _running_sum(points: Points, _: int) -> Points:
    total, found = 0.0, []
    for one in points:
        total += one or 0.0
        found.append(None if one is None else total)
    return tuple(found)


def _over(name: str, choose: Callable[[Sequence[float]], float], missing: bool = False) -> Callable[..., Value]:
    """A function over all points of one series, which is a number, or over each period of a list, which is a series.

    ``missing`` is whether a data point that one series of a list lacks counts as 0.
    """

    def function(evaluation: _Evaluation, nodes: list[ast.expr]) -> Value:
        (value,) = evaluation.arguments(name, nodes, f"one, as in {name}(m1) or {name}([m1, m2])")
        if isinstance(value, tuple):
            there = [one for one in value if one is not None]
            return choose(there) if there else None
        if not isinstance(value, list):
            raise ExpressionError(f"{name} has a number, expected a series or a list, as in {name}([m1, m2])")
        found: list[Number] = []
        for period in zip(*value, strict=True):
            there = [one for one in period if one is not None]
            counted = [one or 0.0 for one in period] if missing else there
            found.append(choose(counted) if there else None)
        return tuple(found)

    return function


def _if(evaluation: _Evaluation, nodes: list[ast.expr]) -> Value:
    condition, *chosen = evaluation.arguments("IF", nodes, "IF(condition, then) or IF(condition, then, else)", (2, 3))
    then = chosen[0]
    otherwise: Value = chosen[1] if len(chosen) > 1 else (None,) * evaluation.length
    if any(isinstance(one, list) for one in (condition, then, otherwise)):
        raise ExpressionError("IF has a list of series, expected series and numbers")
    if not isinstance(condition, tuple):
        return then if condition else otherwise
    found: list[Number] = []
    for at, one in enumerate(condition):
        if one is None:
            found.append(None)
        elif one:
            # AWS: 0, if the condition is true and the series has no data point there.
            found.append(_at(then, at) or 0.0)
        else:
            found.append(_at(otherwise, at))
    return tuple(found)


def _at(value: Value, at: int) -> Number:
    return value[at] if isinstance(value, tuple) else value if isinstance(value, (int, float)) else None


def _fill(evaluation: _Evaluation, nodes: list[ast.expr]) -> Value:
    form = "FILL(m1, 0), FILL(m1, REPEAT) or FILL(m1, LINEAR)"
    if len(nodes) != 2:
        raise ExpressionError(f"FILL has {len(nodes)} arguments, expected {form}")
    value, how = evaluation.of(nodes[0]), nodes[1]
    if isinstance(value, (int, float)) or value is None:
        raise ExpressionError(f"FILL has a number to fill, expected a series, as in {form}")
    word = how.id if isinstance(how, ast.Name) and not how.id.startswith(_PREFIX) else ""
    if word and word not in ("REPEAT", "LINEAR"):
        raise ExpressionError(f"FILL has {word}, expected a number, REPEAT or LINEAR")
    filler = None if word else evaluation.of(how)

    def filled(points: Points) -> Points:
        if word == "REPEAT":
            return _repeated(points)
        if word == "LINEAR":
            return _interpolated(points)
        return tuple(_at(filler, at) if one is None else one for at, one in enumerate(points))

    return [filled(one) for one in value] if isinstance(value, list) else filled(value)


def _repeated(points: Points) -> Points:
    last, found = None, []
    for one in points:
        last = last if one is None else one
        found.append(last)
    return tuple(found)


def _interpolated(points: Points) -> Points:
    """Gaps between two data points become a line; there is none at the ends."""
    found = list(points)
    there = [at for at, one in enumerate(points) if one is not None]
    for start, end in pairwise(there):
        first, last = points[start] or 0.0, points[end] or 0.0
        for at in range(start + 1, end):
            found[at] = first + (last - first) * (at - start) / (end - start)
    return tuple(found)


def _period(evaluation: _Evaluation, nodes: list[ast.expr]) -> Value:
    evaluation.arguments("PERIOD", nodes, "one, as in PERIOD(m1)")
    if not isinstance(nodes[0], ast.Name):
        raise ExpressionError("PERIOD has an expression, expected a metric's id, as in PERIOD(m1)")
    return float(evaluation.period)


def _time_series(evaluation: _Evaluation, nodes: list[ast.expr]) -> Value:
    (value,) = evaluation.arguments("TIME_SERIES", nodes, "one, as in TIME_SERIES(10)")
    if isinstance(value, (tuple, list)):
        raise ExpressionError("TIME_SERIES has a series, expected a number, as in TIME_SERIES(10)")
    return (value,) * evaluation.length


def _metrics(evaluation: _Evaluation, nodes: list[ast.expr]) -> Value:
    evaluation.arguments("METRICS", nodes, "none: METRICS()", (0,))
    return list(evaluation.metrics.values())


_FUNCTIONS: dict[str, Callable[[_Evaluation, list[ast.expr]], Value]] = {
    "ABS": _each("ABS", _points(abs)),
    "CEIL": _each("CEIL", _points(math.ceil)),
    "FLOOR": _each("FLOOR", _points(math.floor)),
    "RATE": _each("RATE", _rate),
    "DIFF": _each("DIFF", lambda points, period: _rate(points, period, per_second=False)),
    "RUNNING_SUM": _each("RUNNING_SUM", _running_sum),
    "MIN": _over("MIN", min),
    "MAX": _over("MAX", max),
    "SUM": _over("SUM", sum),
    "AVG": _over("AVG", lambda points: sum(points) / len(points), missing=True),
    "IF": _if,
    "FILL": _fill,
    "PERIOD": _period,
    "TIME_SERIES": _time_series,
    "METRICS": _metrics,
}
