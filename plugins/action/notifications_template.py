"""Action of notifications_template: adds subscriptions to the template of the topics. On the controller only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail

from ..module_utils.aws.template import TemplateError
from ..plugin_utils import subscriptions
from ..plugin_utils.masked_action import MaskedAction

OPTIONS = {
    "template": {"type": "path", "required": True},
    # A form that is wrong is told with its place in the list.
    "subscriptions": {"type": "list", "elements": "raw", "default": []},
    "required": {"type": "list", "elements": "str", "default": []},
}


class ActionModule(MaskedAction):
    """Returns no endpoint: a registered result loses what Ansible knows of its secrecy."""

    code = "subscriptions_invalid"
    facts = frozenset(("template_body", "parameters"))

    _requires_connection = False

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        options = self.options(OPTIONS)
        found, faults = subscriptions.check(options["subscriptions"], options["required"])
        if faults:
            raise AnsibleActionFail("\n".join(faults))
        try:
            text = subscriptions.template(Path(options["template"]).read_text(encoding="utf-8"), found)
        except (OSError, UnicodeDecodeError, TemplateError) as error:
            raise AnsibleActionFail(
                f"The template {options['template']} cannot be used: {error}. Correct it."
            ) from None
        return result | {
            "changed": False,
            "template_body": text,
            "parameters": [one.parameter for one in found],
        }
