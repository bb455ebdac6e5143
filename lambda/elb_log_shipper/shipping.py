"""The path of one log from its stream to a sink. What the Lambda and the command line have in common."""

import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from .delivery import OversizedEventsError, Sink
from .delivery.oversized import OversizedEvent
from .errors import DeliveryError, InputError
from .events import Counts, Encoder
from .events.lines import blocks, decompress, read_chunks
from .memory import keep_freed

Read = Callable[[int], bytes]


class Position(NamedTuple):
    """The start of a line in the inflated log: in bytes, and the number of the line; both from 0."""

    offset: int = 0
    line: int = 0


START = Position()


def now() -> str:
    """The time in ISO 8601, in UTC, with milliseconds: when a log arrived."""
    seconds = time.time()
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds * 1000) % 1000:03}Z"


class Shipped(NamedTuple):
    """What was done. ``stopped`` is where the rest begins, or ``None`` when the log was shipped to its end."""

    counts: Counts
    stopped: Position | None


class OversizedLine(NamedTuple):
    """A line whose event the receiver rejects as too large. ``end`` is where its newline is, or the log's end.

    ``end`` is ``None`` for a part of a line that was too long to be held: it can't be sent alone.
    """

    start: Position
    end: int | None


class OversizedLinesError(DeliveryError):
    """Lines of a log are larger than the receiver accepts. It accepted all others."""

    code = "lines_too_large"

    def __init__(self, error: OversizedEventsError, shipped: Shipped, lines: list[OversizedLine]) -> None:
        where = ", ".join(f"byte {line.start.offset} (line {line.start.line + 1})" for line in lines)
        super().__init__(f"{error}. All of the log was delivered except what begins at {where}")
        # What ship() would have returned.
        self.shipped = shipped
        self.lines = lines


class _StopError(Exception):
    """Unwinds the chain of generators when it is time to stop."""


def ship(  # noqa: PLR0913 - a contract between parts
    read: Read,
    sink: Sink,
    encoder: Encoder,
    *,
    start: Position = START,
    end: int | None = None,
    should_stop: Callable[[], bool] | None = None,
    on_progress: Callable[[Counts], None] | None = None,
) -> Shipped:
    """Send a log, or the rest of it, and return only when the sink has taken responsibility for all that was read.

    After an error the sink is clean: its connection is closed, nothing of this log is left in it, and it can be used
    for the next one. Part of this log may have arrived; it has to be sent again from ``start`` (at least once).

    :param start: the lines before it are skipped without being parsed. It comes from an earlier run over this log.
    :param end: where to end, in bytes: at a newline. ``None`` is the log's end.
    :param should_stop: asked before each chunk. Once it says so, what was sent is committed, and the rest is the
        caller's. Equal to ``start``, ``stopped`` says that the time was too short for anything.
    :raises OversizedLinesError: the receiver took everything but lines whose events it finds too large.
    :raises DeliveryError: the receiver did not take everything.
    :raises InputError: the log could not be read to its end, or ends before ``start``. What ``read`` raises is
        passed on.
    """
    keep_freed()
    counts = encoder.counts
    stopped = refused = None
    reached = start  # the start of the line after the last one that was sent
    try:
        chunks = decompress(read_chunks(read))
        if should_stop:
            chunks = _until(should_stop, chunks)
        chunks = _skip(chunks, start.offset)
        if end is not None:
            chunks = _first(chunks, end - start.offset)
        chunks = _counted(chunks, counts)
        try:
            for block in blocks(chunks, offset=start.offset):
                line = start.line + counts.lines + counts.empty - (block.part > 1)
                batch = encoder.encode(block)
                if batch.events:
                    sink.send(batch._replace(block=block, line=line))
                if not block.part:  # in the middle of a long line the rest begins where that one does
                    reached = Position(block.offset + len(block.data) + 1, start.line + counts.lines + counts.empty)
                if on_progress:
                    on_progress(counts)
        except _StopError:
            stopped = reached
            counts.bytes = reached.offset - start.offset
        except InputError:
            # Another try will not read more, so the whole lines before the damage are delivered now. The line that is
            # cut off is not: it could pass for a shorter, valid one.
            sink.commit()
            raise
        try:
            sink.commit()
        except OversizedEventsError as error:
            refused = error
    except BaseException:
        sink.abort()
        raise
    shipped = Shipped(counts, stopped)
    if refused:
        lines = [_oversized_line(event) for event in refused.events]
        raise OversizedLinesError(refused, shipped, lines) from refused
    return shipped


def _oversized_line(event: OversizedEvent) -> OversizedLine:
    block, line = event.batch.block, event.batch.line
    if block.part:
        return OversizedLine(Position(block.offset, line), None)
    (offset,) = event.batch.starts
    place = offset - block.offset
    line += block.data.count(b"\n", 0, place)
    length = block.data[place:].partition(b"\n")[0]
    return OversizedLine(Position(offset, line), offset + len(length))


def _until(should_stop: Callable[[], bool], chunks: Iterator[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        if should_stop():
            raise _StopError
        yield chunk


def _skip(chunks: Iterator[bytes], offset: int) -> Iterator[bytes]:
    left = offset
    for chunk in chunks:
        if left < len(chunk):
            yield chunk[left:]
            left = 0
        else:
            left -= len(chunk)
    if left:
        raise InputError(
            f"the log has {offset - left} bytes, and no position {offset}: it is not the log that was started"
        )


def _first(chunks: Iterator[bytes], size: int) -> Iterator[bytes]:
    for chunk in chunks:
        yield chunk[:size]
        size -= len(chunk)
        if size <= 0:
            return


def _counted(chunks: Iterator[bytes], counts: Counts) -> Iterator[bytes]:
    for chunk in chunks:
        counts.bytes += len(chunk)
        yield chunk
