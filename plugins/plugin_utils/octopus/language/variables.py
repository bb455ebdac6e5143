"""A set of variables, and the tree that templates walk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ..errors import VariableError
from .parser import parse_name
from .syntax import Index, Name


class Node:
    """One place of the tree: an own value (``has_value``), named children and indexed children.

    ``variable`` is the name of the variable that the value belongs to, as it was declared; None for the value that
    a place has only because an index leads to it: the index text itself.
    """

    __slots__ = ("children", "has_value", "indexes", "value", "variable")

    def __init__(self, index: str | None = None) -> None:
        self.has_value = index is not None
        self.value = index or ""
        self.variable: str | None = None
        self.children: dict[str, Node] = {}
        self.indexes: dict[str, Node] = {}

    def child(self, step: object, text: str) -> Node | None:
        """The place that one step of a path leads to; ``text`` is the name, or the index with lookups replaced."""
        if isinstance(step, Name):
            return self.children.get(text.lower())
        if text == "*" and "*" not in self.indexes:
            return next(iter(self.indexes.values()), None)
        return self.indexes.get(text.lower())


class VariableSet(Mapping[str, "str | None"]):
    """Ordered names with values; names compare without case; the value None means declared without value.

    Built from a mapping or from pairs. Setting an existing name replaces its value and keeps its place and its
    first spelling. Numbers become their usual text, booleans ``True`` and ``False``; anything else raises
    :class:`VariableError`. A set does not change after it was built.

    ``sensitive`` are names whose values must not appear in any message.
    """

    def __init__(
        self,
        variables: Mapping[str, object] | Iterable[tuple[str, object]] = (),
        *,
        sensitive: Iterable[str] = (),
    ) -> None:
        self._entries: dict[str, tuple[str, str | None]] = {}
        self._tree: Node | None = None
        pairs = variables.items() if isinstance(variables, Mapping) else variables
        for name, value in pairs:
            if not isinstance(name, str):
                raise VariableError(f"a variable's name must be text, not {name!r}")
            key = name.lower()
            spelling = self._entries[key][0] if key in self._entries else name
            self._entries[key] = (spelling, as_text(name, value))
        self._sensitive = frozenset(name.lower() for name in sensitive)

    def __getitem__(self, name: str) -> str | None:
        """The raw value of exactly that name: no walking of paths, no evaluation."""
        return self._entries[name.lower()][1]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._entries

    def __iter__(self) -> Iterator[str]:
        return (spelling for spelling, _unused in self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return f"VariableSet({len(self)} variables)"  # never the values: they may be secrets

    def is_sensitive(self, name: str | None) -> bool:
        return name is not None and name.lower() in self._sensitive

    @property
    def unreachable(self) -> tuple[str, ...]:
        """Names that are no paths, such as an XPath: templates cannot refer to them.

        The reference binds such a name to the part that does parse, and so silently overwrites another variable
        (``Foo!x`` sets ``Foo``). Here it is only reachable by direct lookup.
        """
        return tuple(name for name in self if parse_name(name) is None)

    @property
    def tree(self) -> Node:
        """The root of the tree; built at first use."""
        if self._tree is None:
            self._tree = _build_tree(self._entries.values())
        return self._tree


def as_text(name: str, value: object) -> str | None:
    """A value as the text that templates see."""
    if value is None:
        return None
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool | int | float):
        return str(value)
    raise VariableError(f"variable {name}: the value is a {type(value).__name__}, expected text or a number")


def _build_tree(entries: Iterable[tuple[str, str | None]]) -> Node:
    root = Node()
    for name, value in entries:
        path = parse_name(name)
        if path is None:
            continue
        node = root
        for step in path.steps:
            if isinstance(step, Name):
                text = step.text.lower()
                node = node.children.get(text) or node.children.setdefault(text, Node())
            elif isinstance(step, Index):  # a declared name has no lookups
                text = step.text.lower()
                node = node.indexes.get(text) or node.indexes.setdefault(text, Node(step.text))
        node.has_value, node.value, node.variable = True, value or "", name
    return root
