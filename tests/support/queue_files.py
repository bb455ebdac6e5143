"""Writes the files of persisted queues and dead letter queues, in the format of Logstash."""

import struct
import zlib

BLOCK = 32 * 1024


def element(number, content):
    """One event of a page."""
    return struct.pack(">qi", number, len(content)) + content + struct.pack(">I", zlib.crc32(content))


def page(first, contents, capacity=4096):
    """A page of events that are numbered from `first` on, filled up with zeros."""
    written = b"\x02" + b"".join(element(first + place, content) for place, content in enumerate(contents))
    return written + b"\0" * max(0, capacity - len(written))


def checkpoint(number, first_page, first_unacknowledged, first, count):
    """A checkpoint file."""
    fields = struct.pack(">hiiqqi", 1, number, first_page, first_unacknowledged, first, count)
    return fields + struct.pack(">I", zlib.crc32(fields))


def write_queue(directory, pages, first=1, first_number=0, checkpointed=None):
    """A queue of `pages`, each (events, how many of them are acknowledged), the last of which is the head page.

    :param checkpointed: how many events the checkpoint of the head page knows of; all without it.
    """
    directory.mkdir(parents=True, exist_ok=True)
    (directory / ".lock").touch()
    oldest = next((n for n, (events, done) in enumerate(pages) if done < events), len(pages) - 1) + first_number
    for number, (events, done) in enumerate(pages, first_number):
        is_head = number == first_number + len(pages) - 1
        is_purged = not is_head and done == events
        if not is_purged:
            contents = [b"event %d" % (first + place) for place in range(events)]
            (directory / f"page.{number}").write_bytes(page(first, contents))
        known = events if checkpointed is None or not is_head else checkpointed
        begin = first if known else 0
        name = "checkpoint.head" if is_head else f"checkpoint.{number}"
        content = checkpoint(number, oldest if is_head else 0, begin + done, begin, known)
        if is_head or not is_purged:
            (directory / name).write_bytes(content)
        first += events
    return directory


def segment(*events):
    """A segment of a dead letter queue: records of at most a block, as RecordIOWriter writes them."""
    written = bytearray()
    for event in events:
        rest, kind = event, None
        while kind not in (b"c", b"e"):
            room = BLOCK - len(written) % BLOCK
            if room < 14:
                written += b"\0" * room
                room = BLOCK
            fits = len(rest) + 13 < room
            kind = (b"c" if fits else b"s") if kind is None else (b"e" if fits else b"m")
            part, rest = rest[: room - 13], rest[room - 13 :]
            total = len(event) if kind == b"s" else -1
            written += kind + struct.pack(">iiI", len(part), total, zlib.crc32(part)) + part
    return b"1" + bytes(written)
