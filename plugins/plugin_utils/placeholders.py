"""Finds what secrets went into: what is made from a host's Ansible variables is made again from placeholders.

Ansible notes on a value that it was encrypted, and loses the note as soon as the value goes through an expression or a
template. So a value is made twice, from the variables and from the same variables with a placeholder in place of each
secret. What differs has a secret in it, whatever was made of that. Only a condition that comes out the same both times
goes unnoticed; it gives nothing of the secret away but that it did.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from ansible.parsing.vault import EncryptedString
from ansible.vars.hostvars import HostVars, HostVarsVars

from ..module_utils.masking.foreign import is_secret_name, says_nothing
from .evaluated import Evaluated
from .host_secrets import DEPTH, NOT_LOOKED_AT, is_vaulted

# Among the variables, where placeholders are in place of secrets: for the filters of the collection.
MARK = "_elk_deploy_placeholders"
PLACEHOLDER = re.compile(r"<secret ([^<>]*)>")


def placeholder(names: Iterable[str]) -> str:
    """The placeholders for the values of secret variables or settings with these names."""
    # No sign in it may mean something to a template, or to the files that it stands in.
    plain = [re.sub(r"[^\w.:/-]+", "_", name) for name in names]
    return f"<secret {', '.join(plain)}>"


def names_in(text: str) -> list[str]:
    """The names that the placeholders in a text replace."""
    return sorted({name for found in PLACEHOLDER.findall(text) for name in found.split(", ")})


class Placeholders:
    """The variables of a host once more, with placeholders; ``known`` are the texts that are known to be secret."""

    def __init__(self, variables: Mapping[str, Any], templar: Any, known: Collection[str]) -> None:
        self.variables = without_secrets(variables, known)
        self._templar = templar.copy_with_new_env(available_variables=self.variables)
        self.evaluated = Evaluated(self.variables, self._templar)

    def template(self, value: Any) -> Any:
        """A value as it was written, evaluated. Raises what Ansible raises where a placeholder does not do."""
        return self._templar.template(value)

    def read(self, name: str) -> Any:
        """One variable, evaluated; None when it is not defined."""
        return self.evaluated.get(name)


def without_secrets(variables: Mapping[str, Any], known: Collection[str]) -> dict[str, Any]:
    """The variables with a placeholder in place of every secret."""
    look = _Look(known)
    facts = _set_facts(variables) if known else ()
    found: dict[str, Any] = {}
    for name, value in variables.items():
        if name == "hostvars" and isinstance(value, HostVars):
            found[name] = _other_hosts(value, known)
        else:
            look.computed = name in facts
            found[name] = value if name in NOT_LOOKED_AT else look.at(value, name, is_secret_name(name), DEPTH)
    if isinstance(variables.get("vars"), Mapping):
        # The same variables once more, by their names.
        found["vars"] = {name: found.get(name, value) for name, value in variables["vars"].items()}
    found[MARK] = True
    return found


class _Look:
    def __init__(self, known: Collection[str]) -> None:
        self._known = sorted(known, key=len, reverse=True)
        self.computed = False  # whether what is looked at was put there by set_fact

    def at(self, value: Any, name: str, is_secret: bool, depth: int) -> Any:
        """The value itself where nothing in it is secret, so that what Ansible notes on it stays."""
        new = value
        if isinstance(value, HostVars | HostVarsVars):
            # Of all hosts, below `ansible_delegated_vars`: whatever is read there would be evaluated first.
            return value
        if isinstance(value, Mapping):
            items = {
                key: self.at(item, f"{name}.{key}", isinstance(key, str) and is_secret_name(key), depth - 1)
                for key, item in (value.items() if depth else ())
            }
            new = items if any(items[key] is not value[key] for key in items) else value
        elif isinstance(value, list | tuple):
            each = [self.at(item, name, is_secret, depth - 1) for item in (value if depth else ())]
            new = each if any(new is not old for new, old in zip(each, value, strict=False)) else value
        elif isinstance(value, EncryptedString):
            new = placeholder([name])
        elif isinstance(value, str):
            new = self._text(value, name, is_secret)
        elif isinstance(value, int | float) and not isinstance(value, bool) and (is_secret or is_vaulted(value)):
            new = placeholder([name])
        return new

    def _text(self, value: str, name: str, is_secret: bool) -> str:
        if says_nothing(value):
            return value
        # What an earlier task computed may have been made of a secret; nothing tells.
        if is_secret or self.computed or is_vaulted(value):
            return placeholder([name])
        if "{{" not in value and "{%" not in value:
            for secret in self._known:
                if secret in value:
                    return placeholder([name])
        return value


def _set_facts(variables: Mapping[str, Any]) -> Collection[str]:
    """The variables that set_fact has made for the host; results of modules are none of them."""
    hosts = variables.get("hostvars")
    facts = getattr(getattr(hosts, "_variable_manager", None), "_nonpersistent_fact_cache", {})
    own = facts.get(variables.get("inventory_hostname"), {})
    return {
        name
        for name, value in own.items()
        if not (isinstance(value, Mapping) and {"changed", "failed", "skipped", "results"} & value.keys())
    }


def _other_hosts(real: HostVars, known: Collection[str]) -> HostVars:
    class Manager:
        """In place of Ansible's, which would note that it was asked for."""

        def get_vars(self, **options: Any) -> dict[str, Any]:
            return without_secrets(real._variable_manager.get_vars(**options), known)

    found = object.__new__(HostVars)
    found._inventory, found._loader, found._variable_manager = real._inventory, real._loader, Manager()
    return found


def as_written(task: Any) -> Mapping[str, Any] | None:
    """The options of a task before they were evaluated; None where they are not known."""
    source = task.get_ds()
    if not isinstance(source, Mapping):
        return None
    found: dict[str, Any] = {}
    known = False
    own = str(task.action).rpartition(".")[2]
    for key, value in source.items():
        if str(key).rpartition(".")[2] not in (own, "action", "local_action", "args"):
            continue
        given = value.get("args", value) if isinstance(value, Mapping) and "module" in value else value
        if isinstance(given, Mapping):
            found.update(given)
            known = True
        elif key == "args" or "=" in str(given or ""):
            return None
    return found if known else None


def made_again(make: Callable[[], Any]) -> tuple[Any, bool]:
    """What ``make`` gives from placeholders, and whether it could be made."""
    try:
        return make(), True
    except Exception:
        # Whatever a placeholder was not good enough for: what was made is not known to be free of secrets.
        return None, False
