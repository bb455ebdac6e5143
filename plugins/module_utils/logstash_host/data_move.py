"""Moves files so that a cut at any moment loses nothing, and the next attempt goes on where it was cut off.

Onto another volume, everything is first copied beside its place as ``.NAME.moving`` and compared; only then are the
copies renamed into place, and only after that are the originals removed. On the same volume a file is renamed.

Both ends belong to the service's user, who may exchange what is there at any moment. The two roots are held open, and
every step below them goes from directory to directory and through no link: see untrusted_paths.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Collection, Iterator, Sequence

from . import stored_data, untrusted_paths
from .untrusted_paths import Directory, Owner

# Made anew by every start: never a reason to stop, whatever lies at the target.
REPLACEABLE = (".lock", "uuid")
# More than the files themselves take: directories, and what else writes meanwhile.
RESERVE = 64 * 1024 * 1024


class MoveError(Exception):
    """The move can't be made; nothing was moved."""


def is_other_volume(status: os.stat_result, folder: os.stat_result) -> bool:
    """Whether what has a status can't simply be renamed into a directory with another one."""
    return status.st_dev != folder.st_dev


class Move:
    """What is moved from one directory to another: ``names`` are relative paths, of files and links."""

    def __init__(self, source: str, target: str, names: Sequence[str], owner: Owner | None = None) -> None:
        """``owner`` is (user id, group id) for whom the files are to be afterwards; without it they keep theirs.

        Holds the source open until `close`. Raises FileNotFoundError and UntrustedPathError.
        """
        self.target, self.names, self.owner = os.path.normpath(target), names, owner
        self.root = untrusted_paths.open_directory(source)

    def close(self) -> None:
        """Lets the source go."""
        self.root.close()

    def _nearest(self, folder: str) -> tuple[Directory, bool]:
        """(the Directory at the target for a folder, or the first one above it that is there; whether it is itself)."""
        root = untrusted_paths.open_nearest(self.target)
        if root.path != self.target:
            return root, False
        with root:
            while True:
                with contextlib.suppress(FileNotFoundError):
                    return root.below(folder), True
                above = os.path.dirname(folder)
                with contextlib.suppress(FileNotFoundError):
                    return root.below(above), False
                folder = above

    # Looking

    def conflicts(self) -> list[str]:
        """What is at the target with another content. Raises MoveError for what can't be moved at all."""
        found = []
        for name in self.names:
            folder, base = os.path.split(name)
            with self.root.below(folder) as source, self._nearest(folder)[0] as nearest:
                status = source.status(base)
                if self.owner or is_other_volume(status, nearest.own_status()):
                    self._check_kind(source, base, status)
                target, there = self._nearest(folder)
                with target:
                    if there and is_conflict(source, target, base):
                        found.append(target.place(base))
        return found

    def _check_kind(self, source: Directory, name: str, status: os.stat_result) -> None:
        """Raises MoveError for what can't be copied, or given to its new owner."""
        kind = untrusted_paths.kind_of(status)
        if not stat.S_ISREG(status.st_mode) and not stat.S_ISLNK(status.st_mode):
            raise MoveError(
                f"{source.place(name)} is {kind}; expected a regular file or a link, since nothing else can be copied "
                "to another volume. Remove it, and run again"
            )
        if status.st_nlink != 1 and (self.owner or status.st_uid != source.own_status().st_uid):
            raise MoveError(
                f"{source.place(name)} is {kind} of user id {status.st_uid} with {status.st_nlink} hard links; "
                "expected one name, since it may be somebody else's. Remove it, or put a copy in its place, and run "
                "again"
            )

    def needs(self) -> Iterator[tuple[int, int, str, int]]:
        """(device, bytes, Directory's path, free bytes) of each file that has to be copied."""
        for name in self.names:
            folder, base = os.path.split(name)
            target, there = self._nearest(folder)
            with target, self.root.below(folder) as source:
                status, place = source.status(base), target.own_status()
                if is_other_volume(status, place) and not (there and target.find(base)):
                    volume = target.volume()
                    yield place.st_dev, status.st_size, target.path, volume.f_bavail * volume.f_frsize

    # Moving

    def carry_out(self) -> None:
        """Moves what ``check`` found in order. Raises OSError; then no original is gone."""
        copied: dict[str, bool] = {}
        try:
            for name in self.names:
                folder, base = os.path.split(name)
                with self.root.below(folder) as source, self._make(folder) as target:
                    if self._copies(source, target, base):
                        copied[name] = True
                        copy(source, target, base, self.owner)
        except BaseException:
            for name in copied:
                folder, base = os.path.split(name)
                with contextlib.suppress(OSError), self._make(folder) as target:
                    target.unlink(part_of(base))
            raise
        for name in copied:
            folder, base = os.path.split(name)
            with self._make(folder) as target:
                target.rename(part_of(base), target, base)
        for name in self.names:
            folder, base = os.path.split(name)
            with self.root.below(folder) as source, self._make(folder) as target:
                if name in copied or is_same(source, target, base):
                    source.unlink(base)
                else:
                    self._rename(source, target, base)
        self._remove_empty()

    @staticmethod
    def _copies(source: Directory, target: Directory, name: str) -> bool:
        other = is_other_volume(source.status(name), target.own_status())
        return other and not is_same(source, target, name)

    def _rename(self, source: Directory, target: Directory, name: str) -> None:
        if self.owner:
            descriptor = source.open_file(name, give=True)
            try:
                os.fchown(descriptor, *self.owner)
            finally:
                os.close(descriptor)
        source.rename(name, target, name)

    def _make(self, folder: str) -> Directory:
        """The Directory at the target for a folder, made where it is missing, with owner and mode of the source's."""
        try:
            root = untrusted_paths.open_directory(self.target)
        except FileNotFoundError:
            root = self._make_root()
        made = ""
        for step in filter(None, folder.split("/")):
            made = os.path.join(made, step)
            try:
                try:
                    below = root.enter(step)
                except FileNotFoundError:
                    below = root.make(step)
                    with self.root.below(made) as source:
                        give_as(below, source.own_status())
            finally:
                root.close()
            root = below
        return root

    def _make_root(self) -> Directory:
        above, name = os.path.split(self.target)
        with untrusted_paths.open_directory(above, make_missing=True) as folder:
            made = folder.make(name)
        give_as(made, self.root.own_status())
        return made

    def _remove_empty(self) -> None:
        """Removes the directories that the move emptied, never the root itself."""
        folders = set()
        for name in self.names:
            folder = os.path.dirname(name)
            while folder and folder not in folders:
                folders.add(folder)
                folder = os.path.dirname(folder)
        for folder in sorted(folders, key=len, reverse=True):
            above, name = os.path.split(folder)
            with contextlib.suppress(OSError), self.root.below(above) as directory:
                directory.remove_empty(name)


