"""Answers of the node API, of any release from 5.x to 9.x, as samples of one form.

Everything that an answer lacks, or has in an unusable form (``null``, ``"NaN"``), is None or empty here. So a reader
needs no case for a release.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from .errors import SampleError

_LONGEST_ERROR = 200
_DEEPEST = 4  # objects within a plugin, such as documents.successes or bulk_requests.responses.200
_TIMESTAMP = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d+)?(?:Z|([+-])(\d\d):?(\d\d))?")
FORM = "an answer of _node/stats or _node/stats/pipelines, as `curl -s 127.0.0.1:9600/_node/stats` prints it"


@dataclass(frozen=True, eq=False)
class PluginStats:
    """An input, filter or output. ``counters`` are its own, with dots in their names: ``documents.successes``."""

    id: str
    name: str
    events_in: int | None = None
    events_out: int | None = None
    duration: int | None = None  # milliseconds of the workers
    counters: Mapping[str, int] = field(default_factory=dict)
    addresses: frozenset[str] = frozenset()  # of the plugin ``pipeline``: where it listens, or what it sends to

    @property
    def held(self) -> int:
        """How many events went in and did not come out. An output has them in hand; a filter may have dropped them."""
        return max(0, (self.events_in or 0) - (self.events_out or 0))

    @property
    def partly_accepted(self) -> bool:
        """Whether the receiver took a part of the batch that the output has in hand. The rest is tried again."""
        settled = sum(
            self.counters.get(f"documents.{name}", 0) for name in ("successes", "non_retryable_failures", "dlq_routed")
        )
        rejected = self.counters.get("documents.retryable_failures", 0)
        return bool(self.held and rejected and self.events_out is not None and settled > self.events_out)

    def __str__(self) -> str:
        return f'{self.name} "{self.id}"' if self.name else f'"{self.id}"'


@dataclass(frozen=True, eq=False)
class PipelineStats:
    """A pipeline's counters at one time: events since it started, milliseconds, bytes."""

    id: str
    events_in: int | None = None
    events_filtered: int | None = None
    events_out: int | None = None
    duration: int | None = None
    push_duration: int | None = None
    queue_type: str = ""
    queue_events: int | None = None  # up to 5 s old; None unless the queue is persisted
    queue_bytes: int | None = None
    queue_max_bytes: int | None = None
    dead_letter_bytes: int | None = None  # None without a dead letter queue
    dead_letters_dropped: int | None = None
    reload_failures: int = 0
    reload_successes: int = 0
    reload_error: str = ""  # its first line
    reload_failed_at: float | None = None
    reload_succeeded_at: float | None = None
    hash: str = ""
    ephemeral_id: str = ""
    workers: int | None = None
    batch_size: int | None = None
    batch_delay: int | None = None
    inputs: Mapping[str, PluginStats] = field(default_factory=dict)
    filters: Mapping[str, PluginStats] = field(default_factory=dict)
    outputs: Mapping[str, PluginStats] = field(default_factory=dict)
    # What only grows when events leave, and all that only grows, by name. See _counted.
    progress: Mapping[str, int] = field(default_factory=dict)
    growing: Mapping[str, int] = field(default_factory=dict)

    @property
    def persisted(self) -> bool:
        return self.queue_type == "persisted"

    @property
    def running(self) -> bool:
        """Whether Logstash names it among the pipelines that run. Only releases from 7.3 on tell."""
        return bool(self.hash or self.ephemeral_id)


@dataclass(frozen=True)
class Health:
    """What the health report (8.16 and later) says of a pipeline, such as ``TERMINATED`` and why."""

    state: str = ""
    causes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Sample:
    """The node at one time, in seconds of any clock. Without an answer, ``reachable`` is False, and ``reason`` why."""

    time: float
    reachable: bool = True
    reason: str = ""
    host: str = ""
    node_id: str = ""
    address: str = ""  # of the node API, as it names it
    ephemeral_id: str = ""
    version: str = ""
    uptime: float | None = None  # seconds
    heap_share: float | None = None  # percent
    pipelines: Mapping[str, PipelineStats] = field(default_factory=dict)
    health: Mapping[str, Health] = field(default_factory=dict)

    @property
    def release(self) -> tuple[int, int] | None:
        found = re.match(r"(\d{1,4})\.(\d{1,4})", self.version)
        return (int(found[1]), int(found[2])) if found else None


def unreachable(time: float, reason: str) -> Sample:
    """The sample for a time at which the node API did not answer."""
    return Sample(time=time, reachable=False, reason=reason)


