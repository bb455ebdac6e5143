"""What CloudWatch's alarms do with given data, worked out in simulated time.

Facts, each with its page of https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/:

- An alarm with a period of a minute or more is evaluated every minute, over windows that end then; one with 10, 20 or
  30 seconds every 10 seconds; one that looks back more than a day every hour (alarm-evaluation.html).
- An evaluation retrieves more data points than N, and uses the treatment of missing data only where fewer than N of
  them are there (alarms-and-missing-data.html). How many more is not said; in all of its examples it is two.
- Actions run when the state changes, and only then, also from a new alarm's INSUFFICIENT_DATA (alarm-actions.html).
- Late data is seen from its arrival on, as long as it lies in the range that is retrieved.
- While its suppressor is in ALARM, a composite alarm takes no actions. It waits for the suppressor after each change of
  its own state, and after the suppressor has left ALARM; then it takes the actions of the state that it has by then
  (Create_Composite_Alarm_Suppression.html). So an OK can go out whose ALARM did not, as in that page's third example.
  The page does not say what happens where the state never changed; here, nothing is sent then.
"""

from __future__ import annotations

import math
import operator
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from . import expressions, rules
from .definitions import Alarm, Composite, Metric, Suppression
from .expressions import Points
from .series import Slot

MINUTE, HOUR, DAY = 60, 3600, 86400
# Data points that are retrieved beyond N; in the tables of alarms-and-missing-data.html 5 for N = 3.
MORE_POINTS = 2

BREACHES: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
OK, ALARM, INSUFFICIENT_DATA = rules.STATES

# Samples as (value, how many of it).
Samples = list[tuple[float, int]]


class AlarmEvaluationError(ValueError):
    """An alarm that cannot be evaluated; its text names it and says why."""


@dataclass(frozen=True, slots=True)
class Reported:
    """What was reported for one metric: the intervals of a series, ``every`` that many seconds, from second 0 on."""

    slots: Sequence[Slot]
    every: int


@dataclass(frozen=True, slots=True)
class Change:
    """An alarm's new state, seconds after the start."""

    at: int
    state: str


@dataclass(frozen=True)
class Course:
    """What an alarm did: the changes of its state and, of a metric alarm, the data points that it saw.

    ``actions`` are the changes that it took the actions of, in their order, if a suppressor had a say.
    """

    alarm: Alarm | Composite
    changes: list[Change]
    # (end of the period in seconds, value), one a period.
    points: list[tuple[int, float | None]] = field(default_factory=list)
    actions: list[Change] | None = None

    def state(self, at: int) -> str:
        """The state ``at`` seconds after the start; at the moment of a change, the new one."""
        before = bisect_right([change.at for change in self.changes], at)
        return self.changes[before - 1].state if before else INSUFFICIENT_DATA

    @property
    def notifications(self) -> list[str]:
        """The states that a message went out for, in their order, without the first OK of a new alarm."""
        receivers = {ALARM: self.alarm.alarm_actions, OK: self.alarm.ok_actions}
        acted = without_first_ok(self.changes) if self.actions is None else self.actions
        return [change.state for change in acted if receivers.get(change.state)]


def without_first_ok(changes: Sequence[Change]) -> Sequence[Change]:
    """The changes that say something: that a new alarm finds everything well does not."""
    return changes[1:] if changes and changes[0].state == OK else changes


def statistic(name: str) -> Callable[[Samples], float]:
    """The function that makes one data point of a period's samples.

    :raises AlarmEvaluationError: for a statistic that this evaluator does not know.
    """
    if name in _STATISTICS:
        return _STATISTICS[name]
    found = re.fullmatch(r"(p|tm)(\d{1,2}(?:\.\d{1,10})?|100)", name)
    if not found:
        raise AlarmEvaluationError(f"statistic {name}: expected one of {', '.join(_STATISTICS)}, pNN such as p99, tmNN")
    share = float(found[2]) / 100
    if found[1] == "p":
        return lambda samples: _percentile(samples, share)
    return lambda samples: _trimmed_mean(samples, share)


def _count(samples: Samples) -> float:
    return float(sum(count for _, count in samples))


def _sum(samples: Samples) -> float:
    return sum(value * count for value, count in samples)


