"""Evaluation: a parsed text and a set of variables to text, with everything that could not be resolved.

Values are templates themselves and may refer to further values to any depth. So that neither a long chain of
values exhausts Python's stack nor a value that is used many times is computed many times, evaluation is written as
generators that hand their sub-steps to a loop (:func:`_run`), and a value is kept per context.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from ..errors import BudgetExceeded, CircularReference, EvaluationError, FilterError, NoResult
from . import filters
from .budget import Budget, current
from .doubles import double_text, parse_double
from .json_values import Container, Json, json_property, json_text, looks_like_json, parse_json
from .parser import parse, parse_value
from .syntax import (
    Calculation,
    Comparison,
    Conditional,
    Expression,
    Literal,
    Lookup,
    Loop,
    Number,
    Operand,
    Path,
    Quoted,
    Substitution,
    Template,
    Token,
    Verbatim,
)
from .syntax import Node as SyntaxNode
from .truth import is_truthy
from .variables import Node, VariableSet

# A few values that refer to each other twice each grow to any size. Far above any configuration file.
MAX_VALUE_LENGTH = 16 * 1024 * 1024

# JSON whose values lead back to itself is taken as it stands there. What was computed within such a circle holds only
# there and is computed again elsewhere, so that without a limit a few lines could take for ever.
MAX_BROKEN_CIRCLES = 1000

# What things take, as `budget` counts: a node of the syntax, a character of a value that has tokens or is JSON.
_OF_A_NODE, _OF_A_TURN, _OF_A_PARSED_CHARACTER, _OF_A_JSON_CHARACTER = 8, 20, 4, 2
# In bytes: a token, a part of one, an item of a loop, a character of JSON.
_TOKEN_SIZE, _PART_SIZE, _ITEM_SIZE, _JSON_SIZE = 800, 60, 400, 32
_SHORT_VALUE = 1000
_LONG = 256  # characters of a value that are worth counting once more where it is put into the text


@dataclass(frozen=True, slots=True)
class _Unresolved:
    """A token that could not be resolved, before it is known where in the outer text that matters."""

    token: str
    reason: str
    kind: str = "missing"
    origin: str | None = None
    name: str | None = None
    reported: bool = True  # whether the reference reports it too


@dataclass(frozen=True, slots=True)
class _Value:
    """The evaluated value of a place, with what stayed unresolved in it."""

    text: str
    unresolved: tuple[_Unresolved, ...] = ()
    circle: frozenset[_Key] = frozenset()  # it holds while none of these is being evaluated


@dataclass(slots=True)
class _BrokenCircles:
    """The circles that were broken while one value was evaluated."""

    outermost: int  # the place in `Evaluator.active` that the outermost one leads back to
    members: set[_Key] = field(default_factory=set)


@dataclass(eq=False, slots=True)
class _Context:
    """Where names are looked up: the tree of all variables, or a loop's own names within an enclosing context."""

    root: Node
    outer: _Context | None = None
    origin: str | None = None
    depth: int = 0
    values: dict[Node, _Value | EvaluationError] = field(default_factory=dict)
    # Places inside of JSON values: the value's place, the property, and its text, to the property's place.
    properties: dict[tuple[Node, str, str], Node] = field(default_factory=dict)


# What is evaluated: the place of a value, and the context that it is evaluated in.
_Key = tuple[Node, _Context]

_NO_CIRCLE = 1 << 60

# What a step yields to `_run`: another step, whose result it receives.
_Step = Generator[Any, Any, Any]


def _run(step: _Step) -> Any:
    """Run a step and all the steps that it asks for, with a list in place of Python's stack."""
    stack, result, error = [step], None, None
    while stack:
        try:
            asked = stack[-1].send(result) if error is None else stack[-1].throw(error)
        except StopIteration as stop:
            stack.pop()
            result, error = stop.value, None
        except EvaluationError as failure:
            stack.pop()
            result, error = None, failure.with_traceback(None)  # it would list every value of the chain
        else:
            stack.append(asked)
            result, error = None, None
    if error is not None:
        raise error
    return result


