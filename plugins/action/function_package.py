"""Action of function_package: builds the log shipper's package. On the control node only."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail

from ..plugin_utils.masked_action import MaskedAction

SOURCES = Path(__file__).resolve().parents[2] / "lambda"

OPTIONS = {
    "settings": {"type": "str", "required": True},
    "dest": {"type": "path", "required": True},
    "architecture": {"type": "str", "choices": ["arm64", "x86_64"], "default": "arm64"},
    "salt": {"type": "path"},
    "wheels": {"type": "list", "elements": "str", "default": []},
}


class ActionModule(MaskedAction):
    """Calls what can be called from a shell, too: lambda/build_zip.py."""

    code = "function_package_failed"

    _requires_connection = False
    _supports_check_mode = True

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        options = self.options(OPTIONS)
        if str(SOURCES) not in sys.path:
            sys.path.append(str(SOURCES))
        builder = import_module("build_zip")
        try:
            sha256 = builder.build_zip(
                SOURCES,
                options["settings"],
                options["dest"],
                architecture=options["architecture"],
                wheels=options["wheels"],
                salt=Path(options["salt"]).read_text(encoding="utf-8") if options["salt"] else "",
            )
        except (OSError, ValueError) as error:
            raise AnsibleActionFail(f"The log shipper's package could not be built: {error}") from None
        return result | {"changed": False, "sha256": sha256, "dest": options["dest"]}
