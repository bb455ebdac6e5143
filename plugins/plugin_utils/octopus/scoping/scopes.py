"""Scopes: which of several values of a variable holds, for a host and for what is being done there.

Within one dimension the listed values are alternatives; all dimensions of a scope must match; a dimension that is
not listed always matches; one that the context does not have (a tenant where there is none) never does. Among the
values that match, the most specific wins, see :data:`RANKING`. How many values a dimension lists does not matter.
Names compare without case.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

# What a scope can name, in the order in which variable files and documents list them.
DIMENSIONS = ("environment", "machine", "role", "step", "channel", "tenant", "tenant_tag", "process")

# Most specific first. A role counts twice where the current step targets it too: `targeted_role` is never written.
RANKING = (
    "step", "machine", "targeted_role", "role", "tenant", "tenant_tag", "environment", "channel", "process",
)  # fmt: skip

# The one process that is no runbook: a scope's `process` is this word or the name of a runbook.
DEPLOYMENT = "deployment"


@dataclass(frozen=True, slots=True)
class Context:
    """What values are chosen for. A text that is empty, or a list: the dimension does not exist here."""

    environment: str = ""
    machine: str = ""
    roles: tuple[str, ...] = ()
    step: str = ""
    step_roles: tuple[str, ...] = ()  # the roles that the step targets
    channel: str = ""
    tenant: str = ""
    tenant_tags: tuple[str, ...] = ()  # as Set/Tag
    process: str = DEPLOYMENT

    @property
    def is_runbook(self) -> bool:
        return self.process.lower() != DEPLOYMENT

    def names(self) -> dict[str, frozenset[str]]:
        """Dimension to the names that a scope may list there in order to match, in lower case."""
        return {
            "environment": _names(self.environment),
            "machine": _names(self.machine),
            "role": _names(*self.roles),
            "targeted_role": _names(*self.roles) & _names(*self.step_roles),
            "step": _names(self.step),
            # A runbook's run belongs to no release, and so to no channel.
            "channel": _names("" if self.is_runbook else self.channel),
            "tenant": _names(self.tenant),
            "tenant_tag": _names(*self.tenant_tags),
            "process": _names(self.process),
        }


def is_tenant_tag(text: str) -> bool:
    """Whether ``text`` has the form Set/Tag."""
    tag_set, _separator, tag = text.partition("/")
    return bool(tag_set.strip() and tag.strip()) and "/" not in tag


def _names(*texts: str) -> frozenset[str]:
    return frozenset(map(str.lower, texts))


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a value holds: dimension to the names that are accepted there, as written."""

    dimensions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # Equal for scopes that mean the same, whatever the order and the case of what they list.
    key: frozenset[tuple[str, frozenset[str]]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        key = frozenset((dimension, _names(*accepted)) for dimension, accepted in self.dimensions.items())
        object.__setattr__(self, "key", key)

    def rank(self, names: Mapping[str, frozenset[str]]) -> int | None:
        """How specific the scope is where it matches the names of a context, to be compared; None where it does not.

        The presence of each dimension is one binary digit, the most specific one first.
        """
        if any(names[dimension].isdisjoint(accepted) for dimension, accepted in self.key):
            return None
        present = {dimension for dimension, _unused in self.key}
        if any(dimension == "role" and names["targeted_role"] & accepted for dimension, accepted in self.key):
            present.add("targeted_role")
        return sum(1 << place for place, dimension in enumerate(reversed(RANKING)) if dimension in present)

    def matches(self, context: Context) -> bool:
        return self.rank(context.names()) is not None

    def __str__(self) -> str:
        if not self.dimensions:
            return "no scope"
        return ", ".join(f"{name} {' or '.join(accepted)}" for name, accepted in self.dimensions.items())


UNSCOPED = Scope()


class Prompt(NamedTuple):
    """How to ask for a variable's value at deployment."""

    label: str = ""
    description: str = ""
    required: bool = False  # a value must be given or stored, and must not be blank


class Entry(NamedTuple):
    """One value of one variable, and where it was declared."""

    name: str
    value: str | None  # may be a secret, and is ciphertext where ``encrypted``
    scope: Scope = UNSCOPED
    sensitive: bool = False
    description: str = ""
    file: str = ""
    line: int = 0
    library: str = ""  # the name of the library set; empty for the project's own
    prompt: Prompt | None = None
    ansible_variable: str = ""  # the Ansible variable that has the value, instead of ``value``
    encrypted: bool = False  # by Ansible Vault

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}"

    def __repr__(self) -> str:
        return f"Entry({self.name!r}, {self.scope}, {self.place})"  # never the value: it may be a secret


