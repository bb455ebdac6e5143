"""Files in places where a deployment puts none; what others may have linked there is never followed."""

from __future__ import annotations

import fnmatch
import glob
import os
import stat
from collections.abc import Iterable

from . import untrusted_paths


def directories(path: str) -> list[str]:
    """The absolute paths of directories that a path means, each of whose steps may be a pattern."""
    above, step = os.path.split(path)
    if not step:
        return [path]
    if not glob.has_magic(path):
        return [path] if is_directory(path) else []
    found = []
    for folder in directories(above):
        with untrusted_paths.open_directory(folder) as opened:
            matching = [opened.place(name) for name in matches(opened, step)]
        found += [place for place in matching if is_directory(place)]
    return found


def is_directory(path: str) -> bool:
    """Whether there is a directory at a path, seen through root's links; what others have linked there is none."""
    try:
        return untrusted_paths.is_directory(path)
    except untrusted_paths.UntrustedPathError:
        return False


def matches(directory: untrusted_paths.Directory, pattern: str) -> list[str]:
    """The names in a directory that match a pattern as they do in a shell."""
    hidden = pattern.startswith(".")
    return [name for name in directory.names() if fnmatch.fnmatchcase(name, pattern) and (hidden or name[0] != ".")]


def find(places: Iterable[str]) -> list[str]:
    """The files and links in the places, sorted. Folders that are links are taken as links, not entered."""
    found: set[str] = set()
    for place in places:
        above, last = os.path.split(place.rstrip("/"))
        for folder in directories(above):
            with untrusted_paths.open_directory(folder) as opened:
                names = matches(opened, last) if glob.has_magic(last) else [last]
                for name in names:
                    found.update(files_of(opened, name))
    return sorted(found)


def files_of(directory: untrusted_paths.Directory, name: str) -> list[str]:
    """An entry that is no folder, or all such entries below it."""
    status = directory.find(name)
    if status is None:
        return []
    if not stat.S_ISDIR(status.st_mode):
        return [directory.place(name)]
    with directory.enter(name) as folder:
        return [
            inside.place(entry)
            for inside, entry, below in untrusted_paths.walk(folder)
            if not stat.S_ISDIR(below.st_mode)
        ]


def remove(path: str) -> None:
    """Removes a file or a link. Raises OSError."""
    above, name = os.path.split(path)
    with untrusted_paths.open_directory(above) as folder:
        folder.unlink(name)
