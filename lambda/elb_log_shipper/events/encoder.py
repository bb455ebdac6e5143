"""From blocks of lines to encoded events.

An event is one JSON object in UTF-8 without a newline in it. A line that no format fits is shipped raw, with a tag and
the reason: nothing is dropped. Bytes that are not UTF-8 appear as ``\\xNN``, the way in which the balancers themselves
write a quote (``\\x22``). Control characters are kept and escaped by JSON.
"""

import hashlib
import json
import re
from bisect import bisect_left
from collections import deque
from collections.abc import Mapping, Sequence
from itertools import accumulate, compress, count
from operator import add
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

from ..native import to_json
from .formats import EXTRA, NAMINGS, Format, LineParseError, Record, Value, layout_of, parse
from .formats.columns import timestamp
from .formats.keys import Origin, origin_of
from .kernel import LINE_END, Kernel, Pieces, Table, readable, written
from .kinds import Values
from .lines import MAX_LINE_BYTES, UNKNOWN, Block

if TYPE_CHECKING:
    from .masking import Masking
    from .selection import Selection

PARSE_FAILURE_TAG = "_elbparsefailure"
SOURCE_MODULE = "ELB"
EVENT_TYPE = "logs"
ECS_VERSION = "8.11.0"
"""Of the Elastic Common Schema: that of Elastic's integration for the balancers' logs."""

