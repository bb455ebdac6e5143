"""What the persisted queues and dead letter queues of a Logstash still hold, read from their files.

The formats are those of Logstash's source (9.5.2; the same since 6.3), below logstash-core/src/main/java/org/logstash:
`ackedqueue/io/FileCheckpointIO.java` (checkpoint.head, checkpoint.N), `ackedqueue/io/MmapPageIOV2.java` (page.N),
`ackedqueue/Queue.java` (`openPages`: which of them count at a start), `common/io/RecordIOWriter.java` (dead letters).

The files belong to the service's user, and the reader is root: links are not followed, and only regular files are read.
A count is an upper limit. Logstash notes what was delivered at every 1024 events of a page (`queue.checkpoint.acks`),
so that some of what is counted may have arrived already, if the process was killed.
"""

from __future__ import annotations

import os
import stat
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .errors import QueueError

# version, page, first page with unacknowledged events (head only), first unacknowledged event, first event of the page,
# events of the page; then the CRC-32 of these bytes.
_CHECKPOINT = struct.Struct(">hiiqqi")
_CRC = struct.Struct(">I")
_CHECKPOINT_VERSION = 1
# An element of a page: number and length; the bytes; their CRC-32.
_ELEMENT = struct.Struct(">qi")
_PAGE_VERSION = 2
# A record of a dead letter segment: type, size, size of the whole event, checksum.
_RECORD = struct.Struct(">ciiI")
_BLOCK = 32 * 1024
_SEGMENT_VERSION = b"1"


@dataclass(frozen=True)
class Left:
    """What one pipeline's queue holds: events (None: unknown, and `problem` says why), and bytes of its files."""

    events: int | None
    size: int
    problem: str = ""

    def __bool__(self) -> bool:
        """Whether there is, or may be, something in it."""
        return self.events != 0


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint file: which page it is of, and what of that page is not acknowledged."""

    page: int
    first_unacknowledged_page: int
    first_unacknowledged: int
    first: int
    count: int

    @property
    def unacknowledged(self) -> int:
        """How many events of the page are not acknowledged."""
        return max(0, self.first + self.count - max(self.first, self.first_unacknowledged))


def parse_checkpoint(content: bytes) -> Checkpoint:
    """The content of a checkpoint file. Raises QueueError."""
    if len(content) < _CHECKPOINT.size + _CRC.size:
        raise QueueError(f"has {len(content)} bytes instead of {_CHECKPOINT.size + _CRC.size}")
    version, *fields = _CHECKPOINT.unpack_from(content)
    if _CRC.unpack_from(content, _CHECKPOINT.size)[0] != zlib.crc32(content[: _CHECKPOINT.size]):
        raise QueueError("has a wrong checksum")
    if version != _CHECKPOINT_VERSION:
        raise QueueError(f"has version {version} instead of {_CHECKPOINT_VERSION}")
    return Checkpoint(*fields)


def count_elements(page: bytes) -> tuple[int, int]:
    """(number of the first event, how many whole events) of a page, as Logstash recovers it. Raises QueueError."""
    if not len(page):
        raise QueueError("is empty")
    if page[0] != _PAGE_VERSION:
        raise QueueError(f"has version {page[0]} instead of {_PAGE_VERSION}")
    place, first, count = 1, 0, 0
    while place + _ELEMENT.size <= len(page):
        number, length = _ELEMENT.unpack_from(page, place)
        first = first if count else number
        end = place + _ELEMENT.size + length
        if number != first + count or length <= 0 or end + _CRC.size > len(page):
            break
        if _CRC.unpack_from(page, end)[0] != zlib.crc32(page[place + _ELEMENT.size : end]):
            break
        place, count = end + _CRC.size, count + 1
    return (first, count) if count else (0, 0)


def count_dead_letters(segment: bytes) -> int:
    """How many events begin in a segment of a dead letter queue. Raises QueueError."""
    if not segment:
        return 0
    if segment[:1] != _SEGMENT_VERSION:
        raise QueueError(f"has version {segment[0]} instead of {ord(_SEGMENT_VERSION)}")
    place, count = 1, 0
    while place + _RECORD.size <= len(segment):
        left_in_block = _BLOCK - (place - 1) % _BLOCK
        if left_in_block < _RECORD.size + 1:
            place += left_in_block
            continue
        kind, size, _whole, _checksum = _RECORD.unpack_from(segment, place)
        if kind not in b"csme" or size < 0:
            raise QueueError(f"has no record at byte {place}")
        count += kind in b"cs"
        place += _RECORD.size + size
    return count


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
    with _opened(directory, os.O_DIRECTORY) as folder:
        return _checkpoint(directory, folder, "checkpoint.head").page


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
    with _opened(directory, os.O_DIRECTORY) as folder:
        names = set(os.listdir(folder))
        if "checkpoint.head" not in names:
            if any(name.startswith("page.") for name in names):
                raise QueueError(f"{directory} has pages, but no checkpoint.head")
            return 0
        head = _checkpoint(directory, folder, "checkpoint.head")
        # As at a start of Logstash: a page without checkpoint was purged.
        last = head.page if up_to is None else min(head.page, up_to + 1)
        pages = [f"checkpoint.{number}" for number in range(head.first_unacknowledged_page, last)]
        tails = [_checkpoint(directory, folder, name) for name in pages if name in names]
        for tail in tails:
            if tail.unacknowledged and f"page.{tail.page}" not in names:
                raise QueueError(f"{directory} has checkpoint.{tail.page}, but no page.{tail.page}")
        of_head = 0 if up_to is not None and up_to < head.page else _unacknowledged_of_head(directory, folder, head)
        return sum(tail.unacknowledged for tail in tails) + of_head


def _unacknowledged_of_head(directory: Path, folder: int, head: Checkpoint) -> int:
    """The head page itself says how many events it has: its checkpoint is written at every 1024th only."""
    name = f"page.{head.page}"
    try:
        with _opened(name, 0, folder) as descriptor:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise QueueError("is no file")
            with open(descriptor, "rb", closefd=False) as stream:
                page = stream.read()  # not mapped: whoever owns it may make it shorter meanwhile
        if not page and not head.unacknowledged:
            return 0  # as Logstash, which makes it anew
        first, count = count_elements(page)
    except FileNotFoundError:
        raise QueueError(f"{directory} has checkpoint.head of {name}, but no {name}") from None
    except (QueueError, OSError) as error:
        raise QueueError(f"{directory / name} {error}") from None
    return Checkpoint(head.page, 0, head.first_unacknowledged, first, count).unacknowledged


def _checkpoint(directory: Path, folder: int, name: str) -> Checkpoint:
    try:
        with _opened(name, 0, folder) as descriptor:
            return parse_checkpoint(os.read(descriptor, _CHECKPOINT.size + _CRC.size))
    except (QueueError, OSError) as error:
        raise QueueError(f"{directory / name} {error}") from None


def _count_segments(directory: Path) -> int:
    total = 0
    for name, descriptor in files(directory):
        if name.endswith((".log", ".log.tmp")):
            try:
                with open(descriptor, "rb", closefd=False) as stream:
                    total += count_dead_letters(stream.read())
            except QueueError as error:
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
    """Opens without following a link, and without waiting for a pipe."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | flags, dir_fd=folder)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
