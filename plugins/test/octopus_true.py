"""Test octopus_true: whether a run condition with ``#{Tokens}`` holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleError, AnsibleTemplatePluginError
from ansible.utils.display import Display
from jinja2 import pass_context
from jinja2.runtime import Context

from ..plugin_utils.octopus.conditions import judge
from ..plugin_utils.octopus_variables import read_host


@pass_context
def octopus_true(context: Context, condition: Any, variables: Any = None) -> bool:
    """Whether ``condition`` has a result, without any error, that is not false. Warns of what cannot be resolved.

    :raises AnsibleTemplatePluginError: it is no text, it or a value that it reads does not parse, a variable leads back
        to itself, or a filter is used wrongly.
    """
    if not isinstance(condition, str):
        raise AnsibleTemplatePluginError(f"octopus_true: the condition is {condition!r}, expected text")
    try:
        host = read_host(context.get, variables)
    except AnsibleError as error:
        raise AnsibleTemplatePluginError(f"octopus_true: {error}") from None
    judged = judge(condition, host)
    if judged.fault:
        raise AnsibleTemplatePluginError(f"octopus_true: {judged.fault}")
    if judged.doubt:
        Display().warning(f"octopus_true: {judged.doubt}")
    return judged.holds


class TestModule:
    """Registers the test."""

    def tests(self) -> dict[str, Callable[..., bool]]:
        return {"octopus_true": octopus_true}
