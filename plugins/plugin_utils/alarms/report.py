"""The report of a run of alarm tests, as a terminal shows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from . import chart
from .definitions import Alarm, Composite
from .test_files import duration
from .test_runs import Failure, Outcome


def lines(outcomes: Sequence[Outcome], lacking: Mapping[str, Sequence[str]], alarms: int) -> Iterator[str]:
    """Each test, what failed in it with a chart, the alarms that lack tests, and a summary."""
    for file, of_file in groupby(outcomes, key=lambda outcome: outcome.test.file):
        yield file
        for outcome in of_file:
            word = "left out" if outcome.left_out else "FAILED" if outcome.failures else "passed"
            why = f" ({outcome.left_out})" if outcome.left_out else ""
            yield f"  {word:8}  {outcome.test.name}{why}"
            for failure in outcome.failures:
                yield from _failure(outcome, failure)
    if lacking:
        yield ""
        yield "Alarms that lack tests"
        yield from (f"  {name} needs {', '.join(kinds)}" for name, kinds in lacking.items())
    yield ""
    yield summary(outcomes, lacking, alarms)


def summary(outcomes: Sequence[Outcome], lacking: Mapping[str, Sequence[str]], alarms: int) -> str:
    """One line: how many tests passed, failed and were left out, and how many alarms lack tests."""
    failed = sum(1 for outcome in outcomes if outcome.failures)
    left_out = sum(1 for outcome in outcomes if outcome.left_out)
    counts = [f"{len(outcomes) - failed - left_out} passed", f"{failed} failed"]
    if left_out:
        counts.append(f"{left_out} left out")
    covered = f"{alarms - len(lacking)} of {alarms} alarms have every kind of test"
    return f"{len(outcomes)} tests: {', '.join(counts)}; {covered}"


def _failure(outcome: Outcome, failure: Failure) -> Iterator[str]:
    course, test = outcome.courses[failure.alarm], outcome.test
    yield f"      {test.file}:{failure.line}: {failure.alarm}: expected {failure.expected}, seen {failure.seen}"
    yield f"      {_described(course.alarm)}"
    for given in test.series:
        if isinstance(course.alarm, Alarm) and any(given.matches(failure.alarm, one) for one in course.alarm.metrics):
            yield f"      series: {given.text} (line {given.line})"
    yield from (f"  {line}".rstrip() for line in chart.draw(course, marked=failure.at, start=test.start))
    shown = [f"{change.state} at {duration(change.at)}" for change in course.changes]
    more = f" and {len(shown) - 10} more" if len(shown) > 10 else ""
    yield f"      states: {', '.join(shown[:10]) or 'none but INSUFFICIENT_DATA'}{more}"


def _described(alarm: Alarm | Composite) -> str:
    """An alarm's condition in a line."""
    if isinstance(alarm, Composite):
        return f"ALARM when {' '.join(alarm.rule.split())}"
    what = alarm.expression or f"{alarm.metrics[0].statistic} of {alarm.metrics[0].metric}"
    return (
        f"ALARM when {what} is {alarm.comparison_operator} {alarm.threshold:g} in {alarm.datapoints_to_alarm} of "
        f"{alarm.evaluation_periods} periods of {alarm.period} s, missing data {alarm.treat_missing_data}"
    )
