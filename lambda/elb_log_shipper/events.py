"""From blocks of lines to encoded events.

An event is one JSON object in UTF-8 without a newline in it. A line that no format fits is shipped raw, with a tag and
the reason: nothing is dropped. Bytes that are not UTF-8 appear as ``\\xNN``, the way in which the balancers themselves
write a quote (``\\x22``). Control characters are kept and escaped by JSON.
"""

import json
from dataclasses import dataclass

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


@dataclass
class Counts:
    """What went through so far. ``bytes`` are those of the log, inflated; empty lines count as bytes only."""

    lines: int = 0
    unparsed: int = 0
    bytes: int = 0

    def add(self, other: "Counts") -> None:
        self.lines += other.lines
        self.unparsed += other.unparsed
        self.bytes += other.bytes


class Encoder:
    """Turns blocks into events, and counts."""

    def __init__(self, context: Context) -> None:
        self.counts = Counts()
        self._context = context.fields()

    def encode(self, block: Block) -> list[bytes]:
        """The events of one block, in the log's order; none for empty lines."""
        if block.part:
            return [self._encode_part(block)]
        events = []
        for line in block.data.split(b"\n"):
            line = line.removesuffix(b"\r")  # noqa: PLW2901 - a file that went through Windows
            if line:
                events.append(self._encode_line(line))
        return events

    def _encode_line(self, line: bytes) -> bytes:
        self.counts.lines += 1
        text = _decode(line)
        try:
            fields = parse_line(text)
        except ParseError as error:
            self.counts.unparsed += 1
            return self._encode_raw(text, str(error))
        return _dump({**fields, **self._context})

    def _encode_part(self, block: Block) -> bytes:
        if block.part == 1:
            self.counts.lines += 1
            self.counts.unparsed += 1
        return self._encode_raw(_decode(block.data), f"line longer than {MAX_LINE_BYTES} bytes: part {block.part}")

    def _encode_raw(self, text: str, reason: str) -> bytes:
        return _dump({"Message": text, "tags": [PARSE_FAILURE_TAG], "ParseError": reason, **self._context})


def _decode(line: bytes) -> str:
    return line.decode("utf-8", "backslashreplace")


_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode  # json.dumps() would build one an event


def _dump(event: dict[str, object]) -> bytes:
    # "replace" concerns lone surrogates, which can only come from the command line's options.
    return _to_json(event).encode("utf-8", "replace")
