"""Scopes: which of several values of a variable holds for a host.

Within one dimension the listed values are alternatives; all dimensions of a scope must match; a dimension that is
not listed always matches. Among the values that match, the most specific wins: the dimensions are compared in the
order of :data:`RANKING`, and a scope that names one beats a scope that does not. How many values a dimension lists
does not matter. Names compare without case.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

# Most specific first. Further dimensions (step, tenant, channel, process) belong into this order: step, machine,
# role, tenant, tenant tag, environment, channel, process.
RANKING = ("machine", "role", "environment")


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a value holds: dimension to the values that are accepted there, as written."""

    dimensions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def rank(self) -> tuple[bool, ...]:
        """Compares like specificity."""
        return tuple(dimension in self.dimensions for dimension in RANKING)

    @property
    def key(self) -> frozenset[tuple[str, frozenset[str]]]:
        """Equal for scopes that mean the same, whatever the order and the case of what they list."""
        return frozenset((name, frozenset(map(str.lower, values))) for name, values in self.dimensions.items())

    def matches(self, context: Context) -> bool:
        return all(
            any(value.lower() in context.of(dimension) for value in values)
            for dimension, values in self.dimensions.items()
        )

    def __str__(self) -> str:
        if not self.dimensions:
            return "no scope"
        return ", ".join(f"{name} {' or '.join(values)}" for name, values in self.dimensions.items())


@dataclass(frozen=True, slots=True)
class Context:
    """The host that values are chosen for."""

    environment: str = ""
    machine: str = ""
    roles: tuple[str, ...] = ()

    def of(self, dimension: str) -> frozenset[str]:
        values = {"environment": (self.environment,), "machine": (self.machine,), "role": self.roles}[dimension]
        return frozenset(map(str.lower, values))


@dataclass(frozen=True, slots=True)
class Entry:
    """One value of one variable, and where it was declared."""

    name: str
    value: str | None = field(repr=False)  # may be a secret
    scope: Scope = field(default_factory=Scope)
    sensitive: bool = False
    description: str = ""
    file: str = ""
    line: int = 0

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Resolution:
    """The winning entry of every variable that has one, and what to tell about ties."""

    entries: tuple[Entry, ...]
    warnings: tuple[str, ...] = ()


class Catalog:
    """All entries of a list of variable files.

    Ties: an entry of a later file beats one of an earlier file (shared files first, the project's own last); in the
    same file the first one wins, with a warning that names both.
    """

    def __init__(self, files: Sequence[tuple[str, Sequence[Entry]]] = ()) -> None:
        self.files = tuple(name for name, _ in files)
        self._by_name: dict[str, list[tuple[int, Entry]]] = {}
        for number, (_, entries) in enumerate(files):
            for entry in entries:
                self._by_name.setdefault(entry.name.lower(), []).append((number, entry))

    def entries(self, name: str) -> tuple[Entry, ...]:
        """All entries of a variable, in the order of their declaration."""
        return tuple(entry for _, entry in self._by_name.get(name.lower(), ()))

    def resolve(self, context: Context) -> Resolution:
        """Choose the value of every variable for ``context``."""
        winners, warnings = [], []
        for candidates in self._by_name.values():
            matching = [one for one in candidates if one[1].scope.matches(context)]
            if not matching:
                continue
            number, winner = max(matching, key=lambda one: (one[1].scope.rank, one[0]))  # the first of equals
            winners.append(winner)
            warnings.extend(_ties(number, winner, matching))
        return Resolution(tuple(winners), tuple(warnings))


def _ties(number: int, winner: Entry, matching: Iterable[tuple[int, Entry]]) -> list[str]:
    return [
        f"variable {winner.name}: {other.place} ({other.scope}) is as specific as {winner.place} ({winner.scope}); "
        f"the first one is used. Make one scope more specific, or remove one."
        for other_number, other in matching
        if other is not winner and other_number == number and other.scope.rank == winner.scope.rank
    ]
