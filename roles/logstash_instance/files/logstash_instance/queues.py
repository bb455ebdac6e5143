"""What the persisted queues and dead letter queues of this instance's Logstash still hold, read from their files.

How they are read is in queue_reader.py, a link to the reader of the collection's modules. The files belong to the
service's user, and this runs as root: links are not followed, and only regular files are read.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from . import queue_reader
from .errors import QueueError
from .queue_reader import QueueFormatError

# Opens without following a link, and without waiting for a pipe.
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True)
class Left:
    """What one pipeline's queue holds: events (None: unknown, and `problem` says why), and bytes of its files."""

    events: int | None
    size: int
    problem: str = ""

    def __bool__(self) -> bool:
        """Whether there is, or may be, something in it."""
        return self.events != 0


def persisted(directory: Path, tries: int = 3) -> Left:
    """What a pipeline's persisted queue holds. A running Logstash changes its files: what looks wrong is read again."""
    return _left(directory, _count_persisted, tries)


def dead_letters(directory: Path, tries: int = 3) -> Left:
    """What a pipeline's dead letter queue holds."""
    return _left(directory, _count_segments, tries)


def all_persisted(directory: Path) -> dict[str, Left]:
    """{pipeline: what its queue holds} of path.queue; empty where it is missing. Raises OSError."""
    return {name: persisted(directory / name) for name in _folders(directory)}


def all_dead_letters(directory: Path) -> dict[str, Left]:
    """{pipeline: what its dead letter queue holds}; empty where there is no such directory. Raises OSError."""
    return {name: dead_letters(directory / name) for name in _folders(directory)}


def files(directory: Path) -> Iterator[tuple[str, int]]:
    """(name, descriptor) of each regular file in a directory, sorted. It is closed when the next is asked for."""
    with _opened(directory, os.O_DIRECTORY) as folder:
        for name in sorted(os.listdir(folder)):
            try:
                with _opened(name, 0, folder) as descriptor:
                    if stat.S_ISREG(os.fstat(descriptor).st_mode):
                        yield name, descriptor
            except OSError:  # a link, or gone meanwhile
                continue


def unacknowledged_up_to(directory: Path, page: int) -> int:
    """How many events of a pipeline's pages up to a number are not acknowledged. Raises QueueError, OSError."""
    return _count_persisted(directory, page)


def head_page(directory: Path) -> int:
    """The number of a pipeline's newest page. Raises QueueError, OSError."""
    with _queue(directory) as (_folder, open_file):
        return queue_reader.read_checkpoint("checkpoint.head", open_file).page


def _left(directory: Path, count: Callable[[Path], int], tries: int) -> Left:
    for remaining in reversed(range(tries)):
        try:
            return Left(count(directory), size_of(directory))
        except (QueueError, OSError) as error:
            if not remaining:
                return Left(None, size_of(directory), str(error))
    raise AssertionError("tries is at least 1")


def size_of(directory: Path) -> int:
    """The bytes of the files in a directory, 0 where it cannot be read."""
    try:
        return sum(os.fstat(descriptor).st_size for _name, descriptor in files(directory))
    except OSError:
        return 0


def _count_persisted(directory: Path, up_to: int | None = None) -> int:
    with _queue(directory) as (folder, open_file):
        return queue_reader.count_unacknowledged(os.listdir(folder), open_file, up_to).events


@contextmanager
def _queue(directory: Path) -> Iterator[tuple[int, Callable[[str], BinaryIO]]]:
    """(descriptor, what opens a file in it) of a queue's directory. Raises QueueError for files that can't be read."""
    with _opened(directory, os.O_DIRECTORY) as folder:
        try:
            yield folder, lambda name: _stream(directory, folder, name)
        except QueueFormatError as error:
            raise QueueError(f"{directory}: {error}") from None


def _stream(directory: Path, folder: int, name: str) -> BinaryIO:
    try:
        descriptor = os.open(name, _FLAGS, dir_fd=folder)
    except OSError as error:
        raise QueueError(f"{directory / name} {error}") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise QueueError(f"{directory / name} is no file")
    return os.fdopen(descriptor, "rb")  # not mapped: whoever owns it may make it shorter meanwhile


def _count_segments(directory: Path) -> int:
    total = 0
    for name, descriptor in files(directory):
        if name.endswith((".log", ".log.tmp")):
            try:
                with open(descriptor, "rb", closefd=False) as stream:
                    total += queue_reader.count_dead_letters(stream.read())
            except QueueFormatError as error:
                raise QueueError(f"{directory / name} {error}") from None
    return total


def _folders(directory: Path) -> list[str]:
    try:
        with _opened(directory, os.O_DIRECTORY) as folder, os.scandir(folder) as entries:
            return sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
    except FileNotFoundError:
        return []


@contextmanager
def _opened(path: Path | str, flags: int, folder: int | None = None) -> Iterator[int]:
    descriptor = os.open(path, _FLAGS | flags, dir_fd=folder)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
