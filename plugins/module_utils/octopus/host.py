"""Everything that holds for one host: which variables it sees, and what to say about those it misses.

Precedence, from low to high: the names that the toolkit provides (``Octopus.…``), variable files (by scope, then by
the order of the files), values of the inventory for this host, values given with the task.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .errors import VariableError
from .scopes import Catalog, Context
from .variables import VariableSet

# Groups that every inventory has: they say nothing about what a host is for.
IMPLIED_GROUPS = ("all", "ungrouped")

# Shorter values are not masked: they would blank out half of a message (the reference does the same).
_LEAST_MASKED = 4
_MASK = "*****"


@dataclass(frozen=True, slots=True)
class Host:
    """What is known of a host from its inventory."""

    name: str
    environment: str
    address: str = ""
    groups: tuple[str, ...] = ()
    project: str = ""
    release: str = ""
    members: Mapping[str, Sequence[str]] = field(default_factory=dict)  # group to its hosts, for the whole inventory

    @property
    def roles(self) -> tuple[str, ...]:
        return tuple(group for group in self.groups if group not in IMPLIED_GROUPS)

    def provided(self) -> dict[str, str]:
        """The usual ``Octopus.*`` names."""
        names = {
            "Octopus.Environment.Name": self.environment,
            "Octopus.Machine.Name": self.name,
            "Octopus.Machine.Hostname": self.address or self.name,
            "Octopus.Machine.Roles": ",".join(self.roles),
            "Octopus.Project.Name": self.project,
            "Octopus.Release.Number": self.release,
        }
        optional = ("Octopus.Project.Name", "Octopus.Release.Number")
        names = {name: value for name, value in names.items() if value or name not in optional}
        for group, hosts in self.members.items():
            if group not in IMPLIED_GROUPS:
                names[f"Octopus.Environment.MachinesInRole[{group}]"] = ",".join(hosts)
        return names


@dataclass(frozen=True, slots=True)
class HostVariables:
    """The variables of a host, with what is needed to explain them."""

    host: Host
    variables: VariableSet
    catalog: Catalog
    secrets: tuple[str, ...] = field(default=(), repr=False)
    warnings: tuple[str, ...] = ()

    def masked(self, text: str) -> str:
        """``text`` without the values of sensitive variables."""
        for secret in self.secrets:
            text = text.replace(secret, _MASK)
        return text

    def known_elsewhere(self, name: str) -> str:
        """The scopes that a variable has values for, to explain why none holds here; empty when there are none."""
        scopes = "; ".join(f"{entry.scope} ({entry.place})" for entry in self.catalog.entries(name))
        return f"; it has values for: {scopes}" if scopes else ""

    @property
    def way_out(self) -> str:
        """Where a variable that is missing can be defined."""
        places = [*self.catalog.files, "the inventory's octopus_variables"]
        return f"Define missing variables for environment {self.host.environment} in {' or '.join(places)}."


def host_variables(
    host: Host,
    catalog: Catalog,
    inventory: Mapping[str, object] | None = None,
    given: Mapping[str, object] | None = None,
) -> HostVariables:
    """Choose the values that hold for ``host``.

    ``inventory`` and ``given`` map names to text or numbers, or to ``{value: …, sensitive: true}``.

    :raises VariableError: a value has another form.
    """
    values: dict[str, tuple[str, object]] = {}
    sensitive: dict[str, str] = {}

    def put(name: str, value: object, is_sensitive: bool) -> None:
        values[name.lower()] = (values.get(name.lower(), (name,))[0], value)
        sensitive.pop(name.lower(), None)
        if is_sensitive:
            sensitive[name.lower()] = name

    for name, value in host.provided().items():
        put(name, value, False)
    resolution = catalog.resolve(Context(host.environment, host.name, host.roles))
    for entry in resolution.entries:
        put(entry.name, entry.value, entry.sensitive)
    for source, mapping in (("octopus_variables", inventory), ("variables", given)):
        for name, value in (mapping or {}).items():
            put(str(name), *_with_sensitivity(source, str(name), value))
    variables = VariableSet(values.values(), sensitive=sensitive)
    secrets = {variables[name] or "" for name in sensitive}
    ordered = sorted((secret for secret in secrets if len(secret) >= _LEAST_MASKED), key=len, reverse=True)
    return HostVariables(host, variables, catalog, tuple(ordered), resolution.warnings)


def _with_sensitivity(source: str, name: str, value: object) -> tuple[object, bool]:
    if not isinstance(value, Mapping):
        if value is None or isinstance(value, str | bool | int | float):
            return value, False
        kind = "a list" if isinstance(value, list | tuple) else f"a {type(value).__name__}"
        raise VariableError(f"{source}: {name} is {kind}, expected text or a number (quote it to pass it as text)")
    unknown = sorted(set(value) - {"value", "sensitive", "description"})
    if unknown or "value" not in value:
        raise VariableError(f"{source}: {name} is a mapping, expected text or a number, or value: and sensitive: in it")
    return _with_sensitivity(source, name, value["value"])[0], value.get("sensitive") in (True, "true", "yes")
