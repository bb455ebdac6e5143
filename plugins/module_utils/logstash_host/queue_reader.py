"""Counts what the files of persisted queues and dead letter queues hold.

The formats are those of Logstash's source (9.5.2; the same since 6.3), below logstash-core/src/main/java/org/logstash:
`ackedqueue/io/FileCheckpointIO.java` (checkpoint.head, checkpoint.N), `ackedqueue/io/MmapPageIOV2.java` (page.N),
`ackedqueue/Queue.java` (`openPages`: which of them count at a start), `common/io/RecordIOWriter.java` (dead letters).

A count is an upper limit. Logstash notes what was delivered at every 1024 events of a page (`queue.checkpoint.acks`),
so that some of what is counted may have arrived already, if the process was killed.

Modules on hosts and the program of instances (role logstash_instance) both read queues with it, so it imports nothing
of either, and opens no file: its callers do, each in its own safe way. The files belong to the service's user.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import BinaryIO

CHECKPOINT_SIZE = 34
"""Bytes of a checkpoint file."""

# version, page, first page with unacknowledged events (head only), first unacknowledged event, first event of the page,
# events of the page; then the CRC-32 of these bytes.
_CHECKPOINT = struct.Struct(">hiiqqi")
_CRC = struct.Struct(">I")
_CHECKPOINT_VERSION = 1
# An element of a page: number and length; the bytes; their CRC-32.
_ELEMENT = struct.Struct(">qi")
_PAGE_VERSION = b"\x02"
# A record of a dead letter segment: type, size, size of the whole event, checksum.
_RECORD = struct.Struct(">ciiI")
_BLOCK = 32 * 1024
_SEGMENT_VERSION = b"1"
# What is read at once of an element, whatever length a file claims that it has.
_PART = 1 << 20


class QueueFormatError(Exception):
    """A file of a queue is not what Logstash writes. The message says what it is; the caller knows which one."""


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


@dataclass(frozen=True)
class Unacknowledged:
    """How many events of a queue are not acknowledged, and on how many pages they are."""

    events: int
    pages: int


def parse_checkpoint(content: bytes) -> Checkpoint:
    """The content of a checkpoint file. Raises QueueFormatError."""
    if len(content) < CHECKPOINT_SIZE:
        raise QueueFormatError(f"has {len(content)} bytes instead of {CHECKPOINT_SIZE}")
    version, *fields = _CHECKPOINT.unpack_from(content)
    if _CRC.unpack_from(content, _CHECKPOINT.size)[0] != zlib.crc32(content[: _CHECKPOINT.size]):
        raise QueueFormatError("has a wrong checksum")
    if version != _CHECKPOINT_VERSION:
        raise QueueFormatError(f"has version {version} instead of {_CHECKPOINT_VERSION}")
    return Checkpoint(*fields)


def count_elements(page: BinaryIO) -> tuple[int, int]:
    """(number of the first event, how many whole events) of a page, as Logstash recovers it.

    :raises QueueFormatError: it is empty, or of another version.
    """
    version = page.read(1)
    if not version:
        raise QueueFormatError("is empty")
    if version != _PAGE_VERSION:
        raise QueueFormatError(f"has version {version[0]} instead of {_PAGE_VERSION[0]}")
    first, count = 0, 0
    while len(head := page.read(_ELEMENT.size)) == _ELEMENT.size:
        number, length = _ELEMENT.unpack(head)
        if length <= 0 or (count and number != first + count) or not _is_whole(page, length):
            break
        first, count = first if count else number, count + 1
    return first, count


def _is_whole(page: BinaryIO, length: int) -> bool:
    """Whether the bytes of an element are all there and have their checksum; the page is at the next element then."""
    checksum = 0
    while length:
        part = page.read(min(length, _PART))
        if not part:
            return False
        checksum, length = zlib.crc32(part, checksum), length - len(part)
    return page.read(_CRC.size) == _CRC.pack(checksum)


def count_unacknowledged(
    names: Collection[str], open_file: Callable[[str], BinaryIO], up_to: int | None = None
) -> Unacknowledged:
    """What a queue holds. Raises QueueFormatError, and what ``open_file`` raises.

    :param names: of the files in its directory.
    :param open_file: opens one of them for reading, without following a link.
    :param up_to: the last page that counts; all without it.
    """
    if "checkpoint.head" not in names:
        if any(name.startswith("page.") for name in names):
            raise QueueFormatError("there are pages, but no checkpoint.head")
        return Unacknowledged(0, 0)
    head = read_checkpoint("checkpoint.head", open_file)
    # As at a start of Logstash: a page without checkpoint was purged.
    last = head.page if up_to is None else min(head.page, up_to + 1)
    numbers = sorted(int(name[11:]) for name in names if name.startswith("checkpoint.") and name[11:].isdecimal())
    counts = []
    for number in numbers:
        if head.first_unacknowledged_page <= number < last:
            tail = read_checkpoint(f"checkpoint.{number}", open_file)
            if tail.unacknowledged and f"page.{tail.page}" not in names:
                raise QueueFormatError(f"there is checkpoint.{number}, but no page.{tail.page}")
            counts.append(tail.unacknowledged)
    if up_to is None or up_to >= head.page:
        counts.append(_unacknowledged_of_head(head, names, open_file))
    return Unacknowledged(sum(counts), len([count for count in counts if count]))


def _unacknowledged_of_head(head: Checkpoint, names: Collection[str], open_file: Callable[[str], BinaryIO]) -> int:
    """The head page itself says how many events it has: its checkpoint is written at every 1024th only."""
    name = f"page.{head.page}"
    if name not in names:
        raise QueueFormatError(f"there is checkpoint.head of {name}, but no {name}")
    with open_file(name) as page:
        is_empty = not page.read(1)
        page.seek(0)
        if is_empty and not head.unacknowledged:
            return 0  # as Logstash, which makes it anew
        try:
            first, count = count_elements(page)
        except QueueFormatError as error:
            raise QueueFormatError(f"{name} {error}") from None
    return Checkpoint(head.page, 0, head.first_unacknowledged, first, count).unacknowledged


def read_checkpoint(name: str, open_file: Callable[[str], BinaryIO]) -> Checkpoint:
    """One checkpoint of a queue. Raises QueueFormatError, and what ``open_file`` raises."""
    with open_file(name) as stream:
        content = stream.read(CHECKPOINT_SIZE)
    try:
        return parse_checkpoint(content)
    except QueueFormatError as error:
        raise QueueFormatError(f"{name} {error}") from None


def count_dead_letters(segment: bytes) -> int:
    """How many events begin in a segment of a dead letter queue. Raises QueueFormatError."""
    if not segment:
        return 0
    if segment[:1] != _SEGMENT_VERSION:
        raise QueueFormatError(f"has version {segment[0]} instead of {ord(_SEGMENT_VERSION)}")
    place, count = 1, 0
    while place + _RECORD.size <= len(segment):
        left_in_block = _BLOCK - (place - 1) % _BLOCK
        if left_in_block < _RECORD.size + 1:
            place += left_in_block
            continue
        kind, size, _whole, _checksum = _RECORD.unpack_from(segment, place)
        if kind not in b"csme" or size < 0:
            raise QueueFormatError(f"has no record at byte {place}")
        count += kind in b"cs"
        place += _RECORD.size + size
    return count