def read(answer: object, time: float, health_report: object = None) -> Sample:
    """Read an answer of ``_node/stats`` or ``_node/stats/pipelines``, parsed from JSON.

    :param answer: None, or an error object of the API, makes an unreachable sample. It may have the key
        ``health_report``.
    :param time: in seconds; only differences between samples count.
    :param health_report: the answer of ``_health_report`` of the same time, if there is one.
    :raises SampleError: it is the answer of something else.
    """
    if answer is None:
        return unreachable(time, "no answer")
    if not isinstance(answer, dict):
        raise SampleError(f"this is a JSON {_json_type(answer)}; expected {FORM}")
    if "pipelines" not in answer and _is_pipeline(answer.get("pipeline")):
        of_5 = answer["pipeline"]
        found: object = {_text(of_5.get("id")) or "main": of_5}
    elif "pipelines" in answer:
        found = answer["pipelines"] if answer["pipelines"] is not None else {}
    elif "error" in answer or ("status" in answer and isinstance(answer["status"], int)):
        if answer.get("status") != 404 or not _text(answer.get("path")).rstrip("/").endswith("_node/stats/pipelines"):
            return unreachable(time, _error_reason(answer))
        found = {}  # newer releases answer 404 while there is no pipeline
    else:
        raise SampleError(f"this has neither `pipelines` nor `pipeline`, but {_keys(answer)}; expected {FORM}")
    if not isinstance(found, dict):
        raise SampleError(f"`pipelines` is a JSON {_json_type(found)}; expected {FORM}")
    if found and not any(_is_pipeline(each) or not each for each in found.values()):
        raise SampleError(f"its pipelines have no counters, like those of _node/pipelines; expected {FORM}")

    jvm = _object(answer.get("jvm"))
    uptime = _number(jvm.get("uptime_in_millis"))
    defaults = _object(answer.get("pipeline"))
    return Sample(
        time=time,
        host=_text(answer.get("host")),
        node_id=_text(answer.get("id")),
        address=_text(answer.get("http_address")),
        ephemeral_id=_text(answer.get("ephemeral_id")),
        version=_text(answer.get("version")),
        uptime=None if uptime is None else uptime / 1000,
        heap_share=_number(_object(jvm.get("mem")).get("heap_used_percent")),
        pipelines={str(name): _pipeline(str(name), _object(stats), defaults) for name, stats in found.items()},
        health=read_health(health_report if health_report is not None else answer.get("health_report", answer)),
    )


def is_health_report(answer: object) -> bool:
    return isinstance(answer, dict) and isinstance(answer.get("indicators"), dict) and "pipelines" not in answer


def _is_pipeline(stats: object) -> bool:
    return isinstance(stats, dict) and any(key in stats for key in ("events", "plugins", "reloads", "queue"))


def _pipeline(name: str, stats: dict[str, Any], defaults: dict[str, Any]) -> PipelineStats:
    events, queue, reloads = _object(stats.get("events")), _object(stats.get("queue")), _object(stats.get("reloads"))
    capacity, dead_letters = _object(queue.get("capacity")), stats.get("dead_letter_queue")
    config = {**defaults, **{key: value for key, value in _object(stats.get("pipeline")).items() if value is not None}}
    plugins = _object(stats.get("plugins"))
    inputs, filters, outputs = (_plugins(plugins.get(kind)) for kind in ("inputs", "filters", "outputs"))
    persisted = _text(queue.get("type")) == "persisted"
    progress, growing = _counted(events, inputs, filters, outputs)
    return PipelineStats(
        id=name,
        events_in=_count(events.get("in")),
        events_filtered=_count(events.get("filtered")),
        events_out=_count(events.get("out")),
        duration=_count(events.get("duration_in_millis")),
        push_duration=_count(events.get("queue_push_duration_in_millis")),
        queue_type=_text(queue.get("type")),
        queue_events=_first(queue.get("events_count"), queue.get("events")) if persisted else None,
        queue_bytes=_first(queue.get("queue_size_in_bytes"), capacity.get("queue_size_in_bytes"))
        if persisted
        else None,
        queue_max_bytes=_first(queue.get("max_queue_size_in_bytes"), capacity.get("max_queue_size_in_bytes"))
        if persisted
        else None,
        dead_letter_bytes=_count(_object(dead_letters).get("queue_size_in_bytes")),
        dead_letters_dropped=_count(_object(dead_letters).get("dropped_events")),
        reload_failures=_count(reloads.get("failures")) or 0,
        reload_successes=_count(reloads.get("successes")) or 0,
        reload_error=_first_line(reloads.get("last_error")),
        reload_failed_at=_timestamp(reloads.get("last_failure_timestamp")),
        reload_succeeded_at=_timestamp(reloads.get("last_success_timestamp")),
        hash=_text(stats.get("hash")),
        ephemeral_id=_text(stats.get("ephemeral_id")),
        workers=_count(config.get("workers")),
        batch_size=_count(config.get("batch_size")),
        batch_delay=_count(config.get("batch_delay")),
        inputs=inputs,
        filters=filters,
        outputs=outputs,
        progress=progress,
        growing=growing,
    )


