"""The committed facts: which versions of the pinned packages which advisory is about, and how old that knowledge is."""

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from packaging.version import Version

from advisories import osv, ranges

FILE = Path(__file__).with_name("known.yml")

HEADER = """\
# Facts about the packages that this repository pins: which advisory is about which versions. Written by
# `make advisories`, which keeps what its source does not know. So an advisory that is later than complete_to may be
# entered by hand; those are no complete list.
# The facts come from the PyPA advisory database and the GitHub advisory database, both under CC-BY-4.0
# (https://github.com/pypa/advisory-database, https://github.com/github/advisory-database). What an advisory says is at
# https://osv.dev/vulnerability/ID.
---
"""


@dataclass(frozen=True)
class Advisory:
    """One advisory's facts on one package. The ranges are in the form of advisories.ranges."""

    id: str
    aliases: tuple[str, ...]
    affected: tuple[str, ...]

    @property
    def names(self) -> set[str]:
        """Its id and the ids of the same fault elsewhere."""
        return {self.id, *self.aliases}

    def about(self, version: Version) -> list[str]:
        """The ranges that hold the version."""
        return [text for text in self.affected if ranges.holds(text, version)]


@dataclass(frozen=True)
class Known:
    """complete_to: the day up to which a whole database was read; later advisories are known only singly."""

    complete_to: datetime.date
    advisories: dict[str, list[Advisory]]


def read(path: Path = FILE) -> Known:
    """The facts of the file."""
    content = yaml.safe_load(path.read_text())
    return Known(
        content["complete_to"],
        {
            package: [Advisory(one["id"], tuple(one.get("aliases", ())), tuple(one["affected"])) for one in entries]
            for package, entries in content["advisories"].items()
        },
    )


def write(known: Known, path: Path = FILE) -> None:
    """Writes the facts sorted, so that a change of them reads as a change of single lines."""
    content = {
        "complete_to": known.complete_to,
        "advisories": {
            package: [
                {"id": one.id, "aliases": list(one.aliases), "affected": list(one.affected)}
                for one in sorted(entries, key=lambda entry: entry.id)
            ]
            for package, entries in sorted(known.advisories.items())
        },
    }
    text = yaml.dump(content, Dumper=_Dumper, sort_keys=False, width=1000, default_flow_style=None)
    path.write_text(HEADER + text)


def merged(before: Known, source: Path, packages: set[str]) -> Known:
    """What a source of OSV records says about the packages, and what was known before that it does not hold.

    An advisory that the source says was withdrawn is left out.
    """
    found: dict[str, list[Advisory]] = {}
    withdrawn: set[str] = set()
    newest = ""
    for record in osv.records(source):
        newest = max(newest, str(record["modified"]))
        if record.get("withdrawn"):
            withdrawn.add(record["id"])
            continue
        for package, fact in osv.facts(record, packages).items():
            found.setdefault(package, []).append(Advisory(fact["id"], tuple(fact["aliases"]), tuple(fact["affected"])))
    if not newest:
        raise ValueError(
            f"{source} holds no records in the OSV format (.json or .yaml, below a folder or in a zip file)."
        )
    for package, entries in before.advisories.items():
        there = {name for one in found.get(package, ()) for name in one.names} | withdrawn
        kept = [one for one in entries if package in packages and not one.names & there]
        if kept:
            found.setdefault(package, []).extend(kept)
    complete_to = max(before.complete_to, datetime.date.fromisoformat(newest[:10]))
    return Known(complete_to, found)


class _Dumper(yaml.SafeDumper):
    """Indents lists below their keys, as yamllint asks."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> Any:
        return super().increase_indent(flow, False)
