"""The variables of a role as plugin_utils/logstash/plan.py takes them, for actions that read them themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleError
from ansible.parsing.vault import EncryptedString

from .evaluated import Evaluated
from .octopus_variables import read_host
from .substitution import Substitution


class NoValueYetError(Exception):
    """A variable is made from a token without a value, which is said with the tokens."""


class RoleVariables:
    """The values of a role's variables among ``variables``.

    Raises NoValueYetError, and AnsibleError where something else is wrong with one.
    """

    def __init__(self, variables: Evaluated) -> None:
        self._variables = variables
        self._known: dict[tuple[str, ...], Any] = {}
        self._substitution = Substitution(variables.get, lambda: read_host(variables.get))

    def __call__(self, name: str) -> Any:
        return self._value((name,), lambda: self._variables[name])

    def substituted(self, name: str, of_each: str = "") -> Any:
        """The value with its tokens substituted; of a list, with ``of_each``, that of each entry's key, or ''."""

        def made() -> Any:
            value = self(name)
            return self._substitution.of([entry.get(of_each, "") for entry in value] if of_each else value)

        return self._value((name, of_each, "substituted"), made)

    def _value(self, key: tuple[str, ...], make: Callable[[], Any]) -> Any:
        if key not in self._known:
            try:
                self._known[key] = plain(make())
            except AnsibleError as error:
                if "octopus_substitute" in str(error):
                    raise NoValueYetError(f"{key[0]} has no value: {error}") from None
                raise
        return self._known[key]


def plain(value: Any) -> Any:
    """A value with all that Ansible evaluates or decrypts only when it is read."""
    if isinstance(value, EncryptedString):
        return str(value)
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value
