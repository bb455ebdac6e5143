"""Action of octopus_no_secrets: refuses files that a secret goes into. On the controller only."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError

from ..plugin_utils.octopus.exposure import secrets_in_text
from ..plugin_utils.octopus.files.text_files import TextFileError
from ..plugin_utils.octopus_variables import shown_path
from ..plugin_utils.token_action import TOKEN_OPTIONS, TokenAction

OPTIONS = {
    "src": {"type": "list", "elements": "str", "required": True},
    "reason": {"type": "str", "required": True},
    **TOKEN_OPTIONS,
}


class ActionModule(TokenAction):
    """Looks at each file."""

    code = "secrets_exposed"

    _requires_connection = False

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        options = self.options(OPTIONS)
        host, _how = self.host(options, task_vars)
        faults = []
        for name in options["src"]:
            try:
                path = self.find(name)
                file, encrypted = self.read(path)
            except (AnsibleError, TextFileError) as error:
                faults.append(str(error))
                continue
            found = secrets_in_text(file.text, host, self._secrets)
            if encrypted:
                found.append("the file is encrypted with Ansible Vault")
            if found:
                faults.append(f"{shown_path(path)} holds a secret ({', '.join(found)}). {options['reason']}")
        if faults:
            raise AnsibleActionFail("\n".join(faults))
        return result | {"changed": False}
