"""Runs tests of alarms against the alarms of an environment, and says which alarms lack tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from . import definitions, evaluator
from .alarm_test_files import AlarmTest, AlarmTestsError, duration
from .definitions import Alarm, Composite, Metric
from .evaluator import ALARM, Course


@dataclass(frozen=True)
class Failure:
    """An expectation that did not hold. ``at`` is the time to look at, in seconds, where there is one."""

    alarm: str
    line: int
    expected: str
    seen: str
    at: int | None


@dataclass(frozen=True)
class Outcome:
    """What became of a test: its failures, and the courses of the alarms in it."""

    test: AlarmTest
    courses: Mapping[str, Course]
    failures: list[Failure] = field(default_factory=list)
    # Why it did not run, where none of its alarms is enabled in the environment.
    left_out: str = ""


class Environment:
    """The alarms of an environment, changed for a test or as they are."""

    def __init__(self, entries: Sequence[Mapping[str, Any]], changes: Mapping[str, Mapping[str, Any]]) -> None:
        self.entries, self.changes = list(entries), dict(changes)
        self.read = definitions.read(self.entries, self.changes)

    @cached_property
    def alarms(self) -> dict[str, Alarm | Composite]:
        alarms: list[Alarm | Composite] = [*self.read.alarms, *self.read.composites]
        return {one.name: one for one in alarms}

    @cached_property
    def all_metrics(self) -> list[tuple[str, Metric]]:
        """The metrics with their alarms' names, those that are not enabled among them."""
        found = []
        for entry in self.entries:
            name = str(entry.get("name"))
            given = {**entry, **self.changes.get(name, {})}
            for one in [given, *(given.get("metrics") or {}).values()]:
                dimensions = {str(key): str(value) for key, value in (one.get("dimensions") or {}).items()}
                metric = Metric(str(one.get("namespace")), str(one.get("metric")), dimensions, "", 0)
                found.append((name, metric))
        return found

    @cached_property
    def composites(self) -> dict[str, Composite]:
        return {one.name: one for one in self.read.composites}

    @cached_property
    def names(self) -> set[str]:
        """The names of all entries, those that are not enabled among them."""
        return {str(entry.get("name")) for entry in self.entries}

    def changed(self, changes: Mapping[str, Mapping[str, Any]]) -> Environment:
        """The same with some keys of some alarms changed."""
        if not changes:
            return self
        merged = {name: {**self.changes.get(name, {}), **own} for name, own in changes.items()}
        return Environment(self.entries, {**self.changes, **merged})

    def metrics(self, name: str) -> list[tuple[str, Metric]]:
        """The metrics of an alarm, or of the alarms that it depends on, with those alarms' names."""
        found: list[tuple[str, Metric]] = []
        for member in evaluator.in_order([name], self.composites):
            one = self.alarms.get(member)
            found += [(member, metric) for metric in one.metrics] if isinstance(one, Alarm) else []
        return found


def run(test: AlarmTest, environment: Environment) -> Outcome:
    """Evaluates a test's alarms.

    :raises AlarmTestsError: where a change makes a definition wrong, or a series and an alarm do not meet.
    """
    changed = environment.changed(test.changes)
    enabled = [name for name in test.alarms if name in changed.alarms and not _lost_its_series(name, test, changed)]
    missing = [name for name in test.needs if name not in changed.alarms]
    if (missing or not enabled) and not changed.read.faults:
        # A composite alarm that is enabled has lost the members that this test is about.
        absent = missing or [name for name in test.alarms if name not in changed.alarms] or test.alarms
        return Outcome(test, {}, left_out=f"not enabled here: {', '.join(absent)}")
    faults = [f"{one.alarm}.{one.key} is {one.value!r}, expected {one.expected}" for one in changed.read.faults]
    if not faults:
        faults = list(_unmatched(test, enabled, changed))
    if faults:
        raise AlarmTestsError([f"{test.place}: {fault}" for fault in faults])
    courses: dict[str, Course] = {}
    try:
        for name in evaluator.in_order(enabled, changed.composites):
            alarm = changed.alarms[name]
            if isinstance(alarm, Alarm):
                # Without a series it is a member of a composite alarm that has no part in this test.
                reported = _reported(test, alarm)
                found = evaluator.run(alarm, reported, test.until, test.created) if reported else Course(alarm, [])
                courses[name] = found
            else:
                courses[name] = evaluator.combine(alarm, courses, test.until, test.created)
    except evaluator.AlarmEvaluationError as error:
        raise AlarmTestsError([f"{test.place}: {error}"]) from None
    return Outcome(test, courses, list(_failures(test, courses)))


