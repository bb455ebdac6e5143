"""Action of settings_directory: every file is made on the controller, and all of them go to the host at once."""

from __future__ import annotations

import base64
import json
import os
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError

from ..module_utils.octopus.files.text_files import TextFileError
from ..module_utils.octopus.scoping.host import HostVariables
from ..plugin_utils.rendered_copy import temporary_directory
from ..plugin_utils.token_action import TOKEN_OPTIONS, Rendered, TokenAction

OPTIONS = {
    "path": {"type": "str", "required": True},
    "owner": {"type": "str"},
    "group": {"type": "str"},
    "leave": {"type": "list", "elements": "str", "default": []},
    "files": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "required_one_of": [["content", "src", "template"]],
        "mutually_exclusive": [["content", "src", "template"]],
        "options": {
            "name": {"type": "str", "required": True},
            "content": {"type": "str"},
            "src": {"type": "str"},
            "template": {"type": "str"},
            "secret": {"type": "bool", "default": False},
            "pipeline": {"type": "bool", "default": False},
        },
    },
    **TOKEN_OPTIONS,
}
MODULE = "elk.deploy.settings_directory"


class ActionModule(TokenAction):
    """Sends the files as one that only the host's user can read, since arguments of modules are logged on the host."""

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        options = self.options(OPTIONS)
        host, how = self.host(options, task_vars)
        made = {file["name"]: self._made(file, host) for file in options["files"]}
        self.settle(list(made.values()), host, how)
        arguments = {name: options[name] for name in ("path", "owner", "group", "leave")}
        result = self._send(made, arguments, task_vars)
        result.pop("invocation", None)
        return result

    def _made(self, file: dict[str, Any], host: HostVariables) -> Rendered:
        """A file's content, and why it must not be shown, if so."""
        try:
            if file["content"] is not None:
                made = Rendered(file["name"], file["content"].encode())
            elif file["src"] is not None:
                made = self.unchanged(self._find_needle("files", file["src"]))
            else:
                made = self.rendered(self.find(file["template"]), host, None, is_pipeline=file["pipeline"])
        except (AnsibleError, TextFileError) as error:
            raise AnsibleActionFail(f"{file['name']}: {error}") from None
        hidden = ["it is a secret"] if file["secret"] else list(made.sensitive)
        return Rendered(made.label, made.content, made.problems, tuple(hidden), made.warning)

    def _send(self, made: dict[str, Rendered], arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        bundle = [
            {
                "name": name,
                "content": base64.b64encode(file.content).decode(),
                "hidden": ", ".join(file.sensitive),
            }
            for name, file in made.items()
        ]
        self._make_tmp_path()
        directory = self._connection._shell.tmpdir
        try:
            with temporary_directory() as local:
                source = os.path.join(local, "bundle.json")
                with open(source, "w", encoding="utf-8") as stream:
                    json.dump(bundle, stream)
                remote = self._transfer_file(source, self._connection._shell.join_path(directory, "bundle.json"))
            self._fixup_perms2((directory, remote))
            return self._execute_module(
                module_name=MODULE, module_args={**arguments, "bundle": remote}, task_vars=task_vars
            )
        finally:
            self._remove_tmp_path(directory)
