"""The files of a directory, and those of them that globs choose.

Globs are relative to the directory, with ``/`` between names: ``*`` and ``?`` stand for characters of one name, ``**``
for any number of directories. Names that begin with a dot are names like all others. Everything else is literal.
"""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path


class GlobError(Exception):
    """A glob that can match nothing below the directory; the message says what is expected."""


class Glob:
    """A compiled glob.

    :raises GlobError: it is empty, or leads out of the directory.
    """

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        names = [name for name in pattern.split("/") if name != "."]
        if not pattern or pattern.startswith("/") or ".." in names:
            raise GlobError(
                f"the glob {pattern!r} is empty or leads out of the directory; expected one such as **/*.conf"
            )
        # None for any number of directories. fnmatch knows sets of characters too: [ is literal here.
        self._names = [
            None if name == "**" else re.compile(fnmatch.translate(name.replace("[", "[[]"))) for name in names
        ]

    def matches(self, path: str) -> bool:
        """Whether the glob matches the whole of a relative path.

        All places of the glob that the names so far may have led to are followed together, so the time does not
        depend on how often ``**`` stands in it.
        """
        places = self._with_skipped({0})
        for name in path.split("/"):
            reached = set()
            for place in places:
                if place == len(self._names):
                    continue
                expected = self._names[place]
                if expected is None:
                    reached.add(place)
                elif expected.match(name):
                    reached.add(place + 1)
            places = self._with_skipped(reached)
        return len(self._names) in places

    def _with_skipped(self, places: set[int]) -> set[int]:
        """``places``, and those behind any ``**`` there, which may stand for nothing."""
        skipped = set(places)
        for place in places:
            while place < len(self._names) and self._names[place] is None:
                place += 1  # noqa: PLW2901 - walking on from it
                skipped.add(place)
        return skipped


@dataclass(slots=True)
class Tree:
    """What is in a directory, as sorted relative paths; ``faults`` say what cannot be taken along."""

    files: list[str] = field(default_factory=list)
    directories: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def walk(root: str, exclude: Sequence[Glob] = ()) -> Tree:
    """Everything in ``root`` that no glob of ``exclude`` matches; an excluded directory is not entered.

    A symbolic link to a file in ``root`` counts as that file. Other links are faults: to follow one to a directory may
    never end, and one that leads elsewhere would copy what does not belong to this directory.
    """
    tree = Tree()
    top = Path(root).resolve()
    waiting = [""]
    while waiting:
        parent = waiting.pop()
        try:
            with os.scandir(top / parent) as entries:
                found = list(entries)
        except OSError as error:
            tree.faults.append(f"{parent or '.'}: cannot read this directory: {error.strerror}")
            continue
        for entry in found:
            path = f"{parent}/{entry.name}".lstrip("/")
            if any(glob.matches(path) for glob in exclude):
                continue
            if not _is_utf8(entry.name):
                tree.faults.append(f"{path!a}: this name is not UTF-8; rename or exclude it")
            elif entry.is_dir(follow_symlinks=False):
                tree.directories.append(path)
                waiting.append(path)
            elif entry.is_symlink() and not _leads_to_file(top, path):
                tree.faults.append(
                    f"{path}: this symbolic link leads to no file in the directory; put the file here, or exclude it"
                )
            elif entry.is_file():
                tree.files.append(path)
            else:
                tree.faults.append(f"{path}: neither a file nor a directory; exclude it")
    for paths in (tree.files, tree.directories, tree.faults):
        paths.sort()
    return tree


def choose(files: Iterable[str], globs: Sequence[Glob]) -> tuple[set[str], list[str]]:
    """The files that any of the globs matches, and the globs that match none."""
    chosen: set[str] = set()
    unmatched = []
    files = list(files)
    for glob in globs:
        matched = {path for path in files if glob.matches(path)}
        chosen |= matched
        if not matched:
            unmatched.append(glob.pattern)
    return chosen, unmatched


def _is_utf8(name: str) -> bool:
    """Whether a name came from UTF-8; Python stands single surrogates in for other bytes."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _leads_to_file(top: Path, path: str) -> bool:
    try:
        target = (top / path).resolve(strict=True)
    except (OSError, RuntimeError):  # nothing there, or links that lead to one another
        return False
    return target.is_relative_to(top) and target.is_file()
