"""The path of one log from its stream to a sink. What the Lambda and the command line have in common."""

from collections.abc import Callable, Iterator

from .delivery import Sink
from .errors import InputError
from .events import Batch, Counts, Encoder
from .lines import blocks, decompress, read_chunks

Read = Callable[[int], bytes]


def encoded_events(read: Read, encoder: Encoder) -> Iterator[Batch]:
    """The log's events, a batch a block.

    :raises InputError: see :func:`elb_log_shipper.lines.decompress`; what ``read`` raises is passed on.
    """

    def counted(chunks: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            encoder.counts.bytes += len(chunk)
            yield chunk

    for block in blocks(counted(decompress(read_chunks(read)))):
        batch = encoder.encode(block)
        if batch.events:
            yield batch


def ship(read: Read, sink: Sink, encoder: Encoder, on_progress: Callable[[Counts], None] | None = None) -> Counts:
    """Send a whole log, and return only when the sink has taken responsibility for all of it.

    After an error the sink is clean: its connection is closed, nothing of this log is left in it, and it can be used
    for the next one. Part of this log may have arrived; it has to be sent again as a whole (at least once).

    :raises DeliveryError: the receiver did not take everything.
    :raises InputError: the log could not be read to its end.
    """
    try:
        try:
            for batch in encoded_events(read, encoder):
                sink.send(batch)
                if on_progress:
                    on_progress(encoder.counts)
        except InputError:
            # Another try will not read more, so the whole lines before the damage are delivered now. The line that is
            # cut off is not: it could pass for a shorter, valid one.
            sink.commit()
            raise
        sink.commit()
    except BaseException:
        sink.abort()
        raise
    return encoder.counts
