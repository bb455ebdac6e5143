"""What the Octopus plugins share: from the variables that Ansible has for a host to the engine's.

Ansible templates its own variables (``octopus_variables`` may hold ``{{ … }}``); whatever comes out of variable files,
templates and evaluated tokens is text and is never handed to Jinja2.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from ansible import constants as C  # noqa: N812 - Ansible's own convention
from ansible.errors import AnsibleError
from ansible.utils.display import Display
from jinja2 import Undefined

from .octopus.errors import VariableError
from .octopus.scoping import provided
from .octopus.scoping.host import INVENTORY, PROMPTED, TASK, Host, HostVariables, Secrets, host_variables
from .octopus.scoping.loader import load_catalog
from .octopus.scoping.scopes import DEPLOYMENT, Catalog, is_tenant_tag
from .octopus_settings import Reader, Settings
from .octopus_vault import decrypt
from .placeholders import MARK

# What was chosen within chosen_once(): by host, from its variables or from placeholders.
_CHOSEN: ContextVar[dict[tuple[str, bool], HostVariables] | None] = ContextVar("_CHOSEN", default=None)


@contextmanager
def chosen_once() -> Iterator[None]:
    """Within it, read_host() chooses once for each host: in an action, filters of many variables ask for the same.

    For as long as the hosts' Ansible variables stay as they are.
    """
    token = _CHOSEN.set({})
    try:
        yield
    finally:
        _CHOSEN.reset(token)


def read_host(read: Reader, given: object = None, *, warn: bool = True) -> HostVariables:
    """The Octopus variables of the host that ``read`` reads from; ``given`` override all others.

    Warns of values that are equally specific, unless the caller tells it in another way. Ansible shows the same warning
    once, whatever the number of hosts and tasks.

    :raises AnsibleError: with all settings that are missing or have the wrong form, and all faults of variable files.
    """
    kept = _CHOSEN.get() if given is None else None
    if kept is None:
        chosen = _choose(read, given)
    else:
        key = (str(read("inventory_hostname")), bool(read(MARK)))
        if key not in kept:
            kept[key] = _choose(read, None)
        chosen = kept[key]
    for warning in chosen.warnings if warn else ():
        Display().warning(warning)
    return chosen


def _choose(read: Reader, given: object) -> HostVariables:
    settings = Settings(read)
    host = _host(read, settings)
    inventory, prompted = settings.values(INVENTORY), settings.values(PROMPTED)
    task = settings.checked_values(TASK, given)
    catalog = _catalog(read, settings)
    if settings.faults:
        raise AnsibleError("\n".join(settings.faults))
    secrets = Secrets(decrypt, lambda name: _ansible_value(read, name))
    try:
        return host_variables(host, catalog, inventory, task, prompted=prompted, secrets=secrets)
    except VariableError as error:
        raise AnsibleError(str(error)) from None


def _host(read: Reader, settings: Settings) -> Host:
    host = Host(
        name=settings.text("inventory_hostname"),
        environment=settings.text("octopus_environment"),
        address=settings.text("ansible_host"),
        groups=tuple(map(str, read("group_names") or ())),
        members={str(group): tuple(map(str, hosts)) for group, hosts in (read("groups") or {}).items()},
        project=settings.details("octopus_project", provided.PROJECT),
        release=settings.details("octopus_release", provided.RELEASE),
        deployment=settings.details("octopus_deployment", provided.DEPLOYMENT),
        step=settings.text("octopus_step"),
        step_roles=settings.texts("octopus_step_roles", "roles that the step targets"),
        channel=settings.text("octopus_channel"),
        tenant=settings.text("octopus_tenant"),
        tenant_tags=settings.texts("octopus_tenant_tags", "tags such as Region/EU", is_tenant_tag),
        process=settings.text("octopus_process", DEPLOYMENT),
    )
    if not host.environment:
        settings.faults.append(
            f"octopus_environment is missing or empty for host {host.name}; expected the name of the environment that "
            "the variables are chosen for. Set it in the inventory, for example `octopus_environment: staging` in "
            "group_vars/all"
        )
    if host.step_roles and not host.step:
        settings.faults.append("octopus_step_roles is set without octopus_step, the step that targets these roles")
    if host.tenant_tags and not host.tenant:
        settings.faults.append("octopus_tenant_tags is set without octopus_tenant, the tenant that has these tags")
    return host


def _catalog(read: Reader, settings: Settings) -> Catalog:
    """The variable files; relative ones start from the playbook's directory."""
    base = str(read("playbook_dir") or "")
    files, libraries = (
        [
            shown_path(os.path.normpath(os.path.join(base, os.path.expanduser(path))))
            for path in settings.texts(name, "paths on the control node")
        ]
        for name in ("octopus_variable_files", "octopus_library_files")
    )
    try:
        return load_catalog(files, libraries, cache=C.DEFAULT_LOCAL_TMP, decrypt=decrypt)
    except VariableError as error:
        settings.faults.append(str(error))
        return Catalog()


def _ansible_value(read: Reader, name: str) -> object:
    """An Ansible variable of the host; None when it is not defined.

    :raises VariableError: with a message that can follow the name of the Octopus variable.
    """
    try:
        value = read(name)
    except AnsibleError as error:
        raise VariableError(f"takes the Ansible variable {name}, which cannot be evaluated: {error}") from None
    return None if isinstance(value, Undefined) else value


def shown_path(path: str) -> str:
    """A path for messages: relative to the working directory where it is below it."""
    relative = os.path.relpath(path)
    return path if relative.startswith("..") else relative
