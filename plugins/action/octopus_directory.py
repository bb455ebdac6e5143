"""Action of octopus_directory: evaluate the files of a directory on the controller, then let copy do the rest."""

from __future__ import annotations

import os
import shutil
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError

from ..module_utils.octopus.file_tree import Tree
from ..module_utils.octopus.text_files import BinaryFileError, TextFile, TextFileError
from ..plugin_utils.rendered_copy import COPY_TREE_OPTIONS, copy_tree, temporary_directory, without_secrets
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

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        task_vars = task_vars or {}
        options = self.options(OPTIONS)
        source = self.find(options["src"])
        if not os.path.isdir(source):
            raise AnsibleActionFail(f"src {source} is a file, expected a directory; octopus_template takes files")
        try:
            TextFile("").in_encoding(options["output_encoding"])
        except TextFileError as error:
            raise AnsibleActionFail(str(error)) from None
        host, how = self.host(options, task_vars)
        tree, chosen = self.tree(source, options)
        texts: dict[str, Rendered] = {}
        faults = list(tree.faults)
        for path in sorted(chosen):
            try:
                texts[path] = self.rendered(os.path.join(source, path), host, options["output_encoding"])
            except BinaryFileError:
                continue
            except (TextFileError, AnsibleError) as error:
                faults.append(str(error))
        self.settle(list(texts.values()), host, how, faults)
        with temporary_directory() as directory:
            encrypted = self._write(directory, source, tree, texts)
            sensitive = {path: text.sensitive for path, text in texts.items() if text.sensitive} | encrypted
            result = copy_tree(self, source, directory, sensitive, task_vars)
        result.pop("src", None)
        return without_secrets(result, host.masked) | {"dest": options["dest"], "substituted": sorted(texts)}

    def _write(self, directory: str, source: str, tree: Tree, texts: dict[str, Rendered]) -> dict[str, tuple[str, ...]]:
        """Write everything into ``directory``; return the files that are copied and were encrypted."""
        encrypted = {}
        for path in tree.directories:
            os.makedirs(os.path.join(directory, path), exist_ok=True)
        for path in tree.files:
            original, target = os.path.join(source, path), os.path.join(directory, path)
            if path in texts:
                with open(target, "wb") as stream:
                    stream.write(texts[path].content)
            else:
                try:
                    real, is_encrypted = self.real_file(original)
                    shutil.copyfile(real, target)
                except OSError as error:
                    raise AnsibleActionFail(f"{original}: cannot copy this file: {error.strerror}") from None
                if is_encrypted:
                    encrypted[path] = ("(the file itself is encrypted)",)
                    self._loader.cleanup_tmp_file(real)
            shutil.copymode(original, target)
        return encrypted
