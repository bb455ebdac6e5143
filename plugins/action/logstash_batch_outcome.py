"""Action of logstash_batch_outcome: fails with what became of a batch of hosts, on the control node only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail

from ..plugin_utils.logstash.soak import Host, describe
from ..plugin_utils.masked_action import MaskedAction

OPTIONS: dict[str, dict[str, Any]] = {
    "soaks": {"type": "dict", "required": True},
    "went_back": {"type": "dict", "default": {}},
    "hosts": {"type": "list", "elements": "str", "required": True},
    "failed": {"type": "list", "elements": "str", "default": []},
}


class ActionModule(MaskedAction):
    """See the module's documentation."""

    code = "soak_failed"
    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        options = self.options(OPTIONS)
        batch = [name for name in options["hosts"] if name in options["soaks"]]
        places = [options["hosts"].index(name) for name in batch]
        hosts = [_host(name, options["soaks"][name], options["went_back"].get(name)) for name in batch]
        failed = [name for name in options["failed"] if name not in batch]
        before = [name for name in options["hosts"][: min(places)] if name not in failed]
        after = [name for name in options["hosts"][max(places) + 1 :] if name not in failed]
        raise AnsibleActionFail(describe(hosts, before, after, failed))


def _host(name: str, soak: Mapping[str, Any], went_back: str | None) -> Host:
    if soak.get("unreachable") or "bad" not in soak:
        return Host(
            name, bad=f"not reachable any more: {soak.get('msg', 'no reason is known')}", deployed="what it has"
        )
    return Host(name, soak["bad"], soak["needed"], soak["deployed"], soak["target"], went_back)
