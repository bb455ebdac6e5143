"""The report of a run of alarm tests, as a terminal shows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from . import chart
from .alarm_test_files import duration
from .alarm_test_runs import Failure, Outcome
from .definitions import Alarm, Composite


def lines(outcomes: Sequence[Outcome], lacking: Mapping[str, Sequence[str]] | None, alarms: int) -> Iterator[str]:
    """Each test, what failed in it with a chart, the alarms that lack tests, and a summary.

    ``lacking`` is None where it was not asked for.
    """
    for file, of_file in groupby(outcomes, key=lambda outcome: outcome.test.file):
        yield file
        for outcome in of_file:
            word = "left out" if outcome.left_out else "FAILED" if outcome.failures else "passed"
            why = f" ({outcome.left_out})" if outcome.left_out else ""
            yield f"  {word:8}  {outcome.test.name}{why}"
            for alarm, failures in groupby(sorted(outcome.failures, key=_alarm), key=_alarm):
                yield from _failed(outcome, alarm, list(failures))
    if lacking:
        yield ""
        yield "Alarms that lack tests"
        yield from (f"  {name} needs {', '.join(kinds)}" for name, kinds in lacking.items())
    yield ""
    yield summary(outcomes, lacking, alarms)


def summary(outcomes: Sequence[Outcome], lacking: Mapping[str, Sequence[str]] | None, alarms: int) -> str:
    """One line: how many tests passed, failed and were left out, and how many alarms lack tests."""
    failed = sum(1 for outcome in outcomes if outcome.failures)
    left_out = sum(1 for outcome in outcomes if outcome.left_out)
    counts = [f"{len(outcomes) - failed - left_out} passed", f"{failed} failed"]
    if left_out:
        counts.append(f"{left_out} left out")
    said = f"{len(outcomes)} {'test' if len(outcomes) == 1 else 'tests'}: {', '.join(counts)}"
    return said if lacking is None else f"{said}; {alarms - len(lacking)} of {alarms} alarms have every kind of test"


def _alarm(failure: Failure) -> str:
    return failure.alarm


def _failed(outcome: Outcome, name: str, failures: Sequence[Failure]) -> Iterator[str]:
    """What was expected of an alarm and what it did instead, with a chart that marks the first of these times."""
    course, test = outcome.courses[name], outcome.test
    for failure in failures:
        yield f"      {test.file}:{failure.line}: {name}: expected {failure.expected}, seen {failure.seen}"
    yield f"      {_described(course.alarm)}"
    for given in test.series:
        if isinstance(course.alarm, Alarm) and any(given.matches(name, one) for one in course.alarm.metrics):
            yield f"      series: {given.text} (line {given.line})"
    marked = next((failure.at for failure in failures if failure.at is not None), None)
    yield from (f"  {line}".rstrip() for line in chart.draw(course, test.until, marked=marked, start=test.start))
    shown = [f"{change.state} at {duration(change.at)}" for change in course.changes]
    more = f" and {len(shown) - 10} more" if len(shown) > 10 else ""
    yield f"      states: {', '.join(shown[:10]) or 'INSUFFICIENT_DATA all the time'}{more}"


def _described(alarm: Alarm | Composite) -> str:
    """An alarm's condition in a line."""
    if isinstance(alarm, Composite):
        held = f", no messages while {alarm.suppression.alarm} is in ALARM" if alarm.suppression else ""
        return f"ALARM when {' '.join(alarm.rule.split())}{held}"
    what = alarm.expression or f"{alarm.metrics[0].statistic} of {alarm.metrics[0].metric}"
    return (
        f"ALARM when {what} is {alarm.comparison_operator} {alarm.threshold:g} in {alarm.datapoints_to_alarm} of "
        f"{alarm.evaluation_periods} periods of {alarm.period} s, missing data {alarm.treat_missing_data}"
    )
