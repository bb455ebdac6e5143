"""An exported scope, by name: what variable files compare with the inventory.

Nothing is ever widened. An id that nobody explains stays in the place of its name, where it matches nothing; what is no
dimension of variable files cannot be written at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..scoping.scopes import DEPLOYMENT, DIMENSIONS, Scope

# What JSON and OCL call the dimensions, in lower case.
FIELDS = {name: name for name in DIMENSIONS} | {
    "action": "step",
    "tenanttag": "tenant_tag",
    "processowner": "process",
}

# The deployment process has the project's id in JSON, and this name in OCL; a runbook's has a prefix there.
_DEPLOYMENT_IDS = ("Projects-", "deploymentprocess-")
_DEPLOYMENT_SLUGS = ("deployment-process", "deployment_process")
_RUNBOOK = "runbook/"

# Fields whose values are names in every source.
_NAMED = ("role", "tenant_tag")


@dataclass(frozen=True, slots=True)
class NamedScope:
    """``unresolved`` are the ids that stand for themselves; ``refused`` says why the scope cannot be written."""

    scope: Scope
    unresolved: tuple[str, ...] = ()
    refused: str = ""


def named_scope(exported: Mapping[str, tuple[str, ...]], names: Mapping[str, Mapping[str, str]] | None) -> NamedScope:
    """``exported`` with the names of its ids; ``names`` is None where it has names already."""
    dimensions: dict[str, tuple[str, ...]] = {}
    unresolved = []
    for field, values in exported.items():
        dimension = FIELDS.get(field.lower())
        if dimension is None:
            return NamedScope(Scope(), refused=f"its scope has `{field}`, which variable files do not have")
        if dimension in dimensions:
            return NamedScope(Scope(), refused=f"its scope has `{field}` and another field for the same")
        if not values:
            return NamedScope(Scope(), refused=f"its scope `{field}` lists nothing, so it is not known where it holds")
        known = None if names is None or dimension in _NAMED else names.get(field, {})
        found = []
        for value in values:
            name = _name(dimension, value.strip(), known)
            if name is None:
                unresolved.append(f"{dimension} {value.strip()}")
            found.append(name or value.strip())
        if not all(found):
            return NamedScope(Scope(), refused=f"its scope `{field}` lists an empty name")
        dimensions[dimension] = tuple(dict.fromkeys(found))
    ordered = {dimension: dimensions[dimension] for dimension in DIMENSIONS if dimension in dimensions}
    return NamedScope(Scope(ordered), tuple(unresolved))


def _name(dimension: str, value: str, known: Mapping[str, str] | None) -> str | None:
    """What ``value`` is called, or None: nobody explains it."""
    if dimension == "process":
        if value.startswith(_DEPLOYMENT_IDS) or value in _DEPLOYMENT_SLUGS:
            return DEPLOYMENT
        if known is None:
            return value.removeprefix(_RUNBOOK)
    return value if known is None else known.get(value, "").strip() or None