class Candidate(NamedTuple):
    """An entry as seen from a context: whether it holds there, and whether it is the one that is used."""

    entry: Entry
    matches: bool
    wins: bool


@dataclass(frozen=True, slots=True)
class Resolution:
    """The winning entry of every variable that has one, and what to tell about ties."""

    entries: tuple[Entry, ...]
    warnings: tuple[str, ...] = ()


class Catalog:
    """All entries of a list of variable files, given in the order of growing precedence: first the library sets.

    Among entries that are equally specific the later file wins, in the same file the first entry. It is a tie, and
    told, unless the project's own entry wins over one of a library set.
    """

    def __init__(self, files: Iterable[tuple[str, Iterable[Entry]]] = ()) -> None:
        files = tuple(files)
        self.files = tuple(name for name, _unused in files)
        # Scopes that mean the same share a number, so that a context is compared with each of them only once.
        self._scopes: list[Scope] = []
        numbers: dict[object, int] = {}
        prompted: dict[str, None] = {}
        # Lower-case name to entries, each with the numbers of its scope and of its file.
        self._by_name: dict[str, list[tuple[int, int, Entry]]] = {}
        for file_number, (_name, entries) in enumerate(files):
            for entry in entries:
                number = numbers.get(entry.scope.key)
                if number is None:
                    number = numbers[entry.scope.key] = len(self._scopes)
                    self._scopes.append(entry.scope)
                self._by_name.setdefault(entry.name.lower(), []).append((number, file_number, entry))
                if entry.prompt:
                    prompted[entry.name.lower()] = None
        self.prompted = tuple(prompted)  # lower-case names of variables with an entry that asks for a value

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all variables, in the first spelling, in the order of their declaration."""
        return tuple(declared[0][2].name for declared in self._by_name.values())

    def entries(self, name: str) -> tuple[Entry, ...]:
        """All entries of a variable, in the order of their declaration."""
        return tuple(entry for _scope, _file, entry in self._by_name.get(name.lower(), ()))

    def candidates(self, name: str, context: Context) -> tuple[Candidate, ...]:
        """All entries of a variable: those that hold in ``context``, the one that is used first, then the others."""
        declared = self._by_name.get(name.lower(), [])
        names = context.names()
        ranked, others = [], []
        for number, file_number, entry in declared:
            rank = self._scopes[number].rank(names)
            if rank is None:
                others.append(Candidate(entry, matches=False, wins=False))
            else:
                ranked.append((rank, file_number, entry))
        ranked.sort(key=lambda one: one[:2], reverse=True)  # keeps the order of equals
        holding = [
            Candidate(entry, matches=True, wins=place == 0) for place, (_rank, _file, entry) in enumerate(ranked)
        ]
        return (*holding, *others)

    def resolve(self, context: Context) -> Resolution:
        """Choose the value of every variable for ``context``."""
        names = context.names()
        ranks = [scope.rank(names) for scope in self._scopes]
        winners: list[Entry] = []
        warnings: list[str] = []
        for declared in self._by_name.values():
            best = -1
            equals: list[tuple[int, Entry]] = []
            for number, file_number, entry in declared:
                rank = ranks[number]
                if rank is None or rank < best:
                    continue
                if rank > best:
                    best, equals = rank, []
                equals.append((file_number, entry))
            if len(equals) == 1:
                winners.append(equals[0][1])
            elif equals:
                _file, winner = max(equals, key=lambda one: one[0])  # the first of equals
                winners.append(winner)
                warnings.extend(_tie(winner, entry) for _unused, entry in equals if _is_tie(winner, entry))
        return Resolution(tuple(winners), tuple(warnings))


def _is_tie(winner: Entry, other: Entry) -> bool:
    """Whether chance could have decided: not between a project's own value and a library set's."""
    return other is not winner and bool(other.library) == bool(winner.library)


def _tie(winner: Entry, other: Entry) -> str:
    reason = "the first one" if winner.file == other.file else "the one of the later file"
    return (
        f"variable {winner.name}: {other.place} ({other.scope}) is as specific as {winner.place} ({winner.scope}); "
        f"{reason} is used. Make one scope more specific, or remove one."
    )
