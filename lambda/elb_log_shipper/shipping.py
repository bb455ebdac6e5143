"""The path of one log from its stream to a sink. What the Lambda and the command line have in common."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from .delivery import Sink
from .errors import InputError
from .events import Counts, Encoder
from .lines import Block, blocks, decompress, read_chunks
from .memory import keep_freed

Read = Callable[[int], bytes]


class Position(NamedTuple):
    """The start of a line in the inflated log: in bytes, and the number of the line; both from 0."""

    offset: int = 0
    line: int = 0


START = Position()


class Shipped(NamedTuple):
    """What was done. ``stopped`` is where the rest begins, or ``None`` when the log was shipped to its end."""

    counts: Counts
    stopped: Position | None


class _StopError(Exception):
    """Unwinds the chain of generators when it is time to stop."""


def ship(  # noqa: PLR0913 - a contract between parts
    read: Read,
    sink: Sink,
    encoder: Encoder,
    *,
    start: Position = START,
    should_stop: Callable[[], bool] | None = None,
    on_progress: Callable[[Counts], None] | None = None,
) -> Shipped:
    """Send a log, or the rest of it, and return only when the sink has taken responsibility for all that was read.

    After an error the sink is clean: its connection is closed, nothing of this log is left in it, and it can be used
    for the next one. Part of this log may have arrived; it has to be sent again from ``start`` (at least once).

    :param start: the lines before it are skipped without being parsed. It comes from an earlier run over this log.
    :param should_stop: asked before each chunk. Once it says so, what was sent is committed, and the rest is the
        caller's. Equal to ``start``, ``stopped`` says that the time was too short for anything.
    :raises DeliveryError: the receiver did not take everything.
    :raises InputError: the log could not be read to its end, or ends before ``start``. What ``read`` raises is
        passed on.
    """
    keep_freed()
    counts = encoder.counts
    stopped = None
    reached = start  # the start of the line after the last one that was sent
    try:
        chunks = decompress(read_chunks(read))
        if should_stop:
            chunks = _until(should_stop, chunks)
        chunks = _counted(_skip(chunks, start.offset), counts)
        try:
            for block in blocks(chunks, offset=start.offset, line=start.line):
                batch = encoder.encode(block)
                if batch.events:
                    sink.send(batch)
                reached = _after(block, reached)
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
        sink.commit()
    except BaseException:
        sink.abort()
        raise
    return Shipped(counts, stopped)


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
            f"the log has {offset - left} bytes, and no position {offset}: it is not the one that was begun"
        )


def _counted(chunks: Iterator[bytes], counts: Counts) -> Iterator[bytes]:
    for chunk in chunks:
        counts.bytes += len(chunk)
        yield chunk


def _after(block: Block, reached: Position) -> Position:
    """Where the next line starts; in the middle of a long line, still where that one does."""
    if block.part:
        return reached
    return Position(block.offset + len(block.data) + 1, block.line + block.data.count(b"\n") + 1)
