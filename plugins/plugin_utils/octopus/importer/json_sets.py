"""Variable sets as the Octopus REST API gives them, alone or within what export tools make of them.

Understood, at any of these places: a variable set (an object with a list ``Variables``); a project or library
variable set with its ``VariableSet`` joined in, and ``IncludedLibraryVariableSets``; a page of an answer (``Items``);
a list of any of them. Everything else of an export explains ids: whatever has ``Id`` and ``Name``.

Field names: VariableSetResource, VariableResource, VariablePromptOptions and VariableScopeValues of Octopus's public
client library and of its API reference.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..scoping.scopes import DEPLOYMENT
from . import json_text
from .errors import MOST_FAULTS, ImportFailed
from .json_text import Path
from .model import Export, ExportedPrompt, ExportedSet, ExportedValue
from .sources import EXPECTED, Source

# Field of a scope to the list in ScopeValues that explains its ids. Roles and tenant tags are names themselves.
_SCOPE_VALUES = {
    "Environment": "Environments",
    "Machine": "Machines",
    "Action": "Actions",
    "Channel": "Channels",
    "Tenant": "Tenants",
    "ProcessOwner": "Processes",
}
_KNOWN = frozenset(("Id", "Name", "Value", "Type", "IsSensitive", "IsEditable", "Description", "Prompt", "Scope"))
_CONTROL = "Octopus.ControlType"
_LIBRARY_IDS = ("LibraryVariableSets-", "variableset-LibraryVariableSets-")
_SURROGATE = re.compile("[\ud800-\udfff]")


def read_json(sources: Sequence[Source], unused: Sequence[str] = ()) -> Export:
    """All variable sets of JSON files, projects' and libraries', in the order of the files.

    :raises ImportFailed: with the faults of all files; or there is no variable set in any.
    """
    documents, faults = [], []
    for source in sources:
        try:
            documents.append((source, json_text.parse(source.text, source.path)))
        except ImportFailed as error:
            faults.append(str(error))
    if faults:
        raise ImportFailed.of(faults)
    resources: dict[str, Mapping[str, Any]] = {}
    for _path, document in documents:
        _collect(document, resources)
    sets: list[ExportedSet] = []
    passed = list(unused)
    for source, document in documents:
        reader = _Reader(source, resources)
        found = reader.sets(document)
        faults.extend(reader.located())
        sets.extend(found)
        if not found and not reader.faults:
            passed.append(source.label)
    if faults:
        raise ImportFailed.of(faults)
    if not sets:
        where = ", ".join(source.path for source in sources[:3]) + (", ..." if len(sources) > 3 else "")
        raise ImportFailed(f"{where}: found no variable set (an object with a list `Variables`); {EXPECTED}")
    return Export(tuple(_without_repetition(sets)), tuple(passed))


def _collect(node: object, resources: dict[str, Mapping[str, Any]]) -> None:
    """Id to resource, for all that have a name. An id with two names explains nothing.

    Variables are no resources, and a set's explanations of ids are for itself.
    """
    if isinstance(node, Mapping):
        key, name = node.get("Id"), node.get("Name")
        if isinstance(key, str) and isinstance(name, str) and resources.setdefault(key, node).get("Name") != name:
            resources[key] = {}
        for field, child in node.items():
            if field not in ("Variables", "ScopeValues"):
                _collect(child, resources)
    elif isinstance(node, list):
        for child in node:
            _collect(child, resources)


def _without_repetition(sets: Sequence[ExportedSet]) -> list[ExportedSet]:
    """Export tools repeat a library set in every project that includes it; a set that has changed is a fault."""
    first: dict[str, ExportedSet] = {}
    faults = []
    for one in sets:
        other = first.setdefault(one.owner or f"{one.file}:{one.name}", one)
        if other.values != one.values:
            faults.append(
                f"{one.file}: holds {one.name} ({one.owner}) with other variables than {other.file}; "
                "leave only one of them in the export"
            )
    if faults:
        raise ImportFailed.of(faults)
    return list(first.values())


class _Reader:
    """Turns the objects of one document into the model; collects every fault with the path to its place."""

    def __init__(self, source: Source, resources: Mapping[str, Mapping[str, Any]]) -> None:
        self.source = source
        self.resources = resources
        self.known = {key: node["Name"] for key, node in resources.items() if node}
        self.faults: list[tuple[Path, str]] = []

    def located(self) -> list[str]:
        """The faults, with file, line and column."""
        shown = self.faults[: MOST_FAULTS + 1]
        where = json_text.places(self.source.text, self.source.path, {path for path, _unused in shown})
        return [f"{where.get(path, self.source.path)}: {json_text.shown(path)} {text}" for path, text in shown]

    def sets(self, document: object) -> list[ExportedSet]:
        found = list(self._find(document, ()))
        stem = os.path.splitext(os.path.basename(self.source.label))[0]
        return [self._set(node, path, stem if len(found) == 1 else "") for node, path in found]

    def _find(self, node: object, path: Path) -> Iterator[tuple[Mapping[str, Any], Path]]:
        """Variable sets with their paths."""
        if isinstance(node, list):
            for number, item in enumerate(node):
                yield from self._find(item, (*path, number))
        elif isinstance(node, Mapping):
            if "Variables" in node and ("OwnerId" in node or isinstance(node["Variables"], list)):
                yield node, path
            for field in ("VariableSet", "IncludedLibraryVariableSets", "Items"):
                if isinstance(node.get(field), Mapping | list):
                    yield from self._find(node[field], (*path, field))

    def _set(self, node: Mapping[str, Any], path: Path, stem: str) -> ExportedSet:
        owner = self._text(node, path, "OwnerId")
        identity = owner or self._text(node, path, "Id")
        holder = self.resources.get(owner, {})  # the project or library variable set
        name = (
            self._text(node, path, "OwnerName")
            or self.known.get(owner, "")
            or self._text(node, path, "Name")
            or stem
            or identity
        )
        included = holder.get("IncludedLibraryVariableSetIds")
        variables = node["Variables"]
        if not isinstance(variables, list):
            self._fault((*path, "Variables"), f"is {_kind(variables)}, expected a list of variables")
            variables = []
        templates = holder.get("Templates")
        return ExportedSet(
            name=name,
            file=self.source.label,
            values=tuple(
                value
                for number, item in enumerate(variables)
                if (value := self._value(item, (*path, "Variables", number))) is not None
            ),
            owner=identity,
            library=identity.startswith(_LIBRARY_IDS) or self._text(node, path, "OwnerType").startswith("Library"),
            names=self._names(node, path),
            included=tuple(map(str, included)) if isinstance(included, list) else (),
            templates=len(templates) if isinstance(templates, list) else 0,
        )

    def _names(self, node: Mapping[str, Any], path: Path) -> dict[str, dict[str, str]]:
        """Field of a scope to what its ids are called, by ScopeValues, else by the resources of the export."""
        explained = node.get("ScopeValues")
        if explained is not None and not isinstance(explained, Mapping):
            self._fault(
                (*path, "ScopeValues"), f"is {_kind(explained)}, expected an object with lists of ids and names"
            )
        lists = explained if isinstance(explained, Mapping) else {}
        names: dict[str, dict[str, str]] = {}
        for field, plural in _SCOPE_VALUES.items():
            names[field] = dict(self.known)
            items = lists.get(plural) or []
            if not isinstance(items, list):
                self._fault((*path, "ScopeValues", plural), f"is {_kind(items)}, expected a list of ids and names")
                items = []
            for number, item in enumerate(items):
                place = (*path, "ScopeValues", plural, number)
                if not isinstance(item, Mapping):
                    self._fault(place, f"is {_kind(item)}, expected an object with Id and Name")
                    continue
                key, name = self._text(item, place, "Id"), self._text(item, place, "Name")
                is_deployment = field == "ProcessOwner" and item.get("ProcessType") == "Deployment"
                names[field][key] = DEPLOYMENT if is_deployment else name
        return names

    def _value(self, item: object, path: Path) -> ExportedValue | None:
        if not isinstance(item, Mapping):
            self._fault(path, f"is {_kind(item)}, expected an object with Name, Value, Type and Scope")
            return None
        name = self._text(item, path, "Name").strip()
        if not name:
            self._fault((*path, "Name") if "Name" in item else path, "is a variable without Name")
        kind = self._text(item, path, "Type") or "String"
        prompt = self._prompt(item.get("Prompt"), (*path, "Prompt"))
        sensitive = kind == "Sensitive" or self._flag(item, path, "IsSensitive")
        sensitive = sensitive or (prompt is not None and prompt.control == "Sensitive")
        # Tools put an object there for what is encrypted; it is not looked at.
        value = item.get("Value") if sensitive else self._optional_text(item, path, "Value")
        return ExportedValue(
            name=name,
            value=value if value is None or isinstance(value, str) else "(no text)",
            type=kind,
            sensitive=sensitive,
            scope=self._scope(item.get("Scope"), (*path, "Scope")),
            prompt=prompt,
            description=self._text(item, path, "Description"),
            unknown=tuple(sorted(set(item) - _KNOWN)),
        )

    def _scope(self, scope: object, path: Path) -> dict[str, tuple[str, ...]]:
        if scope is None:
            return {}
        if not isinstance(scope, Mapping):
            self._fault(path, f'is {_kind(scope)}, expected an object such as {{"Environment": ["Environments-1"]}}')
            return {}
        read: dict[str, tuple[str, ...]] = {}
        for field, values in scope.items():
            items = [values] if isinstance(values, str) else values or []
            if not isinstance(items, list) or not all(isinstance(one, str) for one in items):
                self._fault((*path, field), f"is {_kind(values)}, expected a list of ids or names")
                items = []
            read[field] = tuple(self._checked(one, (*path, field)) for one in items)
        return {field: values for field, values in read.items() if not _is_addition(field, read)}

    def _prompt(self, prompt: object, path: Path) -> ExportedPrompt | None:
        if prompt is None:
            return None
        if not isinstance(prompt, Mapping):
            self._fault(path, f"is {_kind(prompt)}, expected an object with Label, Description and Required")
            return None
        settings = prompt.get("DisplaySettings") or {}
        if not isinstance(settings, Mapping):
            self._fault((*path, "DisplaySettings"), f"is {_kind(settings)}, expected an object")
            settings = {}
        return ExportedPrompt(
            label=self._text(prompt, path, "Label"),
            description=self._text(prompt, path, "Description"),
            required=self._flag(prompt, path, "Required"),
            control=self._text(settings, (*path, "DisplaySettings"), _CONTROL),
            settings=tuple(sorted(set(settings) - {_CONTROL})),
        )

    def _text(self, node: Mapping[str, Any], path: Path, field: str) -> str:
        return self._optional_text(node, path, field) or ""

    def _optional_text(self, node: Mapping[str, Any], path: Path, field: str) -> str | None:
        value = node.get(field)
        if value is None:
            return None
        if not isinstance(value, str):
            self._fault((*path, field), f"is {_kind(value)}, expected text")
            return None
        return self._checked(value, (*path, field))

    def _checked(self, text: str, path: Path) -> str:
        if _SURROGATE.search(text):
            self._fault(path, "has half of a character (an unpaired surrogate such as \\ud83d); correct the text")
        return text

    def _flag(self, node: Mapping[str, Any], path: Path, field: str) -> bool:
        value = node.get(field)
        if value is not None and not isinstance(value, bool):
            self._fault((*path, field), f"is {_kind(value)}, expected true or false")
        return value is True

    def _fault(self, path: Path, text: str) -> None:
        self.faults.append((path, text))


def _is_addition(field: str, scope: Mapping[str, Sequence[str]]) -> bool:
    """Whether a tool that exports sets put it beside the ids for people: ``EnvironmentName``, ``Breadth``."""
    base = field.removesuffix("Name")
    return (field != base and base in scope) or (field == "Breadth" and len(scope) > 1)


def _kind(value: object) -> str:
    """What a value is, for messages. Never the value: it may be a secret."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    kinds = {dict: "an object", list: "a list", str: "a text", int: "a number", float: "a number"}
    return kinds.get(type(value), "something else")
