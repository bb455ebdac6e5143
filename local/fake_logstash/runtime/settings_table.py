"""Which settings a version knows, with their types, defaults and choices: read from data/settings.csv.

The table gives the first release that a setting was seen in and the one that it was removed in.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

from . import version

# Defaults that changed over time; the table gives the one last seen.
_OLDER_DEFAULTS = {
    "allow_superuser": ((9, 0, 0), "true"),
    "pipeline.ecs_compatibility": ((8, 0, 0), "disabled"),
}


@dataclass(frozen=True)
class Setting:
    """One setting as a version knows it; `alias_of` names the setting that a deprecated alias sets."""

    name: str
    type: str
    default: str
    choices: tuple[str, ...]
    in_pipelines_yml: bool
    alias_of: str


def known(home: Path, release: tuple[int, int, int]) -> dict[str, Setting]:
    """The settings that `release` knows, by name."""
    found: dict[str, Setting] = {}
    with open(home / "data" / "settings.csv", encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            first = version.parse(row["first_seen"].removeprefix("<="))
            if release < first or (row["gone_in"] and release >= version.parse(row["gone_in"])):
                continue
            name, default = row["setting"], row["default_when_last_seen"]
            if name in _OLDER_DEFAULTS and release < _OLDER_DEFAULTS[name][0]:
                default = _OLDER_DEFAULTS[name][1]
            choices = tuple(dict.fromkeys(row["choices"].split()))
            found[name] = Setting(
                name, row["type"], default, choices, row["in_pipelines_yml"] == "yes", row["alias_of"] or ""
            )
    return found
