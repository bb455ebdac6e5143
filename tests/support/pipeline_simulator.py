"""A pipeline in simulated time: a second a step, and answers of the node API whenever they are asked for.

It has a persistent queue, a worker, a filter that drops some events, and an output to a receiver whose speed changes.
What Logstash counts, it counts at the same moments: ``in`` when an event is put into the queue, an output's ``in`` when
it gets a batch, everything else when the batch is done with.
"""

from __future__ import annotations

import random

from node_answers import Json

BATCH = 125


class Pipeline:
    def __init__(self, seed: int, drops: float = 0.2) -> None:
        self.random = random.Random(seed)  # noqa: S311 - a repeatable day
        self.drops = drops
        self.queue = 0
        self.restarts = 0
        self.reloads = 0
        self.hangs = self.crashed = False
        self.refuses = 0.0  # the share of events that are refused for good
        self._measured = 0  # the number of events in the queue that the API knows
        self._begin_anew()

    def _begin_anew(self) -> None:
        self.events_in = self.filtered = self.out = self.duration = 0
        self.output_in = self.output_out = 0
        self.documents = {"successes": 0, "non_retryable_failures": 0, "retryable_failures": 0}
        self.batch = 0
        self.busy = 0.0  # seconds until the batch in hand is done with

    def restart(self) -> None:
        self.queue += self.batch
        self.restarts += 1
        self._begin_anew()

    def reload(self) -> None:
        self.queue += self.batch
        self.reloads += 1
        self._begin_anew()

    def second(self, arrivals: int, per_event: float, retries: float = 0.0) -> None:
        """Let a second pass. ``per_event`` are the seconds that the receiver takes; ``retries`` the share of them."""
        if self.crashed:
            return
        self.events_in += arrivals
        self.queue += arrivals
        left = 1.0
        while left > 0:
            if not self.batch:
                self.batch = min(self.queue, BATCH)
                if not self.batch:
                    break
                self.queue -= self.batch
                self.sent = sum(self.random.random() >= self.drops for _ in range(self.batch))
                self.output_in += self.sent
                self.busy = self.batch * per_event
                if self.random.random() < retries:
                    self.documents["retryable_failures"] += self.sent // 2
                    self.documents["successes"] += self.sent - self.sent // 2
                    self.accepted = self.sent - self.sent // 2
                    self.busy += self.random.choice([2, 6, 14, 30])  # 2, 4, 8, 16 s between tries
                else:
                    self.accepted = 0
            if self.hangs:
                break
            spent = min(left, self.busy)
            self.busy -= spent
            left -= spent
            if self.busy <= 0:
                self._finish(per_event)
        if self.random.random() < 0.2:
            self._measured = self.queue

    def _finish(self, per_event: float) -> None:
        self.filtered += self.batch
        self.out += self.sent
        self.output_out += self.sent
        refused = sum(self.random.random() < self.refuses for _ in range(self.sent - self.accepted))
        self.documents["non_retryable_failures"] += refused
        self.documents["successes"] += self.sent - self.accepted - refused
        self.duration += round(self.batch * per_event * 1000)
        self.batch = 0

    def answer(self) -> Json:
        stats: Json = {
            "events": {
                "in": self.events_in,
                "filtered": self.filtered,
                "out": self.out,
                "duration_in_millis": self.duration,
            },
            "plugins": {
                "inputs": [{"id": "in", "name": "http", "events": {"out": self.events_in}}],
                "filters": [{"id": "drop", "name": "drop", "events": {"in": self.filtered, "out": self.out}}],
                "outputs": [
                    {
                        "id": "es",
                        "name": "elasticsearch",
                        "events": {"in": self.output_in, "out": self.output_out},
                        "documents": dict(self.documents),
                    }
                ],
            },
            "reloads": {"successes": self.reloads, "failures": 0, "last_error": None},
            "queue": {"type": "memory"},
        }
        if not self.crashed:
            stats |= {"hash": "a1", "ephemeral_id": f"pipeline-{self.restarts}-{self.reloads}"}
            stats["queue"] = {
                "type": "persisted",
                "events_count": self._measured,
                "queue_size_in_bytes": 1000 * self._measured,
                "max_queue_size_in_bytes": 1_000_000_000,
            }
        return stats
