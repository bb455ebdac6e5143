"""One pipeline over a window of samples: what moved, what waits, and since when nothing moves.

Balances alone do not tell. ``in`` and ``filtered`` drift apart where 5.x and 6.x drop events, and ``out`` differs from
both where events are dropped or cloned. So everything here goes by differences between two samples, within one run of
the pipeline: counters begin anew with each start.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from .samples import PipelineStats, PluginStats, Sample

# The number of events in a queue is measured every 5 s, and a batch may be in work at the moment of a sample: what
# does not move for a shorter time says nothing.
SHORTEST_STALL = 5.0
# A batch, or a pause, may take this many times as long as its like took before.
_PATIENCE = 1.5
# Outputs pause for a minute at most before they try again: http for 60 s, elasticsearch for 64 s.
_LONGEST_PAUSE = 64.0
_USUAL_BATCH = 125
# The time of an event is known from as many as a fifth of a batch: the first batch after a start is often small.
_SMALLEST_PROOF = 5
# Windows overlap: what a pair of samples says is asked for again and again.
_REMEMBERED = lru_cache(maxsize=512)


@dataclass(frozen=True, eq=False)
class Point:
    sample: Sample
    stats: PipelineStats

    @property
    def time(self) -> float:
        return self.sample.time


class Progress:
    """What the samples say of one pipeline.

    :ivar points: where the pipeline was there; ``run`` are those since its counters last began anew.
    """

    def __init__(self, pipeline: str, samples: Sequence[Sample]) -> None:
        self.pipeline = pipeline
        self.points = [Point(each, each.pipelines[pipeline]) for each in samples if pipeline in each.pipelines]
        begin = len(self.points) - 1
        while begin > 0 and not _began_anew(self.points[begin - 1], self.points[begin]):
            begin -= 1
        self.run = self.points[max(begin, 0) :]

    @property
    def last(self) -> Point:
        return self.points[-1]

    @property
    def before(self) -> Point | None:
        """The sample before the last one, if it is of the same run."""
        return self.run[-2] if len(self.run) > 1 else None

    @cached_property
    def still(self) -> list[Point]:
        """The samples at the end between which nothing moved; at least the last one."""
        begin = len(self.run) - 1
        while begin > 0 and not moved(self.run[begin - 1].stats, self.run[begin].stats):
            begin -= 1
        return self.run[begin:]

    @cached_property
    def waiting_since(self) -> float | None:
        """The time of the first sample from which on events waited while nothing moved; None if none wait."""
        if not self.waits_at(self.last):
            return None
        return next((point.time for point in self.still if self.waits_at(point)), None)

    @property
    def still_for(self) -> float:
        """For how many seconds events wait while nothing moves; 0 if something moved."""
        return self.last.time - self.waiting_since if self.waiting_since is not None else 0.0

    @property
    def waiting(self) -> int:
        """How many events wait as far as can be seen; 0 if none do."""
        return self.waits_at(self.last)

    def waits_at(self, point: Point) -> int:
        """How many events wait at a sample, at least.

        Those in a persistent queue, and those that an output has in hand. Else what came in and was not filtered, as
        far as it is not known to be dropped, and what came in since the last movement.
        """
        stats = point.stats
        held = sum(output.held for output in stats.outputs.values())
        if _is_before_7(point):
            # They count an event as filtered before its output has it; later releases, after that.
            held = max(held, difference(stats.events_out, stats.events_filtered) or 0)
        came = 0
        if self.still and point.time >= self.still[0].time:
            came = difference(self.still[0].stats.events_in, stats.events_in) or 0
        return max((stats.queue_events or 0) + held, _unfiltered(point), came, self._pushing(point))

    def _pushing(self, point: Point) -> int:
        """1 if an input has waited since the sample before to push events into a full queue: only its clock goes on."""
        if point.stats.push_duration is None:
            return 0
        place = next((number for number, each in enumerate(self.still) if each is point), 0)
        begin, end = self.still[max(place - 1, 0)], self.still[min(max(place, 1), len(self.still) - 1)]
        pushed = difference(begin.stats.push_duration, end.stats.push_duration) or 0
        seconds = end.time - begin.time
        return 1 if seconds > 0 and pushed >= 500 * seconds and begin.stats.events_in == end.stats.events_in else 0

    @cached_property
    def usual_batch_seconds(self) -> float:
        """How long a batch of the size of what is in work has taken so far; 0 if that cannot be known.

        A receiver may take a minute for each batch, and within it no counter moves. From 8.7 on, the time of workers
        includes the batch that is in work: so it is read where later samples show that it was done with.
        """
        if self.waiting_since is None:
            return 0.0
        begin = self.still[0]
        size = min(self.waits_at(begin) or self.waiting, begin.stats.batch_size or _USUAL_BATCH)
        estimates = []
        place = len(self.run) - len(self.still)  # of begin; the interval before it is the last one with movement
        if place > 1:
            estimates.append(_milliseconds_per_event(self.run[0].stats, self.run[place - 1].stats, size))
        if not self._clock_runs_within_batches:
            estimates.append(_milliseconds_per_event(None, begin.stats, size))
        return max(filter(None, estimates), default=0.0) * size / 1000

    @cached_property
    def usual_pause(self) -> float:
        """The longest time in this run for which events waited, none left, and then some did; 0 if there was none.

        A longer one than outputs pause by themselves was a stall, and no reason to be patient with the next.
        """
        longest, begin = 0.0, self.run[0]
        for before, after in zip(self.run, self.run[1:]):
            if moved(before.stats, after.stats):
                if begin is not before and before.time - begin.time <= _LONGEST_PAUSE:
                    longest = max(longest, before.time - begin.time)
                begin = after
            elif not self.waits_at(before):
                begin = after
        return longest

    @cached_property
    def patience(self) -> float:
        """For how many seconds events may wait while nothing moves before that is a stall."""
        stats = self.last.stats
        pause = _LONGEST_PAUSE if any(output.partly_accepted for output in stats.outputs.values()) else self.usual_pause
        return max(
            SHORTEST_STALL, 2 * (stats.batch_delay or 0) / 1000, _PATIENCE * max(pause, self.usual_batch_seconds)
        )

    @cached_property
    def _clock_runs_within_batches(self) -> bool:
        release = self.last.sample.release
        return release is None or release >= (8, 7)

    @property
    def pace_is_unknown(self) -> bool:
        """Whether no batch was done with yet: then nobody can tell a slow one from one that hangs."""
        return not self.last.stats.events_filtered and not self.last.stats.events_out

    @property
    def worker_is_busy(self) -> bool:
        """Whether the clock of a worker went on while no event moved: it is within a plugin, and has not died."""
        first, last = self.still[0], self.last
        return (difference(first.stats.duration, last.stats.duration) or 0) >= 500 * (last.time - first.time) > 0

    @property
    def is_stuck(self) -> bool:
        """Whether events wait and nothing moved, for longer than a batch or a pause may take."""
        return self.still_for >= self.patience

    @cached_property
    def stuck_outputs(self) -> list[tuple[PluginStats, float]]:
        """Outputs that have events in hand and finished none, with the seconds, longest first."""
        found = []
        for plugin_id, output in self.last.stats.outputs.items():
            since = self.last.time
            for point in reversed(self.run[:-1]):
                earlier = point.stats.outputs.get(plugin_id)
                if not earlier or not earlier.held or earlier.events_out != output.events_out:
                    break
                if difference(earlier.counters.get("documents.successes"), output.counters.get("documents.successes")):
                    break
                since = point.time
            if output.held and self.last.time - since >= SHORTEST_STALL:
                found.append((output, self.last.time - since))
        return sorted(found, key=lambda each: (-each[1], -each[0].held))

    def per_second(self, name: str) -> float | None:
        """The rate of a counter of the pipeline between the last two samples; None if there is no such pair."""
        if self.before is None:
            return None
        change = difference(getattr(self.before.stats, name), getattr(self.last.stats, name))
        return None if change is None else change / (self.last.time - self.before.time)


@_REMEMBERED
def moved(before: PipelineStats, after: PipelineStats) -> bool:
    """Whether any event was filtered, went through a plugin, or left."""
    if before.progress == after.progress:
        return False
    known = before.progress
    return any(value > known.get(name, 0) for name, value in after.progress.items())


def difference(before: int | None, after: int | None) -> int | None:
    return None if before is None or after is None else after - before


def _began_anew(before: Point, after: Point) -> bool:
    a, b = before.sample, after.sample
    if _differ(a.node_id, b.node_id) or _differ(a.ephemeral_id, b.ephemeral_id):
        return True
    if _differ(before.stats.ephemeral_id, after.stats.ephemeral_id):
        return True
    if a.uptime is not None and b.uptime is not None and b.uptime < a.uptime:
        return True
    return _smaller(before.stats, after.stats)


@_REMEMBERED
def _smaller(before: PipelineStats, after: PipelineStats) -> bool:
    """Whether a counter that only grows got smaller."""
    now = after.growing
    return any(now.get(name, value) < value for name, value in before.growing.items())


def _differ(before: str, after: str) -> bool:
    return bool(before and after and before != after)


def _unfiltered(point: Point) -> int:
    """How many events came in and were neither filtered nor, as far as filters tell, dropped."""
    stats = point.stats
    if stats.events_in is None or stats.events_filtered is None:
        return 0
    rest = stats.events_in - stats.events_filtered
    if rest > 0 and _is_before_7(point):
        if not stats.outputs:
            return 0  # without its plugins, nobody can tell
        # They do not count dropped events as filtered.
        rest -= sum(plugin.held for plugin in stats.filters.values())
    return max(0, rest)


def _is_before_7(point: Point) -> bool:
    """Whether it is 5.x or 6.x. Without a version, only what no later release lacks tells."""
    release = point.sample.release
    return release < (7,) if release is not None else not point.stats.running


def _milliseconds_per_event(before: PipelineStats | None, after: PipelineStats, at_least: int) -> float | None:
    """The workers' time for an event between two samples (None: since the start), if enough events went through."""
    events, time = after.events_filtered, after.duration
    if before is not None:
        events, time = difference(before.events_filtered, events), difference(before.duration, time)
    if not events or not time or events < at_least / _SMALLEST_PROOF or time < 0:
        return None
    return time / events
