"""Native parts that a package may hold, and what does the same without them. The events are the same with either.

    isal    inflates faster than zlib
    orjson  writes the JSON of events that are not done many at a time faster than json

A part that can't be imported, such as one for another Python, counts as missing: :func:`in_use` says what is used.
"""

import json
import zlib
from types import ModuleType
from typing import Protocol

isal_zlib: ModuleType | None
try:
    from isal import isal_zlib
except ImportError:
    isal_zlib = None
orjson: ModuleType | None
try:
    import orjson
except ImportError:
    orjson = None

INFLATE_ERRORS: tuple[type[Exception], ...] = (zlib.error, isal_zlib.error) if isal_zlib else (zlib.error,)
"""What corrupt data raises."""

_GZIP_WBITS = 31  # zlib's name for "with gzip header and trailer"
_SIMPLE_STARTS = (b"\x1f\x8b\x08\x00", b"\x1f\x8b\x08\x08")  # no optional field; only the file's name


class Inflating(Protocol):
    """What ``zlib.decompressobj`` makes, and isal's."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    @property
    def unconsumed_tail(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...
    def flush(self) -> bytes: ...


def gzip_member(start: bytes) -> Inflating:
    """A new ``decompressobj`` for a member of gzip.

    isal refuses correct headers with several optional fields, or a checksum, when they come in pieces; and waits for
    more where zlib sees at once that a few bytes are no header. So it gets only members with the usual headers.

    :param start: what is there of the member, at least a byte.
    """
    inflating = isal_zlib if isal_zlib and start.startswith(_SIMPLE_STARTS) else zlib
    member: Inflating = inflating.decompressobj(_GZIP_WBITS)
    return member


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def to_json(value: object) -> str:
    """JSON on one line, with characters outside of ASCII as they are.

    The same values with either encoder, though not always the same text: 0.00001 is 1e-05 to json. NaN and infinity,
    which no event holds, would differ.
    """
    if orjson:
        try:
            encoded: bytes = orjson.dumps(value)
            return encoded.decode()
        except TypeError:  # a lone surrogate, or a number of more than 64 bits
            pass
    return _encode(value)


def in_use() -> tuple[str, str]:
    """The names of the modules that inflate and that write JSON."""
    return "isal" if isal_zlib else "zlib", "orjson" if orjson else "json"
