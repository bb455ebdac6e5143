"""Everything that holds for one host: which variables it sees, and what to say about those it misses.

Precedence, from low to high: the names that the toolkit provides (``Octopus.…``), variable files (by scope; the
project's own above library sets), values of the inventory for this host, values given at deployment for variables
that ask for one, values given with the task.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import NamedTuple

from ....module_utils.masking.foreign import is_secret_name, says_nothing
from ....module_utils.masking.known import is_maskable
from ....module_utils.masking.mask import Mask
from ..errors import VariableError
from ..language.variables import VariableSet, as_text
from .provided import IMPLIED_GROUPS, provided_names
from .scopes import DEPLOYMENT, Catalog, Context, Entry

# The sources of values, in order of growing precedence.
PROVIDED, FILES, INVENTORY, PROMPTED, TASK = (
    "provided", "variable files", "octopus_variables", "octopus_prompted", "variables",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Host:
    """What is known of a host from its inventory, and of what is done there."""

    name: str
    environment: str
    address: str = ""
    groups: tuple[str, ...] = ()
    # Text, or a mapping with the fields that :mod:`.provided` names.
    project: str | Mapping[str, str] = ""
    release: str | Mapping[str, str] = ""
    deployment: str | Mapping[str, str] = ""
    members: Mapping[str, Sequence[str]] = field(default_factory=dict)  # group to its hosts, for the whole inventory
    step: str = ""
    step_roles: tuple[str, ...] = ()
    channel: str = ""
    tenant: str = ""
    tenant_tags: tuple[str, ...] = ()
    process: str = DEPLOYMENT

    @property
    def context(self) -> Context:
        """What scopes are compared with."""
        return Context(
            environment=self.environment,
            machine=self.name,
            roles=tuple(group for group in self.groups if group not in IMPLIED_GROUPS),
            step=self.step,
            step_roles=self.step_roles,
            channel=self.channel,
            tenant=self.tenant,
            tenant_tags=self.tenant_tags,
            process=self.process,
        )


class Layer(NamedTuple):
    """A value that a variable has for a host, unless a later layer has another."""

    source: str  # PROVIDED, FILES, INVENTORY, PROMPTED or TASK
    value: str | None  # decrypted
    sensitive: bool = False
    entry: Entry | None = None  # what of the variable files

    def __repr__(self) -> str:
        return f"Layer({self.source!r})"  # never the value: it may be a secret


@dataclass(frozen=True, slots=True)
class Secrets:
    """Where values come from that variable files only point to. Asked for values that win on the host alone.

    ``decrypt`` goes from Ansible Vault's ciphertext to plain text; its errors can follow "cannot be decrypted: ".
    ``ansible`` has the value of an Ansible variable of the host, None for one that is not defined; its errors can
    follow the name of the Octopus variable. Both raise :class:`VariableError`.
    """

    decrypt: Callable[[str], str]
    ansible: Callable[[str], object]


def _no_vault(_text: str) -> str:
    raise VariableError("there is no Ansible Vault here")


NO_SECRETS = Secrets(decrypt=_no_vault, ansible=lambda _: None)


@dataclass(frozen=True, slots=True)
class HostVariables:
    """The variables of a host, with what is needed to explain them."""

    host: Host
    variables: VariableSet
    catalog: Catalog
    secrets: tuple[str, ...] = field(default=(), repr=False)
    warnings: tuple[str, ...] = ()
    # Lower-case name of a variable that has no value although an entry of it holds here, to what to do about it.
    unfilled: Mapping[str, str] = field(default_factory=dict)
    # Lower-case name to all values that the variable has here; the last one counts.
    layers: Mapping[str, tuple[Layer, ...]] = field(default_factory=dict, repr=False)

    def is_secret(self, name: str | None) -> bool:
        """Whether nothing that the variable went into is to be shown: it is sensitive, or its name says so.

        A value that is empty, or a reference to the keystore such as ``${NAME}``, is no secret whatever it is called.
        """
        if name is None or self.variables.is_sensitive(name):
            return name is not None
        return is_secret_name(name) and not says_nothing(self.variables.get(name) or "")

    def secret_names(self, used: Iterable[str]) -> list[str]:
        """Those of the variables ``used`` that are secret."""
        return sorted(filter(self.is_secret, used))

    def with_sensitive(self, names: Iterable[str]) -> HostVariables:
        """The same with further sensitive variables: values into which a secret went that only the caller knows of."""
        more = {name.lower() for name in names}
        sensitive = [name for name in self.variables if self.variables.is_sensitive(name) or name.lower() in more]
        values = {self.variables[name] or "" for name in sensitive}
        secrets = sorted({*self.secrets, *filter(is_maskable, values)})
        return replace(self, variables=VariableSet(self.variables.items(), sensitive=sensitive), secrets=tuple(secrets))

    def masked(self, text: str) -> str:
        """``text`` without the values of sensitive variables."""
        return _mask(self.secrets).text(text)

    def why_missing(self, name: str) -> str:
        """What can follow "variable … is not defined" to explain it; empty when there is nothing to say."""
        reason = self.unfilled.get(name.lower())
        return f"; {reason}" if reason else self.known_elsewhere(name)

    def known_elsewhere(self, name: str) -> str:
        """The scopes that a variable has values for, to explain why none holds here; empty when there are none."""
        scopes = "; ".join(f"{entry.scope} ({entry.place})" for entry in self.catalog.entries(name))
        return f"; it has values for: {scopes}" if scopes else ""

    @property
    def hint(self) -> str:
        """Where a variable that is missing can be defined."""
        places = [*self.catalog.files, "the inventory's octopus_variables"]
        return f"Define missing variables for environment {self.host.environment} in {' or '.join(places)}."


@cache  # one for each host, and many messages
def _mask(secrets: tuple[str, ...]) -> Mask:
    return Mask(secrets)


def host_variables(  # noqa: PLR0913 - the sources of values, each of which may be missing
    host: Host,
    catalog: Catalog,
    inventory: Mapping[str, object] | None = None,
    given: Mapping[str, object] | None = None,
    *,
    prompted: Mapping[str, object] | None = None,
    secrets: Secrets = NO_SECRETS,
) -> HostVariables:
    """Choose the values that hold for ``host``.

    ``inventory``, ``prompted`` and ``given`` map names to text or numbers, or to ``{value: …, sensitive: true}``.

    :raises VariableError: with everything that has another form, that cannot be decrypted, or that is given at
        deployment although nothing asks for it.
    """
    chosen = _Choice()
    for name, text in provided_names(host).items():
        chosen.put(name, Layer(PROVIDED, text))
    resolution = catalog.resolve(host.context)
    for entry in resolution.entries:
        chosen.put_entry(entry, secrets)
    for name, value in (inventory or {}).items():
        chosen.put_given(INVENTORY, str(name), value)
    _put_prompted(chosen, catalog, host.context, prompted or {})
    for name, value in (given or {}).items():
        chosen.put_given(TASK, str(name), value)
    return chosen.finish(host, catalog, resolution.warnings)


class _Choice:
    """The values collected so far, in order of growing precedence, and faults. All by lower-case name."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self._spelling: dict[str, str] = {}
        self._layers: dict[str, tuple[Layer, ...]] = {}
        self._unfilled: dict[str, str] = {}

    def put(self, name: str, layer: Layer) -> None:
        key = name.lower()
        self._spelling.setdefault(key, name)
        self._layers[key] = (*self._layers.get(key, ()), layer)
        self._unfilled.pop(key, None)

    def leave(self, name: str, reason: str) -> None:
        """``name`` has no value, although it should."""
        self._layers.pop(name.lower(), None)
        self._unfilled[name.lower()] = reason

    def put_given(self, source: str, name: str, value: object, sensitive: bool = False) -> None:
        """A value from outside of variable files: text, a number, or a mapping with ``value`` and ``sensitive``."""
        try:
            text, is_sensitive = _with_sensitivity(source, name, value)
        except VariableError as error:
            self.faults.append(str(error))
        else:
            self.put(name, Layer(source, text, is_sensitive or sensitive))

    def put_entry(self, entry: Entry, secrets: Secrets) -> None:
        try:
            value = _value_of(entry, secrets)
        except VariableError as error:
            self.faults.append(f"{entry.place}: variable {entry.name} {error}")
            return
        if value is None and entry.ansible_variable:
            self.leave(
                entry.name,
                f"{entry.place} takes it from the Ansible variable {entry.ansible_variable}, which is not defined; "
                f"define {entry.ansible_variable} in the inventory, encrypted by ansible-vault or as a lookup",
            )
            return
        self.put(entry.name, Layer(FILES, value, entry.sensitive, entry))

    def put_prompted(self, entry: Entry, given: object, is_given: bool) -> None:
        """``entry`` asks for a value at deployment."""
        if is_given:
            self.put_given(PROMPTED, entry.name, given, entry.sensitive)
        layers = self._layers.get(entry.name.lower())
        if entry.prompt and entry.prompt.required and not (layers and (layers[-1].value or "").strip()):
            example = json.dumps({PROMPTED: {entry.name: "…"}}, ensure_ascii=False)
            label = f" ({entry.prompt.label})" if entry.prompt.label else ""
            state = "the one that was given is blank" if is_given else "none was given"
            self.leave(
                entry.name,
                f"{entry.place} asks for a value at deployment{label}, and {state}; give one: -e '{example}'",
            )

    def finish(self, host: Host, catalog: Catalog, warnings: tuple[str, ...]) -> HostVariables:
        if self.faults:
            raise VariableError("\n".join(self.faults))
        winners = {key: layers[-1] for key, layers in self._layers.items()}
        sensitive = [key for key, layer in winners.items() if layer.sensitive]
        variables = VariableSet(
            ((self._spelling[key], layer.value) for key, layer in winners.items()), sensitive=sensitive
        )
        secrets = sorted(filter(is_maskable, {winners[key].value or "" for key in sensitive}))
        return HostVariables(host, variables, catalog, tuple(secrets), warnings, self._unfilled, self._layers)


