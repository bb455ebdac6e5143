"""Action of stack_parameters: refuses secrets that CloudFormation would show. On the controller only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail

from ..module_utils.aws.template import Template, TemplateError
from ..plugin_utils.octopus import VariableSet, render
from ..plugin_utils.octopus.exposure import secrets_in_text
from ..plugin_utils.token_action import TOKEN_OPTIONS, TokenAction

OPTIONS = {
    "stacks": {"type": "list", "elements": "dict", "required": True},
    "tags": {"type": "dict", "default": {}},
    **TOKEN_OPTIONS,
}


class ActionModule(TokenAction):
    """Looks at each parameter of each stack, at what the template says of it, and at the tags."""

    code = "stack_parameters_invalid"

    _requires_connection = False

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        options = self.options(OPTIONS)
        host, _how = self.host(options, task_vars)
        faults = []
        for stack in options["stacks"]:
            place = stack.get("template") or "its template_body"
            try:
                text = stack.get("template_body") or Path(stack["template"]).read_text(encoding="utf-8")
                template = Template(text, {}, {})
            except (OSError, UnicodeDecodeError, TemplateError) as error:
                raise AnsibleActionFail(
                    f"The template of stack {stack['name']} ({place}) cannot be used: {error}. Correct it."
                ) from None
            for name, value in (stack.get("parameters") or {}).items():
                if isinstance(value, list | tuple):
                    faults += [
                        f"stack {stack['name']}: parameter {name}, entry {number}: {text} has a comma in it once its "
                        "tokens are substituted, and CloudFormation would take that for several entries. Give each an "
                        "entry of its own, or take the comma out of the variable."
                        for number, text in enumerate(value, 1)
                        if _is_several(text, host.variables)
                    ]
                reasons = {reason for text in _texts(value) for reason in secrets_in_text(text, host, self._secrets)}
                if reasons and name not in template.hidden_parameters:
                    faults.append(
                        f"stack {stack['name']}: parameter {name} holds a secret ({', '.join(sorted(reasons))}), and "
                        "CloudFormation shows it to everybody who may look at the stack. Give the parameter NoEcho: "
                        f"true in {place}, or better keep the secret in Secrets Manager and pass its ARN."
                    )
            for name, value in {**options["tags"], **(stack.get("tags") or {})}.items():
                if any(secrets_in_text(text, host, self._secrets) for text in _texts(value)):
                    faults.append(
                        f"stack {stack['name']}: tag {name} holds a secret, and CloudFormation shows tags to everybody "
                        "who may look at the stack or at what it makes. Take it out."
                    )
        if faults:
            raise AnsibleActionFail("\n".join(faults))
        return result | {"changed": False}


def _is_several(text: Any, variables: VariableSet) -> bool:
    """Whether one entry of a list becomes several by what its tokens give: lists are joined with commas."""
    return isinstance(text, str) and "#{" in text and "," in (render(text, variables).text or "")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)
