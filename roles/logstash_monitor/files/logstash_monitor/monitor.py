"""The loop: it looks at the node API, has the samples judged, and keeps what the endpoints tell.

What is slow is elsewhere: canaries and CloudWatch have threads of their own, and a look has a deadline.
"""

from __future__ import annotations

import collections
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from . import host_files, judge, minutes, samples
from .canaries import DROP_FILTER, Canaries, Count, InputState
from .clock import Clock, following
from .cloudwatch import Publisher
from .config import Config, Input
from .errors import NodeApiError, SampleError
from .history import History
from .host_files import NO_DEPLOYMENTS, Deployments, Live
from .judge import Verdict
from .minutes import Minutes
from .node_api import Answer
from .readiness import Readiness, Standing, decide
from .restart_request import RestartRequests
from .samples import Sample

# How long samples are judged together: the more, the surer about slow batches.
WINDOW_SECONDS = 600.0
# The loop shows systemd that it lives at least so often; the unit's WatchdogSec is three times that.
PULSE_SECONDS = 10.0
_LEAST_PAUSE, _PAUSE_AFTER_FAULT = 0.01, 5.0
DRAINED = "drained"

_log = logging.getLogger(__name__)


class Looks(Protocol):
    """What the loop needs of :class:`node_api.NodeApi`."""

    def look(self) -> Answer: ...


@dataclass(frozen=True)
class View:
    """What is known at one moment. Times are monotonic.

    ``looked`` is when the last look began, ``answered`` that of the last one with an answer, and ``unreachable`` why
    the last look had none. ``sample`` is the last with an answer; ``verdicts`` and ``standings`` are in one order.
    """

    looked: float | None = None
    answered: float | None = None
    unreachable: str = ""
    sample: Sample | None = None
    verdicts: tuple[Verdict, ...] = ()
    standings: tuple[Standing, ...] = ()
    deployments: Deployments = NO_DEPLOYMENTS

    @property
    def reachable(self) -> bool:
        """Whether the last look had an answer."""
        return self.looked is not None and self.looked == self.answered


