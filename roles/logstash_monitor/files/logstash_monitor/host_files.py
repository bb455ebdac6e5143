"""What the role logstash leaves on a host for others to read: the journal of deployments, and the deployment record."""

from __future__ import annotations

import collections
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

# The journal has at most 500 lines.
_MOST_BYTES = 4 << 20

Parsed = TypeVar("Parsed")


class Deployments(NamedTuple):
    """``last`` is the newest entry, None without one; ``by_result`` how many entries have each result."""

    last: Mapping[str, Any] | None = None
    by_result: Mapping[str, int] = {}


NO_DEPLOYMENTS = Deployments()


class Live(NamedTuple):
    """What the configuration has that Logstash runs with; None where that is not known."""

    pipelines: frozenset[str] | None = None
    ports: frozenset[int] | None = None


class WatchedFile(Generic[Parsed]):
    """A file that is read again when it has changed.

    :param parse: of the file's end, as far as it is read.
    :param without: what there is where it cannot be read.
    """

    def __init__(self, path: Path | None, parse: Callable[[bytes], Parsed], without: Parsed) -> None:
        self._path, self._parse, self._without = path, parse, without
        self._state: tuple[int, ...] = ()
        self._found = without

    def read(self) -> Parsed:
        """What it says now."""
        if not self._path:
            return self._without
        try:
            found = os.stat(self._path)
            state = (found.st_ino, found.st_mtime_ns, found.st_size)
            if state != self._state:
                with open(self._path, "rb") as stream:
                    stream.seek(max(0, found.st_size - _MOST_BYTES))
                    self._found = self._parse(stream.read(_MOST_BYTES))
                self._state = state
        except OSError:
            self._state, self._found = (), self._without
        return self._found


def journal(path: Path) -> WatchedFile[Deployments]:
    """The journal: one JSON object a line, newest last. Lines that are no entries are left out."""
    return WatchedFile(path, _deployments, NO_DEPLOYMENTS)


def record(path: Path | None) -> WatchedFile[Live]:
    """The deployment record. It names what last passed the health gate: after a rollback, an older release's."""
    return WatchedFile(path, _live, Live())


def _deployments(content: bytes) -> Deployments:
    last: Mapping[str, Any] | None = None
    counts: collections.Counter[str] = collections.Counter()
    for line in content.splitlines():
        entry = _parsed(line)
        if isinstance(entry, dict) and isinstance(entry.get("result"), str):
            last = entry
            counts[entry["result"]] += 1
    return Deployments(last, dict(counts))


def _live(content: bytes) -> Live:
    try:
        health = _parsed(content)["record"]["health"]
        pipelines, ports = health.get("pipelines"), health.get("ports")
    except (KeyError, TypeError, AttributeError):
        return Live()
    return Live(
        frozenset(map(str, pipelines)) if pipelines and isinstance(pipelines, list) else None,
        frozenset(ports) if isinstance(ports, list) and all(isinstance(one, int) for one in ports) and ports else None,
    )


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None
