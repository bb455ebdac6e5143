"""The table of settings, settings.csv: which release knows which setting, and how it has to look.

It was read from the source of the releases. ``first_seen`` is the first release that has the setting, ``gone_in`` the
first one that has not; a setting that became an alias of another has a row for each time.
"""

from __future__ import annotations

import csv
import difflib
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...module_utils.logstash.versions import FIRST_KNOWN, LAST_KNOWN, Version, parse, shown


@dataclass(frozen=True, slots=True)
class Setting:
    """One row. ``new_name`` is the setting that it is an alias of, or that replaced it."""

    name: str
    type: str
    first: Version
    gone: Version | None
    choices: tuple[str, ...]
    in_pipelines_yml: bool
    new_name: str

    def known_to(self, version: Version) -> bool:
        """Whether a release has it."""
        return self.first <= version and (self.gone is None or version < self.gone)


@functools.cache
def rows() -> tuple[Setting, ...]:
    """All rows of the table."""
    with open(Path(__file__).with_name("settings.csv"), encoding="utf-8", newline="") as stream:
        return tuple(_setting(row) for row in csv.DictReader(stream))


def _setting(row: Mapping[str, str]) -> Setting:
    new_name = row["alias_of"]
    if row["type"] == "DeprecatedAndRenamed":
        new_name = row["default_when_last_seen"]
    return Setting(
        name=row["setting"],
        type=row["type"],
        first=parse(row["first_seen"].removeprefix("<=")),
        gone=parse(row["gone_in"]) if row["gone_in"] else None,
        choices=tuple(dict.fromkeys(row["choices"].split())),
        in_pipelines_yml=row["in_pipelines_yml"] == "yes",
        new_name=new_name,
    )


@functools.cache
def known(version: Version) -> Mapping[str, Setting]:
    """The settings of a release by name. A release after the last of the table has what that one has."""
    return {row.name: row for row in rows() if row.known_to(version)}


def why_unknown(name: str, version: Version) -> str:
    """Where a setting is known that a release does not know, and what to write instead. Sentences for a message."""
    of_name = [row for row in rows() if row.name == name]
    now = known(version)
    if not of_name:
        near = difflib.get_close_matches(name, now, n=1, cutoff=0.8)
        hint = f"Did you mean {near[0]}? " if near else ""
        return (
            f"No release from {shown(FIRST_KNOWN)} to {shown(LAST_KNOWN)} knows it. {hint}Correct the name, or add it "
            "to logstash_settings_unchecked where something that you installed brings it."
        )
    where = _where(of_name)
    newer = next((row.new_name for row in of_name if row.new_name in now), "")
    older = next((row.name for row in rows() if row.new_name == name and row.name in now), "")
    if newer or older:
        return f"{where} Logstash {shown(version)} calls it {newer or older}: use that name."
    return f"{where} Remove it, or set a logstash_version that has it."


def _where(of_name: list[Setting]) -> str:
    first, gone = min(row.first for row in of_name), [row.gone for row in of_name]
    came = "" if first <= FIRST_KNOWN else f"was added in {shown(first)}"
    went = "" if None in gone else f"was removed in {shown(max(filter(None, gone)))}"
    return f"It {' and '.join(filter(None, [came, went]))}."


def flatten(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """``{"queue": {"type": "persisted"}}`` as ``{"queue.type": "persisted"}``, the form that Logstash has inside."""
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and value:
            flat.update(flatten(value, f"{name}."))
        else:
            flat[name] = value
    return flat
