"""What the readers of all sources make of an export, before anything is translated.

Scopes still hold what the source holds: ids in JSON, slugs in OCL, under the source's own names of the dimensions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ExportedPrompt:
    """How Octopus asks for a value. ``control`` is the kind of its input field, ``settings`` what else it holds."""

    label: str = ""
    description: str = ""
    required: bool = False
    control: str = ""
    settings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ExportedValue:
    """One value of a variable."""

    name: str
    value: str | None = field(repr=False)  # may be a secret
    type: str = "String"
    sensitive: bool = False
    scope: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    prompt: ExportedPrompt | None = None
    description: str = ""
    unknown: tuple[str, ...] = ()  # fields that the reader does not know


@dataclass(frozen=True, slots=True)
class ExportedSet:
    """The variables of a project, or of a library variable set.

    ``names`` has, for each field of a scope, the ids that the source explains. It is None where scopes hold names
    already.
    """

    name: str
    file: str  # for people: relative to what was exported
    values: tuple[ExportedValue, ...]
    owner: str = ""
    library: bool = False
    names: Mapping[str, Mapping[str, str]] | None = None
    included: tuple[str, ...] = ()  # ids of the library variable sets that a project includes, where known
    templates: int = 0  # variables that each tenant gives a value


@dataclass(frozen=True, slots=True)
class Export:
    """Everything that was read."""

    sets: tuple[ExportedSet, ...]
    unused: tuple[str, ...] = ()  # files that hold no variables
    kind: str = "json"
