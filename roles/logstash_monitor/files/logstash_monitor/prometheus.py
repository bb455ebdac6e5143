"""The text format of Prometheus, version 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from .canaries import InputState
from .judge import GRAVITY
from .monitor import View
from .samples import PipelineStats

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Exposition:
    """Puts metrics together. The samples of a name stand together, below its HELP and TYPE."""

    def __init__(self) -> None:
        self._families: dict[str, tuple[str, str, list[str]]] = {}

    def counter(self, name: str, text: str, value: float | None, **labels: str) -> None:
        """A sample of a counter; its name ends in ``_total``. A value that is not known makes none."""
        self._add("counter", name, text, value, labels)

    def gauge(self, name: str, text: str, value: float | None, **labels: str) -> None:
        """A sample of a gauge. A value that is not known makes none."""
        self._add("gauge", name, text, value, labels)

    def _add(self, kind: str, name: str, text: str, value: float | None, labels: Mapping[str, str]) -> None:
        if value is None:
            return
        _kind, _text, lines = self._families.setdefault(name, (kind, text, []))
        pairs = ",".join(f'{label}="{_escaped(content, quote=True)}"' for label, content in labels.items())
        lines.append(f"{name}{{{pairs}}} {_number(value)}" if pairs else f"{name} {_number(value)}")

    def text(self) -> str:
        """All of it. Ends with a line feed, as the format asks for."""
        return "".join(
            f"# HELP {name} {_escaped(text)}\n# TYPE {name} {kind}\n" + "".join(f"{line}\n" for line in lines)
            for name, (kind, text, lines) in self._families.items()
        )


def _escaped(text: str, *, quote: bool = False) -> str:
    text = text.replace("\\", "\\\\").replace("\n", "\\n")
    return text.replace('"', '\\"') if quote else text


def _number(value: float) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("+Inf" if value > 0 else "-Inf")
    return repr(int(value)) if value == int(value) else repr(float(value))


def render(view: View, inputs: Sequence[InputState], now: float, *, ready: bool) -> str:
    """:param now: on the monotonic clock.

    Counters are Logstash's own, and begin anew with it. While it does not answer there are none, rather than old ones.
    """
    out = Exposition()
    out.gauge("logstash_monitor_up", "1: the monitor runs.", 1)
    out.gauge("logstash_up", "Whether Logstash's node API answered the last look.", int(view.reachable))
    out.gauge("logstash_ready", "Whether the host is ready for events, as /ready says.", int(ready))
    for result, count in sorted(view.deployments.by_result.items()):
        out.counter(
            "logstash_deployments_total",
            "Deployments in the host's journal, which keeps the last 500.",
            count,
            result=result,
        )
    for one in inputs:
        out.gauge(
            "logstash_canary_age_seconds",
            "How long ago the last canary passed the input, or the monitor began.",
            round(now - one.since, 3),
            input=one.input.name,
        )
    for verdict in view.verdicts:
        for word in GRAVITY:
            out.gauge(
                "logstash_pipeline_verdict",
                "1 for the verdict of the pipeline, 0 for all others.",
                int(verdict.verdict == word),
                pipeline=verdict.pipeline,
                verdict=word,
            )
        out.gauge(
            "logstash_queue_share_ratio",
            "How full the persistent queue is: 1 is full.",
            _ratio(verdict.numbers.get("queue_share")),
            pipeline=verdict.pipeline,
        )
        out.gauge(
            "logstash_dead_letters",
            "Events known to be in the dead letter queue.",
            verdict.numbers.get("dead_letters"),
            pipeline=verdict.pipeline,
        )
    if view.sample and view.reachable:
        sample = view.sample
        out.gauge("logstash_info", "Which Logstash it is.", 1, version=sample.version)
        out.gauge("logstash_heap_used_ratio", "How much of the heap is in use: 1 is all.", _ratio(sample.heap_share))
        out.gauge("logstash_uptime_seconds", "For how long Logstash has run.", sample.uptime)
        for name, stats in sorted(sample.pipelines.items()):
            _pipeline(out, name, stats)
    return out.text()


def _pipeline(out: Exposition, name: str, stats: PipelineStats) -> None:
    for kind, did, value in (
        ("in", "went in", stats.events_in),
        ("filtered", "left the filters", stats.events_filtered),
        ("out", "left the outputs", stats.events_out),
    ):
        out.counter(f"logstash_events_{kind}_total", f"Events that {did}.", value, pipeline=name)
    out.gauge("logstash_queue_events", "Events in the persistent queue.", stats.queue_events, pipeline=name)
    out.gauge("logstash_queue_bytes", "Size of the persistent queue.", stats.queue_bytes, pipeline=name)
    out.gauge(
        "logstash_queue_max_bytes", "How large the persistent queue may be.", stats.queue_max_bytes, pipeline=name
    )
    out.gauge(
        "logstash_dead_letter_queue_bytes", "Size of the dead letter queue.", stats.dead_letter_bytes, pipeline=name
    )
    for kind, plugin, direction, value in _plugins(stats):
        out.counter(
            f"logstash_plugin_events_{direction}_total",
            "Events that went into a plugin." if direction == "in" else "Events that left a plugin.",
            value,
            pipeline=name,
            plugin=plugin,
            kind=kind,
        )


def _plugins(stats: PipelineStats) -> Iterator[tuple[str, str, str, int | None]]:
    for kind, plugins in (("input", stats.inputs), ("filter", stats.filters), ("output", stats.outputs)):
        for name, plugin in sorted(plugins.items()):
            if kind != "input":
                yield kind, name, "in", plugin.events_in
            yield kind, name, "out", plugin.events_out


def _ratio(percent: float | None) -> float | None:
    return None if percent is None else round(percent / 100, 6)
