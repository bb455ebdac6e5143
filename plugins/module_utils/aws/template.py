"""A CloudFormation template as CloudFormation will see it: conditions and functions are resolved as far as can be."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

try:
    import yaml
except ImportError:
    HAS_YAML = False
else:
    HAS_YAML = True


class TemplateError(Exception):
    """The text is no template; the message says why."""


class _Unknown:
    """What is not known before the stack exists, such as the ARN of something that it makes."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = _Unknown()
_ABSENT = object()


@functools.cache
def _loader() -> type[yaml.SafeLoader]:
    """Reads the short forms, `!Ref x` as {"Ref": "x"}."""
    loader: type[yaml.SafeLoader] = type("Loader", (getattr(yaml, "CSafeLoader", yaml.SafeLoader),), {})
    loader.add_multi_constructor("!", _short_form)
    return loader


def _short_form(
    loader: yaml.SafeLoader, suffix: str, node: yaml.ScalarNode | yaml.SequenceNode | yaml.MappingNode
) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
        return {name: value.split(".", 1) if name == "Fn::GetAtt" else value}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    return {name: loader.construct_mapping(node, deep=True)}


def read(text: str) -> dict[str, Any]:
    """The text of a template, YAML or JSON, with the long forms of functions. Needs PyYAML; see ``HAS_YAML``.

    :raises TemplateError: it cannot be read.
    """
    try:
        # Ansible's texts are of a class of their own, which the C loader does not take.
        document = yaml.load(str(text), _loader())  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        raise TemplateError(f"is neither YAML nor JSON: {' '.join(str(error).split())}") from None
    if not isinstance(document, dict) or not isinstance(document.get("Resources"), dict):
        raise TemplateError("has no Resources")
    return document