def _lost_its_series(name: str, test: AlarmTest, environment: Environment) -> bool:
    """Whether a test has series only for alarms of a composite's rule that are not enabled."""
    rules = [str(entry.get("rule", "")) for entry in environment.entries if entry.get("name") == name]
    gone = {member for rule in rules for member in definitions.named_in(rule)} - environment.alarms.keys()
    metrics = environment.all_metrics
    with_series = {alarm for alarm, metric in metrics if any(one.matches(alarm, metric) for one in test.series)}
    return bool(gone & with_series) and not with_series.intersection(evaluator.in_order([name], environment.composites))


def _reported(test: AlarmTest, alarm: Alarm) -> dict[int, evaluator.Reported]:
    return {
        at: evaluator.Reported(given.slots, given.every)
        for at, metric in enumerate(alarm.metrics)
        for given in test.series
        if given.matches(alarm.name, metric)
    }


def _unmatched(test: AlarmTest, enabled: Sequence[str], environment: Environment) -> Iterator[str]:
    """Series for no metric, metrics with two series, and alarms without any: most often a slip in a name."""
    for name in enabled:
        try:
            members = evaluator.in_order([name], environment.composites)
        except evaluator.AlarmEvaluationError as error:
            yield str(error)
            return
        for member in members:
            if member not in environment.alarms:
                yield f"{name} depends on {member}, which is no enabled alarm"
                return
        metrics = environment.metrics(name)
        for metric in metrics:
            lines = [given.line for given in test.series if given.matches(*metric)]
            if len(lines) > 1:
                both = " and ".join(map(str, lines))
                yield f"lines {both} both have values for {metric[1].metric} of {metric[0]}, expected one of them"
        if not any(given.matches(*metric) for given in test.series for metric in metrics):
            names = ", ".join(dict.fromkeys(f"{metric.namespace} {metric.metric}" for _, metric in metrics))
            yield f"no series is for alarm {name}, expected one of {names}; for one without data, values: _x10"
    for given in test.series:
        if not any(given.matches(*metric) for metric in environment.all_metrics):
            yield f"line {given.line}: {given.text} is the metric of no alarm"


def _failures(test: AlarmTest, courses: Mapping[str, Course]) -> Iterator[Failure]:
    """What did not hold, of the alarms that are enabled."""
    for one in test.expect:
        if one.alarm in courses and (seen := courses[one.alarm].state(one.at or 0)) != one.state:
            yield Failure(one.alarm, one.line, f"{one.state} at {duration(one.at or 0)}", seen, one.at)
    for one in test.never:
        changes = courses[one.alarm].changes if one.alarm in courses else []
        at = next((change.at for change in changes if change.state == one.state), None)
        if at is not None:
            yield Failure(one.alarm, one.line, f"never {one.state}", f"{one.state} at {duration(at)}", at)
    for name, (states, line) in test.notifications.items():
        if name in courses and (sent := courses[name].notifications) != states:
            yield Failure(name, line, f"messages {_listed(states)}", _listed(sent), None)


def _listed(states: Sequence[str]) -> str:
    return ", ".join(states) or "none"


# What each alarm needs.
RINGS, NOISE, GAPS = "a test in which it goes to ALARM", "a noisy one in which it stays silent", "one with gaps"


def coverage(outcomes: Sequence[Outcome], environment: Environment) -> dict[str, list[str]]:
    """The enabled alarms that lack tests, each with what it lacks: RINGS, NOISE, GAPS."""
    lacking = {name: dict.fromkeys((RINGS, NOISE, GAPS)) for name in environment.alarms}
    for outcome in outcomes:
        for kind, name in _covered(outcome, environment):
            lacking[name].pop(kind, None)
    return {name: list(kinds) for name, kinds in lacking.items() if kinds}


def _covered(outcome: Outcome, environment: Environment) -> Iterator[tuple[str, str]]:
    test = outcome.test
    failed = {failure.alarm for failure in outcome.failures}
    for name in test.alarms:
        # A test of another definition says nothing of this one.
        if name in failed or name in test.changes or name not in environment.alarms or name not in outcome.courses:
            continue
        if any(one.alarm == name and one.state == ALARM for one in test.expect):
            yield RINGS, name
        if test.noisy and all(change.state != ALARM for change in outcome.courses[name].changes):
            yield NOISE, name
        metrics = environment.metrics(name)
        if any(given.has_gaps and given.matches(*metric) for given in test.series for metric in metrics):
            yield GAPS, name