class Monitor:
    """:param api: looked at once an interval.
    :param publisher: gets each minute's data; None without CloudWatch.
    :param requests: asks for restarts; None where they are off.
    """

    def __init__(  # noqa: PLR0913 - all that waits or is outside
        self,
        config: Config,
        api: Looks,
        canaries: Canaries,
        history: History,
        clock: Clock,
        *,
        publisher: Publisher | None = None,
        requests: RestartRequests | None = None,
    ) -> None:
        self.config, self.canaries, self.history, self.publisher = config, canaries, history, publisher
        self._api, self._clock, self._requests = api, clock, requests
        self._journal = host_files.journal(config.journal)
        self._record = host_files.record(config.record)
        self._live = Live()
        self._window: collections.deque[Sample] = collections.deque()
        self._minutes = Minutes()
        self._due = clock.monotonic()
        self.declared: tuple[str, ...] = config.pipelines
        # Replaced as a whole, so that other threads see one moment.
        self.view = View()

    def run(self, wait: Callable[[float], bool], pulse: Callable[[], None] = lambda: None) -> None:
        """Goes on until ``wait``, which takes seconds, says to stop. ``pulse`` is called while it goes on."""
        while True:
            least = _LEAST_PAUSE
            try:
                self.tick()
            except Exception:
                # A fault of this program must not end the looks. One that stays is in the log each time.
                _log.exception("This look failed")
                least = _PAUSE_AFTER_FAULT
            pulse()
            now = self._clock.monotonic()
            minute_left = minutes.MINUTE - self._clock.wall() % minutes.MINUTE
            due = min(self._due, self.canaries.next_due()) - now
            if wait(max(least, min(due, minute_left, PULSE_SECONDS))):
                return

    def tick(self) -> None:
        """Does what is due."""
        self._close_minutes()
        self.canaries.tick()
        now = self._clock.monotonic()
        if now >= self._due:
            self._due = following(self._due, self.config.interval, now)
            self.look()

    def look(self) -> None:
        """Takes a sample, and has the last ones judged."""
        now = self._clock.monotonic()
        before = self.view
        self._leave_out()
        sample = self._sample(now)
        if sample.reachable and not before.sample:
            _log.info("Logstash %s answers", sample.version)
        self._window.append(sample)
        while self._window[0].time < now - WINDOW_SECONDS:
            self._window.popleft()
        verdicts = self._judge(list(self._window))
        self.view = View(
            looked=now,
            answered=now if sample.reachable else before.answered,
            unreachable="" if sample.reachable else sample.reason,
            sample=sample if sample.reachable else before.sample,
            verdicts=verdicts,
            standings=_standings(verdicts, before.standings, now),
            deployments=self._journal.read(),
        )
        self._minutes.add(
            verdicts,
            lost=self._lost(before.sample, sample),
            heap=sample.heap_share if sample.reachable else None,
            canary_age=oldest_canary(self.canaries.states(), self._clock.monotonic()),
        )
        if self._requests is not None:
            self._requests.consider(self.view.standings, sample.reachable, now, self._clock.wall())

    def readiness(self) -> Readiness:
        """Whether the host is ready, as of this moment. Called from other threads."""
        view = self.view
        return decide(
            now=self._clock.monotonic(),
            max_age=self.config.canary.max_age,
            inputs=self.canaries.states(),
            standings=view.standings,
            declared=self.declared,
            answered=view.answered,
            unreachable=view.unreachable,
            drained=self.drained(),
        )

    def drained(self) -> bool:
        """Whether the host is out of its load balancer on purpose, as of this moment."""
        return drained(self.config.state)

    def _leave_out(self) -> None:
        """What the live configuration does not have is not missing: after a rollback, it is an older one."""
        live = self._record.read()
        if live == self._live:
            return
        self._live = live
        config = self.config
        self.declared = tuple(one for one in config.pipelines if live.pipelines is None or one in live.pipelines)
        inputs = [
            one.name
            for one in config.inputs
            if one.pipeline in self.declared and (live.ports is None or one.port in live.ports)
        ]
        self.canaries.only(inputs)
        left_out = [*(set(config.pipelines) - set(self.declared)), *({one.name for one in config.inputs} - set(inputs))]
        if left_out:
            _log.warning("Not in the live configuration, and not looked at: %s", ", ".join(sorted(left_out)))

    def _sample(self, now: float) -> Sample:
        try:
            answer = self._api.look()
            return samples.read(answer.stats, now, answer.health)
        except (NodeApiError, SampleError) as error:
            return samples.unreachable(now, error.message)

    def _judge(self, window: Sequence[Sample]) -> tuple[Verdict, ...]:
        try:
            return tuple(judge.judge(window, self.declared))
        except SampleError as error:
            # Of another host, or of another form than before: judged from here on.
            _log.warning("%s The samples before this one are left out.", error)
            self._window = collections.deque(window[-1:])
            return tuple(judge.judge(window[-1:], self.declared))

    def _lost(self, before: Sample | None, now: Sample) -> int:
        """How many events were refused for good since the last answer, and no dead letter queue took."""
        if not before or not now.reachable:
            return 0
        try:
            verdicts = judge.judge([before, now])
        except SampleError:
            return 0
        numbers = [one.numbers for one in verdicts]
        return sum(max(0, int((one.get("lost") or 0) - (one.get("kept") or 0))) for one in numbers)

    def _close_minutes(self) -> None:
        for minute in self._minutes.close(self._clock.wall()):
            if minute.verdicts:
                self.history.add(minute.start, minute.point())
            if self.publisher is not None:
                config = self.config
                self.publisher.offer(
                    minutes.data(minute, self._minutes.lowest_heap(), config.environment, config.layer, config.host)
                )


def drained(state: Path) -> bool:
    """Whether the file is there that takes a host out of its load balancer."""
    return (state / DRAINED).exists()


def oldest_canary(states: Sequence[InputState], now: float) -> float | None:
    """The age of the input whose canary passed the longest ago; it grows while Logstash is dead."""
    return max((now - one.since for one in states), default=None)


def count(stats: object, target: Input) -> Count:
    """What ``_node/stats`` says of an input.

    :raises SampleError: it is not what the node API gives.
    """
    sample = samples.read(stats, 0)
    pipeline = sample.pipelines.get(target.pipeline)
    if not pipeline:
        return Count(sample.ephemeral_id, None, False)
    counter = pipeline.inputs.get(target.name)
    # A pipeline that was reloaded counts anew, in the same process.
    process = f"{sample.ephemeral_id} {pipeline.ephemeral_id}"
    return Count(process, counter.events_out if counter else None, DROP_FILTER in pipeline.filters)


def _standings(verdicts: Sequence[Verdict], before: Sequence[Standing], now: float) -> tuple[Standing, ...]:
    known = {one.pipeline: one for one in before}
    found = []
    for one in verdicts:
        last = known.get(one.pipeline)
        if last and last.verdict == one.verdict:
            found.append(Standing(one.pipeline, one.verdict, one.reason, last.since, last.times + 1))
        else:
            found.append(Standing(one.pipeline, one.verdict, one.reason, now, 1))
            if last or one.verdict not in ("fine", "idle"):
                _log.info("Pipeline %s: %s. %s", one.pipeline, one.verdict, one.reason)
    return tuple(found)
