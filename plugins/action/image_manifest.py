"""Action of image_manifest: writes the manifest in the image, and a copy on the control node."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail

from ..module_utils import atomic_files
from ..module_utils.image import manifest
from ..plugin_utils.masked_action import FACTS, MaskedAction

MODE = 0o644


class ActionModule(MaskedAction):
    """The copy is made of what the module returns, so that nothing is fetched over the connection again."""

    code = "image_manifest_failed"
    facts = FACTS | {"manifest", "file"}
    _supports_check_mode = True

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        arguments = dict(self._task.args)
        copy = arguments.pop("copy", None)
        try:
            result |= self._execute_module(module_args=arguments, task_vars=task_vars)
        finally:
            self._remove_tmp_path(self._connection._shell.tmpdir)
        if result.get("failed") or not copy:
            return result | {"file": ""}
        path = Path(str(copy)) / f"{result['manifest']['fingerprint']}.json"
        text = manifest.text(result["manifest"])
        try:
            differs = not path.is_file() or path.read_text(encoding="utf-8") != text
            if differs and not self._task.check_mode:
                path.parent.mkdir(parents=True, exist_ok=True)
                atomic_files.write(path, text, MODE, shared=True)
        except OSError as error:
            raise AnsibleActionFail(f"{path} cannot be written: {error}. Make it writable, or name another.") from None
        return result | {"changed": bool(result.get("changed")) or differs, "file": str(path)}
