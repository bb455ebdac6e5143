"""What the Octopus plugins share: from the variables that Ansible has for a host to the engine's, and to messages.

Ansible templates its own variables (``octopus_variables`` may hold ``{{ … }}``); whatever comes out of variable files,
templates and evaluated tokens is text and is never handed to Jinja2.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleError

from ..module_utils.octopus.errors import VariableError
from ..module_utils.octopus.host import Host, HostVariables, host_variables
from ..module_utils.octopus.loader import load_catalog

# Reads one Ansible variable of the host, templated; None when it is not defined.
Reader = Callable[[str], Any]


def read_host(read: Reader, given: object = None) -> HostVariables:
    """The Octopus variables of the host that ``read`` reads from; ``given`` override all others.

    :raises AnsibleError: a setting is missing or has the wrong form, or a variable file has faults.
    """
    name = str(read("inventory_hostname") or "")
    environment = _text(read, "octopus_environment").strip()
    if not environment:
        raise AnsibleError(
            f"octopus_environment is missing or empty for host {name}; expected the name of the environment that the "
            "variables are chosen for. Set it in the inventory, for example `octopus_environment: staging` in "
            "group_vars/all"
        )
    host = Host(
        name=name,
        environment=environment,
        address=_text(read, "ansible_host"),
        groups=tuple(map(str, read("group_names") or ())),
        project=_text(read, "octopus_project"),
        release=_text(read, "octopus_release"),
        members={str(group): tuple(map(str, hosts)) for group, hosts in (read("groups") or {}).items()},
    )
    inventory = _mapping("octopus_variables", read("octopus_variables"))
    try:
        return host_variables(host, load_catalog(_files(read)), inventory, _mapping("variables", given))
    except VariableError as error:
        raise AnsibleError(str(error)) from None


def shown_path(path: str) -> str:
    """A path for messages: relative to the working directory where it is below it."""
    relative = os.path.relpath(path)
    return path if relative.startswith("..") else relative


def _text(read: Reader, name: str) -> str:
    value = read(name)
    if value is None:
        return ""
    if isinstance(value, Mapping | list | tuple):
        raise AnsibleError(f"{name} is {_kind(value)}, expected text")
    return str(value)


def _mapping(name: str, value: object) -> Mapping[str, object]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise AnsibleError(f"{name} is {_kind(value)}, expected a dictionary of variable names and values")
    return value


def _kind(value: object) -> str:
    """What a value is, for messages; Ansible's own types have names that say nothing to users."""
    if isinstance(value, Mapping):
        return "a dictionary"
    return (
        "a list"
        if isinstance(value, list | tuple)
        else f"the text {value!r}"
        if isinstance(value, str)
        else repr(value)
    )


def _files(read: Reader) -> list[str]:
    """The variable files; relative ones start from the playbook's directory."""
    value = read("octopus_variable_files")
    if value is None:
        return []
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list | tuple) or not all(isinstance(path, str) and path for path in value):
        raise AnsibleError(f"octopus_variable_files is {value!r}, expected a list of paths on the control node")
    base = str(read("playbook_dir") or "")
    return [shown_path(os.path.normpath(os.path.join(base, os.path.expanduser(path)))) for path in value]