def _percentile(samples: Samples, share: float) -> float:
    """The smallest value that at least this share of the samples does not exceed."""
    rank = max(1, math.ceil(share * _count(samples)))
    in_order = sorted(samples)
    ranks = accumulate(count for _, count in in_order)
    return next(value for (value, _), last in zip(in_order, ranks, strict=True) if last >= rank)


def _trimmed_mean(samples: Samples, share: float) -> float:
    """The mean without the highest values: tm90 leaves out the highest tenth of the samples."""
    left = kept = max(1, math.floor(share * _count(samples)))
    total = 0.0
    for value, count in sorted(samples):
        total += value * min(count, left)
        left -= min(count, left)
    return total / kept


_STATISTICS: dict[str, Callable[[Samples], float]] = {
    "Sum": _sum,
    "Average": lambda samples: _sum(samples) / _count(samples),
    "Minimum": lambda samples: min(value for value, _ in samples),
    "Maximum": lambda samples: max(value for value, _ in samples),
    "SampleCount": _count,
}


def judge(points: Points, alarm: Alarm, state: str) -> str:
    """The state that an evaluation finds.

    ``points`` are all data points that it retrieved, the oldest first, None for a missing one; ``state`` is the one so
    far.
    """
    breaches = BREACHES[alarm.comparison_operator]
    there = [breaches(one, alarm.threshold) for one in points if one is not None]
    needed, treatment = alarm.datapoints_to_alarm, alarm.treat_missing_data
    missing = alarm.evaluation_periods - len(there)
    if missing <= 0:
        return ALARM if sum(there[-alarm.evaluation_periods :]) >= needed else OK
    if treatment in ("breaching", "notBreaching"):
        filled = missing if treatment == "breaching" else 0
        return ALARM if sum(there) + filled >= needed else OK
    if sum(there) >= needed:
        return ALARM
    if not all(there):
        return OK
    if treatment == "ignore":
        return state
    # "Premature alarm state": nothing but breaching data points, the oldest of them at least M periods old.
    age = next((len(points) - at for at, one in enumerate(points) if one is not None), 0)
    return ALARM if age and age >= needed else INSUFFICIENT_DATA


