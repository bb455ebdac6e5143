"""Finds secrets in what would go into a bundle. Nothing is decrypted or evaluated: the texts are read as they stand.

A value counts as a secret if it is encrypted with Ansible Vault, is marked as one, has the name or the place of one, or
has its form (a private key, a password in an address). What only says where a secret is does not count, such as
``{{ lookups }}``, ``#{Tokens}``, ``${NAMES_OF_THE_KEYSTORE}`` and ``secretsmanager:NAME``. Nor does a line with the
remark ``pragma: allowlist secret``, as for scripts/scan.sh.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

import yaml

from ...module_utils.masking.foreign import hide, is_secret_name, says_nothing
from ..octopus.errors import VariableFileError
from ..octopus.scoping.entries import ENCRYPTED, parse_entries
from .members import COLLECTIONS, EXTRA_VARS, TOOLKIT, WHEELS, Member

ALLOWED = "pragma: allowlist secret"
# All of whose values are secrets, whatever their names.
ALL_SECRET = frozenset(("logstash_keystore",))
# Says where a key is: a path, or the ARN of one.
NOT_SECRET = frozenset(("bundle_signing_key",))
# Where people keep values, by name; elsewhere such names are those of options and settings.
_VALUES = re.compile(
    rf"{TOOLKIT}/(?:inventories/|playbooks/(?:group|host)_vars/|roles/[^/]+/(?:defaults|vars)/)|{re.escape(EXTRA_VARS)}$"
)
# What Logstash and other programs read: settings such as `password => "..."`.
_SETTINGS = re.compile(rf"{TOOLKIT}/templates/logstash/|{TOOLKIT}/inventories/[^/]+/[^/.]+$|.*\.ini$")
_YAML = (".yml", ".yaml", ".json")
_KEY_STORES = (".p12", ".pfx", ".jks", ".keystore", ".kdbx")
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----\s+[A-Za-z0-9+/=:\s-]{40}")
_ACCESS_KEY = re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")
_CREDENTIALS = re.compile(r"://[^/\s:@\"']*:(?P<password>[^/\s\"'@]+)@")
_TEMPLATE = re.compile(r"\{\{|\{%")
_REFERENCE = re.compile(r"[#$]\{[^{}]*\}")
_ELSEWHERE = re.compile(r"(?:secretsmanager|ssm|arn):")
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

HINT = (
    "Instances get no secret with their bundle; they look it up when they deploy themselves. Keep the value in Secrets "
    "Manager or in Systems Manager, and write in its place "
    "\"{{ lookup('amazon.aws.secretsmanager_secret', 'NAME') }}\" or "
    "\"{{ lookup('amazon.aws.ssm_parameter', 'NAME') }}\"; an Octopus variable takes it with "
    "`value: !ansible VARIABLE`. Remove files that instances do not need. What is no secret has the remark "
    "`# pragma: allowlist secret` on its line. docs/variables.md has examples"
)


@dataclass(frozen=True, order=True)
class Secret:
    """A place with a secret. The secret itself is not kept.

    :param line: from 1; 0 for a whole file.
    :param name: of the variable or setting; empty where there is none.
    """

    file: str
    line: int
    name: str
    reason: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {f'{self.name} ' if self.name else ''}{self.reason}"


def search(members: Iterable[Member], octopus: Collection[str]) -> list[Secret]:
    """All secrets in the members of a bundle, in the order of their places. Raises OSError.

    Other collections and wheels are published by others, and are not searched.

    :param octopus: the names of those that are files of Octopus variables.
    """
    found: set[Secret] = set()
    for member in members:
        if not member.link and not member.name.startswith((COLLECTIONS + "/", WHEELS + "/")):
            shown = os.path.relpath(member.source) if member.source else member.name
            found.update(_in_member(member, shown, member.name in octopus))
    return sorted(found)


def _in_member(member: Member, shown: str, is_octopus: bool) -> Iterator[Secret]:
    content = member.read()
    if member.name.lower().endswith(_KEY_STORES):
        yield Secret(shown, 0, "", "is a store of keys.")
        return
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    if text.startswith(ENCRYPTED):
        yield Secret(shown, 0, "", "is encrypted with Ansible Vault, for which an instance has no password.")
        return
    lines = text.splitlines()
    for one in _in_text(member.name, text, shown, is_octopus):
        allowed = one.line and one.line <= len(lines) and ALLOWED in lines[one.line - 1]
        if not allowed:
            yield one


def _in_text(name: str, text: str, shown: str, is_octopus: bool) -> Iterator[Secret]:
    yield from _by_form(text, shown)
    if is_octopus:
        yield from _in_octopus(text, shown)
    elif name.endswith(_YAML):
        yield from _in_yaml(text, shown, by_name=bool(_VALUES.match(name)))
    if _SETTINGS.match(name):
        yield from _in_settings(text, shown)


def _by_form(text: str, shown: str) -> Iterator[Secret]:
    for found in _PRIVATE_KEY.finditer(text):
        yield Secret(shown, _line(text, found.start()), "", "has a private key.")
    for found in _ACCESS_KEY.finditer(text):
        yield Secret(shown, _line(text, found.start()), "", "has an access key of AWS.")


def _in_octopus(text: str, shown: str) -> Iterator[Secret]:
    try:
        entries = parse_entries(text, shown)
    except VariableFileError:
        # Whoever reads the variables says what is wrong; by then nothing of the file has left this machine.
        yield Secret(shown, 0, "", "can't be read as Octopus variables, so that nobody knows what is secret in it.")
        return
    for entry in entries:
        value = entry.value or ""
        if entry.encrypted:
            yield Secret(shown, entry.line, entry.name, "is encrypted with Ansible Vault.")
        elif entry.sensitive and _REFERENCE.sub("", value).strip() and not says_nothing(value):
            yield Secret(shown, entry.line, entry.name, "is sensitive, and has its value in clear text.")
        elif _is_clear(value) and is_secret_name(entry.name):
            yield Secret(shown, entry.line, entry.name, "has the name of a secret, and its value in clear text.")
        elif _has_credentials(value):
            yield Secret(shown, entry.line, entry.name, "has a password in an address.")


def _in_yaml(text: str, shown: str, *, by_name: bool) -> Iterator[Secret]:
    try:
        documents = list(yaml.compose_all(text, _Loader))
    except yaml.YAMLError:
        if by_name:
            yield Secret(shown, 0, "", "is no YAML that can be read, so that nobody knows what is secret in it.")
        return
    seen: set[tuple[int, bool]] = set()
    for document in documents:
        if document is not None:
            yield from _in_node(document, "", shown, _Search(by_name, seen), is_secret=False)


@dataclass(frozen=True)
class _Search:
    by_name: bool
    seen: set[tuple[int, bool]]  # anchors may be many times in a document, and in themselves


def _in_node(node: yaml.Node, name: str, shown: str, how: _Search, *, is_secret: bool) -> Iterator[Secret]:
    line = node.start_mark.line + 1
    if isinstance(node, yaml.ScalarNode):
        if node.tag == "!vault":
            yield Secret(shown, line, name, "is encrypted with Ansible Vault.")
        elif how.by_name and is_secret and _is_clear(node.value):
            yield Secret(shown, line, name, "is a secret by its name or place, and has its value in clear text.")
        elif how.by_name and _has_credentials(node.value):
            yield Secret(shown, line, name, "has a password in an address.")
        return
    if (id(node), is_secret) in how.seen:
        return
    how.seen.add((id(node), is_secret))
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _in_node(item, name, shown, how, is_secret=is_secret)
    elif isinstance(node, yaml.MappingNode):
        keys = {key.value: value for key, value in node.value if isinstance(key, yaml.ScalarNode)}
        # An Octopus variable of the inventory.
        marked = getattr(keys.get("sensitive"), "value", "") in ("true", "True", "yes", "on") and "value" in keys
        for key, value in keys.items():
            path = f"{name}.{key}" if name else str(key)
            inherits = is_secret and name.rpartition(".")[2] in ALL_SECRET
            named = key in ALL_SECRET or (is_secret_name(str(key)) and key not in NOT_SECRET)
            is_one = named or inherits or (marked and key == "value")
            yield from _in_node(value, path, shown, how, is_secret=is_one)


def _in_settings(text: str, shown: str) -> Iterator[Secret]:
    """Settings of other programs, line by line: each shows what is secret in it by a name."""
    for number, line in enumerate(text.splitlines(), 1):
        is_reference = _REFERENCE.search(line) or _TEMPLATE.search(line)
        if not is_reference and "PRIVATE KEY-----" not in line and hide(line) != line:
            yield Secret(shown, number, "", "has a password, a token or the like in clear text.")


def _is_clear(value: str) -> bool:
    """Whether a value is a secret itself, and not the place where one is."""
    return not (says_nothing(value) or _TEMPLATE.search(value) or _REFERENCE.search(value) or _ELSEWHERE.match(value))


def _has_credentials(value: str) -> bool:
    return any(_is_clear(found["password"]) for found in _CREDENTIALS.finditer(value))


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1
