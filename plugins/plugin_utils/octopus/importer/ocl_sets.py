"""The ``variables.ocl`` of a version-controlled project.

A ``variable "Name"`` block has ``value "text"`` blocks, each with its scope as lists of slugs, a description and a
``prompt``. A text of several lines is the attribute ``value`` in a block without label. Sensitive values are never in
such a file.
"""

from __future__ import annotations

import os

from .errors import ImportFailed
from .model import Export, ExportedPrompt, ExportedSet, ExportedValue
from .ocl_parser import Block, Text, Word, parse
from .sources import Source

_SCOPE = ("environment", "machine", "role", "action", "channel", "tenant", "tenant_tag", "process")
_FIELDS = ("value", "type", "description")
_CONTROL = "Octopus.ControlType"


def read_ocl(source: Source) -> Export:
    """The project's variables.

    :raises ImportFailed: with the first fault of the grammar, or with all faults of what the blocks hold.
    """
    reader = _Reader()
    values = reader.document(parse(source.text, source.path))
    if reader.faults:
        raise ImportFailed.of(reader.faults)
    return Export((ExportedSet(_project(source.path), source.label, tuple(values)),), kind="ocl")


def _project(path: str) -> str:
    """The file's name, or the folder's where the file has its usual name."""
    folder, file = os.path.split(os.path.abspath(path))
    stem = os.path.splitext(file)[0]
    if stem != "variables":
        return stem
    folder = os.path.dirname(folder) if os.path.basename(folder) == ".octopus" else folder
    return os.path.basename(folder) or stem


class _Reader:
    """Turns blocks into the model, and collects every fault."""

    def __init__(self) -> None:
        self.faults: list[str] = []

    def document(self, document: Block) -> list[ExportedValue]:
        for attribute in document.attributes.values():
            self._fault(
                attribute.place, f'found the attribute `{attribute.name}`, expected blocks `variable "Name" {{`'
            )
        values = []
        for block in document.blocks:
            if block.name == "variable":
                values.extend(self._variable(block))
            else:
                self._fault(block.place, f"found a block `{block.name}`, expected `variable \"Name\" {{`; is this "
                            "the project's variables.ocl?")  # fmt: skip
        return values

    def _variable(self, block: Block) -> list[ExportedValue]:
        if len(block.labels) != 1 or not block.labels[0].strip():
            self._fault(block.place, 'a variable has one name in quotes, `variable "Name" {`')
            return []
        name = block.labels[0].strip()
        for attribute in block.attributes.values():
            if attribute.name != "type":
                self._fault(
                    attribute.place, f"variable {name} has `{attribute.name}`, expected `type` and blocks `value`"
                )
        kind = self._text(block, "type") or "String"
        values = []
        for child in block.blocks:
            if child.name == "value":
                values.append(self._value(child, name, kind))
            else:
                self._fault(child.place, f"variable {name} has a block `{child.name}`, expected blocks `value`")
        return values

    def _value(self, block: Block, name: str, kind: str) -> ExportedValue:
        if len(block.labels) > 1 or (block.labels and "value" in block.attributes):
            self._fault(
                block.place, f"variable {name}: a value has one text, behind `value` or as `value = ...` inside"
            )
        prompts = [child for child in block.blocks if child.name == "prompt"]
        for child in [child for child in block.blocks if child.name != "prompt"] + prompts[1:]:
            self._fault(
                child.place, f"variable {name}: a value has a block `{child.name}`, expected at most one `prompt`"
            )
        prompt = self._prompt(prompts[0]) if prompts else None
        kind = self._text(block, "type") or kind
        return ExportedValue(
            name=name,
            value=block.labels[0] if block.labels else self._text(block, "value"),
            type=kind,
            sensitive=kind == "Sensitive" or (prompt is not None and prompt.control == "Sensitive"),
            scope={field: self._names(block, field) for field in block.attributes if field not in _FIELDS},
            prompt=prompt,
            description=self._text(block, "description") or "",
        )

    def _names(self, block: Block, field: str) -> tuple[str, ...]:
        """A scope's slugs. What is no dimension is passed on without names: it may restrict where the value holds."""
        if field not in _SCOPE:
            return ()
        names = block.attributes[field].value
        if not isinstance(names, list) or not all(isinstance(name, Text) for name in names):
            self._fault(
                block.attributes[field].place, f'`{field}` is {_kind(names)}, expected a list such as ["production"]'
            )
            return ()
        return tuple(map(str, names))

    def _prompt(self, block: Block) -> ExportedPrompt:
        required = block.attributes.get("required")
        if required and required.value not in ("true", "false", None):
            self._fault(required.place, f"`required` is {_kind(required.value)}, expected true or false")
        settings = block.attributes.get("display_settings")
        pairs = settings.value if settings and isinstance(settings.value, dict) else {}
        return ExportedPrompt(
            label=self._text(block, "label") or "",
            description=self._text(block, "description") or "",
            required=bool(required and required.value == "true"),
            control=str(pairs.get(_CONTROL) or ""),
            settings=tuple(sorted(set(pairs) - {_CONTROL})),
        )

    def _text(self, block: Block, name: str) -> str | None:
        attribute = block.attributes.get(name)
        if attribute is None or attribute.value is None:
            return None
        if not isinstance(attribute.value, Text):
            self._fault(attribute.place, f"`{name}` is {_kind(attribute.value)}, expected a text in quotes")
            return None
        return str(attribute.value)

    def _fault(self, place: str, text: str) -> None:
        self.faults.append(f"{place}: {text}")


def _kind(value: object) -> str:
    """What a value is, for messages. Never the value: it may be a secret."""
    kinds: dict[type, str] = {Text: "a text", Word: "a number, true or false", list: "a list", dict: "a dictionary"}
    return kinds.get(type(value), "null")
