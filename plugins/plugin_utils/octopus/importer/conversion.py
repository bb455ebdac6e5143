"""From exported sets to entries of variable files, and to what people have to know about them.

What cannot be said in a variable file exactly is left out and reported. Nothing holds more widely than it did.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..scoping.scopes import DEPLOYMENT, Entry, Prompt, Scope, is_tenant_tag
from .model import Export, ExportedPrompt, ExportedSet, ExportedValue
from .scopes import named_scope
from .slugs import file_stems, vault_names

# Files that the import writes beside those of the sets, whose names have no other dot.
REPORT, VAULT = "import-report.md", "vault.example.yml"

# What Octopus expands such a variable to, and so what templates may use of it.
_PARTS = {
    "Certificate": ("CertificatePem", "PrivateKeyPem", "Thumbprint", "Subject"),
    "AmazonWebServicesAccount": ("AccessKey", "SecretKey"),
    "AzureAccount": ("SubscriptionNumber", "TenantId", "Client", "Password"),
    "GoogleCloudAccount": ("JsonKey",),
    "UsernamePassword": ("Username", "Password"),
    "UsernamePasswordAccount": ("Username", "Password"),
    "Token": ("Token",),
}
_TEXTS = ("String", "Sensitive")

# Input fields that take any text, as prompts do here.
_FREE_CONTROLS = ("", "SingleLineText", "MultiLineText", "Sensitive")


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about one value that people have to know or to do."""

    set: str
    variable: str
    scope: str
    text: str


@dataclass(frozen=True, slots=True)
class Secret:
    """A sensitive value, and the Ansible variable that is to have it."""

    set: str
    variable: str
    scope: Scope
    ansible_variable: str


@dataclass(frozen=True, slots=True)
class ConvertedSet:
    """A variable file to be."""

    source: ExportedSet
    stem: str
    entries: tuple[Entry, ...]

    @property
    def variables(self) -> int:
        """How many different names there are."""
        return len({entry.name.lower() for entry in self.entries})

    @property
    def file(self) -> str:
        return f"{self.stem}.yml"


@dataclass(frozen=True, slots=True)
class Conversion:
    sets: tuple[ConvertedSet, ...]
    secrets: tuple[Secret, ...]
    left_out: tuple[Remark, ...]  # not in the files
    attention: tuple[Remark, ...]  # in the files, but not all that there was


@dataclass(frozen=True, slots=True)
class _Kept:
    """A value that goes into its set's file."""

    set: ExportedSet
    value: ExportedValue
    scope: Scope


def convert(export: Export) -> Conversion:
    """Translate everything; never fails."""
    left_out: list[Remark] = []
    attention: list[Remark] = []
    kept = [list(_kept(one, left_out, attention)) for one in export.sets]
    hidden = [one for part in kept for one in part if one.value.sensitive]
    names = vault_names([(one.set.owner or one.set.name, one.value.name, one.scope) for one in hidden])
    secrets = [Secret(one.set.name, one.value.name, one.scope, name) for one, name in zip(hidden, names, strict=True)]
    variables = {id(one): name for one, name in zip(hidden, names, strict=True)}
    stems = file_stems([(one.name, one.owner) for one in export.sets])
    sets = tuple(
        ConvertedSet(
            source=source,
            stem=stem,
            entries=tuple(_entry(one, variables.get(id(one), "")) for one in part),
        )
        for source, stem, part in zip(export.sets, stems, kept, strict=True)
    )
    return Conversion(sets, tuple(secrets), tuple(left_out), tuple(attention))


def _kept(source: ExportedSet, left_out: list[Remark], attention: list[Remark]) -> Iterator[_Kept]:
    """The values of a set that can be written, each once; remarks go to the lists."""
    seen: set[object] = set()
    for value in source.values:
        named = named_scope(value.scope, source.names)
        where = _shown_scope(value, named.scope, named.refused)
        key = (value.name.lower(), named.scope.key)
        reason = named.refused or _reason(source, value, named.scope)
        if not reason and key in seen:
            reason = (
                "another value has the same scope, and Octopus does not say which one it takes; the first one is in "
                "the file. If this one is right, write it there"
            )
        if reason:
            left_out.append(Remark(source.name, value.name, where, reason))
            continue
        seen.add(key)
        attention += [Remark(source.name, value.name, where, text) for text in _notes(value, named.unresolved)]
        yield _Kept(source, value, named.scope)


def _reason(source: ExportedSet, value: ExportedValue, scope: Scope) -> str:
    """Why a value cannot be written; empty when it can."""
    if value.type not in _TEXTS and not value.sensitive:
        parts = [f"{value.name}.{part}" for part in _PARTS.get(value.type, ())]
        names = ", ".join(parts) or f"{value.name} or its parts"
        return (
            f"it is a reference of type {value.type} to something that Octopus keeps. Define what your templates use "
            f"of it ({names}) in the inventory's octopus_variables, secrets from Ansible Vault"
        )
    dimensions = scope.dimensions
    if source.library and ("step" in dimensions or "channel" in dimensions):
        return "a library set belongs to no project, so its values cannot be scoped to steps or channels"
    if not all(map(is_tenant_tag, dimensions.get("tenant_tag", ()))):
        return "its scope lists a tenant tag that is not written as Set/Tag, such as Region/EU"
    processes = dimensions.get("process", ())
    if processes and "channel" in dimensions and DEPLOYMENT not in map(str.lower, processes):
        return "its scope names a channel and only runbooks, which never have one: it could not hold anywhere"
    return ""


def _notes(value: ExportedValue, unresolved: Iterable[str]) -> Iterator[str]:
    """What to tell about a value that is written."""
    for one in unresolved:
        yield (
            f"the export does not say what {one} is called. It stands in the file in place of the name, where it "
            "matches nothing; write the name, or remove the entry"
        )
    if value.sensitive and value.value:
        yield (
            "the export holds the value of this sensitive variable as plain text. It was not written anywhere; treat "
            "the export as a secret, and change the value if others could read it"
        )
    if value.prompt and (value.prompt.control not in _FREE_CONTROLS or value.prompt.settings):
        yield (
            f"Octopus asks for it with a field of kind {value.prompt.control or 'text'} and may restrict the answers; "
            "here any text can be given"
        )
    if value.name.lower().startswith("octopus."):
        yield "it steers Octopus itself or stands for one of its system variables; here it is an ordinary variable"
    if value.unknown:
        yield f"fields that the import does not know were not carried over: {', '.join(value.unknown)}"


def _entry(one: _Kept, ansible_variable: str) -> Entry:
    value = one.value
    return Entry(
        name=value.name,
        value=None if ansible_variable else value.value,
        scope=one.scope,
        sensitive=value.sensitive,
        description=value.description,
        prompt=_prompt(value.prompt),
        ansible_variable=ansible_variable,
    )


def _prompt(prompt: ExportedPrompt | None) -> Prompt | None:
    return Prompt(prompt.label, prompt.description, prompt.required) if prompt else None


def _shown_scope(value: ExportedValue, scope: Scope, refused: str) -> str:
    """The scope for people; as it was exported where it has no translation."""
    if not refused:
        return str(scope)
    return ", ".join(f"{field} {' or '.join(values) or '(nothing)'}" for field, values in value.scope.items())
