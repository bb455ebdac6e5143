"""Moves files so that a cut at any moment loses nothing, and the next attempt goes on where it was cut off.

Onto another volume, everything is first copied beside its place as ``.NAME.moving`` and compared; only then are the
copies renamed into place, and only after that are the originals removed. On the same volume a file is renamed.
"""

from __future__ import annotations

import contextlib
import errno
import filecmp
import os
import shutil

from . import stored_data

# Made anew by every start: never a reason to stop, whatever lies at the target.
REPLACEABLE = (".lock", "uuid")
# More than the files themselves take: directories, and what else writes meanwhile.
RESERVE = 64 * 1024 * 1024


class MoveError(Exception):
    """The move can't be made; nothing was moved."""


def find_pairs(source, target, skip):
    """[(file at the source, its place at the target)] of what is to be moved; ``skip`` are directories to leave."""
    if not os.path.isdir(source):
        return []
    files = [file for file in stored_data.files_below(source, skip) if not file.endswith(".moving")]
    return [(file, os.path.join(target, os.path.relpath(file, source))) for file in files]


def is_other_volume(source, target):
    """Whether a file can't simply be renamed to the target. Of a target that is missing, what is above it decides."""
    while not os.path.lexists(target):
        target = os.path.dirname(target)
    return os.lstat(source).st_dev != os.lstat(target).st_dev


def check(pairs):
    """Raises MoveError when something is in the way at the target, or when there is not enough room."""
    conflicts = [target for source, target in pairs if is_conflict(source, target)]
    if conflicts:
        more = f" (and {len(conflicts) - 1} more such files)" if len(conflicts) > 1 else ""
        raise MoveError(
            f"{conflicts[0]} is there already, with another content{more}. Remove what is not needed of the two, and "
            "run again"
        )
    needed = {}
    for source, target in pairs:
        if is_other_volume(source, target) and not os.path.lexists(target):
            above = target
            while not os.path.lexists(above):
                above = os.path.dirname(above)
            device = os.lstat(above).st_dev
            total, _above = needed.get(device, (RESERVE, above))
            needed[device] = (total + os.lstat(source).st_size, above)
    for total, above in needed.values():
        free = shutil.disk_usage(above).free
        if total > free:
            raise MoveError(
                f"it needs {total} bytes on the volume of {above}, which has {free} free. Use a larger volume, or free "
                "some space"
            )


def is_conflict(source, target):
    """Whether the target is there and holds what the source does not."""
    if not os.path.lexists(target) or os.path.basename(target) in REPLACEABLE:
        return False
    if os.path.islink(source) or os.path.islink(target):
        return not (os.path.islink(source) and os.path.islink(target) and os.readlink(source) == os.readlink(target))
    return not filecmp.cmp(source, target, shallow=False)


def move(pairs, source_root, target_root):
    """Moves the pairs that ``check`` found in order. Raises OSError; then no original is gone."""
    copies = []
    try:
        for source, target in pairs:
            make_directories(os.path.dirname(source), os.path.dirname(target), source_root, target_root)
            if not is_same(source, target) and is_other_volume(source, target):
                copies.append((copy(source, target), target))
    except BaseException:
        for part, _target in copies:
            with contextlib.suppress(OSError):
                os.unlink(part)
        raise
    for part, target in copies:
        os.replace(part, target)
    for source, target in pairs:
        if is_other_volume(source, target) or is_same(source, target):
            os.unlink(source)
        else:
            os.replace(source, target)
    remove_empty(source_root, pairs)


def is_same(source, target):
    """Whether an attempt before this one brought the file to its target already."""
    return os.path.lexists(target) and not is_conflict(source, target) and os.path.basename(target) not in REPLACEABLE


def copy(source, target):
    """A copy beside the target with owner, mode and times, on the disk and compared. Raises OSError."""
    part = os.path.join(os.path.dirname(target), f".{os.path.basename(target)}.moving")
    with contextlib.suppress(FileNotFoundError):
        os.unlink(part)
    try:
        shutil.copy2(source, part, follow_symlinks=False)
        status = os.lstat(source)
        os.chown(part, status.st_uid, status.st_gid, follow_symlinks=False)
        if not os.path.islink(part):
            with open(part, "rb+") as stream:
                os.fsync(stream.fileno())
            if not filecmp.cmp(source, part, shallow=False):
                raise OSError(errno.EIO, "The copy differs from its original", part)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(part)
        raise
    return part


def make_directories(source, target, source_root, target_root):
    """Makes a directory and those above it up to the root of the target, with owner and mode of those at the source."""
    if os.path.isdir(target):
        return
    if target == target_root:
        os.makedirs(os.path.dirname(target), exist_ok=True)
    else:
        make_directories(os.path.dirname(source), os.path.dirname(target), source_root, target_root)
    status = os.lstat(source)
    os.mkdir(target)
    os.chown(target, status.st_uid, status.st_gid)
    os.chmod(target, status.st_mode & 0o7777)


def remove_empty(root, pairs):
    """Removes the directories that the move emptied, never the root itself."""
    folders = set()
    for source, _target in pairs:
        folder = os.path.dirname(source)
        while folder != root and folder not in folders:
            folders.add(folder)
            folder = os.path.dirname(folder)
    for folder in sorted(folders, key=len, reverse=True):
        with contextlib.suppress(OSError):
            os.rmdir(folder)
