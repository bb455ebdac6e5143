"""Action of program_files: asks the host which files differ, and brings those as one archive."""

from __future__ import annotations

import hashlib
import tarfile
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail

from ..plugin_utils.masked_action import FACTS, MaskedAction

OPTIONS = {
    "dest": {"type": "path", "required": True},
    "files": {"type": "list", "elements": "path", "required": True},
}


class ActionModule(MaskedAction):
    """See the module's documentation."""

    code = "program_files_not_copied"
    facts = FACTS | {"files"}
    _supports_check_mode = True
    # Nothing of a program is secret, and to look for secrets would evaluate them.
    _secrets = ()

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        options = self.options(OPTIONS)
        sources = {Path(path).name: Path(path) for path in options["files"]}
        if not sources or len(sources) < len(options["files"]):
            raise AnsibleActionFail(
                f"files has {len(options['files'])} paths with {len(sources)} names; expected at least one, and a "
                "name of its own for each."
            )
        try:
            checksums = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in sources.items()}
        except OSError as error:
            raise AnsibleActionFail(f"A file of the control node cannot be read: {error}.") from None
        arguments = {"dest": options["dest"], "checksums": checksums}
        try:
            result |= self._execute_module(module_args=arguments, task_vars=task_vars)
            if result.get("failed") or not result["files"] or self._task.check_mode:
                return result
            archive = self._bring(sources[name] for name in result["files"])
            return result | self._execute_module(module_args=arguments | {"archive": archive}, task_vars=task_vars)
        finally:
            self._remove_tmp_path(self._connection._shell.tmpdir)

    def _bring(self, files: Iterable[Path]) -> str:
        """Copies files to the host as one archive -> its path there."""
        shell = self._connection._shell
        if not shell.tmpdir:
            self._make_tmp_path()
        brought: str = shell.join_path(shell.tmpdir, "files.tar")
        with tempfile.NamedTemporaryFile(suffix=".tar") as archive:
            # What a link leads to, since that need not be on the host.
            with tarfile.open(fileobj=archive, mode="w", dereference=True) as tar:
                for path in files:
                    tar.add(path, arcname=path.name)
            archive.flush()
            self._transfer_file(archive.name, brought)
        self._fixup_perms2((shell.tmpdir, brought), execute=False)
        return brought
