"""Action of octopus_directory: substitute tokens in a directory's files on the control node, then copy them."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError

from ..plugin_utils.octopus.files.text_files import BinaryFileError, TextFileError
from ..plugin_utils.octopus.scoping.host import HostVariables
from ..plugin_utils.rendered_copy import COPY_TREE_OPTIONS, copy_tree, temporary_directory
from ..plugin_utils.token_action import DIRECTORY_OPTIONS, TOKEN_OPTIONS, Rendered, TokenAction

OPTIONS = {
    "src": {"type": "str", "required": True},
    "dest": {"type": "str", "required": True},
    "output_encoding": {"type": "str"},
    **TOKEN_OPTIONS,
    **DIRECTORY_OPTIONS,
    **COPY_TREE_OPTIONS,
}


class ActionModule(TokenAction):
    """Makes a copy of ``src`` with its tokens substituted, and hands that to ansible.builtin.copy."""

    code = "tokens_not_substituted"

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        options = self.options(OPTIONS)
        source = self.find(options["src"])
        if not os.path.isdir(source):
            raise AnsibleActionFail(f"src {source} is a file, expected a directory; octopus_template takes files")
        host, how = self.host_of_files(options, task_vars)
        tree, chosen = self.tree(source, options)
        faults, rendered, substituted = list(tree.faults), {}, []
        with temporary_directory() as directory:
            for path in tree.directories:
                os.makedirs(os.path.join(directory, path), exist_ok=True)
            for path in tree.files:
                original, target = os.path.join(source, path), os.path.join(directory, path)
                try:
                    file = self._substituted(original, host, options["output_encoding"]) if path in chosen else None
                    if file:
                        substituted.append(path)
                    else:
                        file = self.unchanged(original)
                except (TextFileError, AnsibleError) as error:
                    faults.append(str(error))
                    continue
                with open(target, "wb") as stream:
                    stream.write(file.content)
                shutil.copymode(original, target)
                rendered[path] = replace(file, content=b"")
            self.report_problems(list(rendered.values()), host, how, faults)
            sensitive = {path: file.sensitive for path, file in rendered.items() if file.sensitive}
            result = copy_tree(self, source, directory, sensitive, task_vars)
        result.pop("src", None)
        return result | {"dest": options["dest"], "substituted": substituted}

    def _substituted(self, path: str, host: HostVariables, output_encoding: str | None) -> Rendered | None:
        """The file with its tokens substituted; None for one that is no text."""
        try:
            return self.rendered(path, host, output_encoding)
        except BinaryFileError:
            return None
