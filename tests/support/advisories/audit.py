"""Finds pins that an advisory is about and that nobody has accepted with a reason."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml

from advisories import ranges
from advisories.known import Advisory, Known
from advisories.pins import Pin

ACCEPTED = Path(__file__).with_name("accepted.yml")


@dataclass(frozen=True)
class Accepted:
    """A finding that stays while its file pins just this version: raising the pin ends the exception."""

    file: str
    package: str
    version: str
    ids: frozenset[str]
    reason: str


@dataclass(frozen=True)
class Finding:
    """A pin and an advisory that is about it."""

    pin: Pin
    advisory: Advisory

    def __str__(self) -> str:
        pin, advisory = self.pin, self.advisory
        also = f" ({', '.join(advisory.aliases)})" if advisory.aliases else ""
        fixed = ranges.first_fixed(advisory.affected, pin.version)
        way_out = f"{fixed} is the first version without it" if fixed else "no later version without it is known"
        return (
            f"{pin.file}:{pin.line}: {pin.package} {pin.version} is affected by {advisory.id}{also}, as are versions "
            f"{' or '.join(advisory.about(pin.version))}; {way_out}."
        )


def read_accepted(path: Path = ACCEPTED) -> list[Accepted]:
    """The exceptions; one without a reason or an id is a ValueError."""
    entries = []
    for number, one in enumerate(yaml.safe_load(path.read_text()) or [], 1):
        missing = [key for key in ("file", "package", "version", "ids", "reason") if not one.get(key)]
        if missing:
            raise ValueError(
                f"{path.name}, entry {number} has no {' and no '.join(missing)}. Each exception says what it is for."
            )
        entries.append(
            Accepted(one["file"], one["package"], str(one["version"]), frozenset(one["ids"]), one["reason"].strip())
        )
    return entries


def findings(pins: Iterable[Pin], known: Known) -> list[Finding]:
    """Each pin with each advisory about it. One that another database names differently is told once."""
    found = []
    for pin in pins:
        told: set[str] = set()
        for advisory in known.advisories.get(pin.package, ()):
            if advisory.about(pin.version) and not advisory.names & told:
                told |= advisory.names
                found.append(Finding(pin, advisory))
    return found


def judge(found: Iterable[Finding], accepted: Iterable[Accepted]) -> tuple[list[Finding], list[str]]:
    """The findings that nobody accepted, and each accepted id that nothing is found for any more."""
    accepted = list(accepted)
    left, used = [], set()
    for finding in found:
        pin = finding.pin
        for entry in accepted:
            match = (entry.file, entry.package, entry.version) == (pin.file, pin.package, str(pin.version))
            if match and entry.ids & finding.advisory.names:
                used |= {(entry, name) for name in entry.ids & finding.advisory.names}
                break
        else:
            left.append(finding)
    idle = [
        f"{ACCEPTED.name}: {name} is accepted for {entry.package} {entry.version} in {entry.file}, where nothing is "
        "found for it any more. Take the entry out."
        for entry in accepted
        for name in sorted(entry.ids)
        if (entry, name) not in used
    ]
    return left, idle