class _Data:
    """One metric's data points as they are known at a moment that only moves forward."""

    def __init__(self, reported: Reported | None, metric: Metric, step: int) -> None:
        self.step, self.width = step, metric.period // step
        self.statistic = statistic(metric.statistic)
        self.buckets: dict[int, Samples] = {}
        self.points: dict[int, float | None] = {}
        late: list[tuple[int, int, Slot]] = []
        slots, every = (reported.slots, reported.every) if reported else ((), step)
        for number, slot in enumerate(slots):
            bucket = number * every // step
            if slot.late:
                late.append((bucket + 1 + -(-slot.late * every // step), bucket, slot))
            elif slot.samples:
                self.buckets.setdefault(bucket, []).extend(slot.samples)
        # The next one to arrive last: (when, where, what).
        self.late = sorted(late, key=lambda one: one[:2], reverse=True)

    def arrive(self, now: int) -> None:
        """Takes in what has arrived until step ``now``; periods with it count anew."""
        while self.late and self.late[-1][0] <= now:
            _, bucket, slot = self.late.pop()
            self.buckets.setdefault(bucket, []).extend(slot.samples)
            for end in range(bucket + 1, bucket + self.width + 1):
                self.points.pop(end, None)

    def point(self, end: int) -> float | None:
        """The data point of the period that ends at step ``end``."""
        if end not in self.points:
            samples = [one for at in range(end - self.width, end) for one in self.buckets.get(at, ())]
            self.points[end] = self.statistic(samples) if samples else None
        return self.points[end]


def run(alarm: Alarm, reported: Mapping[int, Reported], until: int, created: int = 0) -> Course:
    """What an alarm does from its creation ``until`` seconds after the start, with what was ``reported``.

    ``reported`` is by the position of the metric in ``alarm.metrics``. Data from before the creation counts, as
    CloudWatch's does.

    :raises AlarmEvaluationError: if its statistic, period or expression is none that this evaluator knows.
    """
    try:
        return _run(alarm, reported, until, created)
    except (AlarmEvaluationError, expressions.ExpressionError) as error:
        raise AlarmEvaluationError(f"alarm {alarm.name}: {error}") from None


def _run(alarm: Alarm, reported: Mapping[int, Reported], until: int, created: int) -> Course:
    period = alarm.period
    step = 10 if period in (10, 20, 30) else MINUTE
    if period % step or any(metric.period != period for metric in alarm.metrics):
        periods = ", ".join(str(metric.period) for metric in alarm.metrics)
        raise AlarmEvaluationError(
            f"period {periods}: expected 10, 20, 30 or a multiple of 60 seconds, for all metrics"
        )
    width, retrieved = period // step, alarm.evaluation_periods + MORE_POINTS
    expression = expressions.parse(alarm.expression, [one.id for one in alarm.metrics]) if alarm.expression else None
    data = [_Data(reported.get(at), metric, step) for at, metric in enumerate(alarm.metrics)]
    every = HOUR // step if period * alarm.evaluation_periods > DAY else 1
    computed: dict[tuple[Points, ...], Points] = {}

    def points(now: int) -> Points:
        ends = range(now - (retrieved - 1) * width, now + 1, width)
        found = tuple(tuple(map(one.point, ends)) for one in data)
        if not expression:
            return found[0]
        if found not in computed:
            by_id = {metric.id: one for metric, one in zip(alarm.metrics, found, strict=True)}
            computed[found] = expression(by_id, period)
        return computed[found]

    state, changes = INSUFFICIENT_DATA, []
    seen: dict[int, float | None] = {}
    for now in range(1, until // step + 1):
        for one in data:
            one.arrive(now)
        if now % every or now * step <= created:
            continue
        window = points(now)
        if now % width == 0:
            seen.update(zip(range(now - (retrieved - 1) * width, now + 1, width), window, strict=True))
        found = judge(window, alarm, state)
        if found != state:
            state = found
            changes.append(Change(now * step, state))
    return Course(alarm, changes, [(end * step, value) for end, value in sorted(seen.items()) if end > 0])


def combine(composite: Composite, others: Mapping[str, Course], until: int, created: int = 0) -> Course:
    """What a composite alarm does ``until`` seconds after the start, by the courses of all alarms that it depends on.

    :raises AlarmEvaluationError: if its rule cannot be read.
    """
    try:
        holds = rules.parse(composite.rule)
    except rules.RuleError as error:
        raise AlarmEvaluationError(f"alarm {composite.name}: {error}") from None
    state, changes = INSUFFICIENT_DATA, []
    members = [(name, others[name]) for name in composite.members]
    times = {change.at for _, course in members for change in course.changes}
    for at in sorted({created + MINUTE, *times}):
        found = ALARM if holds({name: course.state(at) for name, course in members}) else OK
        if found != state:
            state = found
            changes.append(Change(at, state))
    if not composite.suppression:
        return Course(composite, changes)
    suppressor = others[composite.suppression.alarm]
    return Course(composite, changes, actions=_not_suppressed(composite.suppression, changes, suppressor, until))


def _not_suppressed(
    suppression: Suppression, changes: Sequence[Change], suppressor: Course, until: int
) -> list[Change]:
    """The states of a composite alarm that it takes the actions of, and when, up to ``until``.

    A change at the very moment when a wait ends comes before its end.
    """
    acted: list[Change] = []
    own = {change.at: change.state for change in without_first_ok(changes)}
    held, ends = "", math.inf  # the state whose actions were not taken yet, and the end of the wait
    suppressed = False
    for at in sorted({*own, *(change.at for change in suppressor.changes)}):
        if held and ends < at:
            acted.append(Change(int(ends), held))
            held, ends = "", math.inf
        was, suppressed = suppressed, suppressor.state(at) == ALARM
        if at in own:
            held = own[at]
        if suppressed:
            ends = math.inf
        elif at in own:
            ends = at + suppression.wait_period
        elif was:
            ends = at + suppression.extension_period
    if held and ends <= until:
        acted.append(Change(int(ends), held))
    return acted


def in_order(alarms: Iterable[str], composites: Mapping[str, Composite]) -> list[str]:
    """The alarms, and before each composite those that its rule names, and its suppressor.

    :raises AlarmEvaluationError: where composites lead back to themselves.
    """
    found: list[str] = []

    def add(name: str, above: tuple[str, ...]) -> None:
        if name in above:
            raise AlarmEvaluationError(f"alarm {name}: it depends on itself by {' -> '.join((*above, name))}")
        for member in composites[name].depends_on if name in composites else ():
            add(member, (*above, name))
        if name not in found:
            found.append(name)

    for name in alarms:
        add(name, ())
    return found
