"""Variable files: YAML, read as written.

A file holds a list of entries, or a mapping with that list under ``variables``::

    - name: LogHost                # required; paths such as Redis[cache].Host work
      value: logs.example.com      # a scalar; 0600, 8080 or yes arrive as they are written
      scope:                       # optional; a name or a list of names in each dimension
        environment: [staging, production]
        machine: web1
        role: brokers
      sensitive: false             # optional: never shown in messages and differences
      description: Where logs go   # optional

YAML's own types would change values (``0600`` is the number 384), so scalars are taken from the YAML node graph as
text. Only a plain ``null``, ``~`` or nothing is no text: declared without value.

The only module of the package that reads files and that needs PyYAML.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import lru_cache

import yaml

from .errors import VariableFileError
from .scopes import DIMENSIONS, Catalog, Entry, Scope

_KEYS = ("name", "value", "scope", "sensitive", "description")
_TRUE, _FALSE = ("true", "yes", "on"), ("false", "no", "off")
_NULL = "tag:yaml.org,2002:null"
_STRING = "tag:yaml.org,2002:str"

# libyaml where PyYAML was built with it: some ten times faster.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load_catalog(paths: Sequence[str]) -> Catalog:
    """Read variable files, in the order of growing precedence.

    :raises VariableFileError: with all faults of all files.
    """
    files, faults = [], []
    for path in paths:
        try:
            files.append((path, load_file(path)))
        except VariableFileError as error:
            faults.append(str(error))
    if faults:
        raise VariableFileError("\n".join(faults))
    return Catalog(files)


def load_file(path: str) -> tuple[Entry, ...]:
    """Read one variable file; a file that did not change since the last time is not read again.

    :raises VariableFileError: with all faults of the file, one a line.
    """
    try:
        status = os.stat(path)
    except OSError as error:
        raise VariableFileError(f"{path}: cannot read this variable file: {error.strerror}") from None
    return _load_version(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=256)
def _load_version(path: str, mtime: int, size: int) -> tuple[Entry, ...]:
    # The time and the size are part of the cache's key.
    try:
        with open(path, encoding="utf-8-sig") as stream:
            text = stream.read()
    except (OSError, UnicodeDecodeError) as error:
        raise VariableFileError(f"{path}: cannot read this variable file: {error}") from None
    return parse_entries(text, path)


def parse_entries(text: str, path: str) -> tuple[Entry, ...]:
    """The entries of a variable file's text; ``path`` is for messages.

    :raises VariableFileError: with all faults, one a line.
    """
    try:
        document = yaml.compose(text, _Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}" if mark else path
        raise VariableFileError(f"{place}: no valid YAML: {getattr(error, 'problem', None) or error}") from None
    reader = _Reader(path, text)
    entries = tuple(reader.entries(document))
    if reader.faults:
        raise VariableFileError("\n".join(reader.faults))
    return entries


class _Reader:
    """Turns YAML nodes into entries, and collects every fault instead of stopping at the first."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.lines = text.split("\n")
        self.faults: list[str] = []

    def entries(self, document: yaml.Node | None) -> Iterator[Entry]:
        seen: dict[object, Entry] = {}
        for node in self._list(document):
            entry = self._entry(node)
            if entry is None:
                continue
            key = (entry.name.lower(), entry.scope.key)
            if key in seen:
                self._fault(
                    node,
                    f"variable {entry.name} with {entry.scope} is already declared at {seen[key].place}; "
                    "remove one of them or give them different scopes",
                )
                continue
            seen[key] = entry
            yield entry

    def _list(self, document: yaml.Node | None) -> list[yaml.Node]:
        if document is None or _is_null(document):
            return []
        if isinstance(document, yaml.MappingNode):
            parts = self._mapping(document, "the file", ("variables",))
            if parts is None:
                return []
            document = parts.get("variables", document)
            if _is_null(document):
                return []
        if isinstance(document, yaml.SequenceNode):
            return document.value
        self._fault(document, f"found {_seen(document)}, expected a list of variables, or `variables:` with a list")
        return []

    def _entry(self, node: yaml.Node) -> Entry | None:
        parts = self._mapping(node, "a variable", _KEYS)
        if parts is None:
            return None
        before = len(self.faults)
        name = self._name(node, parts.get("name"))
        if "value" not in parts:
            self._fault(node, f"variable {name} has no `value` (write `value: null` for one without value)")
        value = self._value(parts.get("value"), name)
        scope = self._scope(parts.get("scope"), name)
        sensitive = self._flag(parts.get("sensitive"), name)
        description = self._text(parts.get("description"), f"variable {name}: description")
        if len(self.faults) > before:
            return None
        return Entry(name, value, scope, sensitive, description or "", self.path, node.start_mark.line + 1)

    def _name(self, entry: yaml.Node, node: yaml.Node | None) -> str:
        name = (self._text(node, "a variable's name") or "").strip()
        if not name:
            self._fault(node or entry, "an entry has no `name`; expected `name: SomeName`")
        return name or "(without name)"

    def _value(self, node: yaml.Node | None, name: str) -> str | None:
        if isinstance(node, yaml.ScalarNode) and node.tag.startswith("!"):
            self._fault(
                node,
                f"variable {name}: value has the tag {node.tag}, which variable files do not support; put encrypted "
                "values into the inventory's octopus_variables",
            )
            return None
        if node is not None and self._is_cut(node):
            self._fault(node, f"variable {name}: YAML takes the #{{ of its value for a comment; quote the value")
        return self._text(node, f"variable {name}: value", hint=" (quote a list or a mapping to pass it as text)")

    def _is_cut(self, node: yaml.Node) -> bool:
        """Whether a token in a value without quotes was lost: a # behind a blank starts a comment."""
        if not isinstance(node, yaml.ScalarNode) or node.style:
            return False
        line = self.lines[node.end_mark.line] if node.end_mark.line < len(self.lines) else ""
        return line[node.end_mark.column :].lstrip().startswith("#{")

    def _scope(self, node: yaml.Node | None, name: str) -> Scope:
        if node is None or _is_null(node):
            return Scope()
        parts = self._mapping(node, f"variable {name}: scope", DIMENSIONS)
        dimensions = {}
        for dimension, values in (parts or {}).items():
            items = values.value if isinstance(values, yaml.SequenceNode) else [values]
            texts = [self._text(item, f"variable {name}: scope {dimension}") for item in items]
            accepted = tuple(text.strip() for text in texts if text and text.strip())
            if not accepted or len(accepted) < len(texts):
                self._fault(values, f"variable {name}: scope {dimension} is empty, expected a name or a list of names")
            dimensions[dimension] = accepted
        return Scope(dimensions)

    def _flag(self, node: yaml.Node | None, name: str) -> bool:
        text = (self._text(node, f"variable {name}: sensitive") or "false").lower()
        if text not in _TRUE + _FALSE:
            self._fault(node, f"variable {name}: sensitive is {text!r}, expected true or false")
        return text in _TRUE

    def _text(self, node: yaml.Node | None, what: str, hint: str = "") -> str | None:
        if node is None or _is_null(node):
            return None
        if not isinstance(node, yaml.ScalarNode):
            self._fault(node, f"{what} is {_seen(node)}, expected text or a number{hint}")
            return None
        return node.value

    def _mapping(self, node: yaml.Node, what: str, known: Sequence[str]) -> dict[str, yaml.Node] | None:
        """The parts of a mapping; unknown and repeated keys are faults."""
        if not isinstance(node, yaml.MappingNode):
            self._fault(node, f"{what} is {_seen(node)}, expected a mapping with {_listed(known)}")
            return None
        parts: dict[str, yaml.Node] = {}
        for key_node, value in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else _seen(key_node)
            if key not in known:
                self._fault(key_node, f"{what} has the unknown key `{key}`, expected {_listed(known)}")
            elif key in parts:
                self._fault(key_node, f"{what} has the key `{key}` twice")
            else:
                parts[key] = value
        return parts

    def _fault(self, node: yaml.Node, text: str) -> None:
        self.faults.append(f"{self.path}:{node.start_mark.line + 1}: {text}")


def _is_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == _NULL


def _listed(words: Sequence[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _seen(node: yaml.Node) -> str:
    """What a YAML node is, for messages. Never its text: it may be a secret at the wrong place."""
    if isinstance(node, yaml.SequenceNode):
        return "a list"
    if isinstance(node, yaml.MappingNode):
        return "a mapping"
    return "nothing" if _is_null(node) else "a text" if node.tag == _STRING else "a single value"
