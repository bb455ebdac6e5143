"""What the endpoints answer, made of what the monitor knows at the moment. Nothing here waits for anything."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from . import prometheus
from .clock import Clock, iso
from .history import INTERVAL
from .monitor import Monitor

JSON = "application/json"
# Of the program; the role puts it on hosts as a whole, so that it goes up with what a reader of /status can see.
VERSION = "1"


class Page(NamedTuple):
    """An answer."""

    status: int
    content_type: str
    body: bytes


class Pages:
    """The endpoints of one monitor."""

    def __init__(self, monitor: Monitor, clock: Clock) -> None:
        self._monitor, self._clock = monitor, clock

    def routes(self) -> Mapping[str, Callable[[], Page]]:
        """The endpoints by their paths."""
        return {"/ready": self.ready, "/metrics": self.metrics, "/status": self.status_page, "/history": self.history}

    def ready(self) -> Page:
        """Whether the host may have events: 200 or 503."""
        found = self._monitor.readiness()
        return _json({"ready": found.ready, "reasons": found.reasons}, 200 if found.ready else 503)

    def metrics(self) -> Page:
        """The text format of Prometheus."""
        monitor = self._monitor
        text = prometheus.render(
            monitor.view, monitor.canaries.states(), self._clock.monotonic(), ready=monitor.readiness().ready
        )
        return Page(200, prometheus.CONTENT_TYPE, text.encode())

    def status_page(self) -> Page:
        """All that is known, as :meth:`status` has it."""
        return _json(self.status())

    def history(self) -> Page:
        """The points of the last day."""
        return _json({"interval": INTERVAL, "points": self._monitor.history.points()})

    def status(self) -> dict[str, Any]:
        """All that is known now. Times are ISO, in UTC; what is not known is null."""
        monitor, view = self._monitor, self._monitor.view
        config, publisher = monitor.config, monitor.publisher
        readiness = monitor.readiness()
        now, wall = self._clock.monotonic(), self._clock.wall()
        sample = view.sample
        return {
            "host": config.host,
            "environment": config.environment,
            "layer": config.layer,
            "time": iso(wall),
            "interval": config.interval,
            "monitor_version": VERSION,
            "logstash": {
                "version": sample.version if sample else None,
                "reachable": view.reachable,
                "reason": view.unreachable,
                "ephemeral_id": sample.ephemeral_id if sample else None,
            },
            "ready": readiness.ready,
            "reasons": [*readiness.reasons, *readiness.notes],
            "pipelines": [
                {
                    "pipeline": verdict.pipeline,
                    "verdict": verdict.verdict,
                    "reason": verdict.reason,
                    "numbers": dict(verdict.numbers),
                    "since": iso(wall - (now - standing.since)),
                    "events": self._events(verdict.pipeline),
                }
                for verdict, standing in zip(view.verdicts, view.standings)
            ],
            "inputs": [
                {
                    "name": one.input.name,
                    "pipeline": one.input.pipeline,
                    "kind": one.input.kind,
                    "port": one.input.port,
                    "canary_age": round(now - one.since, 1),
                    "reason": one.reason,
                }
                for one in monitor.canaries.states()
            ],
            "heap_share": sample.heap_share if sample else None,
            "deployment": view.deployments.last,
            "drained": monitor.drained(),
            "cloudwatch": {
                "sent": iso(publisher.sent) if publisher is not None and publisher.sent is not None else None,
                "error": publisher.error if publisher is not None else "",
            },
        }

    def _events(self, pipeline: str) -> dict[str, int | None]:
        sample = self._monitor.view.sample
        stats = sample.pipelines.get(pipeline) if sample else None
        return {"in": stats.events_in if stats else None, "out": stats.events_out if stats else None}


def _json(content: object, status: int = 200) -> Page:
    return Page(status, JSON, json.dumps(content).encode() + b"\n")