def _counted(
    events: dict[str, Any],
    inputs: Mapping[str, PluginStats],
    filters: Mapping[str, PluginStats],
    outputs: Mapping[str, PluginStats],
) -> tuple[dict[str, int], dict[str, int]]:
    """The counters that show progress, and all that never get smaller while a pipeline runs."""
    progress: dict[str, int | None] = {"filtered": _count(events.get("filtered")), "out": _count(events.get("out"))}
    for kind, plugins in (("filter", filters), ("output", outputs)):
        for plugin in plugins.values():
            progress[f"{kind} {plugin.id} in"] = plugin.events_in
            progress[f"{kind} {plugin.id} out"] = plugin.events_out
    for plugin in outputs.values():
        # A bulk request that is accepted in part moves events, though its batch is not done with.
        progress[f"output {plugin.id} accepted"] = plugin.counters.get("documents.successes")
    arrivals: dict[str, int | None] = {"in": _count(events.get("in"))}
    for plugin in inputs.values():
        arrivals[f"input {plugin.id} out"] = plugin.events_out
    known = {name: value for name, value in progress.items() if value is not None}
    return known, {**known, **{name: value for name, value in arrivals.items() if value is not None}}


def _plugins(found: object) -> dict[str, PluginStats]:
    if isinstance(found, dict):
        found = [{"id": name, **_object(plugin)} for name, plugin in found.items()]
    plugins: dict[str, PluginStats] = {}
    for number, plugin in enumerate(found if isinstance(found, list) else [], start=1):
        if not isinstance(plugin, dict):
            continue
        events, name = _object(plugin.get("events")), _text(plugin.get("name"))
        plugin_id = _text(plugin.get("id")) or f"{name or 'plugin'} {number}"
        counters: dict[str, int] = {}
        for key, value in plugin.items():
            if key not in ("id", "name", "events", "flow"):
                _flatten(key, value, counters, _DEEPEST)
        plugins[plugin_id] = PluginStats(
            id=plugin_id,
            name=name,
            events_in=_count(events.get("in")),
            events_out=_count(events.get("out")),
            duration=_count(events.get("duration_in_millis")),
            counters=counters,
            addresses=_texts(plugin.get("address")) | _texts(plugin.get("send_to")),
        )
    return plugins


def _flatten(name: str, value: object, counters: dict[str, int], depth: int) -> None:
    if isinstance(value, dict):
        if depth:
            for key, below in value.items():
                _flatten(f"{name}.{key}", below, counters, depth - 1)
        return
    count = _count(value)
    if count is not None:
        counters[name] = count


def read_health(report: object) -> dict[str, Health]:
    """What an answer of ``_health_report`` says of each pipeline; nothing of anything else."""
    pipelines = _object(_object(_object(report).get("indicators")).get("pipelines"))
    health = {}
    for name, indicator in _object(pipelines.get("indicators")).items():
        details = _object(_object(indicator).get("details"))
        diagnosis = _object(indicator).get("diagnosis")
        causes = [_text(_object(each).get("cause")) for each in diagnosis] if isinstance(diagnosis, list) else []
        health[str(name)] = Health(
            state=_text(_object(details.get("status")).get("state")).upper(), causes=tuple(filter(None, causes))
        )
    return health


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: object) -> frozenset[str]:
    found = value if isinstance(value, list) else [value]
    return frozenset(each for each in found if isinstance(each, str) and each)


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _count(value: object) -> int | None:
    """A counter or size. One below zero tells nothing."""
    number = _number(value)
    return None if number is None or number < 0 else int(value)  # type: ignore[call-overload]


def _first(*values: object) -> int | None:
    return next((count for count in map(_count, values) if count is not None), None)


def _first_line(error: object) -> str:
    """The first line of an error: a backtrace, or lines that follow, are for the log."""
    message = error.get("message") if isinstance(error, dict) else error
    lines = [line.strip() for line in message.splitlines()] if isinstance(message, str) else []
    line = next(filter(None, lines), "")
    if not line and error:
        return "no message"
    return line if len(line) <= _LONGEST_ERROR else line[:_LONGEST_ERROR] + " ..."


def _timestamp(value: object) -> float | None:
    """Seconds of an ISO time with any number of digits, which datetime in Python 3.9 does not take."""
    found = _TIMESTAMP.match(value) if isinstance(value, str) else None
    if not found:
        return _number(value)
    day, clock, fraction, sign, hours, minutes = found.groups()
    try:
        moment = datetime.strptime(f"{day} {clock}", "%Y-%m-%d %H:%M:%S").replace(tzinfo=timezone.utc)
    except ValueError:
        return None
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0)).total_seconds()
    return moment.timestamp() + float(fraction or 0) - (offset if sign != "-" else -offset)


def _error_reason(answer: dict[str, Any]) -> str:
    error = answer.get("error")
    message = _first_line(error) if error else ""
    status = answer.get("status")
    return ": ".join(filter(None, [f"HTTP {status}" if isinstance(status, int) else "", message])) or "an error"


def _json_type(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return str(value).lower().replace("none", "null")
    names = {list: "array", str: "string", dict: "object"}
    return next((name for kind, name in names.items() if isinstance(value, kind)), "number")


def _keys(answer: dict[str, Any]) -> str:
    keys = [str(key)[:40] for key in answer]
    shown = ", ".join(f"`{key}`" for key in keys[:6])
    return (shown + (" and more" if len(keys) > 6 else "")) or "no keys at all"
