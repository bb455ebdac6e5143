"""The last deployments of an environment, in the order of time."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from . import words
from .answers import mappings, seconds, text
from .model import Deployment, deployment
from .terminal import STYLES, Screen, cell

# Results of instances, as the journal has them.
_RESULTS = {"continue": "deployed", "abandon": "failed"}


@dataclass(frozen=True)
class Entry:
    """A deployment of a host."""

    host: str
    deployment: Deployment


@dataclass(frozen=True)
class History:
    """The deployments, the oldest first, and what is not known."""

    entries: tuple[Entry, ...]
    notes: tuple[str, ...] = ()


def history(hosts: Mapping[str, Mapping[str, Any]], instances: Mapping[str, Any], last: int) -> History:
    """The last deployments of all hosts together.

    :param hosts: by their names, the results of host_status, also of tasks that failed or did not reach their host.
    :param instances: the result of instance_results, also of one that failed; empty where there are no groups.
    """
    entries, notes = [], []
    for name, found in hosts.items():
        if found.get("unreachable") or found.get("failed") or "now" not in found:
            lines = text(found.get("msg")).strip().splitlines() or ["no answer"]
            notes.append(f"{name}: its journal is not known: {lines[0]}")
            continue
        if problem := text(found.get("journal_problem")):
            notes.append(f"{name}: {problem}")
        entries += [Entry(name, deployment(line)) for line in mappings(found.get("deployments"))]
    if instances.get("failed"):
        notes.append(f"What instances have told is not known: {text(instances.get('msg')).strip()}")
    entries += [_of_instance(one) for one in mappings(instances.get("results"))]
    entries.sort(key=lambda entry: (entry.deployment.time or 0, entry.host))
    return History(tuple(entries[-last:] if last > 0 else ()), tuple(notes))


def table(found: History, *, width: int, colour: bool) -> str:
    """The deployments for the terminal."""
    screen = Screen(width, colour)
    if found.entries:
        headings = ("When (UTC)", "Host", "What", "Result", "Version", "Release", "By", "Took", "Toolkit")
        screen.table(headings, [_row(entry) for entry in found.entries])
        for entry in found.entries:
            if entry.deployment.reason:
                screen.line(f"{words.moment(entry.deployment.time)} {entry.host}: {entry.deployment.reason}")
    else:
        screen.line("No deployment is known.")
    for note in found.notes:
        screen.line(note, "yellow")
    return screen.text()


def as_json(found: History) -> str:
    """The same as JSON, with the notes."""
    return json.dumps(
        {"deployments": [{"host": one.host, **_plain(one.deployment)} for one in found.entries], "notes": found.notes},
        indent=2,
    )


def _plain(one: Deployment) -> dict[str, Any]:
    previous = {"version": one.previous_version, "release": one.previous_release}
    known = {name: value for name, value in vars(one).items() if not name.startswith("previous_")}
    return {**known, "time": words.timestamp(one.time), "previous": previous}


def _row(entry: Entry) -> Sequence[Any]:
    one = entry.deployment
    return (
        words.moment(one.time),
        entry.host,
        one.action.replace("_", " "),
        cell(one.result, STYLES[one.level]),
        _change(one.previous_version, one.version),
        one.release[:12],
        one.who,
        words.duration(one.seconds),
        one.toolkit[:12],
    )


def _change(before: str, after: str) -> str:
    return f"{before} → {after}" if before and after and before != after else after


def _of_instance(found: Mapping[str, Any]) -> Entry:
    began, ended = seconds(found.get("began")), seconds(found.get("ended"))
    result = text(found.get("result"))
    is_deployed = result == "continue"
    name = text(found.get("instance"))
    return Entry(
        f"{name} ({text(found.get('layer'))})" if text(found.get("layer")) else name,
        Deployment(
            time=began,
            seconds=max(0.0, ended - began) if ended is not None and began is not None else None,
            by="",
            action=text(found.get("kind")).replace("-", "_") or "first_boot",
            result=_RESULTS.get(result, result),
            version="",
            release="",
            previous_version="",
            previous_release="",
            plugins=(),
            toolkit=text(found.get("bundle"))[:12],
            reason="" if is_deployed else f"[{text(found.get('code'))}] {text(found.get('reason'))}".splitlines()[0],
        ),
    )
