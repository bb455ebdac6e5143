"""Copies of files and folders with owners, modes and links, from which the originals can be made again.

Below the folder of the copies each one lies at its own path. Folders are followed, links and what they lead to are not.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from pathlib import Path


def describe(path):
    """What makes two entries equal: kind, owner, group, mode, and a link's target; None where nothing is."""
    try:
        found = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    kind = stat.S_IFMT(found.st_mode)
    link = os.readlink(path) if stat.S_ISLNK(found.st_mode) else ""
    mode = 0 if link else stat.S_IMODE(found.st_mode)
    return kind, found.st_uid, found.st_gid, mode, link


def is_folder(path):
    """Whether it is a folder itself, and no link to one."""
    return path.is_dir() and not path.is_symlink()


def is_equal(first, second):
    """Whether two entries are the same, the contents of files included."""
    one = describe(first)
    if one is None or one != describe(second):
        return False
    return not stat.S_ISREG(one[0]) or first.read_bytes() == second.read_bytes()


def place(copies, path):
    """Where the copy of a path lies."""
    return copies / str(path).lstrip("/")


def keep(copies, paths, skip=()):
    """Copies the paths that exist; sockets and the like, and the paths ``skip``, are left out."""
    for path in map(Path, paths):
        if describe(path) is not None:
            place(copies, path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _copy(path, place(copies, path), {str(item) for item in skip})


def _copy(source, target, skip):
    if str(source) in skip:
        return
    if is_folder(source):
        target.mkdir(exist_ok=True)
        for entry in sorted(source.iterdir()):
            _copy(entry, target / entry.name, skip)
        shutil.copystat(source, target)
    elif source.is_symlink():
        target.symlink_to(os.readlink(source))
    elif source.is_file():
        with source.open("rb") as original, os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as copy:
            shutil.copyfileobj(original, copy)
            copy.flush()
            os.fsync(copy.fileno())
        shutil.copystat(source, target)
    else:
        return
    _own(source, target)


def _own(source, target):
    """Gives the copy the owner of the original, and the mode that a change of owner may have cut."""
    found = os.lstat(source)
    os.chown(target, found.st_uid, found.st_gid, follow_symlinks=False)
    if not target.is_symlink():
        os.chmod(target, stat.S_IMODE(found.st_mode))


def bring_back(copies, paths, skip=()):
    """Makes the paths what their copies are, and removes what has none; ``skip`` stays as it is. Returns what changed.

    What is equal is not touched, and a file is replaced in one step.
    """
    changed = []
    for path in map(Path, paths):
        _bring_back(place(copies, path), path, {str(item) for item in skip}, changed)
    return changed


def _bring_back(kept, path, skip, changed):
    if str(path) in skip or is_done(kept, path):
        return
    if describe(kept) is None:
        if is_folder(path) and any(item.startswith(f"{path}/") for item in skip):
            for entry in sorted(path.iterdir()):
                _bring_back(kept / entry.name, entry, skip, changed)
            return
        _remove(path)
        changed.append(str(path))
        return
    if is_folder(kept):
        if not is_folder(path):
            _remove(path)
            path.mkdir(parents=True)
            changed.append(str(path))
        names = {entry.name for folder in (kept, path) for entry in folder.iterdir()}
        for name in sorted(names):
            _bring_back(kept / name, path / name, skip, changed)
        if describe(path) != describe(kept):
            _own(kept, path)
            changed.append(str(path))
        return
    if is_folder(path):
        shutil.rmtree(path)
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    _remove(part)
    _copy(kept, part, set())
    part.replace(path)
    changed.append(str(path))


def is_done(kept, path):
    """Whether nothing is to be done for an entry that is no folder: both are equal, or neither is there."""
    if describe(kept) is None:
        return describe(path) is None
    return not is_folder(kept) and is_equal(kept, path)


def _remove(path):
    if is_folder(path):
        shutil.rmtree(path)
    else:
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