_MANY = 4
"""With fewer lines the kernel takes as long as the careful parser."""
_MOST_KERNELS = 64
"""Each arrangement of columns has one; with more of them, all are made again."""

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
    starts: Sequence[int] = ()
    """Where the line of each event begins, in bytes of the inflated log; empty where that is not known."""
    block: Block = UNKNOWN
    """What they were made of, where it is known; ``line`` is the number of its first line, from 0."""
    line: int = 0

    def cut(self, place: int) -> tuple["Batch", "Batch"]:
        """In two, behind a newline."""
        events = self.data.count(b"\n", 0, place)
        return (
            self._replace(data=self.data[:place], events=events, starts=self.starts[:events]),
            self._replace(data=self.data[place:], events=self.events - events, starts=self.starts[events:]),
        )


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
        self.masking = _masking(options)
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

    def kernel_for(self, record: Record) -> Kernel:
        """The kernel for lines like this one, which is built once and remembers what it has seen."""
        form, known = record.format, len(record.values)
        quoted = tuple(token.quoted for token in record.tokens)
        kernel = self._kernels.get((form.name, quoted))
        if kernel is None:
            if len(self._kernels) >= _MOST_KERNELS:
                self._kernels.clear()
            columns = (*form.columns[:known], *[EXTRA] * len(record.extra))
            if self.masking:
                columns = tuple(map(self.masking.column, columns))
            layout = layout_of(form, self.naming, known)

            def event(values: Sequence[tuple[Value, ...]], derived: Sequence[tuple[Value, ...]], event_id: str) -> str:
                extra = [str(text) for (text,) in values[known:]]
                return self.event(layout.fields(values[:known], derived, extra, []), form, event_id)

            kernel = self._kernels[form.name, quoted] = Kernel(
                columns, layout.derived, quoted=quoted, naming=self.naming, time=form.time, event=event
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
        self._selection = _selection(options)
        ((extra,),) = EXTRA.names(options.naming)  # many columns are this one field
        self._fast = fast and not (self._selection and extra in self._selection.fields)
        self._kernel: Kernel | None = None
        """For lines like most of the block before."""
        self._other: Kernel | None = None
        """For lines like most of those that this one did not do."""
        self._record: Record | None = None
        """The last line that was done the careful way, if it has a format."""
        self._last_start = -1

    def encode(self, block: Block) -> Batch:
        """The events of one block, in the log's order; none for empty lines."""
        if block.part:
            return self._encode_part(block)
        lines = block.data.split(b"\n")
        lengths = accumulate(map(len, lines[:-1]), initial=block.offset)
        starts = list(map(add, lengths, count()))  # with a newline before each
        pieces, starts = self._encode_block(lines, starts)
        return Batch("".join(pieces).encode("latin-1"), len(starts), starts)

    def _encode_block(self, lines: list[bytes], starts: list[int]) -> tuple[list[str], list[int]]:
        """The events of these lines in pieces, and where the line of each begins."""
        kernel = self._kernel
        if kernel is None or len(lines) < _MANY:
            events = self._encode_each(lines, starts)
            if kernel is None:
                self._kernel, self._other = self._other, None
            return events, list(compress(starts, events))
        table = _table(kernel, lines, range(len(lines)))
        (pieces, width), done, kept = self._encode_table(kernel, table, starts)
        if len(done) == len(lines):
            return pieces, starts if len(kept) == len(lines) else [starts[number] for number in kept]
        if len(done) < len(lines) / 2:
            self._kernel = None
        others = sorted(set(range(len(lines))).difference(done))
        found = [starts[number] for number in others]
        events = self._encode_each([lines[number] for number in others], found)
        pieces.append("")
        for number, event in zip(reversed(others), reversed(events), strict=True):
            place = width * bisect_left(table.lines, number)
            pieces[place] = event + pieces[place]
        if len(kept) == len(done) and all(events):
            return pieces, starts
        return pieces, sorted([*(starts[number] for number in kept), *compress(found, events)])

    def _encode_each(self, lines: list[bytes], starts: list[int]) -> list[str]:
        """The event of each line; nothing for one that has none."""
        events = [""] * len(lines)
        left = deque(range(len(lines)))
        kernel = self._other
        while left:
            if kernel is None or len(left) < _MANY:
                first = left.popleft()
                events[first] = self._encode_line(lines[first], starts[first])
                if self._fast and self._record and len(left) >= _MANY:  # the others may be like this one
                    kernel = self._style.kernel_for(self._record)
                continue
            table = _table(kernel, [lines[number] for number in left], left)
            (pieces, width), done, kept = self._encode_table(kernel, table, starts)
            rows = dict(zip(table.lines, range(0, len(pieces), width or 1), strict=False))
            for number in kept:
                events[number] = "".join(pieces[rows[number] : rows[number] + width])
            left = deque(sorted(set(left).difference(done)))
            if len(done) > len(lines) / 2:
                self._other = kernel
            kernel = None
        return events

    def _encode_table(self, kernel: Kernel, table: Table, starts: list[int]) -> tuple[Pieces, list[int], list[int]]:
        """The events of a table, the numbers of the lines that are done so, and of those that have an event."""
        done = table.lines
        if table.unusual:
            done = [number for row, number in enumerate(done) if row not in table.unusual]
        if not done:
            return Pieces([], 0), [], []
        self.counts.lines += len(done)
        self._note_time(kernel.time(table, bisect_left(table.lines, done[-1])), starts[done[-1]])
        ids = starts if len(table.lines) == len(starts) else [starts[number] for number in table.lines]
        events = kernel.events(table, Values(map(str, ids), f'"{self._object}-', '"'))
        if not self._selection:
            return events, done, done
        kept = []
        for row, fields in enumerate(kernel.fields(table, self._selection.fields)):
            if row in table.unusual:
                continue
            if self._selection.keeps(fields, f"{self._object}-{ids[row]}"):
                kept.append(table.lines[row])
            else:
                events.drop(row)
        self.counts.left_out += len(done) - len(kept)
        return events, done, kept

    def _note_time(self, time: Value, start: int) -> None:
        """The line that starts there has this time: lines are not done in their order."""
        if start > self._last_start:
            self._last_start, self.counts.last_time = start, time

    def _encode_line(self, line: bytes, start: int) -> str:
        """The careful way; ``""``: there is no event."""
        self._record = None
        line = line.removesuffix(b"\r")  # a file that went through Windows
        if not line:
            self.counts.empty += 1
            return ""
        event = self._encode_text(_decode(line), f"{self._object}-{start}", start)
        if not event:
            self.counts.left_out += 1
            return ""
        return written(f"{event}\n")

    def _encode_text(self, text: str, event_id: str, start: int) -> str | None:
        self.counts.lines += 1
        try:
            record = self._record = parse(text, self._expected)
        except LineParseError as error:
            self.counts.unparsed += 1
            reason = str(error)
            if self._masking:
                text = self._masking.text(text)
                reason = self._reason(text)
            return self._encode_raw(text, reason, event_id)
        self._note_time(record.time, start)
        if self._selection and not self._selection.keeps(record.fields(self._style.naming), event_id):
            return None
        if self._masking:
            record = self._masking.record(record)
        fields = record.fields(self._style.naming)
        if record.time is None:
            fields[self._style.names.time] = self._or_arrival(None)
        return self._style.event(fields, record.format, event_id)

    def _encode_part(self, block: Block) -> Batch:
        if block.part == 1:
            self.counts.lines += 1
            self.counts.unparsed += 1
        text = _decode(block.data)
        if self._masking:
            text = self._masking.text(text, cut=block.part > 1)
        reason = f"line longer than {MAX_LINE_BYTES} bytes: part {block.part}"
        event = self._encode_raw(text, reason, f"{self._object}-{block.offset}")
        return Batch(written(f"{event}\n").encode("latin-1"), 1, (block.offset,))

    def _reason(self, masked: str) -> str:
        """Why a line can't be parsed, told from what is left of it: a reason repeats some of the text."""
        try:
            parse(masked, self._expected)
        except LineParseError as error:
            return str(error)
        return "the line had no known form before it was masked"

    def _or_arrival(self, time: str | None) -> str | None:
        """A line's time. An index of the style ecs wants one of each event: that of its arrival where there is none."""
        return time or (self._arrival if self._style.naming == "ecs" else None)

    def _encode_raw(self, text: str, reason: str, event_id: str) -> str:
        names = self._style.names
        time = self._or_arrival(_time_of(text))
        fields: dict[str, object] = {names.message: text, "tags": [PARSE_FAILURE_TAG], names.reason: reason}
        if time:
            fields[names.time] = time
        if self._arrival:
            fields[names.arrival] = self._arrival
        return self._style.raw_event(fields, self._expected, event_id)


_TIME = r"(?:[^ ]+ ){0,2}([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?)Z?(?: |$)"


def _time_of(line: str) -> str | None:
    """The time of a line of no known form: the first three words are where each format has it."""
    found = re.match(_TIME, line)
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


# Both are imported only where they are asked for: the function's start takes long enough.
def _masking(options: Options) -> "Masking | None":
    if not (options.mask_addresses or options.mask_query):
        return None
    from .masking import Masking  # noqa: PLC0415

    return Masking(options.mask_addresses, options.mask_query)


def _selection(options: Options) -> "Selection | None":
    if not (options.include or options.exclude or options.sampling):
        return None
    from .selection import STATUS, Selection  # noqa: PLC0415

    return Selection(options.include, options.exclude, options.sampling, STATUS[options.naming])


def _table(kernel: Kernel, lines: list[bytes], numbers: Sequence[int]) -> Table:
    """Of lines with these numbers, but for those that are not readable."""
    text = readable(LINE_END.join(lines))
    if text is None:
        rows = [row for row, line in enumerate(lines) if readable(line) is not None]
        numbers = [numbers[row] for row in rows]
        text = readable(LINE_END.join([lines[row] for row in rows])) or ""
    return kernel.table(text, numbers)


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
