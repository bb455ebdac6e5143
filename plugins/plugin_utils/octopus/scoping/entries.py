"""What a variable file says: YAML, read as written.

A file holds a list of entries, or a mapping with that list under ``variables``::

    - name: LogHost                # required; paths such as Redis[cache].Host work
      value: logs.example.com      # a scalar; 0600, 8080 or yes arrive as they are written
      scope:                       # optional; a name or a list of names in each dimension
        environment: [staging, production]
        machine: web1
        role: brokers
      sensitive: false             # optional: never shown in messages and differences
      prompt: true                 # optional: asked for at deployment; or a mapping with label, description, required
      description: Where logs go   # optional

    - {name: Token, value: !ansible vault_token}  # the value of the host's Ansible variable vault_token
    - name: Password
      value: !vault |              # as `ansible-vault encrypt_string` prints it
        $ANSIBLE_VAULT;1.1;AES256
        …

Values from either are sensitive unless ``sensitive: false`` is written, as are all in a file that is encrypted as a
whole. YAML's own types would change values (``0600`` is the number 384), so scalars are taken from the YAML node
graph as text. Only a plain ``null``, ``~`` or nothing is no text: declared without value.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import yaml

from ..errors import VariableFileError
from .scopes import DEPLOYMENT, DIMENSIONS, Entry, Prompt, Scope, is_tenant_tag

ENCRYPTED = "$ANSIBLE_VAULT;"  # what Ansible Vault's ciphertext begins with

_KEYS = ("name", "value", "scope", "sensitive", "prompt", "description")
_TRUE, _FALSE = ("true", "yes", "on"), ("false", "no", "off")
_NULL = "tag:yaml.org,2002:null"
_STRING = "tag:yaml.org,2002:str"

_DEEPEST = 20  # an entry needs five levels

# libyaml where PyYAML was built with it: some ten times faster.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Value(NamedTuple):
    """Where an entry's value comes from."""

    text: str | None = None
    ansible_variable: str = ""
    encrypted: bool = False


def parse_entries(text: str, path: str, library: str = "", *, sensitive: bool = False) -> tuple[Entry, ...]:
    """The entries of a variable file's text; ``path`` is for messages.

    ``library`` is the name of the library set that the file is; ``sensitive`` holds for entries that do not say.

    :raises VariableFileError: with all faults, one a line.
    """
    try:
        _refuse_nesting(text, path)
        document = yaml.compose(text, _Loader)
    except yaml.reader.ReaderError as error:
        line = text[: text.find(chr(error.character))].count("\n") + 1
        raise VariableFileError(
            f"{path}:{line}: not valid YAML: it holds the character U+{error.character:04X}; in double quotes it can "
            "be written escaped"
        ) from None
    except yaml.MarkedYAMLError as error:
        place = f"{path}:{error.problem_mark.line + 1}" if error.problem_mark else path
        raise VariableFileError(f"{place}: not valid YAML: {error.problem}") from None
    reader = _Reader(path, text, library, sensitive)
    entries = tuple(reader.entries(document))
    if reader.faults:
        raise VariableFileError("\n".join(reader.faults))
    return entries


