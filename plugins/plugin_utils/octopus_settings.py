"""Reads the Ansible variables of one host that say how its Octopus variables are chosen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

# Reads one Ansible variable of the host, templated; None when it is not defined.
Reader = Callable[[str], Any]


class Settings:
    """The settings of one host, each checked as it is read. Collects faults; a faulty setting reads as not set."""

    def __init__(self, read: Reader) -> None:
        self._read = read
        self.faults: list[str] = []

    def text(self, name: str, default: str = "") -> str:
        value = self._read(name)
        if value is None:
            return default
        if not _is_text(value):
            self.faults.append(f"{name} is {kind(value)}, expected text")
            return default
        return str(value).strip() or default

    def texts(self, name: str, what: str, is_one: Callable[[str], bool] = bool) -> tuple[str, ...]:
        """A list, or a single text; ``what`` says what ``is_one`` accepts."""
        value = self._read(name)
        if value is None:
            return ()
        items = value if isinstance(value, list | tuple) else [value]
        if not all(isinstance(item, str) and is_one(item) for item in items):
            self.faults.append(f"{name} is {value!r}, expected a list of {what}")
            return ()
        return tuple(str(item).strip() for item in items)

    def values(self, name: str) -> Mapping[str, Any]:
        """Values of Octopus variables."""
        return self.checked_values(name, self._read(name))

    def checked_values(self, name: str, value: object) -> Mapping[str, Any]:
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            self.faults.append(f"{name} is {kind(value)}, expected a dictionary of variable names and values")
            return {}
        return value

    def details(self, name: str, fields: Mapping[str, str]) -> str | Mapping[str, str]:
        """A text, or a mapping with some of ``fields`` and texts."""
        value = self._read(name)
        if not isinstance(value, Mapping):
            return self.text(name)
        known = ", ".join(fields)
        for field, text in value.items():
            if field not in fields:
                self.faults.append(f"{name} has the unknown field {field}, expected {known}")
            elif not _is_text(text):
                self.faults.append(f"{name}: {field} is {kind(text)}, expected text (quote it to pass it as text)")
        return {field: str(text) for field, text in value.items() if field in fields and _is_text(text)}


def _is_text(value: object) -> bool:
    return isinstance(value, str | bool | int | float)


def kind(value: object) -> str:
    """What a value is, for messages; never the value: it may be a secret at the wrong place."""
    if isinstance(value, Mapping):
        return "a dictionary"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, str):
        return "a text"
    return "a number" if isinstance(value, int | float) else f"a {type(value).__name__}"
