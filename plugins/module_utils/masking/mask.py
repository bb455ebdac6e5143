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

    def difference(self, shown: Any) -> Any:
        """What ``--diff`` shows: texts of files, in which names tell what is secret as well."""
        if isinstance(shown, (list, tuple)):
            return [self.difference(item) for item in shown]
        if not isinstance(shown, Mapping):
            return self.everything(shown)
        masked = {
            name: self.foreign(text) if name in ("before", "after") and isinstance(text, str) else self.everything(text)
            for name, text in shown.items()
        }
        same = "before" in masked and masked.get("after") == masked["before"]
        if same and isinstance(masked["before"], str) and shown["after"] != shown["before"]:
            label = masked.get("after_header") or masked.get("before_header") or "the difference"
            return {"prepared": f"Not shown: {label} (only values that are not to be shown differ)\n"}
        return masked

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
