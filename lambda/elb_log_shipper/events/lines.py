"""From chunks of bytes to blocks of whole lines, in constant memory. No input or output here.

Lines end at ``\\n`` and nowhere else: ``str.splitlines()`` would also break at U+0085, U+2028 and others, which occur
inside logged URLs and user agents.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from ..errors import InputError
from ..native import INFLATE_ERRORS, gzip_member

CHUNK_BYTES = 128 * 1024
"""How much is read and inflated at a time."""

MAX_LINE_BYTES = 1024 * 1024
"""A longer line is passed on in parts of this size. The balancers cut a URL and a user agent at 8 KB each."""

_GZIP_MAGIC = b"\x1f\x8b"


class Block(NamedTuple):
    """Consecutive lines, or one part of a line that is too long to be held.

    ``data`` has no final newline. ``part`` is 0 for whole lines, else the number of the part, counted from 1. A block
    whose ``part`` is 0 or 1 starts at the start of a line.
    """

    data: bytes
    part: int
    offset: int = 0
    """Where its first byte lies in the inflated log, in bytes."""


UNKNOWN = Block(b"", 0)
"""Where nobody says which lines something was made of."""


def read_chunks(read: Callable[[int], bytes], size: int = CHUNK_BYTES) -> Iterator[bytes]:
    """Call ``read(size)`` until it returns nothing."""
    while chunk := read(size):
        yield chunk


def decompress(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Inflate gzip (any number of members), pass anything else through.

    Told by the magic number, not by the name: Classic Load Balancers write plain text, the others gzip, and an archive
    may have been recompressed.

    :raises InputError: the gzip data is corrupt, or ends before its last member does.
    """
    chunks = iter(chunks)
    head = b""
    for chunk in chunks:
        head += chunk
        if len(head) >= len(_GZIP_MAGIC):
            break
    rest = itertools.chain([head], chunks) if head else chunks
    return _inflate(head, rest) if head.startswith(_GZIP_MAGIC) else rest


def _inflate(head: bytes, chunks: Iterable[bytes]) -> Iterator[bytes]:
    member = gzip_member(head)
    for chunk in chunks:
        data = chunk
        while data:
            if member.eof:
                data = data.lstrip(b"\0")  # padding between and after members is allowed
                if not data:
                    break
                member = gzip_member(data)
            try:
                # The limit keeps memory flat when a small chunk inflates a thousandfold.
                inflated = member.decompress(data, CHUNK_BYTES)
            except INFLATE_ERRORS as error:
                raise InputError(f"corrupt gzip data ({error}): fetch or compress the file again") from error
            if inflated:
                yield inflated
            data = member.unused_data if member.eof else member.unconsumed_tail
    if not member.eof:
        if last := member.flush():
            yield last
        raise InputError("truncated gzip data (it ends before its trailer): fetch or compress the file again")


def blocks(chunks: Iterable[bytes], max_line: int = MAX_LINE_BYTES, *, offset: int = 0) -> Iterator[Block]:
    """Cut chunks at their last newline. The result's lines do not depend on where the chunks were cut.

    :param chunks: none longer than ``max_line``.
    :param offset: where the first chunk lies in the inflated log: the start of a line.
    """
    tail = bytearray()  # the line that is not finished yet, from ``offset`` on
    part = 0  # how many parts of it were passed on
    for chunk in chunks:
        first = chunk.find(b"\n")
        tail += chunk if first < 0 else chunk[:first]
        while len(tail) > max_line:
            part += 1
            yield Block(bytes(tail[:max_line]), part, offset)
            offset += max_line
            del tail[:max_line]
        if first < 0:
            continue
        last = chunk.rfind(b"\n")
        if part:
            yield Block(bytes(tail), part + 1, offset)
            offset += len(tail) + 1
            part = 0
            found = [chunk[first + 1 : last]] if last > first else []
        else:
            found = [bytes(tail) + chunk[first:last]]
        for data in found:
            yield Block(data, 0, offset)
            offset += len(data) + 1
        tail = bytearray(chunk[last + 1 :])
    if tail:
        yield Block(bytes(tail), part + 1 if part else 0, offset)