class Evaluator:
    """The state of one evaluation."""

    def __init__(self, variables: VariableSet, collect: bool, budget: Budget, mark: str = "") -> None:
        """:param mark: a character that no text has: what tokens of the outermost text give stands behind it, its
        number in ``marked`` and its length.
        """
        self.globals = _Context(variables.tree)
        self.collect = collect
        self.mark = mark
        self.marked: list[tuple[Substitution, str]] = []  # with the name of the variable
        self.in_arguments = 0
        self.latest = ""  # the variable whose value was read last
        self.used: set[str] = set()
        self.no_value = False
        self.reported: list[_Unresolved] = []
        self.located: list[tuple[int, tuple[_Unresolved, ...]]] = []
        # Places whose values are being evaluated now, in order, each with the path that led there.
        self.active: dict[_Key, str] = {}
        # How many values are being evaluated because a path leads into them as JSON.
        self.inside_json = 0
        self.last_circle = _NO_CIRCLE  # the place in `active` that it leads back to
        self.broken = _BrokenCircles(_NO_CIRCLE)
        self.count_of_broken = 0
        self.budget = budget
        self.documents: dict[str, Container | None] = {}  # of values that may be JSON

    def run(self, template: Template) -> str:
        """The text of the outermost template; what stayed unresolved is in ``located``."""
        running = current.set(self.budget)
        try:
            text: str = _run(self.top_level(template))
            return text
        except BudgetExceeded:
            if self.collect:
                return ""  # it is noted
            raise
        finally:
            current.reset(running)

    # -- texts -------------------------------------------------------------------------------------------------

    def top_level(self, template: Template) -> _Step:
        """The outermost text: every node's unresolved tokens are noted with the node's offset."""
        parts: list[str] = []
        at_once: dict[int, str | None] = {}  # by the token's expression, which equal plain tokens share
        for node in template.nodes:
            if isinstance(node, Literal):
                parts.append(node.text)
                continue
            if isinstance(node, Verbatim):
                parts.append(node.text)
                yield self._look_inside(node)
                continue
            expression = node.expression if isinstance(node, Substitution) and not self.mark else None
            text = at_once.get(id(expression))
            if text is None and expression is not None:
                text = at_once[id(expression)] = self._at_once(expression)
            unresolved: list[_Unresolved] = []
            try:
                if text is None:
                    text = yield self._node(node, self.globals, unresolved)
                if len(text) > _LONG:
                    self.budget.text(text)
                parts.append(text)
            except BudgetExceeded as failure:
                raise self._exceeded(failure, node) from None
            except EvaluationError as failure:
                if not self.collect:
                    raise
                parts.append(str(node))
                unresolved.append(_aborted(node, failure))
            if unresolved:
                self._note(node, unresolved)
            elif expression is not None:
                at_once[id(expression)] = text
        return "".join(parts)

    def _note(self, node: Token, unresolved: list[_Unresolved]) -> None:
        """Report what stayed unresolved, at the place of a token of the outermost text."""
        self.reported.extend(unresolved)
        self.located.append((node.start, tuple(unresolved)))

    def _exceeded(self, failure: BudgetExceeded, node: Token) -> BudgetExceeded:
        """The failure with the token's place, and the variable that was being evaluated; noted, where all faults are.

        Nothing is left for the tokens behind it: this one message says what there is to say.
        """
        within = failure.within or (self.latest and f"where it uses variable {self.latest}")
        told = BudgetExceeded(
            f"the text needs {failure}{within and ' ' + within}. Values that use each other, filters in loops and "
            "filters of large values multiply: shorten the values, or evaluate them apart"
        )
        told.offset = node.start
        if self.collect:
            self._note(node, [_aborted(node, told)])
        return told

    def _at_once(self, expression: Expression) -> str | None:
        """The text of the commonest token, a plain path to a plain value; None for all others. Saves the steps."""
        path = expression.path
        if path is None or path.has_lookup or expression.filters:
            return None
        place = self._walk(path, self.globals)
        if place is None or not place[0].has_value or "#{" in place[0].value:
            return None
        if place[0].variable is not None:
            self.used.add(place[0].variable)
        return place[0].value

    def _look_inside(self, verbatim: Verbatim) -> _Step:
        """Note the places of unresolved tokens in text that stays as it is."""
        for node in verbatim.inside:
            if isinstance(node, Literal):
                continue
            if isinstance(node, Verbatim):
                yield self._look_inside(node)
                continue
            unresolved: list[_Unresolved] = []
            try:
                yield self._node(node, self.globals, unresolved)
            except BudgetExceeded as failure:
                raise self._exceeded(failure, node) from None
            except EvaluationError as failure:
                unresolved.append(_aborted(node, failure))
            if unresolved:
                self.located.append((node.start, tuple(unresolved)))

    def _nodes(self, nodes: Iterable[SyntaxNode], context: _Context, unresolved: list[_Unresolved]) -> _Step:
        parts = []
        for node in nodes:
            self.budget.spend(_OF_A_NODE)
            text = yield self._node(node, context, unresolved)
            parts.append(text)
        return "".join(parts)

    def _node(self, node: SyntaxNode, context: _Context, unresolved: list[_Unresolved]) -> _Step:
        """The text of one node; what cannot be resolved is echoed and added to ``unresolved``."""
        if isinstance(node, Literal | Verbatim):
            return node.text
        if isinstance(node, Substitution):
            return (yield self._substitution(node, context, unresolved))
        if isinstance(node, Conditional):
            return (yield self._conditional(node, context, unresolved))
        if isinstance(node, Loop):
            return (yield self._loop(node, context, unresolved))
        return (yield self._calculation(node, context, unresolved))

    def _substitution(self, node: Substitution, context: _Context, unresolved: list[_Unresolved]) -> _Step:
        text, why = yield self._expression(node.expression, context, unresolved)
        if text is not None:
            return (
                self._marked(node, context, text) if self.mark and not self.in_arguments and not self.active else text
            )
        called = node.expression.filters
        if not called or called[-1].name != "null":
            unresolved.append(self._why(node, node.expression, context, why))
        elif self.active:
            reason = "only the outermost text can be without value, not the value of a variable"
            unresolved.append(_Unresolved(str(node), reason, "filter", reported=False))
        else:
            self.no_value = True
        echo = str(node)
        self.budget.spend(_OF_A_NODE + len(echo))
        self.budget.hold(_ITEM_SIZE + 2 * len(echo))
        return echo

    def _marked(self, node: Substitution, context: _Context, text: str) -> str:
        path = node.expression.path
        place = self._walk(path, context) if path is not None and not path.has_lookup else None
        name = place and (place[0].variable or place[1].origin)
        self.marked.append((node, name or str(path or "")))
        return f"{self.mark}{len(self.marked) - 1}:{len(text)}{self.mark}{text}"

    def _why(self, node: SyntaxNode, expression: Expression, context: _Context, why: str | None) -> _Unresolved:
        """Why ``expression`` has no result, for people; ``why`` is what a filter of it said."""
        for call in expression.filters:
            if not filters.known(call.name):
                return _Unresolved(str(node), f"there is no filter {call.name}", "filter")
        path = expression.path
        if not expression.filters or (path and not path.has_lookup and self._walk(path, context) is None):
            name = str(path) if path and not path.has_lookup else None
            return _Unresolved(str(node), f"variable {path} is not defined", name=name)
        return _Unresolved(str(node), why or f"filter {expression.filters[-1].name} gives no result", "filter")

    # -- blocks ------------------------------------------------------------------------------------------------

    def _conditional(self, node: Conditional, context: _Context, unresolved: list[_Unresolved]) -> _Step:
        for number, branch in enumerate(node.branches):
            self.budget.spend(_OF_A_NODE)
            truth = yield self._truth(branch.condition, node.start, context, unresolved)
            if truth is None:
                echo = str(replace(node, branches=node.branches[number:]))
                self.budget.spend(len(echo))
                return echo
            if truth == (node.word == "if"):
                return (yield self._nodes(branch.body, context, unresolved))
        return (yield self._nodes(node.otherwise or (), context, unresolved))

    def _truth(
        self, condition: Expression | Comparison, start: int, context: _Context, unresolved: list[_Unresolved]
    ) -> _Step:
        """Whether a condition holds; None when a side of it has filters and no result."""
        sides = (condition.left, condition.right) if isinstance(condition, Comparison) else (condition,)
        texts = []
        for side in sides:
            if isinstance(side, Quoted):
                texts.append(side.text)
                continue
            text, why = yield self._expression(side, context, unresolved)
            if text is None and side.filters:
                found = self._why(Substitution(side, start), side, context, why)
                unresolved.append(replace(found, token=str(side)))
                return None
            self.budget.spend(len(text or "") >> 6)
            texts.append(text or "")  # a missing plain path is no error here
        if isinstance(condition, Comparison):
            return (texts[0] == texts[1]) == (condition.operator == "==")
        return is_truthy(texts[0])

    def _loop(self, node: Loop, context: _Context, unresolved: list[_Unresolved]) -> _Step:
        place = yield self._place(node.path, context, unresolved)
        if place is None:
            return ""
        found, where = place
        if found.has_value:
            value = yield self._value(found, where, node.path)
            self._extend(unresolved, value)
            items = self._items(value.text)
        else:
            items = list(found.indexes.values())
        parts = []
        self.budget.hold(_ITEM_SIZE * len(items))
        for number, item in enumerate(items):
            self.budget.spend(_OF_A_TURN)
            inner = _Context(
                _loop_names(node.name, item, number, len(items)), context, found.variable, context.depth + 1
            )
            part = yield self._nodes(node.body, inner, unresolved)
            parts.append(part)
            self.budget.text(part)
        return "".join(parts)

    def _calculation(self, node: Calculation, context: _Context, unresolved: list[_Unresolved]) -> _Step:
        number = yield self._operand(node.formula, context, unresolved)
        if number is not None:
            return double_text(number)
        reason = "a variable in this calculation is missing or no number"
        unresolved.append(_Unresolved(str(node), reason, "calculation", reported=False))
        return str(node)

    def _operand(self, operand: Operand, context: _Context, unresolved: list[_Unresolved]) -> _Step:
        """The value of an operand of a calculation; None if it is not a number."""
        self.budget.spend(_OF_A_NODE)
        if isinstance(operand, Number):
            return operand.value
        if isinstance(operand, Path):
            text = yield self._lookup(operand, context, unresolved)
            self.budget.spend(len(text or "") >> 2)
            return None if text is None else parse_double(text)
        total = yield self._operand(operand.first, context, unresolved)
        for operator, following in operand.rest:
            number = yield self._operand(following, context, unresolved)
            if total is None or number is None:
                return None
            total = _calculate(operator, total, number)
        return total

    # -- expressions -------------------------------------------------------------------------------------------

    def _expression(self, expression: Expression, context: _Context, unresolved: list[_Unresolved]) -> _Step:
        """The text of an expression, and None; or None, and which filter had no result and why, if one had."""
        text, why = None, None
        if expression.path is not None:
            text = yield self._lookup(expression.path, context, unresolved)
        for call in expression.filters:
            arguments = []
            for argument in call.arguments:
                if isinstance(argument, Quoted):
                    arguments.append(argument.text)
                else:
                    self.in_arguments += 1
                    try:
                        arguments.append((yield self._node(argument, context, unresolved)))
                    finally:
                        self.in_arguments -= 1
            try:
                filters.charge(self.budget, call.name, text, tuple(arguments))
                text = filters.apply(call.name, text, tuple(arguments))
                if text is not None:
                    self.budget.text(text)
            except BudgetExceeded as exceeded:
                exceeded.within = f"in filter {call.name} of {expression.path or 'nothing'}"
                raise
            except NoResult as reason:
                text, why = None, f"filter {call.name}: {reason}"
            except FilterError as failure:
                raise FilterError(f"filter {call.name}: {failure}") from None
            else:
                why = None if text is not None else why or f"filter {call.name} gives no result"
        return text, why

    def _lookup(self, path: Path, context: _Context, unresolved: list[_Unresolved]) -> _Step:
        """The evaluated value at ``path``; None when missing."""
        place = yield self._place(path, context, unresolved)
        if place is None or not place[0].has_value:
            return None
        node, where = place
        value = yield self._value(node, where, path)
        self._extend(unresolved, value)
        return value.text

    def _extend(self, unresolved: list[_Unresolved], value: _Value) -> None:
        """Take over what stayed unresolved in a value."""
        if value.unresolved:
            self.budget.spend(4 * len(value.unresolved))
            self.budget.hold(40 * len(value.unresolved))
            unresolved.extend(value.unresolved)

    def _place(self, path: Path, context: _Context, unresolved: list[_Unresolved]) -> _Step:
        """The place that ``path`` leads to, with the context where it was found; None when there is none.

        Walks from ``context`` outwards, and in each tries the whole path again: first the names that are declared,
        then into values that are JSON.
        """
        texts = []
        self.budget.spend(_OF_A_NODE + len(path.steps) + context.depth)
        for step in path.steps:
            text = step.text if not isinstance(step, Lookup) else (yield self._lookup(step.path, context, unresolved))
            if text is None:
                return None
            texts.append(text)
        where: _Context | None = context
        while where is not None:
            node = where.root
            for step, text in zip(path.steps, texts, strict=True):
                below = node.child(step, text)
                if below is None and node.has_value and text:
                    below = yield self._property(node, text, where, path)
                if below is None:
                    break
                node = below
            else:
                return node, where
            where = where.outer
        return None

    def _walk(self, path: Path, context: _Context) -> tuple[Node, _Context] | None:
        """What :meth:`_place` does for a path without lookups, into declared names only."""
        where: _Context | None = context
        while where is not None:
            node = where.root
            for step in path.steps:
                below = node.child(step, step.text)  # type: ignore[union-attr]  # it is no lookup
                if below is None:
                    break
                node = below
            else:
                return node, where
            where = where.outer
        return None

    def _property(self, node: Node, name: str, context: _Context, path: Path) -> _Step:
        """The place of a property of a value that is JSON; None when it is no JSON or has no such property."""
        text = node.value
        self.budget.spend(len(text) >> 8)
        if "#{" in text:
            self.inside_json += 1
            try:
                text = (yield self._value(node, context, path)).text
            except CircularReference:
                self._break_circle(node)
                return None
            finally:
                self.inside_json -= 1
        document = self._document(text)
        if node.variable is not None:
            # Also where it has no such property, or is no JSON: that is known of the value then.
            self.used.add(node.variable)
        value = None if document is None else json_property(document, name)
        if value is None:
            return None
        self.budget.spend(len(value) >> 2)
        key = (node, name, value)
        if key not in context.properties:
            context.properties[key] = Node(value)
            context.properties[key].variable = node.variable
            self.budget.hold(_ITEM_SIZE)
            self.budget.text(value)
        return context.properties[key]

    def _document(self, text: str) -> Container | None:
        """What a value holds that is JSON, else None."""
        if text not in self.documents:
            self.budget.spend(len(text) >> 6)
            if looks_like_json(text):
                self.budget.spend(_OF_A_JSON_CHARACTER * len(text))
                self.budget.hold(_JSON_SIZE * len(text))
            self.documents[text] = parse_json(text)
        return self.documents[text]

    def _items(self, text: str) -> list[Node]:
        """What a loop over a text goes through: items or properties of JSON, else what stands between commas."""
        document = self._document(text)
        count = text.count(",") + 1 if document is None else len(document)
        self.budget.spend(_OF_A_TURN * count)
        self.budget.need(_ITEM_SIZE * count)
        if document is None:
            return [Node(part) for part in text.split(",")]
        if isinstance(document, list):
            return [Node(self._kept(item)) for item in document]
        items = []
        for name, value in document.items():
            item = Node(name)
            item.children = {"key": Node(name), "value": Node(self._kept(value))}
            items.append(item)
        return items

    def _kept(self, value: Json) -> str:
        text = json_text(value)
        self.budget.spend(len(text) >> 2)
        self.budget.text(text)
        return text

    def _break_circle(self, node: Node) -> None:
        """A value of JSON leads back to itself: there it has no properties."""
        if self.last_circle != _NO_CIRCLE:
            self.broken.outermost = min(self.broken.outermost, self.last_circle)
            self.broken.members.update(list(self.active)[self.last_circle :])
        self.count_of_broken += 1
        if self.count_of_broken > MAX_BROKEN_CIRCLES:
            raise EvaluationError(f"JSON in variable {node.variable} leads back to itself in too many places")

    def _value(self, node: Node, context: _Context, path: Path) -> _Step:
        """The evaluated own value of a place; a value that does not parse is used as it stands."""
        if node.variable is not None:
            self.used.add(node.variable)
            self.latest = node.variable
        raw = node.value
        self.budget.spend(len(raw) >> 8)
        if "#{" not in raw:
            return _Value(raw)
        key, depth = (node, context), len(self.active)
        known = self._known(key)
        if known is not None:
            return known
        if key in self.active:
            self.last_circle = list(self.active).index(key)
            raise CircularReference((*list(self.active.values())[self.last_circle :], str(path)))
        template = self._parsed(raw)
        if template.faults:
            context.values[node] = value = _Value(raw)
            return value
        around, self.broken = self.broken, _BrokenCircles(_NO_CIRCLE)
        self.active[key] = str(path)
        try:
            value = yield self._evaluated(template, node, context)
        except EvaluationError as failure:
            _blame(failure, node)
            if not (self.inside_json or self.broken.members):
                context.values[node] = failure
            raise
        else:
            broken = self.broken
            if broken.members:
                value = replace(value, circle=frozenset(broken.members))
            if broken.outermost >= depth:
                context.values[node] = value
        finally:
            del self.active[key]
            around.members |= self.broken.members
            if self.broken.outermost < depth:
                around.outermost = min(around.outermost, self.broken.outermost)
            self.broken = around
        return value

    def _parsed(self, raw: str) -> Template:
        self.budget.spend(_OF_A_PARSED_CHARACTER * len(raw))
        if len(raw) < _SHORT_VALUE:
            return parse_value(raw)
        self.budget.hold(_PART_SIZE * len(raw) // 4 + _TOKEN_SIZE * raw.count("#{") + _PART_SIZE * raw.count("|"))
        return parse(raw)

    def _known(self, key: _Key) -> _Value | None:
        """The value that was evaluated before, if it holds now as well; raises what it raised then."""
        node, context = key
        known = context.values.get(node)
        if isinstance(known, EvaluationError):
            self.last_circle = _NO_CIRCLE  # it fails whatever is being evaluated now
            raise known
        if known is None or not known.circle:
            return known
        if not self.active.keys().isdisjoint(known.circle):
            return None
        self.broken.members |= known.circle
        return known

    def _evaluated(self, template: Template, node: Node, context: _Context) -> _Step:
        unresolved: list[_Unresolved] = []
        parts, length = [], 0
        for one in template.nodes:
            self.budget.spend(_OF_A_NODE)
            part = yield self._node(one, context, unresolved)
            parts.append(part)
            length += len(part)
            if length > MAX_VALUE_LENGTH:
                token = f"#{{{node.variable}}}"
                reason = f"the value of {node.variable} grows beyond {MAX_VALUE_LENGTH} characters"
                return _Value(token, (_Unresolved(token, reason, "size"),))
        origin = node.variable or context.origin
        found = tuple(one if one.origin else replace(one, origin=origin) for one in dict.fromkeys(unresolved))
        text = "".join(parts)
        self.budget.text(text)
        return _Value(text, found)


def _blame(failure: EvaluationError, node: Node) -> None:
    """Note the innermost variable whose value took what was left of the budget."""
    if isinstance(failure, BudgetExceeded) and node.variable and not failure.within:
        failure.within = f"in the value of {node.variable}"


def _aborted(node: SyntaxNode, failure: EvaluationError) -> _Unresolved:
    """The message about a token of the outermost text whose evaluation was given up."""
    kind = "circular" if isinstance(failure, CircularReference) else "aborted"
    return _Unresolved(str(node), str(failure), kind)


def _calculate(operator: str, left: float, right: float) -> float:
    if operator == "+":
        return left + right
    if operator == "-":
        return left - right
    if operator == "*":
        return left * right
    if right != 0:
        return left / right
    # As IEEE 754 has it, and .NET; Python raises an exception instead.
    return math.nan if left == 0 or math.isnan(left) else math.copysign(math.inf, left) * math.copysign(1, right)


def _loop_names(name: str, item: Node, number: int, count: int) -> Node:
    """The names that a loop's body sees before all others."""
    root = Node()
    root.children[name.lower()] = item
    each = Node()
    each.children = {
        "index": Node(str(number)),
        "first": Node(str(number == 0)),
        "last": Node(str(number == count - 1)),
    }
    for part in ("each", "template", "octopus"):
        outer = Node()
        outer.children[part] = each
        each = outer
    root.children.update(each.children)
    return root
