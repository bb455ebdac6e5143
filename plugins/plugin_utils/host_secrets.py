"""What is secret for a host: found in its Ansible variables, for whoever shows something of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from ansible.errors import AnsibleError
from ansible.parsing import vault
from ansible.vars.hostvars import HostVars, HostVarsVars

from ..module_utils.masking.foreign import is_secret_name
from ..module_utils.masking.known import is_maskable
from .octopus.scoping.host import HostVariables

# A role lists what is secret beside that in a variable of such a name: texts and lists of texts, as templates.
OWN = re.compile(r"_\w+_secrets")
# What Ansible itself puts there, and what modules brought: large, and nobody's secrets.
NOT_LOOKED_AT = frozenset(
    ("hostvars", "vars", "groups", "ansible_facts", "environment", "omit", "play_hosts", "ansible_play_hosts")
)
CREDENTIALS = re.compile(r"://[^/\s:@]*:([^/\s\"']+)@")
DEPTH = 8


def host_secrets(
    variables: Mapping[str, Any], template: Callable[[Any], Any], octopus: Iterable[str]
) -> tuple[str, ...]:
    """The texts that must not be shown of a host with these Ansible variables; ``template`` evaluates one.

    They are: ``octopus``, the values of its sensitive Octopus variables; values that are encrypted with Ansible
    Vault, one by one or with their file; values of variables and keys whose names say that they hold a secret;
    passwords in addresses; and what the roles list in their variables ``_<role>_secrets``.
    """
    found = set(octopus)
    for name, value in variables.items():
        if name in NOT_LOOKED_AT:
            continue
        if OWN.fullmatch(name):
            # One by one: what cannot be evaluated yet does not hide the others.
            for item in value if isinstance(value, list) else [value]:
                found.update(secrets_in(_evaluated(item, template), is_secret=True))
        else:
            found.update(_walk(value, is_secret_name(name), template, DEPTH))
    # The name of a variable is none: tables of a role name the variable that a password is given in.
    return tuple(sorted(text for text in found if is_maskable(text) and text not in variables))


def octopus_secrets(choose: Callable[[], HostVariables]) -> tuple[str, ...]:
    """The values of the sensitive ones of the Octopus variables that ``choose`` returns."""
    try:
        return choose().secrets
    except AnsibleError:
        # Not used here, or wrong: whoever uses them will say so, and nothing was made of them.
        return ()


def secrets_in(value: Any, *, is_secret: bool = False) -> Iterator[str]:
    """What is secret in a value that is evaluated already; all of it with ``is_secret``, numbers, too."""
    return _walk(value, is_secret, lambda text: text, DEPTH)


def _walk(value: Any, is_secret: bool, template: Callable[[Any], Any], depth: int) -> Iterator[str]:
    if isinstance(value, HostVars | HostVarsVars):
        return  # those of all hosts, below `ansible_delegated_vars`
    if isinstance(value, Mapping):
        for name, item in value.items() if depth else ():
            named = isinstance(name, str) and is_secret_name(name)
            yield from _walk(item, named, template, depth - 1)
    elif isinstance(value, list | tuple):
        for item in value if depth else ():
            yield from _walk(item, is_secret, template, depth - 1)
    elif isinstance(value, vault.EncryptedString):
        yield from _decrypted(value)
    elif isinstance(value, str):
        yield from _of_text(value, is_secret, template)
    elif is_secret and isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)


def _of_text(value: str, is_secret: bool, template: Callable[[Any], Any]) -> Iterator[str]:
    if "{{" in value:
        # Only where the name says so: others may need facts, or take long.
        evaluated = _evaluated(value, template) if is_secret else None
        if isinstance(evaluated, str):
            yield str(evaluated)
    elif is_secret or is_vaulted(value):
        yield str(value)
    for password in CREDENTIALS.findall(value) if "@" in value else ():
        yield from (password, unquote(password))


def _decrypted(value: Any) -> Iterator[str]:
    try:
        yield str(value)
    except Exception:
        return


def _evaluated(value: Any, template: Callable[[Any], Any]) -> Any:
    try:
        return template(value)
    except Exception:
        return None


def is_vaulted(value: Any) -> bool:
    """Whether a value was encrypted by itself, or stands in a file that is encrypted."""
    if vault.VaultHelper.get_ciphertext(value, with_tags=False):
        return True
    path = _path_of(value)
    return bool(path) and _is_encrypted(path)


try:
    from ansible._internal._datatag._tags import Origin
except ImportError:  # a later ansible-core may keep it elsewhere

    def _path_of(value: Any) -> str:
        return ""
else:

    def _path_of(value: Any) -> str:
        """The file that a value was read from."""
        origin = Origin.get_tag(value)
        return (origin.path or "") if origin else ""


_ENCRYPTED: dict[str, bool] = {}


def _is_encrypted(path: str) -> bool:
    if path not in _ENCRYPTED:
        try:
            with Path(path).open("rb") as stream:
                _ENCRYPTED[path] = stream.read(len(vault.b_HEADER)) == vault.b_HEADER
        except OSError:
            _ENCRYPTED[path] = False
    return _ENCRYPTED[path]
