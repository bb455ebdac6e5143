"""Copies of files and folders with owners, modes and links, from which the originals can be made again.

Below the folder of the copies, which is root's alone, each one lies at its own path. Folders are followed, links and
what they lead to are not. The originals may lie in a directory of another user, such as settings that were set up by
hand: see untrusted_paths.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from . import untrusted_paths
from .untrusted_paths import BLOCK, Directory

# Kind, user id, group id, mode, and a link's target.
Described = tuple[int, int, int, int, str]

# No settings file is that large: a disk is not filled by what somebody has put there.
MOST_BYTES = 1 << 30


def describe(path: str | Path) -> Described | None:
    """What makes two entries equal: kind, owner, group, mode, and a link's target; None where nothing is."""
    with _holding(path) as (folder, name):
        return _describe(folder, name)


@contextlib.contextmanager
def _holding(path: str | Path) -> Iterator[tuple[Directory | None, str]]:
    """(the Directory that holds a path, its name there); (None, name) where that is missing."""
    path = Path(path)
    try:
        folder = untrusted_paths.open_directory(str(path.parent))
    except FileNotFoundError:
        yield None, path.name
        return
    with folder:
        yield folder, path.name


def _describe(folder: Directory | None, name: str) -> Described | None:
    found = folder.find(name) if folder else None
    if folder is None or found is None:
        return None
    link = folder.target_of(name) if stat.S_ISLNK(found.st_mode) else ""
    mode = 0 if link else stat.S_IMODE(found.st_mode)
    return stat.S_IFMT(found.st_mode), found.st_uid, found.st_gid, mode, link


def _is_folder(described: Described | None) -> bool:
    return described is not None and stat.S_ISDIR(described[0])


def _is_equal(first: Directory, second: Directory, name: str, other: str) -> bool:
    """Whether two entries are the same, the contents of files included; `first` and `second` are their Directories."""
    one = _describe(first, name)
    if one is None or one != _describe(second, other):
        return False
    if not stat.S_ISREG(one[0]):
        return True
    with _opened(first, name) as here, _opened(second, other) as there:
        size = os.fstat(here).st_size
        return size == os.fstat(there).st_size and all(
            untrusted_paths.read_up_to(here, BLOCK, offset) == untrusted_paths.read_up_to(there, BLOCK, offset)
            for offset in range(0, size, BLOCK)
        )


@contextlib.contextmanager
def _opened(folder: Directory, name: str) -> Iterator[int]:
    descriptor = folder.open_file(name)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def place(copies: Path, path: str | Path) -> Path:
    """Where the copy of a path lies."""
    return copies / str(path).lstrip("/")


def keep(copies: Path, paths: Iterable[str | Path], skip: Iterable[str | Path] = ()) -> None:
    """Copies the paths that exist; sockets and the like, and the paths ``skip``, are left out."""
    for path in map(Path, paths):
        with _holding(path) as (folder, name):
            if folder is None or _describe(folder, name) is None:
                continue
            with untrusted_paths.open_directory(str(place(copies, path).parent), make_missing=True) as target:
                _copy(folder, name, target, name, {str(item) for item in skip})


def _copy(source: Directory, name: str, target: Directory, new_name: str, skip: set[str]) -> None:
    """Copies an entry of a Directory into another one, over what is there of the name; folders are joined."""
    if source.path.count("/") > untrusted_paths.MOST_LEVELS:
        raise untrusted_paths.too_deep(source.place(name))
    path = source.place(name)
    found = _describe(source, name)
    if path in skip or found is None:
        return
    kind, uid, gid, mode, link = found
    if stat.S_ISDIR(kind):
        with source.enter(name) as inside, _entered(target, new_name) as copy:
            for entry in inside.names():
                _copy(inside, entry, copy, entry, skip)
            copy.own(uid, gid, mode)
            untrusted_paths.copy_times(inside.descriptor, copy.descriptor)
    elif stat.S_ISLNK(kind):
        target.remove(new_name)
        target.make_link(new_name, link, uid, gid)
    elif stat.S_ISREG(kind):
        target.remove(new_name)
        with _opened(source, name) as original:
            _copy_file(original, target, new_name, path)


def _copy_file(original: int, target: Directory, new_name: str, path: str) -> None:
    status = os.fstat(original)
    if status.st_size > MOST_BYTES:
        raise untrusted_paths.UntrustedPathError(
            f"{path} has {status.st_size} bytes; expected a file of settings of at most {MOST_BYTES}. Move it away."
        )
    made = target.create_file(new_name)
    try:
        for offset in range(0, status.st_size, BLOCK):
            content = untrusted_paths.read_up_to(original, min(BLOCK, status.st_size - offset), offset)
            untrusted_paths.write_at(made, content, offset)
        # The mode comes last, since a change of the owner may cut it.
        os.fchown(made, status.st_uid, status.st_gid)
        os.fchmod(made, stat.S_IMODE(status.st_mode))
        untrusted_paths.copy_times(original, made)
        os.fsync(made)
    finally:
        os.close(made)


def _entered(folder: Directory, name: str) -> Directory:
    """A folder in a Directory, made where it is missing."""
    try:
        return folder.make(name)
    except FileExistsError:
        return folder.enter(name)


def bring_back(copies: Path, paths: Iterable[str | Path], skip: Iterable[str | Path] = ()) -> list[str]:
    """Makes the paths what their copies are, and removes what has none; ``skip`` stays as it is. Returns what changed.

    What is equal is not touched, and a file is replaced in one step.
    """
    changed: list[str] = []
    for path in map(Path, paths):
        with _holding(place(copies, path)) as (kept, name), contextlib.ExitStack() as held:
            if _describe(kept, name) is None:
                folder, _name = held.enter_context(_holding(path))
            else:
                folder = held.enter_context(untrusted_paths.open_directory(str(path.parent), make_missing=True))
            _bring_back(kept, name, folder, {str(item) for item in skip}, changed)
    return changed


def _bring_back(
    kept: Directory | None, name: str, folder: Directory | None, skip: set[str], changed: list[str]
) -> None:
    """The same for one entry, by its name in the Directory of the copies and in the live one; None for a missing."""
    wanted, there = _describe(kept, name), _describe(folder, name)
    if folder is None:
        return
    path = folder.place(name)
    if path in skip or is_done(kept, folder, name):
        return
    if kept is None or wanted is None:
        if _is_folder(there) and any(item.startswith(f"{path}/") for item in skip):
            with folder.enter(name) as inside:
                for entry in inside.names():
                    _bring_back(None, entry, inside, skip, changed)
            return
        folder.remove(name)
        changed.append(path)
    elif _is_folder(wanted):
        if not _is_folder(there):
            folder.remove(name)
            folder.make(name).close()
            changed.append(path)
        with kept.enter(name) as copy, folder.enter(name) as inside:
            for entry in sorted({*copy.names(), *inside.names()}):
                _bring_back(copy, entry, inside, skip, changed)
            if _describe(folder, name) != wanted:
                _kind, uid, gid, mode, _link = wanted
                inside.own(uid, gid, mode)
                changed.append(path)
    else:
        if _is_folder(there):
            folder.remove(name)
        with folder.replacing(name) as part:
            _copy(kept, name, folder, part, set())
        changed.append(path)


def is_done(kept: Directory | None, folder: Directory, name: str) -> bool:
    """Whether nothing is to be done for an entry that is no folder: both are equal, or neither is there."""
    wanted = _describe(kept, name)
    if kept is None or wanted is None:
        return _describe(folder, name) is None
    return not _is_folder(wanted) and _is_equal(kept, folder, name, name)
