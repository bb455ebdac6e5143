"""Filter octopus_substitute: ``#{Tokens}`` in values of Ansible variables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleError, AnsibleFilterError
from ansible.utils.display import Display
from jinja2 import pass_context
from jinja2.runtime import Context

from ..plugin_utils.octopus import Problem, render
from ..plugin_utils.octopus.language.redaction import redact
from ..plugin_utils.octopus.scoping.host import HostVariables
from ..plugin_utils.octopus_variables import read_host
from ..plugin_utils.placeholders import MARK, placeholder
from ..plugin_utils.problems import handling, report_problems


@pass_context
def octopus_substitute(
    context: Context,
    value: Any,
    variables: Any = None,
    unresolved: str | None = None,
    syntax_errors: str | None = None,
) -> Any:
    """``value`` with the tokens of every text in it substituted; other types stay as they are.

    :raises AnsibleFilterError: naming every token that cannot be resolved.
    """
    try:
        how = handling(context.get, unresolved=unresolved, syntax_errors=syntax_errors)
        host = read_host(context.get, variables)
    except AnsibleError as error:
        raise AnsibleFilterError(f"octopus_substitute: {error}") from None
    if context.get(MARK):
        # Made again to find out what secrets go into; what is wrong is told the first time.
        return _each(value, lambda text: redact(text, host.variables, host.is_secret, placeholder, show_blocks=False))
    found: list[tuple[str, Sequence[Problem]]] = []
    result = _substitute(value, "", host, found)
    failure = report_problems(found, host, how, Display().warning)
    if failure:
        raise AnsibleFilterError(f"octopus_substitute: {failure}")
    return result


def _substitute(value: Any, place: str, host: HostVariables, found: list[tuple[str, Sequence[Problem]]]) -> Any:
    """Recurse into lists and into the values (not the keys) of dictionaries; problems are added to ``found``."""
    if isinstance(value, str):
        if "#{" not in value:
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


class FilterModule:
    """Registers the filter."""

    def filters(self) -> dict[str, Any]:
        return {"octopus_substitute": octopus_substitute}
