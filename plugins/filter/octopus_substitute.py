"""Filter octopus_substitute: ``#{Tokens}`` in values of Ansible variables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleError, AnsibleFilterError
from jinja2 import pass_context
from jinja2.runtime import Context

from ..module_utils.octopus import render
from ..module_utils.octopus.host import HostVariables
from ..module_utils.octopus.report import report
from ..plugin_utils.octopus import read_host


@pass_context
def octopus_substitute(context: Context, value: Any, variables: Any = None) -> Any:
    """``value`` with the tokens of every text in it substituted; other types stay as they are.

    :raises AnsibleFilterError: naming every token that cannot be resolved.
    """
    try:
        host = read_host(context.get, variables)
    except AnsibleError as error:
        raise AnsibleFilterError(f"octopus_substitute: {error}") from None
    messages: list[str] = []
    result = _substitute(value, "", host, messages)
    if messages:
        raise AnsibleFilterError("octopus_substitute: " + "\n".join(messages))
    return result


def _substitute(value: Any, place: str, host: HostVariables, messages: list[str]) -> Any:
    """Recurse into lists and into the values (not the keys) of dictionaries."""
    if isinstance(value, str):
        if "#{" not in value:
            return value
        evaluation = render(value, host.variables)
        if evaluation.problems:
            messages.append(report([(place or "the text", evaluation.problems)], host))
        return evaluation.text or ""
    if isinstance(value, Mapping):
        return {key: _substitute(item, f"{place}.{key}".lstrip("."), host, messages) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_substitute(item, f"{place}[{number}]", host, messages) for number, item in enumerate(value)]
    return value


class FilterModule:
    """Registers the filter."""

    def filters(self) -> dict[str, Any]:
        return {"octopus_substitute": octopus_substitute}
