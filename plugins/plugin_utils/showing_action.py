"""What the actions have in common that show an environment: what was found on its hosts, and a terminal."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.utils.color import ANSIBLE_COLOR

from .masked_action import MaskedAction
from .status.model import LAYERS
from .status.terminal import HAS_RICH


class ShowingAction(MaskedAction):
    """Works on the control node alone."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    def found(self, variable: str, task_vars: Mapping[str, Any]) -> dict[str, tuple[str, Mapping[str, Any]]]:
        """{host: (layer, what that variable is there)}, of the hosts that have it."""
        hosts, groups = task_vars.get("hostvars", {}), task_vars.get("groups", {})
        return {
            name: (layer, hosts[name][variable])
            for layer in LAYERS
            for name in groups.get(layer, ())
            if variable in hosts[name]
        }

    def terminal(self) -> dict[str, Any]:
        """``width`` and ``colour`` of a table.

        :raises AnsibleActionFail: without the package rich.
        """
        if not HAS_RICH:
            raise AnsibleActionFail(
                f"{self._task.action} needs the Python package rich on the control node, for {sys.executable}; install "
                "it (pip install rich)"
            )
        width = shutil.get_terminal_size((self._display.columns or 80, 24)).columns
        return {"width": max(width, 100), "colour": ANSIBLE_COLOR}