def _value_of(entry: Entry, secrets: Secrets) -> str | None:
    """:raises VariableError: with a message that can follow the variable's name."""
    if entry.encrypted:
        try:
            return secrets.decrypt(entry.value or "")
        except VariableError as error:
            raise VariableError(f"cannot be decrypted: {error}") from None
    if entry.ansible_variable:
        return _as_text(
            f"takes the Ansible variable {entry.ansible_variable}, which", secrets.ansible(entry.ansible_variable)
        )
    return entry.value


def _put_prompted(chosen: _Choice, catalog: Catalog, context: Context, given: Mapping[str, object]) -> None:
    """Values given at deployment, for variables with an entry that asks for one and holds in ``context``."""
    values = {str(name).lower(): (str(name), value) for name, value in given.items()}
    for key in catalog.prompted:
        is_given = key in values
        _name, value = values.pop(key, ("", None))
        for candidate in catalog.candidates(key, context):
            if candidate.matches and candidate.entry.prompt:
                chosen.put_prompted(candidate.entry, value, is_given)
                break
    chosen.faults.extend(
        f"{PROMPTED}: {name} is given, but no entry of that name in the variable files has `prompt`"
        for name, _value in values.values()
    )


def _with_sensitivity(source: str, name: str, value: object) -> tuple[str | None, bool]:
    if not isinstance(value, Mapping):
        return _as_text(f"{source}: {name}", value), False
    if "value" not in value or not set(value) <= {"value", "sensitive", "description"}:
        raise VariableError(f"{source}: {name} is a mapping, expected text or a number, or value: and sensitive: in it")
    return _as_text(f"{source}: {name}", value["value"]), value.get("sensitive") in (True, "true", "yes")


def _as_text(what: str, value: object) -> str | None:
    if value is None or isinstance(value, str | bool | int | float):
        return as_text(what, value)
    kind = "a list" if isinstance(value, list | tuple) else f"a {type(value).__name__}"
    raise VariableError(f"{what} is {kind}, expected text or a number (quote it to pass it as text)")
