"""Test octopus_true: whether a run condition with ``#{Tokens}`` holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleError, AnsibleTemplatePluginError
from jinja2 import pass_context
from jinja2.runtime import Context

from ..module_utils.octopus import EvaluationError, is_true
from ..plugin_utils.octopus import read_host


@pass_context
def octopus_true(context: Context, condition: Any, variables: Any = None) -> bool:
    """Whether ``condition`` has a result, without any error, that is not false.

    :raises AnsibleTemplatePluginError: it is no text, a variable leads back to itself, or a filter is used wrongly.
    """
    if not isinstance(condition, str):
        raise AnsibleTemplatePluginError(f"octopus_true: the condition is {condition!r}, expected text")
    try:
        host = read_host(context.get, variables)
    except AnsibleError as error:
        raise AnsibleTemplatePluginError(f"octopus_true: {error}") from None
    try:
        return is_true(condition, host.variables)
    except EvaluationError as error:
        raise AnsibleTemplatePluginError(host.masked(f"octopus_true: {condition}: {error}")) from None


class TestModule:
    """Registers the test."""

    def tests(self) -> dict[str, Callable[..., bool]]:
        return {"octopus_true": octopus_true}