class Template:
    """A template with values for its parameters. Needs PyYAML; see ``HAS_YAML``.

    :param text: YAML or JSON.
    :param parameters: values by name, all text; those that are missing have the template's defaults.
    :param pseudo: what is known of AWS::Region, AWS::Partition, AWS::AccountId, AWS::StackName and so on.
    :raises TemplateError: it cannot be read.
    """

    def __init__(self, text: str, parameters: Mapping[str, str], pseudo: Mapping[str, str]) -> None:
        document = read(text)
        self._resources: dict[str, Any] = document["Resources"]
        self._conditions: dict[str, Any] = document.get("Conditions") or {}
        self._mappings: dict[str, Any] = document.get("Mappings") or {}
        self._values: dict[str, Any] = dict(pseudo)
        self.hidden_parameters: frozenset[str] = frozenset(
            name
            for name, declared in (document.get("Parameters") or {}).items()
            if str(declared.get("NoEcho", "")).lower() == "true"
        )
        """Those that CloudFormation does not show."""
        for name, declared in (document.get("Parameters") or {}).items():
            value = parameters.get(name, declared.get("Default", UNKNOWN))
            if value is not UNKNOWN:
                value = str(value)
                if "List" in str(declared.get("Type", "")):
                    value = [one.strip() for one in value.split(",")]
            self._values[name] = value
        self._functions: dict[str, Callable[[Any], Any]] = {
            "Ref": self._ref,
            "Fn::Sub": self._sub,
            "Fn::Join": self._join,
            "Fn::Split": self._split,
            "Fn::Select": self._select,
            "Fn::If": self._if,
            "Fn::FindInMap": self._find,
            "Condition": self.condition,
            "Fn::Equals": lambda value: self._decided(value, lambda two: two[0] == two[1]),
            "Fn::Not": lambda value: self._decided(value, lambda one: not one[0]),
            "Fn::And": lambda value: self._decided(value, all),
            "Fn::Or": lambda value: self._decided(value, any),
        }

    def resources(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """(logical id, type, properties) of what the stack will have. Properties are resolved; see :meth:`resolve`."""
        for name, resource in self._resources.items():
            if isinstance(resource, dict) and self.condition(resource.get("Condition")) is True:
                yield name, str(resource.get("Type")), self.resolve(resource.get("Properties") or {})

    def properties(self, name: str) -> dict[str, Any]:
        """The resolved properties of the resource of this logical id.

        :raises KeyError: the stack will have none.
        """
        return {one: properties for one, _unused, properties in self.resources()}[name]

    def parameters_of(self, name: str, key: str) -> list[str]:
        """The parameters that a property of a resource is made of."""
        text = repr((self._resources[name].get("Properties") or {}).get(key))
        return [one for one in self._values if "::" not in one and re.search(rf"\b{re.escape(one)}\b", text)]

    def condition(self, name: str | None) -> Any:
        """Whether a condition holds; :data:`UNKNOWN` when that cannot be told. No name: it holds."""
        return True if name is None else self.resolve(self._conditions.get(name, UNKNOWN))

    def resolve(self, value: Any) -> Any:
        """A value without functions. :data:`UNKNOWN` stands for what is not known; AWS::NoValue is left out."""
        if isinstance(value, list):
            return [one for one in map(self._resolve, value) if one is not _ABSENT]
        if isinstance(value, dict) and not self._function(value):
            pairs = ((key, self._resolve(inner)) for key, inner in value.items())
            return {key: inner for key, inner in pairs if inner is not _ABSENT}
        found = self._resolve(value)
        return None if found is _ABSENT else found

    def _function(self, value: dict[str, Any]) -> str:
        (name,) = value if len(value) == 1 else ("",)
        return name if name in self._functions or name.startswith("Fn::") else ""

    def _resolve(self, value: Any) -> Any:
        name = self._function(value) if isinstance(value, dict) else ""
        if not name:
            return self.resolve(value) if isinstance(value, (dict, list)) else value
        return self._functions[name](value[name]) if name in self._functions else UNKNOWN

    def _ref(self, name: str) -> Any:
        return _ABSENT if name == "AWS::NoValue" else self._values.get(name, UNKNOWN)

    def _sub(self, value: Any) -> Any:
        text, own = value if isinstance(value, list) else (value, {})
        values = self._values | self.resolve(own)
        names = [name for name in re.findall(r"\$\{([^}]*)\}", text) if not name.startswith("!")]
        if any(isinstance(values.get(name, UNKNOWN), (_Unknown, list)) for name in names):
            return UNKNOWN
        filled = re.sub(r"\$\{([^!}][^}]*)\}", lambda match: str(values[match[1]]), text)
        return filled.replace("${!", "${")

    def _join(self, value: Any) -> Any:
        delimiter, parts = value[0], self.resolve(value[1])
        return _unless_unknown(parts, lambda: delimiter.join(map(str, parts)))

    def _split(self, value: Any) -> Any:
        text = self.resolve(value[1])
        return _unless_unknown([text], lambda: text.split(value[0]))

    def _decided(self, value: Any, decide: Callable[[list[Any]], bool]) -> Any:
        found = self.resolve(value)
        return _unless_unknown(found, lambda: decide(found))

    def _select(self, value: Any) -> Any:
        index, items = int(self.resolve(value[0])), self.resolve(value[1])
        return items[index] if isinstance(items, list) and index < len(items) else UNKNOWN

    def _if(self, value: Any) -> Any:
        holds = self.condition(value[0])
        return UNKNOWN if holds is UNKNOWN else self._resolve(value[1] if holds else value[2])

    def _find(self, value: Any) -> Any:
        place: Any = self._mappings
        for key in self.resolve(value[:3]):
            place = place.get(key, UNKNOWN) if isinstance(place, dict) and isinstance(key, str) else UNKNOWN
        return place


def _unless_unknown(values: Any, result: Any) -> Any:
    return UNKNOWN if values is UNKNOWN or any(one is UNKNOWN for one in values) else result()
