"""``#{Tokens}`` in values of Ansible variables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleError
from ansible.utils.display import Display

from .octopus import Problem, render
from .octopus.language.redaction import redact
from .octopus.scoping.host import HostVariables
from .octopus_settings import Reader
from .placeholders import MARK, placeholder
from .problems import handling, report_problems


def has_token(value: object) -> bool:
    """Whether a text, or one in a list or a dictionary, may have a token. One that only looks like it counts."""
    if isinstance(value, str):
        return "#{" in value
    if isinstance(value, Mapping):
        return any(map(has_token, value.values()))
    return isinstance(value, list | tuple) and any(map(has_token, value))


class Substitution:
    """For the host whose Ansible variables ``read`` reads, and whose Octopus variables ``choose`` returns."""

    def __init__(
        self,
        read: Reader,
        choose: Callable[[], HostVariables],
        *,
        unresolved: str | None = None,
        syntax_errors: str | None = None,
    ) -> None:
        self._read, self._choose = read, choose
        self._ways = {"unresolved": unresolved, "syntax_errors": syntax_errors}

    def of(self, value: Any) -> Any:
        """``value`` with the tokens of every text in it substituted; other types stay as they are.

        :raises AnsibleError: naming every token that cannot be resolved.
        """
        try:
            how = handling(self._read, **self._ways)
            # Choosing the host's values is most of the work.
            if not has_token(value):
                return value
            host = self._choose()
            if self._read(MARK):
                # Rendered a second time to find out where secrets go; errors were reported the first time.
                return _each(
                    value, lambda text: redact(text, host.variables, host.is_secret, placeholder, show_blocks=False)
                )
            found: list[tuple[str, Sequence[Problem]]] = []
            result = _substitute(value, "", host, found)
            failure = report_problems(found, host, how, Display().warning)
        except AnsibleError as error:
            raise AnsibleError(f"octopus_substitute: {error}") from None
        if failure:
            raise AnsibleError(f"octopus_substitute: {failure}")
        return result


def _substitute(value: Any, place: str, host: HostVariables, found: list[tuple[str, Sequence[Problem]]]) -> Any:
    """Recurse into lists and into the values (not the keys) of dictionaries; problems are added to ``found``."""
    if isinstance(value, str):
        if not has_token(value):
            return value
        evaluation = render(value, host.variables)
        found.append((place or "the text", evaluation.problems))
        return evaluation.text or ""
    if isinstance(value, Mapping):
        return {key: _substitute(item, f"{place}.{key}".lstrip("."), host, found) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_substitute(item, f"{place}[{number}]", host, found) for number, item in enumerate(value)]
    return value


def _each(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {key: _each(item, change) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_each(item, change) for item in value]
    return value