def find_names(source: str, skip: Collection[str]) -> list[str]:
    """The relative paths of what is to be moved; ``skip`` are directories to leave."""
    files = [found.path for found in stored_data.files_below(source, skip)]
    return [os.path.relpath(file, source) for file in files if not file.endswith(".moving")]


def check(moves: Sequence[Move]) -> None:
    """Raises MoveError if something already exists at a target, or if there is not enough space."""
    conflicts = [path for move in moves for path in move.conflicts()]
    if conflicts:
        more = f" (and {len(conflicts) - 1} more such files)" if len(conflicts) > 1 else ""
        raise MoveError(
            f"{conflicts[0]} is there already, with another content{more}. Remove what is not needed of the two, and "
            "run again"
        )
    needed: dict[int, tuple[int, str, int]] = {}
    for move in moves:
        for device, size, path, free in move.needs():
            total = needed[device][0] if device in needed else RESERVE
            needed[device] = (total + size, path, free)
    for total, path, free in needed.values():
        if total > free:
            raise MoveError(
                f"it needs {total} bytes on the volume of {path}, which has {free} free. Use a larger volume, or free "
                "some space"
            )


def is_conflict(source: Directory, target: Directory, name: str) -> bool:
    """Whether an entry is at the target and holds what the source does not. Only files and links can be the same."""
    there = target.find(name)
    if there is None or name in REPLACEABLE:
        return False
    here = source.status(name)
    if stat.S_ISLNK(here.st_mode) and stat.S_ISLNK(there.st_mode):
        return source.target_of(name) != target.target_of(name)
    if not stat.S_ISREG(here.st_mode) or not stat.S_ISREG(there.st_mode):
        return True
    first = source.open_file(name)
    try:
        second = target.open_file(name)
        try:
            return not is_equal(first, second)
        finally:
            os.close(second)
    finally:
        os.close(first)


