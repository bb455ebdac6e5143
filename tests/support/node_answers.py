"""Answers of the node API in the shapes of different releases, for tests of what reads them."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


def plugin(plugin_id: str, name: str, events_in: int, events_out: int | None = None, **more: Any) -> Json:
    out = events_in if events_out is None else events_out
    return {"id": plugin_id, "name": name, "events": {"in": events_in, "out": out, "duration_in_millis": 10}, **more}


def pipeline(  # noqa: PLR0913 - each is a field of the answer
    events_in: int,
    filtered: int,
    out: int,
    *,
    outputs: list[Json] | None = None,
    filters: list[Json] | None = None,
    inputs: list[Json] | None = None,
    queue: Json | None = None,
    reloads: Json | None = None,
    duration: int = 100,
    **more: Any,
) -> Json:
    """A pipeline as 8.x gives it, with an output that keeps up unless given."""
    return {
        "events": {"in": events_in, "filtered": filtered, "out": out, "duration_in_millis": duration},
        "plugins": {
            "inputs": inputs or [{"id": "in", "name": "tcp", "events": {"out": events_in}}],
            "codecs": [],
            "filters": filters or [],
            "outputs": [plugin("out", "http", out)] if outputs is None else outputs,
        },
        "reloads": {"failures": 0, "successes": 0, "last_error": None, **(reloads or {})},
        "queue": {"type": "memory", "events_count": 0} if queue is None else queue,
        "hash": "a1",
        "ephemeral_id": "pipeline-1",
        **more,
    }


def persisted(events: int, size: int = 1_000_000, largest: int = 10_000_000) -> Json:
    return {
        "type": "persisted",
        "events_count": events,
        "queue_size_in_bytes": size,
        "max_queue_size_in_bytes": largest,
    }


def node(version: str = "8.5.3", ephemeral_id: str = "node-1", **pipelines: Any) -> Json:
    """An answer of ``_node/stats/pipelines``; 5.x has one pipeline, and neither 5.x nor 6.x ids of processes."""
    answer: Json = {"host": "broker-1", "version": version, "id": "id-1", "name": "broker-1"}
    major = int(version.partition(".")[0])
    if major >= 7:
        answer["ephemeral_id"] = ephemeral_id
        answer["pipeline"] = {"workers": 2, "batch_size": 125, "batch_delay": 50}
    else:
        for each in pipelines.values():
            each.pop("hash", None), each.pop("ephemeral_id", None)
    if major == 5:
        ((name, stats),) = pipelines.items()
        return {**answer, "pipeline": {**stats, "id": name}}
    return {**answer, "pipelines": pipelines}
