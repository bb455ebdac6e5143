"""What an environment is like now, from what its hosts and alarms say. Pure: no clock, no connection."""

from __future__ import annotations

import enum
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from . import words
from .answers import NOTHING, mapping, mappings, number, seconds, text, texts

LAYERS = ("brokers", "indexers", "shippers")
# A monitor that has not looked for so many of its intervals, and at least so long, has stopped.
MISSED_INTERVALS = 4
LEAST_SILENCE = 90.0


class Level(enum.StrEnum):
    """How well something is: ``bad`` needs somebody now, ``doubtful`` a look, and of ``unknown`` nobody tells."""

    GOOD = "good"
    UNKNOWN = "unknown"
    DOUBTFUL = "doubtful"
    BAD = "bad"


_RANK = list(Level)

# Of more pipelines than this, those that are well are only counted.
FEW_PIPELINES = 4

# The monitor's verdicts. One that is not here is doubtful.
VERDICTS = {
    "fine": Level.GOOD,
    "idle": Level.GOOD,
    "catching_up": Level.DOUBTFUL,
    "restarted": Level.DOUBTFUL,
    "struggling": Level.DOUBTFUL,
    "stalled": Level.BAD,
    "losing": Level.BAD,
    "crashed": Level.BAD,
    "gone": Level.BAD,
    "old_configuration": Level.BAD,
}
RESULTS = {"deployed": Level.GOOD, "restored": Level.DOUBTFUL, "failed": Level.BAD}


def worst(levels: Iterable[Level]) -> Level:
    """The worst of them; good where there is none."""
    return max(levels, key=_RANK.index, default=Level.GOOD)


@dataclass(frozen=True)
class Pipeline:
    """A pipeline, as the monitor judges it. Rates are per second, a share is of 100."""

    name: str
    verdict: str
    reason: str
    since: float | None
    events_in: float | None
    events_out: float | None
    queue_events: float | None
    queue_bytes: float | None
    queue_share: float | None
    seconds_left: float | None

    @property
    def level(self) -> Level:
        return VERDICTS.get(self.verdict, Level.DOUBTFUL)

    @property
    def words(self) -> str:
        """The verdict in words."""
        return self.verdict.replace("_", " ")


@dataclass(frozen=True)
class Input:
    """An input that gets canaries; ``canary_age`` is in seconds."""

    name: str
    kind: str
    port: str
    canary_age: float | None
    reason: str


@dataclass(frozen=True)
class Point:
    """A minute of all pipelines of a host."""

    time: float
    events_in: float | None
    events_out: float | None
    queue_events: float | None
    level: Level


@dataclass(frozen=True)
class Deployment:
    """A line of the journal of deployments."""

    time: float | None
    seconds: float | None
    by: str
    action: str
    result: str
    version: str
    release: str
    previous_version: str
    previous_release: str
    plugins: tuple[str, ...]
    toolkit: str
    reason: str

    @property
    def level(self) -> Level:
        return RESULTS.get(self.result, Level.DOUBTFUL)

    @property
    def who(self) -> str:
        return "first boot" if self.action == "first_boot" else self.by

    @property
    def running(self) -> tuple[str, str]:
        """Version and release that run after it, as far as it tells; those of a failed run may be others."""
        if self.result == "deployed":
            return self.version, self.release
        return self.previous_version, self.previous_release


@dataclass(frozen=True)
class Host:
    """A host as it is now. ``problem`` says why nothing is known of it, or too little."""

    name: str
    layer: str
    problem: str = ""
    notes: tuple[str, ...] = ()
    reached: bool = True
    monitored: bool = False
    ready: bool | None = None
    drained: bool = False
    reasons: tuple[str, ...] = ()
    version: str = ""
    heap_share: float | None = None
    pipelines: tuple[Pipeline, ...] = ()
    inputs: tuple[Input, ...] = ()
    points: tuple[Point, ...] = ()
    deployment: Deployment | None = None
    # Whether one without a monitor is as it should be.
    needs_monitor: bool = True

    @property
    def level(self) -> Level:
        if self.problem:
            return Level.BAD if self.needs_monitor or not self.reached else Level.UNKNOWN
        levels = [one.level for one in self.pipelines]
        if self.drained:
            levels.append(Level.DOUBTFUL)
        elif not self.ready:
            levels.append(Level.BAD)
        if self.deployment and self.deployment.level is not Level.GOOD:
            levels.append(Level.DOUBTFUL)
        return worst(levels)

    @property
    def state(self) -> str:
        """In a word or three: ready, not ready, drained; no monitor, not reached."""
        if not self.reached:
            return "not reached"
        if not self.monitored:
            return "no monitor"
        if self.problem:
            return "silent"
        return "drained" if self.drained else "ready" if self.ready else "not ready"

    @property
    def release(self) -> str:
        """The release of the settings that the last deployment left."""
        return self.deployment.running[1] if self.deployment else ""

    @property
    def told(self) -> tuple[Pipeline, ...]:
        """The pipelines to name: all of a few; of many, those that are not well."""
        if len(self.pipelines) <= FEW_PIPELINES:
            return self.pipelines
        return tuple(one for one in self.pipelines if one.level is not Level.GOOD)

    @property
    def others(self) -> str:
        """How many are not named, such as ``17 fine, 1 idle``."""
        counts = Counter(one.words for one in self.pipelines if one not in self.told)
        return ", ".join(f"{count} {word}" for word, count in counts.most_common())

    @property
    def events_in(self) -> float | None:
        return _sum(one.events_in for one in self.pipelines)

    @property
    def events_out(self) -> float | None:
        return _sum(one.events_out for one in self.pipelines)

    @property
    def queue_events(self) -> float | None:
        return _sum(one.queue_events for one in self.pipelines)

    @property
    def queue_share(self) -> float | None:
        """That of the fullest queue."""
        return max((one.queue_share for one in self.pipelines if one.queue_share is not None), default=None)

    @property
    def canary_age(self) -> float | None:
        """That of the oldest."""
        return max((one.canary_age for one in self.inputs if one.canary_age is not None), default=None)

    @property
    def wait(self) -> float | None:
        """That of the slowest pipeline, see :func:`wait`."""
        return max((found for one in self.pipelines if (found := wait(one)) is not None), default=None)


