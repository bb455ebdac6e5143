"""Action of logstash_check: check settings against what the version knows, on the control node only."""

from __future__ import annotations

import datetime
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError

from ..module_utils.logstash.versions import parse
from ..plugin_utils.logstash import certificates
from ..plugin_utils.logstash.check import Wanted, faults, warnings
from ..plugin_utils.octopus import render
from ..plugin_utils.octopus.scoping.host import HostVariables
from ..plugin_utils.tls_files import contents
from ..plugin_utils.token_action import TOKEN_OPTIONS, TokenAction

OPTIONS = {
    "version": {"type": "str", "required": True},
    "settings": {"type": "dict", "default": {}},
    "pipelines": {"type": "list", "elements": "dict", "default": []},
    "unchecked": {"type": "list", "elements": "str", "default": []},
    "reserved": {"type": "dict", "default": {}},
    "heap_size": {"type": "str", "default": ""},
    "jvm_options": {"type": "list", "elements": "str", "default": []},
    "environment": {"type": "dict", "default": {}},
    "reserved_environment": {"type": "dict", "default": {}},
    "tls_files": {"type": "list", "elements": "dict", "default": []},
    **TOKEN_OPTIONS,
}
SUBJECTS = ("settings", "pipelines", "heap_size", "jvm_options", "environment", "tls_files")


class ActionModule(TokenAction):
    """Reports all faults at once, and needs no host."""

    code = "logstash_settings_invalid"

    _requires_connection = False

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        options = self.options(OPTIONS)
        if not any(options[name] for name in SUBJECTS):
            raise AnsibleActionFail(
                f"logstash_check has nothing to check: {', '.join(SUBJECTS)} are all missing or empty; give one of "
                "them, or leave the task out"
            )
        host, _how = self.host(options, task_vars)
        wanted = Wanted(
            version=_version(options["version"]),
            settings=_substituted(options["settings"], host),
            pipelines=_substituted(options["pipelines"], host),
            unchecked=options["unchecked"],
            reserved=options["reserved"],
            heap_size=options["heap_size"],
            jvm_options=options["jvm_options"],
            environment=_substituted(options["environment"], host),
            reserved_environment=options["reserved_environment"],
            tls_files=options["tls_files"],
        )
        missing = self._missing_files(options["tls_files"])
        held = {} if missing else contents(self, options["tls_files"], host)
        now = datetime.datetime.now(datetime.UTC)
        found = [*faults(wanted), *missing, *certificates.faults(held, now)]
        if found:
            raise AnsibleActionFail(host.masked("\n".join(found)))
        known = [*warnings(wanted), *certificates.warnings(held, now)]
        return result | {"changed": False, "warnings": [host.masked(text) for text in known]}

    def _missing_files(self, tls_files: list[dict[str, Any]]) -> list[str]:
        missing = []
        for entry in tls_files:
            if entry.get("src"):
                try:
                    self._find_needle("files", entry["src"])
                except AnsibleError:
                    missing.append(
                        f"logstash_tls_files: {entry.get('name')} has src {entry['src']!r}: there is no such file on "
                        "the control node. Correct the path."
                    )
        return missing


def _version(text: str) -> tuple[int, int, int]:
    try:
        return parse(text)
    except ValueError as error:
        raise AnsibleActionFail(f"logstash_version: {error}") from None


def _substituted(value: Any, host: HostVariables) -> Any:
    """A value with its tokens substituted as far as they can be; octopus_check reports the others."""
    if isinstance(value, str) and "#{" in value:
        evaluation = render(value, host.variables)
        text = evaluation.text or ""
        return value if evaluation.problems and "#{" not in text else text
    if isinstance(value, dict):
        return {key: _substituted(item, host) for key, item in value.items()}
    if isinstance(value, list):
        return [_substituted(item, host) for item in value]
    return value
