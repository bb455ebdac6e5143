"""Evaluation: a parsed text and a set of variables to text, with everything that could not be resolved.

Values are templates themselves and may refer to further values to any depth. So that neither a long chain of
values exhausts Python's stack nor a value that is used many times is computed many times, evaluation is written as
generators that hand their sub-steps to a loop (:func:`_run`), and a value is kept per context.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from . import filters
from .errors import CircularReference
from .parser import parse, parse_value
from .syntax import (
    Comparison,
    Conditional,
    Expression,
    Literal,
    Loop,
    Name,
    Path,
    Quoted,
    Substitution,
    Template,
    Verbatim,
)
from .syntax import Node as SyntaxNode
from .variables import Node, VariableSet

# A few values that refer to each other twice each grow to any size. Far above any configuration file.
MAX_VALUE_LENGTH = 16 * 1024 * 1024

FALSE_WORDS = ("no", "false")


@dataclass(frozen=True, slots=True)
class Problem:
    """One token of a text that could not be resolved.

    ``line`` and ``column`` (both from 1) are those of the token in the text that was given. ``token`` is what could
    not be resolved; when that stands inside of a value, ``line`` and ``column`` are those of the token that led there
    and ``origin`` is the name of the variable whose value it is. ``kind`` is ``missing`` (no such variable),
    ``filter`` (unknown filter, or one without result), ``unsupported``, ``syntax``, ``size`` or ``circular``.
    ``name`` is the variable that would resolve it, where that is known.
    """

    line: int
    column: int
    token: str
    reason: str
    kind: str = "missing"
    origin: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The outcome of :func:`evaluate`.

    ``text`` is None only for "no value"; ``missing`` holds the distinct tokens that could not be evaluated, in
    canonical form, in the order of their appearance; ``error`` is a message or None. Beyond these, ``problems`` are
    all faults with their places, and ``used`` the names of the variables whose values were read.
    """

    text: str | None
    missing: tuple[str, ...] = ()
    error: str | None = None
    problems: tuple[Problem, ...] = ()
    used: frozenset[str] = frozenset()


def evaluate(
    text: str, variables: Mapping[str, object] | Iterable[tuple[str, object]], *, lenient: bool = False
) -> Evaluation:
    """Evaluate ``text`` with ``variables``, a mapping or a :class:`VariableSet`.

    Strict, one syntax error makes the whole text come back unchanged with an ``error``. Lenient, as for files, what
    cannot be parsed stays as it stands and only ``problems`` tells. A missing variable is echoed in both.

    :raises CircularReference: a value leads back to itself.
    :raises VariableError: a value is neither text nor a number.
    """
    return _evaluate(text, variables, lenient, collect_cycles=False)


def render(text: str, variables: Mapping[str, object] | Iterable[tuple[str, object]]) -> Evaluation:
    """Evaluate leniently, with a circular reference among the ``problems`` instead of raised.

    For those who report every mistake of a text at once.
    """
    return _evaluate(text, variables, lenient=True, collect_cycles=True)


def _evaluate(
    text: str, variables: Mapping[str, object] | Iterable[tuple[str, object]], lenient: bool, collect_cycles: bool
) -> Evaluation:
    if not isinstance(variables, VariableSet):
        variables = VariableSet(variables)
    if "#{" not in text:
        return Evaluation(text)
    template = parse(text)
    place = _Places(text)
    syntax = tuple(
        Problem(*place.of(fault.start), fault.token, f"{fault.reason} (line {line}, column {column})", "syntax")
        for fault in template.faults
        for line, column in [place.of(fault.at)]
    )
    if template.faults and not lenient:
        first = syntax[0]
        error = f"syntax error at line {first.line}, column {first.column}, in {first.token}: {first.reason}"
        return Evaluation(text, error=error, problems=syntax)
    evaluator = _Evaluator(variables, collect_cycles)
    result = _run(evaluator.top_level(template))
    problems = [
        Problem(*place.of(offset), one.token, one.reason, one.kind, one.origin, one.name)
        for offset, ones in evaluator.located
        for one in ones
    ]
    missing = tuple(dict.fromkeys(one.token for one in evaluator.reported))
    error = None
    if missing:
        quoted = ", ".join(f"'{one}'" for one in missing)
        error = f"The following tokens were unable to be evaluated: {quoted}"
    problems = sorted([*syntax, *dict.fromkeys(problems)], key=lambda one: (one.line, one.column))
    return Evaluation(result, missing, error, tuple(problems), frozenset(evaluator.used))


class _Places:
    """Offsets of a text as line and column."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts: list[int] | None = None

    def of(self, offset: int) -> tuple[int, int]:
        if self._starts is None:
            self._starts = [0]
            at = -1
            while (at := self._text.find("\n", at + 1)) >= 0:
                self._starts.append(at + 1)
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1


@dataclass(frozen=True, slots=True)
class _Unresolved:
    """A token that could not be resolved, before it is known where in the outer text that matters."""

    token: str
    reason: str
    kind: str = "missing"
    origin: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class _Value:
    """The evaluated value of a place, with what stayed unresolved in it."""

    text: str
    unresolved: tuple[_Unresolved, ...] = ()


@dataclass(eq=False, slots=True)
class _Context:
    """Where names are looked up: the tree of all variables, or a loop's own names within an enclosing context."""

    root: Node
    outer: _Context | None = None
    origin: str | None = None
    values: dict[Node, _Value | CircularReference] = field(default_factory=dict)