def is_same(source: Directory, target: Directory, name: str) -> bool:
    """Whether an attempt before this one brought the file to its target already."""
    return target.find(name) is not None and name not in REPLACEABLE and not is_conflict(source, target, name)


def is_equal(first: int, second: int) -> bool:
    """Whether two open files have the same content, as far as they reached at the beginning."""
    size = os.fstat(first).st_size
    if size != os.fstat(second).st_size:
        return False
    return all(
        untrusted_paths.read_up_to(first, untrusted_paths.BLOCK, offset)
        == untrusted_paths.read_up_to(second, untrusted_paths.BLOCK, offset)
        # What is a hole in one of them need not be one in the other.
        for start, end in [*data_of(first, size), *data_of(second, size)]
        for offset in range(start, end, untrusted_paths.BLOCK)
    )


def data_of(descriptor: int, size: int) -> Iterator[tuple[int, int]]:
    """(begin, end) of the parts of a file that were written; what lies between them are holes, which read as zeros."""
    end = 0
    while end < size:
        try:
            start = os.lseek(descriptor, end, os.SEEK_DATA)
            end = min(os.lseek(descriptor, start, os.SEEK_HOLE), size)
        except OSError as error:
            if error.errno == errno.ENXIO:
                return
            # A file system without holes.
            start, end = end, size
        if start >= size:
            return
        yield start, end


def part_of(name: str) -> str:
    """The name of a copy that has not its own yet."""
    return f".{name}.moving"


def copy(source: Directory, target: Directory, name: str, owner: Owner | None = None) -> None:
    """Makes a copy beside the target with owner, mode and times, on the disk and compared. Raises OSError."""
    part = part_of(name)
    with contextlib.suppress(FileNotFoundError):
        target.unlink(part)
    try:
        status = source.status(name)
        if stat.S_ISLNK(status.st_mode):
            target.make_link(part, source.target_of(name), *(owner or (status.st_uid, status.st_gid)))
            return
        original = source.open_file(name)
        try:
            _copy_file(original, target, part, owner)
        finally:
            os.close(original)
    except BaseException:
        with contextlib.suppress(OSError):
            target.unlink(part)
        raise


def _copy_file(original: int, target: Directory, part: str, owner: Owner | None) -> None:
    """Copies an open file as far as it reaches now, with its holes."""
    status = os.fstat(original)
    made = target.create_file(part)
    try:
        for start, end in data_of(original, status.st_size):
            for offset in range(start, end, untrusted_paths.BLOCK):
                content = untrusted_paths.read_up_to(original, min(untrusted_paths.BLOCK, end - offset), offset)
                untrusted_paths.write_at(made, content, offset)
        os.ftruncate(made, status.st_size)
        os.fchown(made, *(owner or (status.st_uid, status.st_gid)))
        os.fchmod(made, stat.S_IMODE(status.st_mode))
        untrusted_paths.copy_attributes(original, made)
        untrusted_paths.copy_times(original, made)
        os.fsync(made)
        now = os.fstat(original)
        if (now.st_size, now.st_mtime_ns) != (status.st_size, status.st_mtime_ns) or not is_equal(original, made):
            raise OSError(errno.EIO, "The copy differs from its original", target.place(part))
    finally:
        os.close(made)


def give_as(directory: Directory, status: os.stat_result) -> None:
    """Gives a directory owner, group and mode of another one."""
    directory.own(status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode))
