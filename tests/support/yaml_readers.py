"""Readers of YAML that the tests hold written files against: of 1.1 and of 1.2, in Python and in C."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import yaml
from ruamel.yaml import YAML

# A document is made into plain data before it is constructed, which removes merge keys from its nodes.


def _pyyaml(loader_type: type) -> Callable[[str], list[Any]]:
    def read(text: str) -> list[Any]:
        documents = []
        loader = loader_type(text)
        while loader.check_node():
            node = loader.get_node()
            documents.append(_plain_data(node))
            loader.construct_document(node)
        return documents

    return read


def _ruamel(version: str) -> Callable[[str], list[Any]]:
    def read(text: str) -> list[Any]:
        documents = []
        reader = YAML(typ="safe", pure=True, plug_ins=[])  # does not search for any, each time
        reader.version = version
        for node in reader.compose_all(text):
            documents.append(_plain_data(node))
            reader.constructor.construct_document(node)
        return documents

    return read


def _plain_data(node: Any) -> Any:
    """A node as dictionaries, lists and texts; every scalar is the text that was read, whatever its type."""
    kind = type(node).__name__
    if kind == "MappingNode":
        return {_plain_data(key): _plain_data(value) for key, value in node.value}
    return [_plain_data(item) for item in node.value] if kind == "SequenceNode" else node.value


# Name to a function that gives the documents of a text as plain data, once they were also made into Python's objects.
READERS = {
    "PyYAML in Python": _pyyaml(yaml.SafeLoader),
    "PyYAML by libyaml": _pyyaml(yaml.CSafeLoader),
    "ruamel.yaml, YAML 1.1": _ruamel("1.1"),
    "ruamel.yaml, YAML 1.2": _ruamel("1.2"),
}
