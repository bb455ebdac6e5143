"""Action of logstash_hops: check the variables of the hops between layers, on the control node only."""

from __future__ import annotations

from functools import cache
from typing import Any

from ansible.errors import AnsibleActionFail

from ..module_utils.logstash.versions import parse_or_newest
from ..plugin_utils.evaluated import Evaluated
from ..plugin_utils.logstash.certificates import kinds_of_keys
from ..plugin_utils.logstash.hops import FUNCTION, Wanted, faults, open_hops
from ..plugin_utils.logstash.table import flatten
from ..plugin_utils.octopus import render
from ..plugin_utils.octopus.scoping.host import HostVariables
from ..plugin_utils.tls_files import contents
from ..plugin_utils.token_action import TOKEN_OPTIONS, TokenAction

OPTIONS = {
    "version": {"type": "str", "default": ""},
    "templates": {"type": "list", "elements": "str", "required": True},
    "tls_files": {"type": "list", "elements": "dict", "default": []},
    "secret_arns": {"type": "list", "elements": "str", "default": []},
    "api_host": {"type": "str", "default": ""},
    "settings": {"type": "dict", "default": {}},
    "open": {"choices": ["warn", "fail", "ignore"], "default": "warn"},
    **TOKEN_OPTIONS,
}


class ActionModule(TokenAction):
    """Reports all faults at once, and warns of each hop that is open: Ansible shows a warning of many hosts once."""

    code = "hops_invalid"

    _requires_connection = False

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        self._task.args = {**_of_host(self.evaluated(task_vars), self._task.args.get("templates")), **self._task.args}
        options = self.options(OPTIONS)
        host, _how = self.host(options, task_vars)

        @cache
        def value(name: str) -> str:
            evaluation = render(f"#{{{name}}}", host.variables)
            return "" if evaluation.problems else evaluation.text or ""

        wanted = Wanted(
            value=value,
            templates=options["templates"],
            # Without a version that can be read, the role has more to say.
            version=parse_or_newest(options["version"]),
            secret_arns=options["secret_arns"],
            tls_files=[str(file.get("name")) for file in options["tls_files"]],
            keys=kinds_of_keys(self._contents(options["tls_files"], host)),
            api_host=options["api_host"],
            settings=options["settings"],
        )
        found = faults(wanted)
        if found:
            raise AnsibleActionFail(host.masked("\n".join(found)))
        hops = [host.masked(line) for line in open_hops(wanted)] if options["open"] != "ignore" else []
        if hops and options["open"] == "fail":
            raise AnsibleActionFail(
                "\n".join(
                    [*hops, "open_hops is fail; docs/network.md has the variables. Close each hop, or set it to warn."]
                )
            )
        return result | {"changed": False, "hops": hops, "warnings": [f"Open hop: {line}" for line in hops]}

    def _contents(self, tls_files: list[dict[str, Any]], host: HostVariables) -> dict[str, bytes]:
        """Nothing where a file cannot be read: the role says so."""
        try:
            return contents(self, tls_files, host)
        except AnsibleActionFail:
            return {}


def _of_host(variables: Evaluated, templates: Any) -> dict[str, Any]:
    """What a task without these options means. To evaluate an option takes longer than to read a variable."""
    own = set(templates or ()) - {FUNCTION}
    found = {
        "version": str(variables.get("logstash_version") or ""),
        "tls_files": variables.get("logstash_tls_files"),
        "secret_arns": variables.get("elb_log_shipper_secret_arns") if own != set(templates or ()) else None,
        "api_host": (variables.get("logstash_api_host") or "127.0.0.1") if own else None,
        "settings": flatten(variables.get("logstash_settings") or {}),
        "open": variables.get("open_hops"),
    }
    return {name: value for name, value in found.items() if value is not None}
