"""From blocks of lines to encoded events.

An event is one JSON object in UTF-8 without a newline in it. A line that no format fits is shipped raw, with a tag and
the reason: nothing is dropped. Bytes that are not UTF-8 appear as ``\\xNN``, the way in which the balancers themselves
write a quote (``\\x22``). Control characters are kept and escaped by JSON.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, NamedTuple

from ..native import to_json
from .formats import NAMINGS, Format, LineParseError, Record, Value, layout_of, parse
from .formats.columns import timestamp
from .formats.keys import Origin, origin_of
from .kernel import Kernel
from .lines import MAX_LINE_BYTES, UNKNOWN, Block
from .masking import Masking
from .selection import STATUS, Selection

PARSE_FAILURE_TAG = "_elbparsefailure"
SOURCE_MODULE = "ELB"
EVENT_TYPE = "logs"
ECS_VERSION = "8.11.0"
"""Of the Elastic Common Schema: that of Elastic's integration for the balancers' logs."""

_CAREFUL_BYTES = 4096
"""Of a larger block with something unusual in it the halves are tried."""

__all__ = ["NAMINGS", "PARSE_FAILURE_TAG", "Batch", "Context", "Counts", "Encoder", "Options", "RawEvent", "read_raw"]


class Context(NamedTuple):
    """What is the same for each event of a deployment."""

    component: str
    environment: str
    application: str


class Options(NamedTuple):
    """What an event holds, and which events there are.

    ``include`` and ``exclude`` map a field, by its name in the events, to patterns with ``*`` and ``?``. An event is
    kept when each field of ``include`` matches one of its patterns, and no field of ``exclude`` does. ``sampling`` maps
    a status, or a class of them as in ``2xx``, to the share that is kept, 0 to 1. Raw events are always kept.
    """

    naming: str = "original"
    """One of ``NAMINGS``."""
    include: Mapping[str, tuple[str, ...]] = {}
    exclude: Mapping[str, tuple[str, ...]] = {}
    sampling: Mapping[str, float] = {}
    mask_addresses: bool = False
    mask_query: tuple[str, ...] = ()
    ids: bool = True


DEFAULTS = Options()


class Batch(NamedTuple):
    """Encoded events, one a line, each with its final newline and no other. May be empty."""

    data: bytes
    events: int
    block: Block = UNKNOWN
    """What they were made of, where it is known; ``line`` is the number of its first line, from 0."""
    line: int = 0


class Counts(SimpleNamespace):
    """What went through so far. ``bytes`` are those of the log, inflated.

    ``lines`` are those read but for the ``empty`` ones, ``left_out`` those of them that filters and sampling dropped.
    ``last_time`` is the time of the last line that was parsed, as it is in the log; for measuring how late the log is.
    """

    lines: int
    empty: int
    unparsed: int
    left_out: int
    bytes: int
    last_time: Value

    def __init__(self) -> None:
        super().__init__(lines=0, empty=0, unparsed=0, left_out=0, bytes=0, last_time=None)

    def add(self, other: "Counts") -> None:
        self.lines += other.lines
        self.empty += other.empty
        self.unparsed += other.unparsed
        self.left_out += other.left_out
        self.bytes += other.bytes
        self.last_time = other.last_time or self.last_time


class _Names(NamedTuple):
    """What a style calls the fields that do not come from a line, and the values of them that never change."""

    component: str
    environment: str
    application: str
    constants: Mapping[str, str]
    parsed: Mapping[str, str]
    """Of events that are parsed only."""
    raw: Mapping[str, str]
    """Of raw ones."""
    bucket: str
    key: str
    region: str
    account: str
    balancer: str
    kind: str
    """What the log is about."""
    message: str
    reason: str
    time: str
    """The time of a line."""
    arrival: str
    """When its log was read."""
    event_id: str


_STYLES = {
    "original": _Names(
        component="Component",
        environment="Environment",
        application="Application",
        constants={"SourceModuleName": SOURCE_MODULE, "Type": EVENT_TYPE},
        parsed={},
        raw={},
        bucket="Bucket",
        key="ObjectKey",
        region="Region",
        account="AccountId",
        balancer="LoadBalancerName",
        kind="LogKind",
        message="Message",
        reason="ParseError",
        time="EventReceivedTime",
        arrival="ArrivalTime",
        event_id="EventId",
    ),
    "ecs": _Names(
        component="service.name",
        environment="service.environment",
        application="labels.application",
        constants={
            "event.module": "aws",
            "event.dataset": "aws.elb_logs",
            "ecs.version": ECS_VERSION,
            "cloud.provider": "aws",
        },
        parsed={"event.kind": "event"},
        raw={"event.kind": "pipeline_error"},
        bucket="aws.s3.bucket.name",
        key="aws.s3.object.key",
        region="cloud.region",
        account="cloud.account.id",
        balancer="aws.elb.name",
        kind="aws.elb.log_kind",
        message="message",
        reason="error.message",
        time="@timestamp",
        arrival="event.created",
        event_id="event.id",
    ),
    "aws": _Names(
        component="component",
        environment="environment",
        application="application",
        constants={"source_module_name": SOURCE_MODULE, "log_type": EVENT_TYPE},
        parsed={},
        raw={},
        bucket="bucket",
        key="object_key",
        region="region",
        account="account_id",
        balancer="elb",
        kind="log_kind",
        message="message",
        reason="parse_error",
        time="time",
        arrival="arrival_time",
        event_id="event_id",
    ),
}


class _Style:
    """From fields to the JSON of an event, for one deployment."""

    def __init__(self, context: Context, options: Options, origin: Origin) -> None:
        self.naming = options.naming
        self.names = names = _STYLES[options.naming]
        mask = options.mask_addresses or options.mask_query
        self.masking = Masking(options.mask_addresses, options.mask_query) if mask else None
        self._ids = options.ids
        self._balancer = origin.balancer
        self._kernels: dict[tuple[str, tuple[bool, ...]], Kernel] = {}
        first, *more = names.constants.items()
        places = {
            names.bucket: origin.bucket,
            names.key: origin.key,
            names.region: origin.region,
            names.account: origin.account,
        }
        self._context = dict(
            [
                (names.component, context.component),
                first,
                (names.environment, context.environment),
                (names.application, context.application),
                *more,
                *((name, value) for name, value in places.items() if value is not None),
            ]
        )

    def event(self, fields: Mapping[str, object], form: Format, event_id: str) -> str:
        """The event of a line that is parsed."""
        more = form.ecs if self.naming == "ecs" else ()
        return self._event({**fields, **self.names.parsed, **dict(more)}, form.kind, event_id)

    def raw_event(self, fields: Mapping[str, object], expected: Format | None, event_id: str) -> str:
        return self._event({**fields, **self.names.raw}, expected.kind if expected else None, event_id)

    def _event(self, fields: Mapping[str, object], kind: str | None, event_id: str) -> str:
        names = self.names
        event = {**fields, **self._context}
        if self._balancer and names.balancer not in fields:
            event[names.balancer] = self._balancer
        if kind:
            event[names.kind] = kind
        if self._ids:
            event[names.event_id] = event_id
        return to_json(_nest(event) if self.naming == "ecs" else event)

    def event_of(self, record: Record, event_id: str) -> str:
        return self.event(record.fields(self.naming), record.format, event_id)

    def kernel_for(self, line: bytes) -> Kernel | None:
        """The kernel for lines like this one, which is built once and remembers what it has seen.

        ``None``: there is no such kernel, since this line is unlike the others.
        """
        try:
            record = parse(_decode(line))
        except LineParseError:
            return None
        form, quoted = record.format, record.quoted
        if record.extra or layout_of(form, self.naming).derived:
            return None
        kernel = self._kernels.get((form.name, quoted))
        if kernel is None:
            form = self.masking.format(form) if self.masking else form
            kernel = self._kernels[form.name, quoted] = Kernel(
                form,
                quoted,
                self.naming,
                lambda values, event_id: self.event(
                    layout_of(form, self.naming).fields(values, (), [], []), form, event_id
                ),
            )
        return kernel


class Encoder:
    """Turns the blocks of one log into events, and counts.

    :param object_name: what the events' ids are made of, with the offsets of the lines: the same log under the same
        name gives the same ids, so that a receiver that keeps events by id never has one twice. If it is one of the
        names that balancers give, it also says where the lines come from, and which format is expected.
    :param fast: whether to use the kernel where it can be used. The events are the same without it.
    :param region: of the log, where its name does not tell; likewise ``account``.
    :param arrival: when the log was read, in ISO 8601; for the raw events.
    """

    def __init__(  # noqa: PLR0913 - what is known of a log
        self,
        context: Context,
        options: Options = DEFAULTS,
        object_name: str = "",
        *,
        fast: bool = True,
        region: str | None = None,
        account: str | None = None,
        arrival: str | None = None,
    ) -> None:
        self.counts = Counts()
        origin = origin_of(object_name)
        origin = origin._replace(region=origin.region or region, account=origin.account or account)
        self._style = _Style(context, options, origin)
        self._expected = origin.format
        self._arrival = arrival
        self._object = hashlib.sha256(object_name.encode("utf-8", "surrogateescape")).hexdigest()[:16]
        self._masking = self._style.masking
        self._selection = None
        if options.include or options.exclude or options.sampling:
            status = STATUS[options.naming]
            self._selection = Selection(options.include, options.exclude, options.sampling, status)
        self._kernel: Kernel | None = None
        # The selection looks at what is not masked yet.
        self._fast = fast and not (self._selection and self._masking)

    def encode(self, block: Block) -> Batch:
        """The events of one block, in the log's order; none for empty lines."""
        if block.part:
            return self._encode_part(block)
        if not self._fast:
            return self._encode_lines(block)
        if batch := self._encode_fast(block):
            return batch
        middle = block.data.find(b"\n", len(block.data) // 2) if len(block.data) > _CAREFUL_BYTES else -1
        if middle < 0:
            return self._encode_lines(block)
        # One unusual line among many: only the lines around it are done the careful way.
        first = self.encode(block._replace(data=block.data[:middle]))
        second = self.encode(block._replace(data=block.data[middle + 1 :], offset=block.offset + middle + 1))
        return Batch(first.data + second.data, first.events + second.events)

    def offset_of(self, event: bytes) -> int | None:
        """Where the line of one of its events begins, in bytes; ``None`` without ids."""
        event_id = _look_up(json.loads(event), self._style.names.event_id)
        return int(event_id.rpartition("-")[2]) if event_id else None

    def _encode_fast(self, block: Block) -> Batch | None:
        """All lines at once; ``None`` when there is something unusual among them."""
        kernel = self._kernel
        found = kernel.encode(block.data, self._object, block.offset, self._selection) if kernel else None
        if found is None:
            # The first block, or its lines are not like those of the one before.
            kernel = self._style.kernel_for(block.data.partition(b"\n")[0])
            if kernel is None or kernel is self._kernel:
                return None
            self._kernel = kernel
            found = kernel.encode(block.data, self._object, block.offset, self._selection)
            if found is None:
                return None
        self.counts.lines += found.lines
        self.counts.left_out += found.lines - found.events
        self.counts.last_time = found.last_time
        return Batch(found.text.encode("utf-8", "replace"), found.events)

    def _encode_lines(self, block: Block) -> Batch:
        """The careful way, line by line."""
        events = []
        offset = block.offset
        for line in block.data.split(b"\n"):
            content = line.removesuffix(b"\r")  # a file that went through Windows
            if not content:
                self.counts.empty += 1
            elif event := self._encode_line(content, f"{self._object}-{offset}"):
                events.append(event)
            offset += len(line) + 1
        return _batch(events)

    def _encode_line(self, line: bytes, event_id: str) -> str | None:
        self.counts.lines += 1
        text = _decode(line)
        try:
            record = parse(text, self._expected)
        except LineParseError as error:
            self.counts.unparsed += 1
            reason = str(error)
            if self._masking:
                text = self._masking.text(text)
                reason = self._reason(text)
            return self._encode_raw(text, reason, event_id)
        self.counts.last_time = record.time
        if self._selection and not self._selection.keeps(record.fields(self._style.naming), event_id):
            self.counts.left_out += 1
            return None
        if self._masking:
            record = self._masking.record(record)
        return self._style.event_of(record, event_id)

    def _encode_part(self, block: Block) -> Batch:
        if block.part == 1:
            self.counts.lines += 1
            self.counts.unparsed += 1
        text = _decode(block.data)
        if self._masking:
            text = self._masking.text(text, cut=block.part > 1)
        reason = f"line longer than {MAX_LINE_BYTES} bytes: part {block.part}"
        return _batch([self._encode_raw(text, reason, f"{self._object}-{block.offset}")])

    def _reason(self, masked: str) -> str:
        """Why a line can't be parsed, told from what is left of it: a reason repeats some of the text."""
        try:
            parse(masked, self._expected)
        except LineParseError as error:
            return str(error)
        return "the line had no known form before it was masked"

    def _encode_raw(self, text: str, reason: str, event_id: str) -> str:
        names = self._style.names
        # An index of the style ecs wants a time of each event, and takes any line's.
        time = _time_of(text) or (self._arrival if self._style.naming == "ecs" else None)
        fields: dict[str, object] = {names.message: text, "tags": [PARSE_FAILURE_TAG], names.reason: reason}
        if time:
            fields[names.time] = time
        if self._arrival:
            fields[names.arrival] = self._arrival
        return self._style.raw_event(fields, self._expected, event_id)


_TIME = re.compile(r"(?:[^ ]+ ){0,2}([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?)Z?(?: |$)")


def _time_of(line: str) -> str | None:
    """The time of a line of no known form: the first three words are where each format has it."""
    found = _TIME.match(line)
    try:
        return timestamp(found[1] + "Z")[0] if found else None
    except ValueError:
        return None


class RawEvent(NamedTuple):
    """What a raw event says of its line, whatever the naming calls it. ``event_id`` is empty where events have none."""

    message: str
    reason: str
    event_id: str


def read_raw(event: bytes, naming: str) -> RawEvent | None:
    """An encoded event taken apart again, when it is a raw one."""
    fields = json.loads(event)
    if PARSE_FAILURE_TAG not in fields.get("tags", ()):
        return None
    names = _STYLES[naming]
    return RawEvent(*(_look_up(fields, name) for name in (names.message, names.reason, names.event_id)))


def _look_up(fields: Mapping[str, Any], name: str) -> str:
    """A field by its name with dots, whether or not it is nested."""
    place: Any = fields
    for part in name.split("."):
        place = place.get(part, {})
    found: str = place or ""
    return found


def _batch(events: list[str]) -> Batch:
    # "replace" concerns lone surrogates, which can only come from the command line's options.
    return Batch("".join(f"{event}\n" for event in events).encode("utf-8", "replace"), len(events))


def _decode(line: bytes) -> str:
    return line.decode("utf-8", "backslashreplace")


def _nest(fields: Mapping[str, object]) -> dict[str, object]:
    """Names with dots as objects in objects."""
    nested: dict[str, Any] = {}
    for name, value in fields.items():
        *parents, last = name.split(".")
        place = nested
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = value
    return nested
