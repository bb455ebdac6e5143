"""Finds what the table names below a root, and clears it."""

from __future__ import annotations

import fnmatch
import json
import os
import stat
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ..logstash_host import untrusted_paths
from ..logstash_host.untrusted_paths import Directory
from .machine import Machine
from .table import BLANK, EMPTY, LINES, REFUSE, REMOVE, Row

HOMES = ("/root", "/home/*")
# That of /etc/machine-id.
ID_MODE = 0o444


@dataclass(frozen=True)
class Leftover:
    """Something that the table says must not be in the image: its path in the image, its row, and what is seen."""

    path: str
    row: Row
    seen: str


@dataclass(frozen=True)
class Place:
    """Where to look: the root of the file system, and what is not to be counted.

    ``own`` has paths of the program that looks, as they are seen from there: they are gone when it has ended.
    ``mounted`` has files that something else is mounted on, which are not in the image: a container's /etc/hostname.
    ``machine`` is what the machine is called.
    """

    root: Path = Path("/")
    own: Collection[str] = ()
    mounted: Collection[str] = ()
    machine: Machine = field(default_factory=Machine)

    def at(self, path: str) -> Path:
        """A path of the image, as it can be opened."""
        return self.root / path.lstrip("/")

    def name(self, path: Path) -> str:
        """The path in the image."""
        return f"/{path.relative_to(self.root)}"

    def is_own(self, path: str) -> bool:
        """Whether a path of the image is the program's own, or in a directory of it."""
        return any(path == own or path.startswith(f"{own}/") for own in self.own)

    def has_own(self, path: Path) -> bool:
        """Whether something of the program's is in a directory."""
        return any(own.startswith(f"{self.name(path)}/") for own in self.own)

    def is_inside(self, path: Path) -> bool:
        """Whether it is below the root, and not reached through a link that leads elsewhere."""
        return self.root.resolve() in [path.parent.resolve(), *path.parent.resolve().parents]


def find(rows: Iterable[Row], place: Place) -> list[Leftover]:
    """All that is there of what the table names, each once, sorted by path; the first row that fits a path counts."""
    found: dict[str, Leftover] = {}
    for row in rows:
        for path in _matches(row, place):
            for leftover in _leftovers(row, path, place):
                found.setdefault(leftover.path, leftover)
    return [found[path] for path in sorted(found)]


def clear(leftovers: Iterable[Leftover], place: Place) -> list[tuple[str, str]]:
    """Clears them, but for those that are refused. Returns (path, reason) of what could not be cleared."""
    failed = []
    for leftover in leftovers:
        action = leftover.row.action
        try:
            for path in _not_own(place.at(leftover.path), place) if action != REFUSE else ():
                # Homes and temporary directories belong to others, who could exchange what is in them.
                with untrusted_paths.open_directory(str(path.parent)) as folder:
                    _clear(folder, path.name, action, place.machine)
        except FileNotFoundError:
            # It was in a directory that is gone.
            continue
        except OSError as error:
            failed.append((leftover.path, error.strerror or str(error)))
    return failed


def _matches(row: Row, place: Place) -> Iterator[Path]:
    patterns = [f"{home}{row.path[1:]}" for home in HOMES] if row.path.startswith("~/") else [row.path]
    for pattern in patterns:
        for path in sorted(place.root.glob(pattern.lstrip("/"))):
            if place.is_inside(path) and place.name(path) not in place.mounted:
                yield path
    if row.action == BLANK and not os.path.lexists(place.at(row.path)):
        yield place.at(row.path)


def _leftovers(row: Row, path: Path, place: Place) -> Iterator[Leftover]:
    if row.action in (REMOVE, REFUSE):
        if _counts(path, place):
            yield Leftover(place.name(path), row, _what(path))
    elif row.action == EMPTY:
        if path.is_dir() and not path.is_symlink():
            for entry in sorted(path.iterdir()):
                kept = any(fnmatch.fnmatchcase(entry.name, pattern) for pattern in row.keep)
                if not kept and _counts(entry, place):
                    yield Leftover(place.name(entry), row, _what(entry))
    elif row.action == BLANK:
        if not path.is_file() or path.stat().st_size:
            yield Leftover(place.name(path), row, _what(path))
    elif row.action == LINES:
        lines = path.read_bytes().splitlines() if _is_file(path) else []
        named = [line for line in lines if place.machine.is_named_in(line)]
        if named:
            yield Leftover(place.name(path), row, f"the line {json.dumps(named[0].decode('utf-8', 'replace').strip())}")
    elif _is_file(path) and path.stat().st_size:
        yield Leftover(place.name(path), row, _what(path))


def _counts(path: Path, place: Place) -> bool:
    """Whether something is left that is not the program's own: a directory with nothing else in it does not count."""
    if place.is_own(place.name(path)):
        return False
    if path.is_dir() and not path.is_symlink() and place.has_own(path):
        return any(_counts(entry, place) for entry in path.iterdir())
    return True


def _what(path: Path) -> str:
    """What is there, for a message."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return "no such file"
    if stat.S_ISLNK(status.st_mode):
        return f"a link to {os.readlink(path)}"
    if stat.S_ISDIR(status.st_mode):
        return f"a directory with {len(os.listdir(path))} entries"
    return f"a file of {status.st_size} bytes"


def _is_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _not_own(path: Path, place: Place) -> Iterator[Path]:
    """The path, or what is in it where the program itself has something there."""
    if not place.has_own(path):
        yield path
    else:
        for entry in sorted(path.iterdir()):
            if not place.is_own(place.name(entry)):
                yield from _not_own(entry, place)


def _clear(folder: Directory, name: str, action: str, machine: Machine) -> None:
    if action in (REMOVE, EMPTY):
        folder.remove(name)
    elif action == BLANK and folder.find(name) is None:
        folder.write_new(name, b"", ID_MODE)
    else:
        descriptor = folder.open_file(name, writable=True)
        try:
            # In place: owner, mode and labels stay.
            kept = b"".join(_unnamed_lines(descriptor, machine)) if action == LINES else b""
            untrusted_paths.write_at(descriptor, kept, 0)
            os.ftruncate(descriptor, len(kept))
        finally:
            os.close(descriptor)


def _unnamed_lines(descriptor: int, machine: Machine) -> list[bytes]:
    text = untrusted_paths.read_up_to(descriptor, untrusted_paths.MOST_TEXT)
    return [line for line in text.splitlines(keepends=True) if not machine.is_named_in(line)]
