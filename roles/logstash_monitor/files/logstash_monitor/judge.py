"""Verdicts on pipelines: what a window of samples says of each, in a sentence with the numbers.

Several verdicts can be true at once. The gravest is given, in the order of ``GRAVITY``, and the reason has the
sentences of the others, too.

What no sample shows, no verdict says: an output such as ``http`` or ``tcp`` that gives an event up counts it as sent,
and an input that cannot bind its port looks like one that nobody sends to. Canaries and the log tell of those.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Callable, Union

from .errors import SampleError
from .progress import SHORTEST_STALL, Point, Progress, difference
from .samples import Health, PipelineStats, PluginStats, Sample
from .wording import count, duration, rate

Number = Union[int, float, None]

GRAVITY = (
    "gone",
    "crashed",
    "stalled",
    "losing",
    "old_configuration",
    "struggling",
    "restarted",
    "catching_up",
    "fine",
    "idle",
)
# For so long after a start of Logstash, a pipeline that is not there is one that has not come yet.
_STARTING_SECONDS = 60.0
# A restart is news for so many samples.
_SAMPLES_OF_A_RESTART = 2
# An empty dead letter queue has a byte or a few: the version of each segment. No event is as small as this.
_SMALLEST_DEAD_LETTER = 64
_REFUSED = ("documents.non_retryable_failures", "documents.dlq_routed")


@dataclass(frozen=True)
class Verdict:
    """What a pipeline does.

    ``numbers`` has, and None for what cannot be known:

    - ``in_per_second`` and ``out_per_second``, between the last two samples
    - ``waiting``: events, at least
    - ``queue_events``, ``queue_bytes``, and ``queue_share`` from 0 to 100, of a persistent queue
    - ``seconds_left``: until the queue is empty (catching up) or full (stalled)
    - ``lost``: events refused for good within the window; ``kept``: those of them that a dead letter queue took
    - ``dead_letters``: events that were written to the dead letter queue; where the output does not count them, 1
      stands for some
    """

    pipeline: str
    verdict: str
    reason: str
    numbers: Mapping[str, Number] = field(default_factory=dict)


def judge(samples: Sequence[Sample], declared: Collection[str] = ()) -> list[Verdict]:
    """A verdict for each pipeline of the samples, and for each of ``declared``, which should be there.

    :param samples: of one host, oldest first. A window of five minutes or more shows how long batches take.
    :raises SampleError: there are none, their times do not increase, or they are of two hosts.
    """
    _check(samples)
    answered = [sample for sample in samples if sample.reachable]
    names = dict.fromkeys(declared)
    for sample in answered:
        names.update(dict.fromkeys(name for name in chain(sample.pipelines, sample.health) if not name.startswith(".")))
    views = {name: _View(name, samples, answered) for name in names}
    for view in views.values():
        view.others = views
    return [view.verdict() for view in views.values()]


def _check(samples: Sequence[Sample]) -> None:
    if not samples:
        raise SampleError("there are no samples; expected one at least, and two to see progress")
    for number, (before, after) in enumerate(zip(samples, samples[1:]), start=2):
        if not after.time > before.time:
            raise SampleError(
                f"sample {number} is of {after.time:g} s, the one before it of {before.time:g} s; expected each to be "
                "later than the one before: order them by time"
            )
    latest: Sample | None = None
    for number, sample in enumerate(samples, start=1):
        if not sample.reachable:
            continue
        if latest is not None:
            _check_pair(latest, sample, number)
        latest = sample


def _check_pair(before: Sample, after: Sample, number: int) -> None:
    if _of_two_nodes(before, after):
        raise SampleError(
            f"sample {number} is of {_node_name(after)}, the one before it of {_node_name(before)}; expected samples "
            "of one host: judge each host by itself"
        )
    if before.uptime is None or after.uptime is None or before.ephemeral_id != after.ephemeral_id:
        return
    if before.ephemeral_id and after.uptime < before.uptime:
        raise SampleError(
            f"sample {number} was taken after {duration(after.uptime)} of uptime, the one before it after "
            f"{duration(before.uptime)} of the same process; expected the oldest first: order them by time"
        )


def _of_two_nodes(before: Sample, after: Sample) -> bool:
    """A host can get another name or, with an empty data directory, another id; but not both at once."""
    if before.node_id and before.node_id == after.node_id:
        return False
    elsewhere = _both_and_differ(before.node_id, after.node_id) and _both_and_differ(before.address, after.address)
    return elsewhere or _both_and_differ(before.host, after.host)


def _node_name(sample: Sample) -> str:
    return f'host "{sample.host}" (id {sample.node_id or "unknown"}, {sample.address or "address unknown"})'


def _both_and_differ(before: str, after: str) -> bool:
    return bool(before and after and before != after)


class _View:
    """A pipeline as the samples show it. Each check gives a sentence, or nothing if its verdict does not apply."""

    def __init__(self, pipeline: str, samples: Sequence[Sample], answered: Sequence[Sample]) -> None:
        self.pipeline = pipeline
        self.samples, self.answered = samples, answered
        self.progress = Progress(pipeline, answered)
        self.others: Mapping[str, _View] = {}
        self.seconds_left: Number = None
        self._found: dict[str, str] | None = None

    def verdict(self) -> Verdict:
        found = self.found
        word = next(word for word in GRAVITY if word in found)
        reason = " ".join(found[each] for each in GRAVITY if each in found)
        if not self.samples[-1].reachable and word not in ("gone",):
            reason += f" The node API did not answer the last time: {_clean(self.samples[-1].reason)}."
        causes = self._health_causes()
        if causes and causes not in reason:
            reason += f" The health report says: {causes}."
        return Verdict(self.pipeline, word, reason, self._numbers(word))

    def _health_causes(self) -> str:
        return "; ".join(map(_clean, self.health.causes))

    @property
    def found(self) -> dict[str, str]:
        """The verdicts that apply, each with its sentence."""
        if self._found is None:
            self._found = {}
            for word, check in _CHECKS:
                sentence = check(self)
                if sentence:
                    self._found[word] = sentence
                    if word in ("gone", "crashed"):
                        break  # nothing else is of interest
            if not self._found:
                word, sentence = self._flow()
                self._found[word] = sentence
        return self._found

    @property
    def here(self) -> bool:
        return bool(self.answered) and self.pipeline in self.answered[-1].pipelines

    @property
    def stats(self) -> PipelineStats:
        return self.progress.last.stats

    @property
    def health(self) -> Health:
        return self.answered[-1].health.get(self.pipeline, Health()) if self.answered else Health()

    @property
    def starting(self) -> bool:
        """Whether Logstash started so short a time ago that its pipelines need not be there yet."""
        if not self.answered:
            return False
        last = self.answered[-1]
        if last.uptime is not None and last.uptime < _STARTING_SECONDS:
            return True
        if self.health.state == "LOADING":
            return True
        for sample in reversed(self.answered):
            if _both_and_differ(sample.ephemeral_id, last.ephemeral_id):
                return True
            if last.time - sample.time >= _STARTING_SECONDS:
                return False
        return False

    # --- checks, the gravest first ---

    def gone(self) -> str:
        silent = self._silent_since()
        if silent is not None:
            seconds = self.samples[-1].time - silent
            return f"The node API has not answered for {duration(seconds)}: {_clean(self.samples[-1].reason)}."
        if not self.answered:
            return f"The node API did not answer, and nothing else is known: {_clean(self.samples[-1].reason)}."
        if self.health.state == "FINISHED":
            return "It has ended by itself: its inputs are closed, and their events processed (health report)."
        return "" if self.starting or self.health.state == "TERMINATED" else self._missing()

    def _missing(self) -> str:
        if self.here:
            return "It was removed: only the counters of its reloads are left." if self._is_removed() else ""
        if self.progress.points:
            ago = duration(self.answered[-1].time - self.progress.last.time)
            return f"It was there {ago} before the last answer, and is not any more: it was removed or failed to start."
        return "It is declared, and Logstash does not have it: its configuration is not there, or it failed to start."

    def _silent_since(self) -> float | None:
        """Since when the API has not answered, if at least the last two samples say so."""
        silent: list[float] = []
        for sample in reversed(self.samples):
            if sample.reachable:
                break
            silent.append(sample.time)
        return silent[-1] if len(silent) > 1 else None

    def _is_removed(self) -> bool:
        """Whether nothing but its name is left. So it is for a moment of each reload, too, but not twice in a row."""
        shells = [
            not (each.stats.running or each.stats.growing or each.stats.reload_error) for each in self.progress.points
        ]
        if all(shells):
            return any(other.growing for other in self.answered[-1].pipelines.values())
        return shells[-1] and (len(shells) < 3 or shells[-2])

    def crashed(self) -> str:
        if self.health.state == "TERMINATED":
            causes = self._health_causes() or "no cause is given"
            return f"It is not running any more (health report: {causes})."
        if not self.here or self.starting:
            return ""
        stats, before = self.stats, self.progress.before
        others_run = self._ran_elsewhere()
        nothing_in = not stats.events_in if others_run else stats.events_in is None
        if not stats.running and nothing_in and stats.reload_failures and stats.reload_error:
            return f'It did not start: "{stats.reload_error}".'
        just_moved = before is not None and self.progress.still[0] is self.progress.last
        if others_run and not stats.running and stats.growing and not just_moved:
            error = f' The last error is "{stats.reload_error}".' if stats.reload_error else ""
            waits = f", and {count(self.progress.waiting, 'event')} did not get out" if self.progress.waiting else ""
            return f"It is not among the pipelines that run, though its counters are still there{waits}.{error}"
        if self.progress.is_stuck and self._never_processed() and not self.progress.worker_is_busy:
            return (
                f"{count(stats.events_in or 0, 'event')} came in since its start, and none got to an output: "
                "its workers have ended."
            )
        return ""

    def _ran_elsewhere(self) -> bool:
        """Whether this Logstash names pipelines that run: this one earlier, or others now."""
        return any(point.stats.running for point in self.progress.points) or any(
            other.running for other in self.answered[-1].pipelines.values()
        )

    def _never_processed(self) -> bool:
        """Whether events came in, and no plugin has taken one since the start.

        In 5.x and 6.x, a worker that died in its first batch leaves that in a filter. From 7.3 on, such a pipeline is
        not among those that run; one that runs may be slow.
        """
        stats = self.stats
        plugins = [*stats.outputs.values(), *(stats.filters.values() if stats.running else ())]
        nothing_out = stats.events_filtered == 0 and stats.events_out == 0
        return bool(stats.events_in) and nothing_out and not any(plugin.events_in for plugin in plugins)

    def stalled(self) -> str:
        if not self.here or not self.progress.is_stuck:
            return ""
        seconds = duration(self.progress.still_for)
        sentence = f"{self._waiting()}, and none left for {seconds}"
        retries = self._retries(self.progress.still[0])
        sentence += f"; it is refused and tries again ({retries})" if retries else ""
        sentence += self._chain()
        if self.progress.pace_is_unknown:
            sentence += "; nothing is known of its pace, since it has finished no batch yet"
        sentence += f"; {self._until_full()}."
        return sentence

    def _waiting(self) -> str:
        events = count(self.progress.waiting, "event") + " wait" + "s" * (self.progress.waiting == 1)
        culprit = self.culprit
        if culprit is not None:
            part = "" if culprit.held >= self.progress.waiting else f", {culprit.held} of them"
            return f"{events}{part} in output {culprit}"
        holding = [plugin for plugin in self.stats.filters.values() if plugin.held]
        return f"{events} before or in filter {holding[-1]}" if holding else events

    @property
    def culprit(self) -> PluginStats | None:
        """The output that has had events in hand for the longest time, without finishing any."""
        stuck = self.progress.stuck_outputs
        return stuck[0][0] if stuck else None

    def _chain(self) -> str:
        """How this stall depends on other pipelines: which one waits for which."""
        cause = self._cause()
        if cause is not None:
            word = next(word for word in GRAVITY if word in cause.found)
            return f'; it waits for pipeline "{cause.pipeline}", which is {word}: the cause is there'
        if self.culprit is not None and self.culprit.name == "pipeline":
            address = ", ".join(sorted(self.culprit.addresses))
            return f"; no pipeline takes them at address {address}" if address and not self._downstream() else ""
        waiting = [
            f'"{other.pipeline}"' for other in self.others.values() if other is not self and other._cause() is self
        ]
        return (
            f"; pipeline {' and '.join(waiting)} {'waits' if len(waiting) == 1 else 'wait'} for it" if waiting else ""
        )

    def _cause(self) -> _View | None:
        """The pipeline at the end of the chain that this one sends to, if it is broken."""
        seen, view = {self.pipeline}, self
        while view.here and view.progress.is_stuck and view.culprit is not None and view.culprit.name == "pipeline":
            broken = [each for each in view._downstream() if each.pipeline not in seen and each.is_broken]
            if not broken:
                break
            view = broken[0]
            seen.add(view.pipeline)
        return view if view is not self else None

    def _downstream(self) -> list[_View]:
        """The pipelines that the output in hand sends to; where no addresses are given, all with such an input."""
        addresses = self.culprit.addresses if self.culprit is not None else frozenset()
        found = []
        for other in self.others.values():
            if other is self or not other.progress.points:
                continue
            doors = [plugin for plugin in other.stats.inputs.values() if plugin.name == "pipeline"]
            known = frozenset(chain.from_iterable(door.addresses for door in doors))
            if doors and (not addresses or not known or addresses & known):
                found.append(other)
        return found

    @property
    def is_broken(self) -> bool:
        return bool(self.gone() or self.crashed() or (self.here and self.progress.is_stuck))

    def _until_full(self) -> str:
        stats, still = self.stats, self.progress.still
        if not stats.persisted:
            return "its queue is in memory, so that its inputs wait, too"
        if stats.queue_bytes is None or not stats.queue_max_bytes:
            return "how full its queue is cannot be seen"
        if stats.queue_bytes >= stats.queue_max_bytes:
            self.seconds_left = 0
            return "its queue is full, and takes nothing more"
        full = self._full_in(still[0])
        if full is None:
            return "nothing comes in at present, so that its queue does not get fuller"
        self.seconds_left = round(full, 1)
        return f"at this rate of input the queue is full in {duration(full)}"

    def _full_in(self, begin: Point) -> float | None:
        """The seconds until the persistent queue is full, as it grew since a sample; None if it does not grow."""
        stats, per_second = self.stats, self._bytes_per_second(begin, self.progress.last)
        if stats.queue_bytes is None or not stats.queue_max_bytes or per_second <= 0:
            return None
        return max(0, stats.queue_max_bytes - stats.queue_bytes) / per_second

    def _bytes_per_second(self, begin: Point, end: Point) -> float:
        """How fast the queue grows. Its size may be 5 s old: then it is what events in it take on average."""
        seconds = end.time - begin.time
        came = difference(begin.stats.events_in, end.stats.events_in)
        grown = difference(begin.stats.queue_bytes, end.stats.queue_bytes) or 0
        if came == 0 or seconds <= 0:
            return 0.0
        if grown > 0:
            return grown / seconds
        size = (end.stats.queue_bytes or 0) / end.stats.queue_events if end.stats.queue_events else 0
        return (came or 0) * size / seconds

    def losing(self) -> str:
        lost, kept = self._lost()
        if not lost:
            return ""
        run = self.progress.run
        if self._unnamed_dead_letters():
            return "Its dead letter queue grew: events were refused for good, and are there."
        names = [str(output) for output in self.stats.outputs.values() if self._grown(output.id, _REFUSED)]
        where = f"Output {' and '.join(names)} refused" if names else "Its dead letter queue dropped"
        sentence = f"{where} {count(lost, 'event')} for good in {duration(run[-1].time - run[0].time)}"
        if kept:
            those = "them" if kept == lost else f"{kept} of them, and the others are lost"
            return f"{sentence}; the dead letter queue has {those}."
        dropped = difference(run[0].stats.dead_letters_dropped, run[-1].stats.dead_letters_dropped)
        if dropped:
            why = "since the dead letter queue is full"
        elif self.stats.dead_letter_bytes is None:
            why = "since dead letters are off"
        else:
            why = "and not in the dead letter queue"
        return f"{sentence}: they are lost, {why}."

    def _lost(self) -> tuple[int, int]:
        """Events refused for good in this run, and how many of them the dead letter queue has."""
        if not self.here:
            return 0, 0
        first, last = self.progress.run[0].stats, self.stats
        refused = sum(self._grown(output, _REFUSED) for output in last.outputs)
        dropped = max(0, difference(first.dead_letters_dropped, last.dead_letters_dropped) or 0)
        kept = 0
        if last.dead_letter_bytes is not None:
            kept = sum(self._grown(output, _REFUSED[1:]) for output in last.outputs)
            grown = (difference(first.dead_letter_bytes, last.dead_letter_bytes) or 0) > 0
            if grown or refused == sum(self._grown(output, _REFUSED, self.progress.before) for output in last.outputs):
                # Older releases of the output count them all alike, and the size of the queue is up to 10 s old.
                kept = refused
        if self._unnamed_dead_letters():
            return 1, 1
        return max(refused, dropped), max(0, kept - dropped)

    def _unnamed_dead_letters(self) -> bool:
        """Whether the dead letter queue grew and no output counts refusals, as outputs of 5.x and early 6.x do not."""
        first, last = self.progress.run[0].stats, self.stats
        grown = difference(first.dead_letter_bytes, last.dead_letter_bytes) or 0
        counts = any("documents.successes" in output.counters for output in last.outputs.values())
        dropped = difference(first.dead_letters_dropped, last.dead_letters_dropped)
        return grown >= _SMALLEST_DEAD_LETTER and not counts and not dropped

    def _grown(self, output: str, names: Sequence[str], begin: Point | None = None) -> int:
        """By how much counters of an output grew since a sample, the first of this run unless given."""
        first = (begin or self.progress.run[0]).stats.outputs.get(output)
        last = self.stats.outputs[output]
        if first is None:
            return 0
        return sum(max(0, last.counters.get(name, 0) - first.counters.get(name, 0)) for name in names)

    def old_configuration(self) -> str:
        if not self.here or (self.starting and not self.stats.running):
            return ""
        stats, first = self.stats, self.progress.run[0].stats
        if not stats.reload_failures:
            return ""
        if stats.reload_failed_at is not None:
            failed = stats.reload_succeeded_at is None or stats.reload_failed_at >= stats.reload_succeeded_at
        elif stats.reload_error:
            failed = stats.reload_succeeded_at is None
        else:
            failed = stats.reload_failures > first.reload_failures and stats.reload_successes == first.reload_successes
        if not failed:
            return ""
        error = f': "{stats.reload_error}"' if stats.reload_error else ""
        return f"Its last reload failed, so that an earlier configuration runs{error}."

    def struggling(self) -> str:
        if not self.here or self.progress.is_stuck:
            return ""
        sentences = []
        outputs = self.stats.outputs.values()
        retries = self._retries(self.progress.before)
        if retries:
            left = self.progress.per_second("events_out")
            moving = f", while {rate(left)} events a second leave" if left else ""
            sentences.append(f"It is refused and tries again ({retries}){moving}.")
        partly = [str(output) for output in outputs if output.partly_accepted]
        if partly and not retries:
            sentences.append(
                f"Output {' and '.join(partly)} had a part of its events refused, and pauses before it tries again."
            )
        for output, seconds in self.progress.stuck_outputs[:1]:
            if not partly and len(self.progress.still) == 1 and seconds > self.progress.patience:
                sentences.append(
                    f"Output {output} has had {count(output.held, 'event')} in hand for {duration(seconds)} "
                    "and finished none: it blocks the workers that wait for it, while others go on."
                )
        return " ".join(sentences)

    def _retries(self, before: Point | None) -> str:
        """What outputs counted as refused and tried again since an earlier sample, in words."""
        words: list[str] = []
        if before is None:
            return ""
        for output_id, output in self.stats.outputs.items():
            documents = self._grown(output_id, ["documents.retryable_failures"], before)
            failed = self._grown(output_id, ["bulk_requests.failures"], before)
            if not failed and not self._grown(output_id, _REFUSED, before):
                # Refusals for good make a request one with errors, too; they have a verdict of their own.
                failed = self._grown(output_id, ["bulk_requests.with_errors"], before)
            codes = {name.rpartition(".")[2]: name for name in output.counters if ".responses." in name}
            refused = {code: self._grown(output_id, [name], before) for code, name in codes.items() if code[:1] in "45"}
            parts = [count(documents, "document")] if documents else []
            parts += [count(failed, "request")] if failed else []
            parts += [f"{number} times status {code}" for code, number in sorted(refused.items()) if number]
            if parts:
                words.append(f"{output}: {', '.join(parts)} in {duration(self.progress.last.time - before.time)}")
        return "; ".join(words)

    def restarted(self) -> str:
        points, run = self.progress.points, self.progress.run
        if not self.answered:
            return ""
        if not self.here:
            return "Logstash was restarted, and this pipeline is not there yet." if self.starting else ""
        if len(run) == len(points) or len(run) > _SAMPLES_OF_A_RESTART:
            return ""
        before, after = points[-len(run) - 1], run[0]
        node = _both_and_differ(before.sample.ephemeral_id, after.sample.ephemeral_id) or (
            after.sample.uptime or 0.0
        ) < (before.sample.uptime or 0.0)
        what = "Logstash was restarted" if node else "It was restarted or reloaded"
        ago = self.samples[-1].time - after.time
        when = (
            f"{duration(ago)} to {duration(self.samples[-1].time - before.time)}"
            if ago
            else "less than " + duration(self.samples[-1].time - before.time)
        )
        return f"{what} {when} ago, and its counters began anew."

    def catching_up(self) -> str:
        if not self.here or self.progress.is_stuck or len(self.progress.run) < 2:
            return ""
        stats, events = self.stats, self.stats.queue_events
        left = self.progress.per_second("events_out") or 0.0
        if not events or events <= max(stats.batch_size or 0, 125, 2 * left):
            return ""
        if len(self.progress.still) > 1:
            return (
                f"{self._waiting()}, and none left for {duration(self.progress.still_for)}: no stall yet, since "
                f"{duration(self.progress.patience)} are usual here."
            )
        peak = max(self.progress.run, key=lambda point: (point.stats.queue_events or 0, point.time))
        drained = (peak.stats.queue_events or 0) - events
        came = self.progress.per_second("events_in") or 0.0
        sentence = f"{count(events, 'event')} wait in its queue, {rate(left)} a second leave and {rate(came)} come in"
        if drained <= 0:
            full = self._full_in(self.progress.run[0])
            until = f" and is full in {duration(full)}" if full else ""
            return f"{sentence}: the queue does not get shorter{until}."
        per_second = drained / (self.progress.last.time - peak.time)
        self.seconds_left = round(events / per_second, 1)
        return f"{sentence}; at this rate it is empty in {duration(events / per_second)}."

    def _flow(self) -> tuple[str, str]:
        """What there is to say if nothing is wrong."""
        if not self.here:
            return "restarted", "Logstash was started, and this pipeline is not there yet."
        points = self.progress.points
        if len(points) > 1 and not self.stats.growing and points[-2].stats.growing:
            return "restarted", "Its counters are not there: it is being reloaded, or was removed."
        return self._fine_or_idle() if len(self.progress.run) > 1 else self._one_sample()

    def _one_sample(self) -> tuple[str, str]:
        stats, waiting = self.stats, self.progress.waiting
        numbers = f"{stats.events_in or 0} in and {stats.events_out or 0} out since its start"
        waits = f", {count(waiting, 'event')} in work or in its queue" if waiting else ""
        word = "fine" if stats.events_in or stats.events_out or waiting else "idle"
        return word, f"There is one sample of it: {numbers}{waits}. A second one shows whether events move."

    def _fine_or_idle(self) -> tuple[str, str]:
        stats, progress = self.stats, self.progress
        seconds = duration(progress.last.time - progress.run[-2].time)
        came, left = (
            difference(getattr(progress.run[-2].stats, name), getattr(stats, name))
            for name in ("events_in", "events_out")
        )
        numbers = f"{_or_unknown(came)} in and {_or_unknown(left)} out in {seconds}"
        if len(progress.still) == 1:
            dropped = (
                " (filters dropped the others)"
                if came and left is not None and left < came and not progress.waiting
                else ""
            )
            return "fine", f"Events move: {numbers}{dropped}."
        if progress.waiting:
            usual = f", where {duration(progress.patience)} is usual" if progress.still_for >= SHORTEST_STALL else ""
            waits = f"{count(progress.waiting, 'event')} in work for {duration(progress.still_for)}"
            return "fine", f"No stall yet: {numbers}, {waits}{usual}."
        return "idle", f"Nothing comes in and nothing waits: {numbers}."

    # --- numbers ---

    def _numbers(self, word: str) -> dict[str, Number]:
        stats = self.stats if self.here else PipelineStats(self.pipeline)
        lost, kept = self._lost()
        share = None
        if stats.queue_bytes is not None and stats.queue_max_bytes:
            share = round(min(100.0, 100 * stats.queue_bytes / stats.queue_max_bytes), 2)
        return {
            "in_per_second": self._rate("events_in"),
            "out_per_second": self._rate("events_out"),
            "waiting": self.progress.waiting if self.here else None,
            "queue_events": stats.queue_events,
            "queue_bytes": stats.queue_bytes,
            "queue_share": share,
            "seconds_left": self.seconds_left if word in ("catching_up", "stalled") else None,
            "lost": lost if self.here and len(self.progress.run) > 1 else None,
            "kept": kept if self.here and len(self.progress.run) > 1 else None,
            "dead_letters": self._dead_letters(stats),
        }

    def _rate(self, name: str) -> Number:
        value = self.progress.per_second(name) if self.here else None
        return None if value is None else round(value, 6)

    @staticmethod
    def _dead_letters(stats: PipelineStats) -> int | None:
        if stats.dead_letter_bytes is None:
            return None
        if stats.dead_letter_bytes < _SMALLEST_DEAD_LETTER:
            return 0
        return max(1, sum(output.counters.get("documents.dlq_routed", 0) for output in stats.outputs.values()))


_CHECKS: tuple[tuple[str, Callable[[_View], str]], ...] = (
    ("gone", _View.gone),
    ("crashed", _View.crashed),
    ("stalled", _View.stalled),
    ("losing", _View.losing),
    ("old_configuration", _View.old_configuration),
    ("struggling", _View.struggling),
    ("restarted", _View.restarted),
    ("catching_up", _View.catching_up),
)


def _or_unknown(number: int | None) -> str:
    return "unknown" if number is None else str(number)


def _clean(text: str) -> str:
    return " ".join(text.split()).rstrip(".") or "no reason is given"
