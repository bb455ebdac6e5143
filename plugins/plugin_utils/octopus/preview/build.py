"""From the variables and texts of hosts to what is shown of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ....module_utils.masking import MASK
from .. import CircularReference, Evaluation, evaluate, render
from ..report import problem_line, required_state
from ..scoping.host import PROVIDED, HostVariables, Layer
from ..scoping.provided import IMPLIED_GROUPS
from ..scoping.scopes import UNSCOPED, Entry
from .model import Cell, Declaration, Environment, Fault, Preview, Row, Use, Variant, Where
from .secrets import Masker, without_secrets
from .usage import named

# Shown in place of the value of a provided name that differs from host to host.
EACH_HOSTS_OWN = "(each host's own)"


@dataclass(frozen=True, slots=True)
class Text:
    """A text with tokens that a host gets. What is wrong with it is only told when it is ``checked``."""

    label: str
    text: str
    checked: bool = True


@dataclass(frozen=True, slots=True)
class Target:
    """A host (in an environment without hosts: the context of the environment alone) and what it gets."""

    variables: HostVariables
    texts: tuple[Text, ...] = ()
    required: tuple[str, ...] = ()  # names of variables that must have a value

    @property
    def name(self) -> str:
        return self.variables.host.name


@dataclass(frozen=True, slots=True)
class Column:
    """An environment to show."""

    environment: str
    inventory: str
    targets: tuple[Target, ...]
    has_hosts: bool = True
    notes: tuple[str, ...] = ()


# Number of the column to names of hosts.
Hosts = dict[int, list[str]]


def preview(columns: Sequence[Column]) -> Preview:
    """What is shown of ``columns``."""
    masker = Masker(target.variables for _column, target in _targets(columns))
    texts = _Texts(columns, masker)
    names = _names(columns)
    for name in texts.missing:
        names.setdefault(name.lower(), name)
    rows = [_Row(name, columns, texts, masker).row() for _key, name in sorted(names.items())]
    environments = tuple(
        Environment(
            one.environment,
            one.inventory,
            tuple(target.name for target in one.targets if one.has_hosts),
            one.has_hosts,
            tuple(map(masker.text, one.notes)),
        )
        for one in columns
    )
    faults = tuple(Fault(masker.text(line), _where(columns, hosts)) for line, hosts in texts.faults.items())
    return Preview(environments, tuple(rows), faults, tuple(texts.labels))


def _targets(columns: Sequence[Column]) -> Iterator[tuple[int, Target]]:
    return ((number, target) for number, column in enumerate(columns) for target in column.targets)


def _names(columns: Sequence[Column]) -> dict[str, str]:
    """Lower-case name to spelling, for every variable that has a value anywhere."""
    names: dict[str, str] = {}
    for _column, target in _targets(columns):
        for name in (*target.variables.catalog.names, *target.variables.variables):
            names.setdefault(name.lower(), name)
    return names


class _Texts:
    """What the texts of all hosts read, and what is wrong with them."""

    def __init__(self, columns: Sequence[Column], masker: Masker) -> None:
        self.labels: dict[str, None] = {}  # in order
        self.uses: dict[str, dict[str, Hosts]] = {}  # lower-case name to label
        self.missing: dict[str, Hosts] = {}
        self.faults: dict[str, Hosts] = {}
        self.required: set[str] = set()
        self._columns = columns
        for number, target in _targets(columns):
            for text in target.texts:
                self._read(number, target, text)
            for name in target.required:
                self._require(number, target, name)
        self._missing_keys = {name.lower(): hosts for name, hosts in self.missing.items()}
        distinct = {text.text for _column, target in _targets(columns) for text in target.texts}
        self._named = named(distinct, _declared_texts(columns))

    def _read(self, number: int, target: Target, text: Text) -> None:
        self.labels[text.label] = None
        evaluation = render(text.text, target.variables.variables)
        for name in evaluation.used:
            _add(self.uses.setdefault(name.lower(), {}).setdefault(text.label, {}), number, target.name)
        if not text.checked:
            return
        for problem in evaluation.problems:
            line = problem_line(text.label, problem, target.variables)
            _add(self.faults.setdefault(line, {}), number, target.name)
            if problem.name and not target.variables.variables.is_sensitive(problem.origin):
                _add(self.missing.setdefault(problem.name, {}), number, target.name)

    def _require(self, number: int, target: Target, name: str) -> None:
        self.required.add(name.lower())
        state = required_state(name, target.variables)
        if state:
            line = f"required variable {name} is {state}{target.variables.why_missing(name)}"
            _add(self.faults.setdefault(line, {}), number, target.name)
            _add(self.missing.setdefault(name, {}), number, target.name)

    def missing_in(self, name: str, number: int) -> tuple[Where, ...]:
        hosts = self._missing_keys.get(name.lower(), {})
        return _where(self._columns, {number: hosts[number]}) if number in hosts else ()

    def uses_of(self, name: str) -> tuple[Use, ...]:
        found = self.uses.get(name.lower(), {})
        return tuple(Use(label, _where(self._columns, found[label])) for label in self.labels if label in found)

    def is_unused(self, name: str) -> bool:
        """Whether it is certain that nothing needs the variable, as far as texts are known.

        A name with a colon or a slash may be the path of a place in a structured configuration file.
        """
        key = name.lower()
        known = key in self.uses or key in self._named or key in self.required
        return bool(self.labels) and not known and ":" not in name and "/" not in name


def _declared_texts(columns: Sequence[Column]) -> dict[str, list[str]]:
    """Lower-case name to all values that the variable can have."""
    texts: dict[str, dict[str, None]] = {}
    for catalog in {id(one.variables.catalog): one.variables.catalog for _column, one in _targets(columns)}.values():
        for name in catalog.names:
            values = texts.setdefault(name.lower(), {})
            values.update((entry.value, None) for entry in catalog.entries(name) if entry.value)
    for _column, target in _targets(columns):
        for name, value in target.variables.variables.items():
            texts.setdefault(name.lower(), {}).setdefault(value or "")
    return {name: list(values) for name, values in texts.items()}


@dataclass(eq=False, slots=True)
class _Draft:
    """A declaration, while it is being collected where it holds."""

    value: str | None
    place: str
    scope: str = ""
    sensitive: bool = False
    file: str = ""
    wins: Hosts = field(default_factory=dict)
    shadowed: Hosts = field(default_factory=dict)


class _Shown(NamedTuple):
    """What is equal for hosts that share a variant."""

    value: str
    draft: _Draft
    hides: bool
    problems: tuple[str, ...]


class _Row:
    """Collects one variable over all hosts."""

    def __init__(self, name: str, columns: Sequence[Column], texts: _Texts, masker: Masker) -> None:
        self._name = name
        self._columns = columns
        self._texts = texts
        self._masker = masker
        self._drafts: dict[object, _Draft] = {}
        self._description = ""
        self._shown: list[dict[_Shown, list[str]]] = [{} for _column in columns]

    def row(self) -> Row:
        for number, target in _targets(self._columns):
            self._collect(number, target)
        declarations = {draft: self._declaration(draft) for draft in self._drafts.values()}
        cells = tuple(self._cell(number, declarations) for number in range(len(self._columns)))
        has_value = any(cell.variants for cell in cells)
        is_provided = self._name.lower().startswith("octopus.")
        return Row(
            name=self._name,
            description=self._masker.text(self._description),
            cells=cells,
            declarations=tuple(declarations.values()),
            uses=self._texts.uses_of(self._name),
            is_unused=has_value and not is_provided and self._texts.is_unused(self._name),
            is_provided=is_provided,
            is_required=self._name.lower() in self._texts.required,
        )

    def _collect(self, number: int, target: Target) -> None:
        """Add the values that the variable has for one host: its own layers and the entries of variable files."""
        host = target.variables
        layers = host.layers.get(self._name.lower(), ())
        winner = layers[-1] if layers else None
        for layer in reversed(layers):
            if layer.entry is None:
                draft = self._layer_draft(self._columns[number], layer)
                _add(draft.wins if layer is winner else draft.shadowed, number, target.name)
        for candidate in host.catalog.candidates(self._name, host.host.context):
            draft = self._entry_draft(candidate.entry)
            self._description = self._description or candidate.entry.description
            if winner is not None and winner.entry is candidate.entry:
                _add(draft.wins, number, target.name)
            elif winner is not None and candidate.matches:
                _add(draft.shadowed, number, target.name)
        if winner is not None:
            if winner.entry is not None:
                draft = self._entry_draft(winner.entry)
            else:
                draft = self._layer_draft(self._columns[number], winner)
            shown = self._evaluated(host, winner, draft)
            self._shown[number].setdefault(shown, []).append(target.name)

    def _layer_draft(self, column: Column, layer: Layer) -> _Draft:
        if layer.source == PROVIDED:
            draft = self._drafts.setdefault(PROVIDED, _Draft(layer.value, PROVIDED))
            if draft.value != layer.value:
                draft.value = EACH_HOSTS_OWN
            return draft
        key = (layer.source, column.inventory, layer.value, layer.sensitive)
        place = f"{layer.source} of {column.inventory}"
        return self._drafts.setdefault(key, _Draft(layer.value, place, sensitive=layer.sensitive))

    def _entry_draft(self, entry: Entry) -> _Draft:
        key = (entry.place, entry.scope.key)
        if key not in self._drafts:
            value = entry.value
            if entry.ansible_variable:
                value = f"(Ansible variable {entry.ansible_variable})"
            scope = "" if entry.scope == UNSCOPED else str(entry.scope)
            place = f"{entry.place} (library set {entry.library})" if entry.library else entry.place
            self._drafts[key] = _Draft(value, place, scope, entry.sensitive or entry.encrypted, entry.file)
        return self._drafts[key]

    def _evaluated(self, host: HostVariables, winner: Layer, draft: _Draft) -> _Shown:
        if winner.sensitive:
            return _Shown(MASK, draft, True, ())
        raw = winner.value or ""
        text, evaluation = _evaluate(raw, host)
        hides = any(host.variables.is_sensitive(name) for name in evaluation.used)
        if hides:
            text, _problems = _evaluate(raw, host, masked=True)
        problems = [problem_line(self._name, problem, host) for problem in evaluation.problems]
        if evaluation.error and evaluation.text == raw and not evaluation.missing:
            problems.append("it is used as it is written, because it is not a valid template")
        shown = self._masker.text(text)
        return _Shown(shown, draft, hides or shown != text, tuple(map(self._masker.text, problems)))

    def _declaration(self, draft: _Draft) -> Declaration:
        value = None if draft.value is None else MASK if draft.sensitive else self._masker.text(draft.value)
        wins, shadowed = _where(self._columns, draft.wins), _where(self._columns, draft.shadowed)
        return Declaration(value, draft.place, draft.scope, draft.sensitive, wins, shadowed, draft.file)

    def _cell(self, number: int, declarations: Mapping[_Draft, Declaration]) -> Cell:
        variants = tuple(
            Variant(
                shown.value,
                declarations[shown.draft],
                _place(self._columns[number], hosts),
                shown.hides,
                shown.problems,
            )
            for shown, hosts in self._shown[number].items()
        )
        is_gap = not variants and any(self._shown)
        missing = self._texts.missing_in(self._name, number)
        return Cell(self._columns[number].environment, variants, missing, is_gap and not missing)


def _evaluate(raw: str, host: HostVariables, masked: bool = False) -> tuple[str, Evaluation]:
    """A value as it is used, with what stayed unresolved in it."""
    variables = without_secrets(host.variables) if masked else host.variables
    try:
        evaluation = evaluate(raw, variables)
    except CircularReference:
        evaluation = render(raw, variables)  # tells it as a problem
    return evaluation.text or "", evaluation


def _add(hosts: Hosts, number: int, name: str) -> None:
    known = hosts.setdefault(number, [])
    if name not in known[-1:]:  # a host's additions follow one another
        known.append(name)


def _where(columns: Sequence[Column], hosts: Mapping[int, Sequence[str]]) -> tuple[Where, ...]:
    return tuple(_place(columns[number], hosts[number]) for number in sorted(hosts))


def _place(column: Column, hosts: Sequence[str]) -> Where:
    return Where(column.environment, tuple(hosts) if column.has_hosts else (), _label(column, hosts))


def _label(column: Column, names: Iterable[str]) -> str:
    """Which of an environment's hosts, in few words: whole groups where they fit; empty for all."""
    left = set(names)
    if len(left) == len(column.targets):
        return ""
    groups: dict[str, set[str]] = {}
    for target in column.targets:
        for group in target.variables.host.groups:
            if group not in IMPLIED_GROUPS:
                groups.setdefault(group, set()).add(target.name)
    words = []
    for group, members in sorted(groups.items(), key=lambda one: (-len(one[1]), one[0])):
        if members <= left:
            words.append(group)
            left -= members
    return ", ".join([*sorted(words), *sorted(left)])