class _NoValue(Exception):  # noqa: N818 - control flow
    """A filter ``null`` at the end of a token of the outermost text."""


# What a step hands to `_run`: another step, whose result comes back.
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
        except CircularReference as circular:
            stack.pop()
            result, error = None, circular.with_traceback(None)  # it would list every value of the chain
        else:
            stack.append(asked)
            result, error = None, None
    if error is not None:
        raise error
    return result


class _Evaluator:
    """The state of one evaluation."""

    def __init__(self, variables: VariableSet, collect_cycles: bool) -> None:
        self.globals = _Context(variables.tree)
        self.collect_cycles = collect_cycles
        self.used: set[str] = set()
        self.reported: list[_Unresolved] = []
        self.located: list[tuple[int, tuple[_Unresolved, ...]]] = []
        # Places whose values are being evaluated now, in order, each with the path that led there.
        self.active: dict[tuple[Node, _Context], str] = {}

    # -- texts -------------------------------------------------------------------------------------------------

    def top_level(self, template: Template) -> _Step:
        """The outermost text: every node's unresolved tokens are noted with the node's offset."""
        parts: list[str] = []
        for node in template.nodes:
            if isinstance(node, Literal):
                parts.append(node.text)
                continue
            if isinstance(node, Verbatim):
                parts.append(node.text)
                yield self._look_inside(node)
                continue
            text = self._at_once(node)
            if text is not None:
                parts.append(text)
                continue
            unresolved: list[_Unresolved] = []
            try:
                parts.append((yield self._node(node, self.globals, unresolved)))
            except CircularReference as circular:
                if not self.collect_cycles:
                    raise
                parts.append(str(node))
                unresolved.append(_Unresolved(str(node), str(circular), "circular"))
            if unresolved:
                self.reported.extend(unresolved)
                self.located.append((node.start, tuple(unresolved)))
        return "".join(parts)

    def _at_once(self, node: SyntaxNode) -> str | None:
        """The text of the commonest token, a plain path to a plain value; None for all others. Saves the steps."""
        if not isinstance(node, Substitution) or node.expression.filters:
            return None
        path = node.expression.path
        if path is None or path.has_lookup:
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
            except CircularReference as circular:
                unresolved.append(_Unresolved(str(node), str(circular), "circular"))
            if unresolved:
                self.located.append((node.start, tuple(unresolved)))

    def _nodes(self, nodes: Iterable[SyntaxNode], context: _Context, unresolved: list[_Unresolved]) -> _Step:
        parts = []
        for node in nodes:
            text = yield self._node(node, context, unresolved)
            parts.append(text)
        return "".join(parts)

    def _node(self, node: SyntaxNode, context: _Context, unresolved: list[_Unresolved]) -> _Step:
        """The text of one node; what cannot be resolved is echoed and added to ``unresolved``."""
        if isinstance(node, Literal | Verbatim):
            return node.text
        if isinstance(node, Substitution):
            text = yield self._expression(node.expression, context, unresolved)
            if text is None:
                unresolved.append(self._why(node, node.expression, context))
                text = str(node)
            return text
        if isinstance(node, Conditional):
            return (yield self._conditional(node, context, unresolved))
        if isinstance(node, Loop):
            return (yield self._loop(node, context, unresolved))
        unresolved.append(_Unresolved(node.text, node.reason, "unsupported"))
        return node.text

    def _why(self, node: SyntaxNode, expression: Expression, context: _Context) -> _Unresolved:
        """Why ``expression`` has no result, for people."""
        for call in expression.filters:
            if not filters.known(call.name):
                return _Unresolved(str(node), f"there is no filter {call.name}", "filter")
        path = expression.path
        if not expression.filters or (path and not path.has_lookup and self._walk(path, context) is None):
            name = str(path) if path and not path.has_lookup else None
            return _Unresolved(str(node), f"variable {path} is not defined", name=name)
        return _Unresolved(str(node), f"filter {expression.filters[-1].name} gives no result", "filter")

    # -- blocks ------------------------------------------------------------------------------------------------

    def _conditional(self, node: Conditional, context: _Context, unresolved: list[_Unresolved]) -> _Step:
        condition = node.condition
        sides = (condition.left, condition.right) if isinstance(condition, Comparison) else (condition,)
        texts = []
        for side in sides:
            if isinstance(side, Quoted):
                texts.append(side.text)
                continue
            text = yield self._expression(side, context, unresolved)
            if text is None and side.filters:
                why = self._why(Substitution(side, node.start), side, context)
                unresolved.append(replace(why, token=str(side)))
                return str(node)
            texts.append(text or "")  # a missing plain path is no error here
        if isinstance(condition, Comparison):
            truth = (texts[0] == texts[1]) == (condition.operator == "==")
        else:
            truth = is_truthy(texts[0])
        body = node.body if truth == (node.word == "if") else node.otherwise or ()
        return (yield self._nodes(body, context, unresolved))

    def _loop(self, node: Loop, context: _Context, unresolved: list[_Unresolved]) -> _Step:
        place = yield self._place(node.path, context, unresolved)
        if place is None:
            return ""
        found, where = place
        if found.has_value:
            text = yield self._value(found, where, node.path)
            unresolved.extend(text.unresolved)
            if text.text.lstrip()[:1] in ("[", "{"):
                unresolved.append(
                    _Unresolved(
                        f"#{{each {node.name} in {node.path}}}", "loops over JSON are not supported", "unsupported"
                    )
                )
                return str(node)
            items = [_item(part) for part in text.text.split(",")]
        else:
            items = list(found.indexes.values())
        parts = []
        for number, item in enumerate(items):
            inner = _Context(_loop_names(node.name, item, number, len(items)), context, found.variable)
            parts.append((yield self._nodes(node.body, inner, unresolved)))
        return "".join(parts)

    # -- expressions -------------------------------------------------------------------------------------------

    def _expression(self, expression: Expression, context: _Context, unresolved: list[_Unresolved]) -> _Step:
        """The text of an expression; None when it is missing."""
        text = None
        if expression.path is not None:
            text = yield self._lookup(expression.path, context, unresolved)
        for call in expression.filters:
            arguments = []
            for argument in call.arguments:
                if isinstance(argument, Quoted):
                    arguments.append(argument.text)
                else:
                    arguments.append((yield self._node(argument, context, unresolved)))
            text = filters.apply(call.name, text, tuple(arguments))
        return text

    def _lookup(self, path: Path, context: _Context, unresolved: list[_Unresolved]) -> _Step:
        """The evaluated value at ``path``; None when missing."""
        place = yield self._place(path, context, unresolved)
        if place is None or not place[0].has_value:
            return None
        value = yield self._value(*place, path)
        unresolved.extend(value.unresolved)
        return value.text

    def _place(self, path: Path, context: _Context, unresolved: list[_Unresolved]) -> _Step:
        """The place that ``path`` leads to, with the context where it was found; None when there is none."""
        if not path.has_lookup:
            return self._walk(path, context)
        texts = []
        for step in path.steps:
            if isinstance(step, Name) or not hasattr(step, "path"):
                texts.append(step.text)
                continue
            text = yield self._lookup(step.path, context, unresolved)
            if text is None:
                return None
            texts.append(text)
        return self._walk(path, context, texts)

    def _walk(self, path: Path, context: _Context, texts: list[str] | None = None) -> tuple[Node, _Context] | None:
        """Walk from ``context`` outwards; in each the whole path is tried again."""
        where: _Context | None = context
        while where is not None:
            node: Node | None = where.root
            for number, step in enumerate(path.steps):
                node = node.child(step, step.text if texts is None else texts[number])
                if node is None:
                    break
            if node is not None:
                return node, where
            where = where.outer
        return None

    def _value(self, node: Node, context: _Context, path: Path) -> _Step:
        """The evaluated own value of a place; a value that does not parse is used as it stands."""
        if node.variable is not None:
            self.used.add(node.variable)
        raw = node.value
        if "#{" not in raw:
            return _Value(raw)
        known = context.values.get(node)
        if isinstance(known, CircularReference):
            raise CircularReference(known.chain)
        if known is not None:
            return known
        key = (node, context)
        if key in self.active:
            trail = list(self.active.items())
            start = next(number for number, (place, _) in enumerate(trail) if place == key)
            raise CircularReference((*(spelling for _, spelling in trail[start:]), str(path)))
        template = parse_value(raw) if len(raw) < 100_000 else parse(raw)
        if template.faults:
            value = _Value(raw)
        else:
            self.active[key] = str(path)
            try:
                value = yield self._evaluated(template, node, context)
            except CircularReference as circular:
                context.values[node] = circular
                raise
            finally:
                del self.active[key]
        context.values[node] = value
        return value

    def _evaluated(self, template: Template, node: Node, context: _Context) -> _Step:
        unresolved: list[_Unresolved] = []
        parts, length = [], 0
        for one in template.nodes:
            part = yield self._node(one, context, unresolved)
            parts.append(part)
            length += len(part)
            if length > MAX_VALUE_LENGTH:
                token = f"#{{{node.variable}}}"
                reason = f"the value of {node.variable} grows beyond {MAX_VALUE_LENGTH} characters"
                return _Value(token, (_Unresolved(token, reason, "size"),))
        origin = node.variable or context.origin
        found = tuple(one if one.origin else replace(one, origin=origin) for one in dict.fromkeys(unresolved))
        return _Value("".join(parts), found)


def is_truthy(text: str) -> bool:
    """False are the empty text, exactly ``0``, and ``no`` or ``false`` in any case with blanks around."""
    return text not in ("", "0") and text.strip().lower() not in FALSE_WORDS


def _item(text: str) -> Node:
    """A loop's item that is plain text."""
    return Node(text)


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
