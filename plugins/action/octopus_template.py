"""Action of octopus_template: substitute tokens on the control node, then run ansible.builtin.copy."""

from __future__ import annotations

import os
from typing import Any

from ansible.errors import AnsibleActionFail

from ..plugin_utils.octopus.files.text_files import TextFileError
from ..plugin_utils.rendered_copy import COPY_OPTIONS, copy_rendered
from ..plugin_utils.token_action import TOKEN_OPTIONS, TokenAction

OPTIONS = {
    "src": {"type": "str", "required": True},
    "dest": {"type": "str", "required": True},
    "output_encoding": {"type": "str"},
    **TOKEN_OPTIONS,
    **COPY_OPTIONS,
}


class ActionModule(TokenAction):
    """Renders ``src`` and hands the result to ansible.builtin.copy."""

    code = "tokens_not_substituted"

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        options = self.options(OPTIONS)
        source = self.find(options["src"])
        if os.path.isdir(source):
            raise AnsibleActionFail(
                f"src {source} is a directory, expected a file; octopus_directory takes directories"
            )
        host, how = self.host_of_files(options, task_vars)
        try:
            rendered = self.rendered(source, host, options["output_encoding"])
        except TextFileError as error:
            raise AnsibleActionFail(str(error)) from None
        self.report_problems([rendered], host, how)
        return copy_rendered(self, source, rendered.content, rendered.sensitive, task_vars)
