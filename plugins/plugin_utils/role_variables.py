"""The variables of a role as plugin_utils/logstash/plan.py takes them, for actions that read them themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleError
from ansible.parsing.vault import EncryptedString
from ansible.template import trust_as_template


class NoValueYetError(Exception):
    """A variable is made from a token without a value, which is said with the tokens."""


class RoleVariables:
    """The values of ``variables``, each evaluated by ``template`` once it is read.

    Raises NoValueYetError, and AnsibleError where something else is wrong with one.
    """

    def __init__(self, variables: Mapping[str, Any], template: Callable[[Any], Any]) -> None:
        self._variables, self._template = variables, template
        self._known: dict[tuple[str, ...], Any] = {}

    def __call__(self, name: str) -> Any:
        return self._value((name,), lambda: self._variables[name])

    def substituted(self, name: str, of_each: str = "") -> Any:
        """The value with its tokens substituted; of a list, with ``of_each``, that of each entry's key, or ''."""
        each = f"map(attribute='{of_each}', default='') | list | " if of_each else ""
        expression = f"{{{{ {name} | {each}elk.deploy.octopus_substitute }}}}"
        return self._value((name, of_each, "substituted"), lambda: trust_as_template(expression))

    def _value(self, key: tuple[str, ...], given: Callable[[], Any]) -> Any:
        if key not in self._known:
            try:
                self._known[key] = plain(self._template(given()))
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
