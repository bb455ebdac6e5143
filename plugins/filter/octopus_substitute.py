"""Filter octopus_substitute: ``#{Tokens}`` in values of Ansible variables."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleError, AnsibleFilterError
from jinja2 import pass_context
from jinja2.runtime import Context

from ..plugin_utils.octopus_variables import read_host
from ..plugin_utils.substitution import Substitution


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
        return Substitution(
            context.get, lambda: read_host(context.get, variables), unresolved=unresolved, syntax_errors=syntax_errors
        ).of(value)
    except AnsibleError as error:
        raise AnsibleFilterError(str(error)) from None


class FilterModule:
    """Registers the filter."""

    def filters(self) -> dict[str, Any]:
        return {"octopus_substitute": octopus_substitute}
