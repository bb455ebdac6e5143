"""The mask: for a text, and for all texts in the result of a module or an action."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from . import foreign
from .known import KnownSecrets


class Mask:
    """Hides some secrets, and what is secret by its form."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._known = KnownSecrets(secrets)

    def text(self, text: str) -> str:
        """A text of the project itself."""
        return foreign.hide_forms(self._known.hide(text))

    def foreign(self, text: str) -> str:
        """A text of another program, in which names tell what is secret as well."""
        return foreign.hide(self._known.hide(text))

    def everything(self, value: Any, leave: Collection[str] = ()) -> Any:
        """``value`` with every text in it masked: in lists, in dictionaries, in Ansible's summaries of an error.

        ``leave`` has the keys of a dictionary whose values stay, since later tasks work with them. The names of a
        dictionary stay.
        """
        if isinstance(value, str):
            masked = self.text(value)
            # The same object where nothing is hidden: Ansible notes on it where it comes from.
            return value if masked == value else masked
        if isinstance(value, Mapping):
            return {key: item if key in leave else self.everything(item) for key, item in value.items()}
        if isinstance(value, (list, tuple, set, frozenset)):
            items = [self.everything(item) for item in value]
            return items if isinstance(value, list) else type(value)(items)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value) if field.init}
            changed = {name: self.everything(item) for name, item in fields.items() if item is not None}
            return dataclasses.replace(value, **changed)
        return value
