"""An environment as it is now, for the terminal, and as JSON."""

from __future__ import annotations

import json
import math
from typing import Any

from . import words
from .model import Host, Level, Overview, Part
from .terminal import STYLES, Screen, cell

_HEADINGS = (
    *("Host", "Logstash", "Release", "State", "Pipelines", "In/s", "Out/s", "Queue", "Full", "Canary"),
    "Last deployment",
)


def table(overview: Overview, *, width: int, colour: bool) -> str:
    """What rings, a host a row, the way of a line, and what is wrong."""
    screen = Screen(width, colour)
    for alarm in overview.ringing:
        since = f", for {words.duration(max(0.0, overview.time - alarm.since))}" if alarm.since is not None else ""
        screen.line(f"ALARM {alarm.name}{since}: {alarm.description or alarm.reason}", STYLES[Level.BAD])
    if overview.hosts:
        screen.table(_HEADINGS, [_row(host, overview.time) for host in overview.hosts])
    else:
        screen.line("The inventory has no host of brokers, indexers or shippers.")
    if overview.parts:
        between = cell(" → ", "dim")
        shown = [one for part in overview.parts for one in (between, _part(part))][1:]
        screen.parts(*shown)
        slowest = overview.slowest
        screen.line(f"Slowest: {slowest.name}, {slowest.what}." if slowest else "Nothing waits where it is measured.")
    for note in overview.notes:
        screen.line(note, STYLES[Level.DOUBTFUL])
    screen.line()
    if overview.problems:
        screen.line(f"{words.number_of(len(overview.problems), 'thing')} {_is(overview)} wrong:", STYLES[Level.BAD])
        for host, problem in overview.problems:
            screen.line(f"  {host}: {problem}" if host else f"  {problem}")
    else:
        screen.line("Nothing is wrong.", STYLES[Level.GOOD])
    return screen.text()


def as_json(overview: Overview) -> str:
    """The same as JSON; times in seconds since 1970, rates per second, shares of 100."""
    return json.dumps(
        {
            "environment": overview.environment,
            "time": overview.time,
            "level": overview.level,
            "wrong": [f"{host}: {problem}" if host else problem for host, problem in overview.problems],
            "alarms": [{**vars(alarm)} for alarm in overview.alarms],
            "alarms_problem": overview.alarms_problem,
            "hosts": [_host(host) for host in overview.hosts],
            "parts": [{**vars(part), "wait": _finite(part.wait)} for part in overview.parts],
            "notes": overview.notes,
        },
        indent=2,
        allow_nan=False,
    )


def _is(overview: Overview) -> str:
    return "is" if len(overview.problems) == 1 else "are"


def _row(host: Host, now: float) -> list[Any]:
    last = host.deployment
    pipelines = [cell(f"{one.name}: {one.words}", STYLES[one.level]) for one in host.told]
    if host.others:
        pipelines.append(cell(host.others))
    return [
        cell(host.name, "bold"),
        host.version or words.UNKNOWN,
        host.release[:12] or words.UNKNOWN,
        cell(host.state, STYLES[_state(host)]),
        cell("\n").join(pipelines) if pipelines else words.UNKNOWN,
        words.rate(host.events_in),
        words.rate(host.events_out),
        words.count(host.queue_events),
        words.share(host.queue_share),
        words.duration(host.canary_age),
        cell(f"{words.ago(last.time, now)}, {last.result}", STYLES[last.level]) if last else words.UNKNOWN,
    ]


def _state(host: Host) -> Level:
    """How well the state itself is, whatever the pipelines do."""
    if host.problem:
        return host.level
    return Level.DOUBTFUL if host.drained else Level.GOOD if host.ready else Level.BAD


def _part(part: Part) -> Any:
    style = STYLES[part.level] if part.level is not Level.UNKNOWN else ""
    return cell(f"[{part.name}]" if part.is_slowest else part.name, style)


def _host(host: Host) -> dict[str, Any]:
    last = host.deployment
    return {
        "host": host.name,
        "layer": host.layer,
        "level": host.level,
        "state": host.state,
        "problem": host.problem,
        "reasons": host.reasons,
        "version": host.version,
        "release": host.release,
        "in_per_second": host.events_in,
        "out_per_second": host.events_out,
        "queue_events": host.queue_events,
        "queue_share": host.queue_share,
        "canary_age": host.canary_age,
        "heap_share": host.heap_share,
        "pipelines": [vars(one) for one in host.pipelines],
        "inputs": [vars(one) for one in host.inputs],
        "deployment": vars(last) if last else None,
    }


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