def _refuse_nesting(text: str, path: str) -> None:
    """libyaml composes recursively: a file of 100,000 brackets would end the process."""
    depth = 0
    for event in yaml.parse(text, _Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                line = event.start_mark.line + 1 if event.start_mark else 1
                raise VariableFileError(f"{path}:{line}: lists and mappings are nested more than {_DEEPEST} deep")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


class _Reader:
    """Turns YAML nodes into entries, and collects every fault instead of stopping at the first."""

    def __init__(self, path: str, text: str, library: str, sensitive: bool) -> None:
        self.path = path
        self.lines = text.split("\n")
        self.library = library
        self.sensitive = sensitive
        self.faults: list[str] = []
        self._scopes: dict[object, Scope] = {}  # entries whose scopes are written alike share one

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
            nodes: list[yaml.Node] = document.value
            return nodes
        self._fault(document, f"found {_seen(document)}, expected a list of variables, or `variables:` with a list")
        return []

    def _entry(self, node: yaml.Node) -> Entry | None:
        parts = self._mapping(node, "a variable", _KEYS)
        if parts is None:
            return None
        before = len(self.faults)
        name = self._name(node, parts.get("name"))
        prompt = self._prompt(parts.get("prompt"), name)
        if "value" not in parts and prompt is None:
            self._fault(node, f"variable {name} has no `value` (write `value: null` for one without value)")
        value = self._value(parts.get("value"), name)
        scope = self._scope(parts.get("scope"), name)
        secret = self.sensitive or value.encrypted or bool(value.ansible_variable)
        sensitive = self._flag(parts.get("sensitive"), f"variable {name}: sensitive", default=secret)
        description = self._text(parts.get("description"), f"variable {name}: description")
        if len(self.faults) > before:
            return None
        return Entry(
            name=name,
            value=value.text,
            scope=scope,
            sensitive=sensitive,
            description=description or "",
            file=self.path,
            line=node.start_mark.line + 1,
            library=self.library,
            prompt=prompt,
            ansible_variable=value.ansible_variable,
            encrypted=value.encrypted,
        )

    def _name(self, entry: yaml.Node, node: yaml.Node | None) -> str:
        name = (self._text(node, "a variable's name") or "").strip()
        if not name:
            self._fault(node or entry, "an entry has no `name`; expected `name: SomeName`")
        return name or "(without name)"

    def _value(self, node: yaml.Node | None, name: str) -> _Value:
        if isinstance(node, yaml.ScalarNode) and node.tag.startswith("!"):
            return self._tagged(node, name)
        if node is not None and self._is_cut(node):
            self._fault(node, f"variable {name}: YAML takes the #{{ of its value for a comment; quote the value")
        return _Value(
            self._text(node, f"variable {name}: value", hint=" (quote a list or a mapping to pass it as text)")
        )

    def _tagged(self, node: yaml.ScalarNode, name: str) -> _Value:
        if node.tag == "!vault":
            text = node.value.strip()
            if not text.startswith(ENCRYPTED):
                self._fault(
                    node,
                    f"variable {name}: value is not ciphertext of Ansible Vault; expected `!vault |` and, on the lines "
                    f"below, what `ansible-vault encrypt_string` prints: {ENCRYPTED}…",
                )
            return _Value(text, encrypted=True)
        if node.tag == "!ansible":
            variable = node.value.strip()
            if not variable.isidentifier():
                self._fault(
                    node,
                    f"variable {name}: !ansible is followed by no name of an Ansible variable (letters, digits, _)",
                )
            return _Value(ansible_variable=variable)
        self._fault(
            node,
            f"variable {name}: value has the tag {node.tag}; expected text, `!vault |` with ciphertext, or `!ansible` "
            "with the name of an Ansible variable",
        )
        return _Value()

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
        dimensions = {
            dimension: self._names(values, f"variable {name}: scope {dimension}")
            for dimension, values in (parts or {}).items()
        }
        self._check_scope(node, dimensions, name)
        written = tuple(dimensions.items())
        if written not in self._scopes:
            self._scopes[written] = Scope(dimensions)
        return self._scopes[written]

    def _names(self, node: yaml.Node, what: str) -> tuple[str, ...]:
        items = node.value if isinstance(node, yaml.SequenceNode) else [node]
        texts = [self._text(item, what) for item in items]
        names = tuple(text.strip() for text in texts if text and text.strip())
        if not names or len(names) < len(texts):
            self._fault(node, f"{what} is empty, expected a name or a list of names")
        return names

    def _check_scope(self, node: yaml.Node, dimensions: dict[str, tuple[str, ...]], name: str) -> None:
        """Scopes that could never match, or that Octopus does not have."""
        for dimension in ("step", "channel"):
            if self.library and dimension in dimensions:
                self._fault(
                    node,
                    f"variable {name}: scope {dimension} in a library set, which belongs to no project; move the "
                    "variable to a file of octopus_variable_files",
                )
        for tag in dimensions.get("tenant_tag", ()):
            if not is_tenant_tag(tag):
                self._fault(node, f"variable {name}: scope tenant_tag is {tag!r}, expected Set/Tag, such as Region/EU")
        processes = dimensions.get("process", ())
        if processes and "channel" in dimensions and DEPLOYMENT not in map(str.lower, processes):
            self._fault(
                node,
                f"variable {name}: scope channel together with process {' or '.join(processes)} never matches: a "
                f"runbook's run has no channel; remove one of them, or write process {DEPLOYMENT}",
            )

    def _prompt(self, node: yaml.Node | None, name: str) -> Prompt | None:
        what = f"variable {name}: prompt"
        if not isinstance(node, yaml.MappingNode):
            return (
                Prompt()
                if self._flag(node, what, hint=" or a mapping with `label`, `description`, `required`")
                else None
            )
        parts = self._mapping(node, what, Prompt._fields) or {}
        return Prompt(
            self._text(parts.get("label"), f"{what}: label") or "",
            self._text(parts.get("description"), f"{what}: description") or "",
            self._flag(parts.get("required"), f"{what}: required"),
        )

    def _flag(self, node: yaml.Node | None, what: str, *, default: bool = False, hint: str = "") -> bool:
        text = self._text(node, what)
        if node is None or text is None:
            return default
        if text.lower() not in _TRUE + _FALSE:
            self._fault(node, f"{what} is {text!r}, expected true or false{hint}")
        return text.lower() in _TRUE

    def _text(self, node: yaml.Node | None, what: str, hint: str = "") -> str | None:
        if node is None or _is_null(node):
            return None
        if not isinstance(node, yaml.ScalarNode):
            self._fault(node, f"{what} is {_seen(node)}, expected text or a number{hint}")
            return None
        text: str = node.value
        return text

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
