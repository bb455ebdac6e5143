"""From blocks of lines to encoded events.

An event is one JSON object in UTF-8 without a newline in it. A line that no format fits is shipped raw, with a tag and
the reason: nothing is dropped. Bytes that are not UTF-8 appear as ``\\xNN``, the way in which the balancers themselves
write a quote (``\\x22``). Control characters are kept and escaped by JSON.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from .formats import ParseError, parse_line
from .lines import MAX_LINE_BYTES, Block

PARSE_FAILURE_TAG = "_elbparsefailure"
SOURCE_MODULE = "ELB"
EVENT_TYPE = "logs"


@dataclass(frozen=True)
class Context:
    """What is the same for each event of a deployment."""

    component: str
    environment: str
    application: str

    def fields(self) -> dict[str, str]:
        return {
            "Component": self.component,
            "SourceModuleName": SOURCE_MODULE,
            "Environment": self.environment,
            "Application": self.application,
            "Type": EVENT_TYPE,
        }


NAMINGS = ("original", "ecs", "aws")


@dataclass(frozen=True)
class Options:
    """What an event holds, and which events there are.

    ``include`` and ``exclude`` map a field, by its name in the events, to patterns with ``*`` and ``?``. An event is
    kept when each field of ``include`` matches one of its patterns, and no field of ``exclude`` does. ``sampling`` maps
    a status, or a class of them as in ``2xx``, to the share that is kept, 0 to 1. Raw events are always kept.
    """

    naming: str = "original"
    include: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    exclude: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sampling: Mapping[str, float] = field(default_factory=dict)
    mask_addresses: bool = False
    mask_query: tuple[str, ...] = ()
    ids: bool = True


DEFAULTS = Options()


class Batch(NamedTuple):
    """Encoded events, one a line, each with its final newline and no other. May be empty."""

    data: bytes
    events: int


@dataclass
class Counts:
    """What went through so far. ``bytes`` are those of the log, inflated; empty lines count as bytes only.

    ``lines`` are those read, ``left_out`` those of them that filters and sampling dropped. ``last_time`` is the time of
    the last line that was parsed, as it is in the log; for measuring how late the log is.
    """

    lines: int = 0
    unparsed: int = 0
    left_out: int = 0
    bytes: int = 0
    last_time: str | None = None

    def add(self, other: "Counts") -> None:
        self.lines += other.lines
        self.unparsed += other.unparsed
        self.left_out += other.left_out
        self.bytes += other.bytes
        self.last_time = other.last_time or self.last_time


class Encoder:
    """Turns the blocks of one log into events, and counts.

    :param object_name: what the events' ids are made of, with the offsets of the lines: the same log under the same
        name gives the same ids, so that a receiver that keeps events by id never has one twice.
    """

    def __init__(self, context: Context, options: Options = DEFAULTS, object_name: str = "") -> None:
        self.counts = Counts()
        self._context = context.fields()
        self._ids = options.ids
        self._object = hashlib.sha256(object_name.encode("utf-8", "surrogateescape")).hexdigest()[:16]

    def encode(self, block: Block) -> Batch:
        """The events of one block, in the log's order; none for empty lines."""
        if block.part:
            return Batch(self._encode_part(block) + b"\n", 1)
        events = []
        offset = block.offset
        for line in block.data.split(b"\n"):
            content = line.removesuffix(b"\r")  # a file that went through Windows
            if content:
                events.append(self._encode_line(content, offset))
            offset += len(line) + 1
        return Batch(b"".join(event + b"\n" for event in events), len(events))

    def _encode_line(self, line: bytes, offset: int) -> bytes:
        self.counts.lines += 1
        text = _decode(line)
        try:
            fields = parse_line(text)
        except ParseError as error:
            self.counts.unparsed += 1
            return self._encode_raw(text, str(error), offset)
        self.counts.last_time = fields["EventReceivedTime"]
        return _dump({**fields, **self._common(offset)})

    def _encode_part(self, block: Block) -> bytes:
        if block.part == 1:
            self.counts.lines += 1
            self.counts.unparsed += 1
        reason = f"line longer than {MAX_LINE_BYTES} bytes: part {block.part}"
        return self._encode_raw(_decode(block.data), reason, block.offset)

    def _encode_raw(self, text: str, reason: str, offset: int) -> bytes:
        return _dump({"Message": text, "tags": [PARSE_FAILURE_TAG], "ParseError": reason, **self._common(offset)})

    def _common(self, offset: int) -> dict[str, str]:
        """What each event ends with."""
        return {**self._context, "EventId": f"{self._object}-{offset}"} if self._ids else self._context


def _decode(line: bytes) -> str:
    return line.decode("utf-8", "backslashreplace")


_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode  # json.dumps() would build one an event


def _dump(event: dict[str, object]) -> bytes:
    # "replace" concerns lone surrogates, which can only come from the command line's options.
    return _to_json(event).encode("utf-8", "replace")
