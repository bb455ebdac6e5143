"""What is shown. No value here is a secret: they are masked already."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Environment:
    """One column: an environment, and the hosts that it has."""

    name: str
    inventory: str  # where it comes from
    hosts: tuple[str, ...]
    has_hosts: bool  # False: shown from variable files alone, as for a host without groups
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Where:
    """Some hosts of an environment; ``label`` says which in few words, and is empty for all of them."""

    environment: str
    hosts: tuple[str, ...]
    label: str = ""


class Together(NamedTuple):
    """Environments in which the same hosts are meant."""

    environments: tuple[str, ...]
    hosts: tuple[str, ...]
    label: str


def together(places: Iterable[Where]) -> tuple[Together, ...]:
    """Places, with those under one label put together."""
    by_label: dict[str, list[Where]] = {}
    for place in places:
        by_label.setdefault(place.label, []).append(place)
    return tuple(
        Together(tuple(one.environment for one in ones), tuple(host for one in ones for host in one.hosts), label)
        for label, ones in by_label.items()
    )


def in_words(places: Iterable[Where], all_environments: tuple[str, ...] = ()) -> str:
    """``ci, staging (web); production``; ``everywhere`` for ``all_environments`` of which there are several."""
    parts = []
    for one in together(places):
        everywhere = len(all_environments) > 1 and one.environments == all_environments
        words = "everywhere" if everywhere else ", ".join(one.environments)
        parts.append(f"{words} ({one.label})" if one.label else words)
    return "; ".join(parts)


@dataclass(frozen=True, slots=True)
class Declaration:
    """One value that was declared for a variable, wherever it holds."""

    value: str | None  # None: declared without value
    place: str  # file:line, or what else it comes from
    scope: str  # empty: no scope
    sensitive: bool
    wins: tuple[Where, ...]
    shadowed: tuple[Where, ...]
    file: str = ""  # the variable file


@dataclass(frozen=True, slots=True)
class Variant:
    """What a variable is on some hosts of an environment."""

    value: str  # evaluated
    declaration: Declaration
    where: Where
    hides: bool = False  # a secret was replaced in the value
    problems: tuple[str, ...] = ()  # why tokens in the value stayed as they are


class Evaluated(NamedTuple):
    """A value that is not simply what was declared, wherever it holds."""

    value: str
    hides: bool
    problems: tuple[str, ...]
    where: tuple[Where, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """A variable in an environment.

    Without variants it has no value there. Then it is ``missing`` where texts need it, on these hosts; else
    it is a ``gap`` if other environments have a value.
    """

    environment: str
    variants: tuple[Variant, ...] = ()
    missing: tuple[Where, ...] = ()
    is_gap: bool = False


@dataclass(frozen=True, slots=True)
class Use:
    """A text that reads the variable, itself or through other variables."""

    label: str
    where: tuple[Where, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A variable."""

    name: str
    description: str
    cells: tuple[Cell, ...]
    declarations: tuple[Declaration, ...]
    uses: tuple[Use, ...]
    is_unused: bool  # no text on any host names it
    is_provided: bool  # one of the names that the toolkit itself provides
    is_required: bool

    @property
    def evaluated(self) -> tuple[Evaluated, ...]:
        where: dict[tuple[str, bool, tuple[str, ...]], list[Where]] = {}
        for variant in (variant for cell in self.cells for variant in cell.variants):
            if variant.problems or variant.value != (variant.declaration.value or ""):
                where.setdefault((variant.value, variant.hides, variant.problems), []).append(variant.where)
        return tuple(Evaluated(*shown, tuple(places)) for shown, places in where.items())

    @property
    def is_missing(self) -> bool:
        return any(cell.missing for cell in self.cells)

    @property
    def has_gap(self) -> bool:
        return any(cell.is_gap for cell in self.cells)

    @property
    def is_elsewhere(self) -> bool:
        """Whether all its values are for environments or hosts that are not shown."""
        return bool(self.declarations) and not any(cell.variants for cell in self.cells)

    @property
    def differs(self) -> bool:
        """Whether environments have different values."""
        return len({tuple((one.where.label, one.value) for one in cell.variants) for cell in self.cells}) > 1


@dataclass(frozen=True, slots=True)
class Fault:
    """A token that cannot be resolved, or a required variable without value, as octopus_check says it."""

    message: str
    where: tuple[Where, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """Everything that is shown."""

    environments: tuple[Environment, ...]
    rows: tuple[Row, ...]  # by name
    faults: tuple[Fault, ...]
    texts: tuple[str, ...]  # the labels of all texts that were looked at

    @property
    def unused(self) -> int:
        return sum(row.is_unused for row in self.rows)

    @property
    def missing(self) -> int:
        return sum(row.is_missing for row in self.rows)

    @property
    def values(self) -> int:
        """How many variables have a value somewhere."""
        return sum(any(cell.variants for cell in row.cells) for row in self.rows)
