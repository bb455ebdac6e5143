"""Action of octopus_preview: shows the variables of inventories, on the controller only."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.utils.color import ANSIBLE_COLOR

from ..module_utils import atomic_files
from ..plugin_utils.octopus.preview import Column, preview
from ..plugin_utils.octopus_variables import shown_path
from ..plugin_utils.preview_inventory import Inventory
from ..plugin_utils.preview_page import page
from ..plugin_utils.preview_table import HAS_RICH, table
from ..plugin_utils.token_action import TokenAction

OPTIONS: dict[str, dict[str, Any]] = {
    "inventories": {"type": "list", "elements": "str", "default": []},
    "page": {"type": "path"},
    "filter": {"type": "str", "default": ""},
}

ALL = "all"

# Values may be confidential even where none is marked as sensitive.
PAGE_MODE = 0o640


class ActionModule(TokenAction):
    """Reads inventories, prints a table and writes a page."""

    code = "preview_failed"

    _requires_connection = False

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        options = self.options(OPTIONS)
        if not HAS_RICH:
            raise AnsibleActionFail(
                f"octopus_preview needs the Python package rich on the control node, for {sys.executable}; install it "
                "(pip install rich)"
            )
        own = [str(source) for source in task_vars.get("ansible_inventory_sources") or ()]
        shown = preview(self._columns(_inventories(options["inventories"], own)))
        columns = shutil.get_terminal_size((self._display.columns or 80, 24)).columns
        # Not for the log: it would be a picture of the terminal.
        self._display.display(
            table(shown, width=columns, words=options["filter"], colour=ANSIBLE_COLOR), screen_only=True
        )
        result.update(changed=False, values=shown.values, unused=shown.unused, missing=shown.missing)
        result["problems"] = len(shown.faults)
        if options["page"]:
            result["page"] = options["page"]
            result["changed"] = self._write(Path(options["page"]), page(shown))
        return result

    def _columns(self, inventories: list[list[str]]) -> list[Column]:
        columns: list[Column] = []
        faults: list[str] = []
        for sources in inventories:
            try:
                columns += Inventory(sources, self._loader, lambda path: self.read(path)[0].text).columns()
            except AnsibleError as error:
                faults.append(error.message)
        if faults:
            raise AnsibleActionFail("\n".join(faults))
        return columns

    def _write(self, path: Path, content: bytes) -> bool:
        """Write the page unless it is there already, or in check mode; whether it was or would be written."""
        try:
            if path.is_file() and path.read_bytes() == content:
                return False
            if not self._task.check_mode:
                path.parent.mkdir(parents=True, exist_ok=True)
                atomic_files.write(path, content, PAGE_MODE, shared=True)
        except OSError as error:
            raise AnsibleActionFail(f"{shown_path(str(path))}: cannot write the page: {error.strerror}") from None
        return True


def _inventories(given: list[str], own: list[str]) -> list[list[str]]:
    """The sources of each inventory to show.

    :raises AnsibleActionFail: there are none, or one does not exist.
    """
    if given == [ALL]:
        if not own:
            raise AnsibleActionFail("inventories is all, but the run has no inventory beside which others could be")
        beside = Path(own[0]).absolute().parent
        given = sorted(str(path.parent) for path in beside.glob("*/hosts.yml"))
        if not given:
            raise AnsibleActionFail(
                f"inventories is all, but {shown_path(str(beside))} has no directory with a hosts.yml"
            )
    if not given and not own:
        raise AnsibleActionFail("there is no inventory: name one with -i, such as -i inventories/staging")
    # A source with a comma is a list of hosts.
    unknown = [source for source in given or own if not os.path.exists(source) and "," not in source]
    if unknown:
        raise AnsibleActionFail(
            f"no such inventory: {', '.join(map(shown_path, unknown))}; expected paths of inventories, such as "
            "inventories/staging, or in the option inventories the word all"
        )
    return [[source] for source in given] or [own]
