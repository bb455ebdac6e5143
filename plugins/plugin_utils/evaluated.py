"""A host's Ansible variables as an action reads them: each is evaluated once, and only if it is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible.template import trust_as_template


class Evaluated(Mapping[str, Any]):
    """``variables``, evaluated by ``templar``. Most of an action's time goes into compiling templates.

    Reading one raises KeyError where there is none of that name, and AnsibleError where it cannot be evaluated.
    """

    def __init__(self, variables: Mapping[str, Any], templar: Any) -> None:
        self._variables, self._templar = variables, templar
        self._known: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._known:
            value = self._variables[name]
            # Ansible's own, with every host of the inventory: no template, and long.
            self._known[name] = value if name == "groups" else self._templar.template(value)
        return self._known[name]

    def __contains__(self, name: object) -> bool:
        return name in self._variables

    def __iter__(self) -> Iterator[str]:
        return iter(self._variables)

    def __len__(self) -> int:
        return len(self._variables)

    def render(self, text: str, **more: Any) -> Any:
        """A template of the collection's own, with these variables and ``more``. Raises AnsibleError.

        What was read before is not evaluated again.
        """
        templar = self._templar.copy_with_new_env(available_variables={**self._variables, **self._known, **more})
        return templar.template(trust_as_template(text))
