"""Which events wait in the queues of a Logstash, and what becomes of them when it stops."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Queue:
    """A pipeline's queue. ``events`` wait in a persisted one; those of a memory queue nobody counts.

    ``moved`` are the pipeline's counters: in a memory queue, nothing is under way once they stay the same.
    """

    pipeline: str
    persisted: bool
    events: int | None
    moved: tuple[int, ...]

    def as_dict(self) -> dict[str, Any]:
        """For the result of a module."""
        return {name: value for name, value in asdict(self).items() if name != "moved"}


def read(answer: Mapping[str, Any]) -> list[Queue]:
    """The queues in an answer of ``_node/stats``; before 6.0 it has one pipeline, whose id is `main`."""
    pipelines = answer.get("pipelines") or ({"main": answer["pipeline"]} if answer.get("pipeline") else {})
    return [_queue(name, found) for name, found in sorted(pipelines.items()) if not name.startswith(".")]


def _queue(name: str, found: Mapping[str, Any]) -> Queue:
    queue, events = found.get("queue") or {}, found.get("events") or {}
    persisted = queue.get("type") == "persisted"
    # Releases before 7.6 have the count as `events` alone.
    count = queue.get("events_count", queue.get("events"))
    moved = tuple(int(events.get(key) or 0) for key in ("in", "filtered", "out"))
    return Queue(name, persisted, int(count) if persisted and count is not None else None, moved)


def under_way(before: Sequence[Queue], now: Sequence[Queue]) -> list[str]:
    """The pipelines with a memory queue that moved between two looks."""
    then = {queue.pipeline: queue.moved for queue in before}
    return [queue.pipeline for queue in now if not queue.persisted and then.get(queue.pipeline) != queue.moved]


def describe(host: str, queues: Sequence[Queue], moving: Sequence[str] = ()) -> list[str]:
    """A line for each queue: what waits where, and what becomes of it."""
    return [f"{host}: {_in_words(queue, queue.pipeline in moving)}" for queue in queues]


def _in_words(queue: Queue, moves: bool) -> str:
    name = queue.pipeline
    if not queue.persisted:
        now = "events still pass" if moves else "nothing is under way"
        return f"{now} in pipeline {name} (memory queue{', whose stop waits for them' if moves else ''})"
    if queue.events is None:
        return f"the node API does not count what waits in queue {name} (persisted, stays)"
    if not queue.events:
        return f"queue {name} is empty"
    return f"{queue.events:,} event{' waits' if queue.events == 1 else 's wait'} in queue {name} (persisted, stays)"
