"""Readers of YAML that the tests hold written files against: of 1.1 and of 1.2, in Python and in C."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import yaml
from ruamel.yaml import YAML


def _pyyaml(loader: type) -> Callable[[str], tuple[Any, Any]]:
    def read(text: str) -> tuple[Any, Any]:
        return list(yaml.compose_all(text, loader)), list(yaml.load_all(text, loader))

    return read


def _ruamel(version: str) -> Callable[[str], tuple[Any, Any]]:
    def reader() -> YAML:
        reader = YAML(typ="safe", pure=True, plug_ins=[])  # does not search for any, each time
        reader.version = version
        return reader

    def read(text: str) -> tuple[Any, Any]:
        return list(reader().compose_all(text)), list(reader().load_all(text))

    return read


# Name to a function that gives the documents of a text twice: as nodes, and as Python objects.
READERS = {
    "PyYAML in Python": _pyyaml(yaml.SafeLoader),
    "PyYAML by libyaml": _pyyaml(yaml.CSafeLoader),
    "ruamel.yaml, YAML 1.1": _ruamel("1.1"),
    "ruamel.yaml, YAML 1.2": _ruamel("1.2"),
}


def plain_data(node: Any) -> Any:
    """A node as dictionaries, lists and texts; every scalar is the text that was read, whatever its type."""
    kind = type(node).__name__
    if kind == "MappingNode":
        return {plain_data(key): plain_data(value) for key, value in node.value}
    return [plain_data(item) for item in node.value] if kind == "SequenceNode" else node.value
