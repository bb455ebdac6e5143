"""Action of role_arguments: checks a role's variables against its argument specs, on the control node only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ansible import constants as C  # noqa: N812 - Ansible's own convention
from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.module_utils.common.yaml import yaml_load
from ansible.parsing.vault import VaultHelper

from ..plugin_utils.masked_action import MaskedAction
from ..plugin_utils.octopus.scoping.shared_cache import shared
from ..plugin_utils.role_arguments import LONGEST_VALUE, faults

OPTIONS = {
    "role_path": {"type": "path", "required": True},
    "entry": {"type": "str", "required": True},
    "tokens": {"choices": ["fail", "return"], "default": "fail"},
}


class ActionModule(MaskedAction):
    """Reports all faults at once, and needs no host."""

    code = "role_arguments_invalid"

    TRANSFERS_FILES = False
    _requires_connection = False

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        wanted = self.options(OPTIONS)
        options = _specs(Path(wanted["role_path"]), wanted["entry"])
        variables, found, unknown, without_value = self.evaluated(task_vars), [], [], []
        for name, spec in options.items():
            try:
                given = {name: variables[name]} if name in variables else {}
                told = list(faults({name: spec}, given, _is_secret))
                sources = ", ".join(_templates(task_vars.get(name)))[:LONGEST_VALUE] if told else ""
                found += [f"{text} It comes from {sources}" if sources else text for text in told]
            except AnsibleError as error:
                later = wanted["tokens"] == "return" and "octopus_substitute" in str(error)
                (without_value if later else unknown).append(
                    f"{name} has no value: {str(error).rstrip('.')}. Correct or define what it refers to."
                )
        # A default that is made from a variable of a wrong form mostly has no value for that reason.
        if found or unknown:
            raise AnsibleActionFail("\n".join(found or unknown))
        return result | {"changed": False, "without_value": without_value}


def _specs(role_path: Path, entry: str) -> dict[str, Any]:
    """The options of an entry point of the role."""
    text = (role_path / "meta/argument_specs.yml").read_text(encoding="utf-8")
    entries = shared(C.DEFAULT_LOCAL_TMP, f"argument specs: {text}", lambda: yaml_load(text)["argument_specs"])
    if entry not in entries:
        raise AnsibleActionFail(
            f"role_arguments: entry is {entry!r}; expected one of {', '.join(entries)}, which have specs in {role_path}"
        )
    return entries[entry].get("options") or {}


def _templates(value: Any) -> Iterator[str]:
    """What a variable is made from, where other variables decide on its value."""
    if isinstance(value, dict):
        for item in value.values():
            yield from _templates(item)
    elif isinstance(value, list):
        for item in value:
            yield from _templates(item)
    elif isinstance(value, str) and "{{" in value:
        yield value


def _is_secret(value: Any) -> bool:
    """Whether a value was encrypted with Ansible Vault."""
    return bool(VaultHelper.get_ciphertext(value, with_tags=False))
