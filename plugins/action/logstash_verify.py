"""Action of logstash_verify: looks at the host by several modules, none of which keeps another from its checks."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from ..module_utils.logstash_host.installed_plugins import find_changes
from ..plugin_utils import verification
from ..plugin_utils.masked_action import MaskedAction, failure

HOST, HEALTH = "elk.deploy.logstash_host", "elk.deploy.logstash_health"
PLUGIN = {"name": "", "version": "", "checksum": "", "state": "present"}
OPTIONS: dict[str, dict[str, Any]] = {
    "installation": {"type": "dict", "required": True},
    "home": {"type": "path", "required": True},
    "version": {"type": "str", "required": True},
    "plugins": {"type": "list", "elements": "dict", "default": []},
    "health": {"type": "dict", "required": True},
    "record": {"type": "path"},
    "live": {"type": "dict", "required": True},
    "directories": {"type": "dict", "required": True},
    "monitor": {"type": "str", "default": ""},
    "timeout": {"type": "int"},
    "service": {"type": "str"},
}
OF_THE_MODULE = ("record", "live", "directories", "monitor", "timeout", "service")


class ActionModule(MaskedAction):
    """What is wanted stays on the control node."""

    _supports_check_mode = True

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        options = self.options(OPTIONS)
        begun = time.monotonic()
        try:
            host = self._ask(HOST, _of_host(options), task_vars)
            health = self._ask(HEALTH, options["health"], task_vars)
            given = {name: options[name] for name in OF_THE_MODULE if options[name] is not None}
            own = self._ask(None, given, task_vars)
        finally:
            self._remove_tmp_path(self._connection._shell.tmpdir)
        checks = [*_compared(options, host, health, own), *own.get("checks", [])]
        return result | {"changed": False, "checks": checks, "seconds": round(time.monotonic() - begun, 3)}

    def _ask(self, module: str | None, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = self._execute_module(module, arguments, task_vars=task_vars)
        return found


def _of_host(options: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "host": "this host",
        "checks": False,
        "installation": options["installation"],
        "plugins_of": options["home"],
    }


def _compared(
    options: Mapping[str, Any], host: Mapping[str, Any], health: Mapping[str, Any], own: Mapping[str, Any]
) -> list[dict[str, str]]:
    """The checks that hold the host against the inventory; a module that failed is a check that failed."""
    problem = failure(health) if health.get("failed") else ""
    found = [verification.check_pipelines(problem, options["health"]["pipelines"])]
    if host.get("failed"):
        found.append(verification.Check("host", "failed", failure(host)))
    else:
        installed = host["installed"]
        is_archive = bool(options["installation"]["archive"])
        version = installed["current"] if is_archive else installed["package"]
        deployed = str((own.get("record") or {}).get("version", ""))
        found.append(
            verification.check_version(str(health.get("version") or ""), version, deployed, options["version"])
        )
        wanted = [PLUGIN | one for one in options["plugins"]]
        plugins = host["plugins"]
        changes = find_changes(wanted, plugins["installed"], plugins["sources"])
        found.append(verification.check_plugins(changes, len(wanted), plugins["interrupted"]))
    if own.get("failed"):
        found.append(verification.Check("files and receivers", "failed", failure(own)))
    return [{"check": check.name, "result": check.result, "detail": check.detail} for check in found]