@dataclass(frozen=True)
class Alarm:
    """An alarm of CloudWatch."""

    name: str
    state: str
    reason: str
    since: float | None
    description: str
    namespace: str

    @property
    def rings(self) -> bool:
        return self.state == "ALARM"


@dataclass(frozen=True)
class Part:
    """A part of the way of a line. ``wait`` is in seconds; None where nothing measures it."""

    name: str
    what: str
    level: Level = Level.UNKNOWN
    wait: float | None = None
    events_in: float | None = None
    events_out: float | None = None
    hosts: int = 0
    alarms: tuple[str, ...] = ()
    is_slowest: bool = False


@dataclass(frozen=True)
class Overview:
    """All that is shown. ``time`` is in seconds since 1970."""

    environment: str
    time: float
    hosts: tuple[Host, ...]
    alarms: tuple[Alarm, ...] = ()
    # Why the alarms are not known; empty if they are, or if there are none.
    alarms_problem: str = ""
    parts: tuple[Part, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def ringing(self) -> list[Alarm]:
        return [alarm for alarm in self.alarms if alarm.rings]

    @property
    def problems(self) -> list[tuple[str, str]]:
        """What needs somebody now: (host, or empty, what is wrong)."""
        found = [("", f"Alarm {alarm.name} rings: {alarm.reason}") for alarm in self.ringing]
        if self.alarms_problem:
            found.append(("", self.alarms_problem))
        for host in self.hosts:
            if host.level is not Level.BAD:
                continue
            if host.problem:
                found.append((host.name, host.problem))
                continue
            found += [
                (host.name, f"pipeline {one.name} is {one.words}: {one.reason}")
                for one in host.pipelines
                if one.level is Level.BAD
            ]
            if not host.ready and not host.drained:
                said = [reason for reason in host.reasons if reason] or ["it does not say why"]
                found.append((host.name, f"not ready: {'; '.join(said)}"))
        return found

    @property
    def level(self) -> Level:
        if self.problems:
            return Level.BAD
        return worst(host.level for host in self.hosts)

    @property
    def slowest(self) -> Part | None:
        return next((part for part in self.parts if part.is_slowest), None)


def wait(pipeline: Pipeline) -> float | None:
    """For how many seconds an event waits in a pipeline's queue, at the rate of now; infinite in one that has stalled.

    Where none has left, and yet nothing has stalled, as in a pause between two tries, it can't be told.
    """
    if pipeline.queue_events == 0:
        return 0.0
    if pipeline.queue_events is None or pipeline.events_out is None:
        return None
    if pipeline.events_out > 0:
        return pipeline.queue_events / pipeline.events_out
    return float("inf") if pipeline.verdict == "stalled" else None


def deployment(line: Mapping[str, Any]) -> Deployment:
    """A line of the journal."""
    previous = mapping(line.get("previous"))
    return Deployment(
        time=seconds(line.get("time")),
        seconds=number(line.get("seconds")),
        by=text(line.get("by")),
        action=text(line.get("action")),
        result=text(line.get("result")),
        version=text(line.get("version")),
        release=text(line.get("release")),
        previous_version=text(previous.get("version")),
        previous_release=text(previous.get("release")),
        plugins=tuple(texts(line.get("plugins"))),
        toolkit=text(line.get("toolkit")),
        reason=text(line.get("reason")),
    )


def host(name: str, layer: str, found: Mapping[str, Any], *, monitored: bool) -> Host:
    """A host, from the result of host_status, or of a task that failed or did not reach it.

    :param monitored: whether the environment has its hosts monitored.
    """
    if found.get("unreachable") or found.get("failed") or "now" not in found:
        said = _first_line(text(found.get("msg"))) or "no answer"
        return Host(
            name=name,
            layer=layer,
            problem=f"The host can't be {'reached' if found.get('unreachable') else 'looked at'}: {said}",
            reached=False,
            needs_monitor=monitored,
        )
    lines = mappings(found.get("deployments"))
    status = mapping(found.get("status"))
    last = deployment(lines[-1]) if lines else None
    if last is None and mapping(status.get("deployment")):
        last = deployment(mapping(status["deployment"]))
    notes = tuple(filter(None, [text(found.get("journal_problem"))]))
    if not status:
        return Host(
            name=name,
            layer=layer,
            problem=text(found.get("monitor_problem")) or "The host has no monitor.",
            notes=notes,
            version=last.running[0] if last else "",
            deployment=last,
            monitored=False,
            needs_monitor=monitored,
        )
    logstash = mapping(status.get("logstash"))
    inputs = tuple(map(_input, mappings(status.get("inputs"))))
    return Host(
        name=name,
        layer=layer,
        notes=notes,
        monitored=True,
        problem=_silence(status, seconds(found.get("now"))),
        ready=status.get("ready") is True,
        drained=status.get("drained") is True,
        reasons=tuple(texts(status.get("reasons"))),
        version=text(logstash.get("version")) or (last.running[0] if last else ""),
        heap_share=number(status.get("heap_share")),
        pipelines=tuple(map(_pipeline, mappings(status.get("pipelines")))),
        inputs=inputs,
        points=tuple(points(mapping(found.get("history")))),
        deployment=last,
    )


def points(history: Mapping[str, Any]) -> list[Point]:
    """The minutes of a monitor's history, the oldest first, with the pipelines of the host added up."""
    found = []
    for one in mappings(history.get("points")):
        time = seconds(one.get("time"))
        pipelines = [mapping(value) for value in mapping(one.get("pipelines")).values()]
        if time is not None:
            found.append(
                Point(
                    time=time,
                    events_in=_sum(number(value.get("in")) for value in pipelines),
                    events_out=_sum(number(value.get("out")) for value in pipelines),
                    queue_events=_sum(number(value.get("queue_events")) for value in pipelines),
                    level=worst(VERDICTS.get(text(value.get("verdict")), Level.UNKNOWN) for value in pipelines),
                )
            )
    return sorted(found, key=lambda point: point.time)


def alarms(states: object) -> list[Alarm]:
    """The alarms of alarm_states; those that ring come first, the latest of them at the top."""
    found = [
        Alarm(
            name=text(one.get("name")),
            state=text(one.get("state")),
            reason=text(one.get("reason")),
            since=seconds(one.get("since")),
            description=text(one.get("description")),
            namespace=text(one.get("namespace")),
        )
        for one in mappings(states)
    ]
    return sorted(found, key=lambda alarm: (not alarm.rings, -(alarm.since or 0), alarm.name))


def parts(hosts: Sequence[Host], ringing: Sequence[Alarm], environment: str, output: str) -> list[Part]:
    """The way of a line of a load balancer, with the slowest part marked where anything waits.

    What a layer's events wait for is known from its queues: the rest only has its alarms.

    :param output: where the brokers send events: ``redis``, ``elasticsearch`` or ``file``.
    """
    names = ["load balancer", "S3", "function", "brokers"]
    names += {"redis": ["Redis", "indexers", "Elasticsearch"], "file": ["file"]}.get(output, ["Elasticsearch"])
    rings: dict[str, list[str]] = {}
    for alarm in ringing:
        rings.setdefault(_part_of(alarm, environment), []).append(alarm.name)
    found = [_part(name, [one for one in hosts if one.layer == name], rings.get(name, [])) for name in names]
    longest = max((part.wait for part in found if part.wait is not None), default=0.0)
    # Less than a second is the time of a batch.
    if longest < 1:
        return found
    slowest = next(part for part in found if part.wait == longest)
    return [Part(**{**vars(part), "is_slowest": part is slowest}) for part in found]


def overview(
    environment: str,
    time: float,
    hosts: Sequence[Host],
    states: Mapping[str, Any] = NOTHING,
    output: str = "elasticsearch",
) -> Overview:
    """All that is shown of an environment at a time, in seconds since 1970.

    :param states: the result of alarm_states, also of one that failed; empty where the environment has no alarms.
    :param output: as in :func:`parts`.
    """
    found = alarms(states.get("alarms"))
    problem = (
        f"The alarms are not known. {_first_line(text(states.get('msg')))}".strip() if states.get("failed") else ""
    )
    ordered = sorted(hosts, key=lambda one: (_place(one.layer), _natural(one.name)))
    notes = []
    for layer in dict.fromkeys(one.layer for one in ordered):
        of_layer = [one for one in ordered if one.layer == layer]
        for what in ("version", "release"):
            values = sorted({value for one in of_layer if (value := str(getattr(one, what)))})
            if len(values) > 1:
                notes.append(f"{layer} run {len(values)} {what}s: {', '.join(values)}")
    notes += [f"{one.name}: {note}" for one in ordered for note in one.notes]
    return Overview(
        environment=environment,
        time=time,
        hosts=tuple(ordered),
        alarms=tuple(found),
        alarms_problem=problem,
        parts=tuple(parts(ordered, [one for one in found if one.rings], environment, output)),
        notes=tuple(notes),
    )


def _part(name: str, hosts: Sequence[Host], ringing: Sequence[str]) -> Part:
    waits = [one.wait for one in hosts if one.wait is not None and not one.problem]
    level = Level.BAD if ringing else worst(one.level for one in hosts) if hosts else Level.UNKNOWN
    return Part(
        name=name,
        what=_what(name, hosts, waits),
        level=level,
        wait=max(waits, default=None),
        events_in=_sum(one.events_in for one in hosts),
        events_out=_sum(one.events_out for one in hosts),
        hosts=len(hosts),
        alarms=tuple(ringing),
    )


def _what(name: str, hosts: Sequence[Host], waits: Sequence[float]) -> str:
    """What is known of a part, in a few words."""
    if not hosts:
        return "no host in the inventory" if name in LAYERS else "not measured"
    if not waits:
        return "not known"
    longest = max(waits)
    if longest == float("inf"):
        waiting = _sum(
            pipeline.queue_events for one in hosts for pipeline in one.pipelines if wait(pipeline) == longest
        )
        return f"{words.count(waiting)} events wait, none leaves"
    return "nothing waits" if longest < 1 else f"an event waits {words.duration(longest)}"


# Which part an alarm is of: by the namespace of its metric, or else by the beginning of its name.
_NAMESPACES = {"AWS/Lambda": "function", "AWS/SQS": "function", "ElbLogShipper": "function", "AWS/S3": "S3"}
_NAMESPACES["AWS/ElastiCache"] = "Redis"
_BEGINNINGS = {
    "broker": "brokers",
    "indexer": "indexers",
    "shipper": "shippers",
    "elasticsearch": "Elasticsearch",
    "redis": "Redis",
    "function": "function",
    "delivery": "function",
    "lines": "function",
}


def _part_of(alarm: Alarm, environment: str) -> str:
    if alarm.namespace in _NAMESPACES:
        return _NAMESPACES[alarm.namespace]
    name = alarm.name.removeprefix(f"{environment}-")
    return next((part for beginning, part in _BEGINNINGS.items() if name.startswith(beginning)), "")


def _pipeline(found: Mapping[str, Any]) -> Pipeline:
    numbers = mapping(found.get("numbers"))
    return Pipeline(
        name=text(found.get("pipeline")),
        verdict=text(found.get("verdict")),
        reason=text(found.get("reason")),
        since=seconds(found.get("since")),
        events_in=number(numbers.get("in_per_second")),
        events_out=number(numbers.get("out_per_second")),
        queue_events=number(numbers.get("queue_events")),
        queue_bytes=number(numbers.get("queue_bytes")),
        queue_share=number(numbers.get("queue_share")),
        seconds_left=number(numbers.get("seconds_left")),
    )


def _input(found: Mapping[str, Any]) -> Input:
    return Input(
        name=text(found.get("name")),
        kind=text(found.get("kind")),
        port=text(found.get("port")),
        canary_age=number(found.get("canary_age")),
        reason=text(found.get("reason")),
    )


def _silence(status: Mapping[str, Any], now: float | None) -> str:
    """Why what the monitor says is out of date; empty if it is not."""
    time, interval = seconds(status.get("time")), number(status.get("interval")) or 0
    if time is None or now is None:
        return ""
    age = now - time
    if age <= max(LEAST_SILENCE, MISSED_INTERVALS * interval):
        return ""
    return f"The monitor answers, and has not looked for {words.duration(age)}; its interval is {interval:.0f} s."


def _sum(values: Iterable[float | None]) -> float | None:
    """The sum of what is known; None where nothing is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _first_line(said: str) -> str:
    lines = said.strip().splitlines()
    return lines[0] if lines else ""


def _place(layer: str) -> int:
    return LAYERS.index(layer) if layer in LAYERS else len(LAYERS)


def _natural(name: str) -> list[tuple[int, str]]:
    """Sorts host-2 before host-10."""
    return [(int(part) if part.isdecimal() else 0, part) for part in re.split(r"(\d+)", name)]
