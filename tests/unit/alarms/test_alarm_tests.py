"""Test files of alarms: what they may say, what is refused, and what is reported."""

from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.alarms import alarm_test_files, alarm_test_runs, chart, report
from ansible_collections.elk.deploy.plugins.plugin_utils.alarms.alarm_test_files import AlarmTestsError
from ansible_collections.elk.deploy.plugins.plugin_utils.alarms.alarm_test_runs import GAPS, NOISE, RINGS

WORDS = {"what_broke": "It.", "what_to_do": "Mend it.", "runbook": "docs/x.md"}
THRESHOLD = {"comparison_operator": "GreaterThanThreshold", "treat_missing_data": "notBreaching", "period": 60}
ERRORS: dict[str, Any] = {
    **WORDS,
    **THRESHOLD,
    "name": "broker-connection-errors",
    "namespace": "AWS/ELB",
    "metric": "BackendConnectionErrors",
    "dimensions": {"LoadBalancerName": "broker"},
    "statistic": "Sum",
    "threshold": 100,
    "evaluation_periods": 5,
}
DEPTH = {
    **WORDS,
    **THRESHOLD,
    "name": "failed-events",
    "namespace": "AWS/SQS",
    "metric": "ApproximateNumberOfMessagesVisible",
    "statistic": "Maximum",
    "threshold": 0,
    "evaluation_periods": 1,
    "treat_missing_data": "ignore",
}
OFF = {**DEPTH, "name": "switched-off", "metric": "ApproximateAgeOfOldestMessage", "enabled": False}
TOP = {**WORDS, "name": "broker-down", "rule": "ALARM(broker-connection-errors) OR ALARM(failed-events)"}
ALARMS = [ERRORS, DEPTH, OFF, TOP]

SERIES = 'series: [{namespace: AWS/ELB, metric: BackendConnectionErrors, values: "%s"}]'
STORY = """\
tests:
  - name: The broker refuses connections for two days
    series: [{namespace: AWS/ELB, metric: BackendConnectionErrors, values: "0x10 (1x300)x2880 0x10"}]
    expect:
      - {at: 4m, alarm: broker-connection-errors, state: OK}
      - {at: 15m, alarm: broker-connection-errors, state: ALARM}
    notifications: {broker-connection-errors: [ALARM, OK]}
  - name: With Maximum, nobody hears of it
    series: [{namespace: AWS/ELB, metric: BackendConnectionErrors, values: "0x10 (1x300)x2880 0x10"}]
    changes: {broker-connection-errors: {statistic: Maximum}}
    never: [{alarm: broker-connection-errors, state: ALARM}]
"""


def environment(alarms: Any = None, changes: Any = None) -> alarm_test_runs.Environment:
    return alarm_test_runs.Environment(alarms or ALARMS, changes or {})


def run(folder: Path, text: str, alarms: Any = None, changes: Any = None) -> list[alarm_test_runs.Outcome]:
    file = folder / "broker.yml"
    file.write_text(text, encoding="utf-8")
    there = environment(alarms, changes)
    return [alarm_test_runs.run(test, there) for test in alarm_test_files.load([file], there.names, folder)]


def one_test(body: str, series: str = SERIES % "0x10 (1x300)x10") -> str:
    """A file with one test, whose body begins in line 4."""
    lines = ["tests:", "  - name: one", f"    {series}", *(f"    {line}" for line in dedent(body).strip().splitlines())]
    return "\n".join(lines) + "\n"


def faults(folder: Path, text: str) -> list[str]:
    with pytest.raises(AlarmTestsError) as error:
        run(folder, text)
    return error.value.faults


def text_of(outcomes: list[alarm_test_runs.Outcome], there: alarm_test_runs.Environment | None = None) -> str:
    there = there or environment()
    return "\n".join(report.lines(outcomes, alarm_test_runs.coverage(outcomes, there), len(there.alarms)))


def test_the_story_and_the_statistic_that_stays_silent(tmp_path: Path) -> None:
    assert [outcome.failures for outcome in run(tmp_path, STORY)] == [[], []]


def test_the_wrong_statistic_in_the_list_fails_the_test(tmp_path: Path) -> None:
    outcomes = run(tmp_path, STORY, changes={"broker-connection-errors": {"statistic": "Maximum"}})
    assert [(failure.expected, failure.seen) for failure in outcomes[0].failures] == [
        ("ALARM at 15m", "OK"),
        ("messages ALARM, OK", "none"),
    ]
    said = text_of(outcomes)
    assert "broker.yml:6: broker-connection-errors: expected ALARM at 15m, seen OK" in said
    assert "Maximum of BackendConnectionErrors is GreaterThanThreshold 100 in 5 of 5" in said
    assert "series: AWS/ELB BackendConnectionErrors (line 3)" in said
    assert "100 ─" in said
    assert "       state " + "o" * 20 in said
    assert "2 tests: 1 passed, 1 failed" in said


def test_a_state_that_must_never_be_is_reported_with_its_time(tmp_path: Path) -> None:
    text = one_test("never: [{alarm: broker-connection-errors, state: ALARM}]")
    (failure,) = run(tmp_path, text)[0].failures
    assert (failure.expected, failure.seen, failure.at) == ("never ALARM", "ALARM at 15m", 900)


def test_interval_every_created_and_dimensions(tmp_path: Path) -> None:
    text = """\
tests:
  - name: one
    interval: 300
    start: 2026-03-02T00:00:00Z
    created: 30m
    series:
      - namespace: AWS/ELB
        metric: BackendConnectionErrors
        dimensions: {LoadBalancerName: "b*"}
        values: 500x60
        every: 1m
      - {namespace: AWS/SQS, metric: ApproximateNumberOfMessagesVisible, values: 0x6 1 0x6}
    expect:
      - {at: 30m, alarm: broker-connection-errors, state: INSUFFICIENT_DATA}
      - {at: 31m, alarm: broker-connection-errors, state: ALARM}
      - {at: 31m, alarm: failed-events, state: OK}
"""
    (outcome,) = run(tmp_path, text)
    assert [(failure.alarm, failure.seen) for failure in outcome.failures] == [("failed-events", "ALARM")]
    assert outcome.test.until == 65 * 60


def test_a_composite_and_its_members(tmp_path: Path) -> None:
    text = one_test(
        """
        expect:
          - {at: 5m, alarm: broker-down, state: OK}
          - {at: 15m, alarm: broker-down, state: ALARM}
        """
    )
    assert run(tmp_path, text)[0].failures == []


def test_a_test_of_an_alarm_that_is_not_enabled_is_left_out(tmp_path: Path) -> None:
    series = "series: [{namespace: AWS/SQS, metric: ApproximateAgeOfOldestMessage, values: 0x5}]"
    outcomes = run(tmp_path, one_test("expect: [{at: 1m, alarm: switched-off, state: OK}]", series))
    assert outcomes[0].left_out
    assert "left out  one (not enabled here: switched-off)" in text_of(outcomes)


def test_one_alarm_that_is_not_enabled_does_not_keep_the_others_from_their_test(tmp_path: Path) -> None:
    series = (
        "series: [{metric: ApproximateAgeOfOldestMessage, values: 0x5}, "
        "{metric: ApproximateNumberOfMessagesVisible, values: 1x5}]"
    )
    body = """
        expect:
          - {at: 1m, alarm: switched-off, state: ALARM}
          - {at: 1m, alarm: failed-events, state: OK}
        """
    (outcome,) = run(tmp_path, one_test(body, series))
    assert [failure.alarm for failure in outcome.failures] == ["failed-events"]


def test_a_composite_whose_member_with_the_series_is_not_enabled_is_left_out(tmp_path: Path) -> None:
    text = one_test("expect: [{at: 15m, alarm: broker-down, state: ALARM}]")
    changes = {"broker-connection-errors": {"enabled": False}}
    assert run(tmp_path, text, changes=changes)[0].left_out


def test_only_what_is_not_enabled_is_named_as_such(tmp_path: Path) -> None:
    """The composite alarm is enabled; what it has lost is the member that this test is about."""
    expected = "{at: 15m, alarm: broker-connection-errors, state: ALARM}, {at: 15m, alarm: broker-down, state: ALARM}"
    changes = {"broker-connection-errors": {"enabled": False}}
    (outcome,) = run(tmp_path, one_test(f"expect: [{expected}]"), changes=changes)
    assert outcome.left_out == "not enabled here: broker-connection-errors"


def test_a_file_without_tests_is_a_mistake(tmp_path: Path) -> None:
    """Otherwise it would pass."""
    assert faults(tmp_path, "tests: []\n") == ["broker.yml:1: no tests, expected a mapping with the list tests"]


def test_a_test_is_left_out_without_an_alarm_that_it_needs(tmp_path: Path) -> None:
    text = one_test("needs: [switched-off]\nexpect: [{at: 15m, alarm: broker-connection-errors, state: OK}]")
    assert run(tmp_path, text)[0].left_out == "not enabled here: switched-off"


def test_a_member_without_a_series_has_no_part_in_a_test(tmp_path: Path) -> None:
    # Without data it would ring.
    changes = {"failed-events": {"treat_missing_data": "breaching"}}
    text = one_test("never: [{alarm: broker-down, state: ALARM}]", SERIES % "0x30")
    assert run(tmp_path, text, changes=changes)[0].failures == []


def test_ten_zeros_are_no_hexadecimal_number(tmp_path: Path) -> None:
    text = one_test(EXPECT, "series: [{metric: BackendConnectionErrors, values: 0x10}]")
    (given,) = run(tmp_path, text)[0].test.series
    assert [slot.samples for slot in given.slots] == [((0.0, 1),)] * 10


def test_a_series_for_one_alarm_alone(tmp_path: Path) -> None:
    other = {**ERRORS, "name": "other", "dimensions": {"LoadBalancerName": "other"}}
    series = (
        "series: [{alarm: other, metric: BackendConnectionErrors, values: 500x10}, "
        "{alarm: broker-connection-errors, metric: BackendConnectionErrors, values: 0x10}]"
    )
    body = """
        expect:
          - {at: 10m, alarm: other, state: ALARM}
          - {at: 10m, alarm: broker-connection-errors, state: OK}
        """
    assert run(tmp_path, one_test(body, series), [ERRORS, other])[0].failures == []


EXPECT = "expect: [{at: 1m, alarm: broker-connection-errors, state: OK}]"


@pytest.mark.parametrize(
    ("body", "line", "named"),
    [
        (f"{EXPECT}\nwhat: 1", 5, "unknown key what"),
        ("expect: [{at: 1m, alarm: broker-connection, state: OK}]", 4, "unknown alarm 'broker-connection'"),
        ("expect: [{at: 1m, alarm: broker-connection-errors, state: ALRM}]", 4, "unknown state 'ALRM'"),
        ("expect: [{at: 1h 5m, alarm: broker-connection-errors, state: OK}]", 4, "at is '1h 5m'"),
        ("expect: [{at: 5, alarm: broker-connection-errors, state: OK}]", 4, "at is 5"),
        ("expect: [{alarm: broker-connection-errors, state: OK}]", 4, "no at"),
        ("expect: [{at: 1m, alarm: broker-connection-errors, state: OK, why: x}]", 4, "unknown key why"),
        ("expect: [broker-connection-errors]", 4, "expect has"),
        ("never: [{alarm: broker-connection-errors, state: ALARM, at: 1m}]", 4, "unknown key at"),
        ("expect: {at: 1m, alarm: broker-connection-errors, state: OK}", 4, "expect is {"),
        ("notifications: {broker-connection-errors: ALARM}", 4, "'ALARM'"),
        ("notifications: {other: [ALARM]}", 4, "unknown alarm 'other'"),
        ("notifications: [ALARM]", 4, "notifications is"),
        (f"{EXPECT}\nchanges: {{other: {{threshold: 1}}}}", 5, "unknown alarm 'other'"),
        (f"{EXPECT}\nchanges: {{broker-connection-errors: 5}}", 5, "changes of broker-connection-errors"),
        (f"{EXPECT}\ninterval: 7", 5, "interval is 7"),
        (f"{EXPECT}\nstart: yesterday", 5, "start is 'yesterday'"),
        (f"{EXPECT}\ncreated: soon", 5, "created is 'soon'"),
        (f"{EXPECT}\nneeds: other", 5, "needs is 'other'"),
        (f"{EXPECT}\nneeds: [other]", 5, "unknown alarm 'other'"),
        (f"{EXPECT}\nnoisy: maybe", 5, "noisy is 'maybe'"),
        (f"{EXPECT}\nexpect: []", 5, "expect is there twice"),
        ("noisy: true", 2, "it expects nothing"),
    ],
)
def test_a_mistake_is_reported_with_file_line_and_test(tmp_path: Path, body: str, line: int, named: str) -> None:
    (fault,) = faults(tmp_path, one_test(body))
    assert fault.startswith(f"broker.yml:{line}: ")
    assert named in fault
    assert "twice" in fault or "test 'one'" in fault


@pytest.mark.parametrize(
    ("series", "named"),
    [
        (SERIES % "1 2 x3", "'x3' at character 5"),
        ("series: []", "no series"),
        ("series: [{namespace: AWS/ELB, values: 1}]", "no metric"),
        ("series: [{namespace: AWS/ELB, metric: BackendConnectionErrors, values: 1, statistic: Sum}]", "key statistic"),
        (
            "series: [{namespace: AWS/ELB, metric: BackendConnectionErrors, values: 1, every: 45}]",
            "every is 45",
        ),
    ],
)
def test_a_mistake_in_a_series(tmp_path: Path, series: str, named: str) -> None:
    found = faults(tmp_path, one_test(EXPECT, series))
    assert found[0].startswith("broker.yml:")
    assert named in found[0]


@pytest.mark.parametrize(
    ("series", "named"),
    [
        # Most often a slip in the name.
        ("{namespace: AWS/ELB, metric: BackendConnectionError, values: 1}", "the metric of no alarm"),
        ("{alarm: failed-events, metric: BackendConnectionErrors, values: 1}", "the metric of no alarm"),
        ("{namespace: AWS/SQS, metric: ApproximateNumberOfMessagesVisible, values: 1}", "no series is for alarm"),
        (
            "{namespace: AWS/ELB, metric: BackendConnectionErrors, dimensions: {LoadBalancerName: x}, values: 1}",
            "no series is for alarm",
        ),
        (
            "{namespace: AWS/ELB, metric: BackendConnectionErrors, values: 1}, "
            "{namespace: AWS/ELB, metric: BackendConnectionErrors, values: 2}",
            "both have values",
        ),
    ],
)
def test_series_and_alarms_that_do_not_meet(tmp_path: Path, series: str, named: str) -> None:
    found = faults(tmp_path, one_test(EXPECT, f"series: [{series}]"))
    assert any(named in fault and "broker.yml:2: one" in fault for fault in found)


def test_a_change_that_is_no_definition(tmp_path: Path) -> None:
    body = f"{EXPECT}\nchanges: {{broker-connection-errors: {{comparison_operator: MoreThan}}}}"
    (fault,) = faults(tmp_path, one_test(body))
    assert "comparison_operator" in fault
    assert "MoreThan" in fault


@pytest.mark.parametrize("text", ["", "- a\n", "tests: 5\n", "tests: [\n", "test: []\n", "tests: ['x']\n"])
def test_a_file_that_is_none(tmp_path: Path, text: str) -> None:
    assert faults(tmp_path, text)[0].startswith("broker.yml:")


def test_all_mistakes_of_all_files_come_at_once(tmp_path: Path) -> None:
    for name in ("a.yml", "b.yml"):
        (tmp_path / name).write_text(one_test("expect: [{at: 1, alarm: x, state: y}]"), encoding="utf-8")
    with pytest.raises(AlarmTestsError) as error:
        alarm_test_files.load(alarm_test_files.find(tmp_path), environment().names, tmp_path)
    assert [fault.partition(":")[0] for fault in error.value.faults] == ["a.yml"] * 3 + ["b.yml"] * 3


def test_two_tests_of_one_name_are_refused(tmp_path: Path) -> None:
    assert "twice" in faults(tmp_path, STORY + STORY.partition("\n")[2])[0]


def test_values_may_be_shared_by_an_anchor(tmp_path: Path) -> None:
    text = """\
tests:
  - &outage
    name: first
    series: [{namespace: AWS/ELB, metric: BackendConnectionErrors, values: 500x20}]
    expect: [{at: 5m, alarm: broker-connection-errors, state: ALARM}]
  - <<: *outage
    name: second
    expect: [{at: 4m, alarm: broker-connection-errors, state: OK}]
"""
    assert [(outcome.test.name, outcome.failures) for outcome in run(tmp_path, text)] == [("first", []), ("second", [])]


def body(kind: str) -> str:
    return {
        RINGS: one_test("expect: [{at: 15m, alarm: broker-connection-errors, state: ALARM}]"),
        NOISE: one_test("noisy: true\nnever: [{alarm: broker-connection-errors, state: ALARM}]", SERIES % "500 0x9"),
        GAPS: one_test(EXPECT, SERIES % "0x4 _x4 0x4"),
    }[kind]


@pytest.mark.parametrize("kind", [RINGS, NOISE, GAPS])
def test_coverage_by_one_kind_of_test(tmp_path: Path, kind: str) -> None:
    lacking = alarm_test_runs.coverage(run(tmp_path, body(kind), [ERRORS]), environment([ERRORS]))
    assert lacking == {"broker-connection-errors": [one for one in (RINGS, NOISE, GAPS) if one != kind]}


def test_coverage_by_all_three(tmp_path: Path) -> None:
    outcomes = [outcome for kind in (RINGS, NOISE, GAPS) for outcome in run(tmp_path, body(kind), [ERRORS])]
    assert alarm_test_runs.coverage(outcomes, environment([ERRORS])) == {}


def test_a_changed_definition_covers_nothing(tmp_path: Path) -> None:
    text = body(RINGS) + "    changes: {broker-connection-errors: {threshold: 50}}\n"
    assert RINGS in alarm_test_runs.coverage(run(tmp_path, text), environment())["broker-connection-errors"]


def test_a_failed_test_covers_nothing(tmp_path: Path) -> None:
    outcomes = run(tmp_path, body(RINGS), changes={"broker-connection-errors": {"threshold": 5000}})
    assert RINGS in alarm_test_runs.coverage(outcomes, environment())["broker-connection-errors"]


def test_a_noisy_test_in_which_it_rings_covers_nothing(tmp_path: Path) -> None:
    text = one_test(f"noisy: true\n{EXPECT}")
    assert NOISE in alarm_test_runs.coverage(run(tmp_path, text), environment())["broker-connection-errors"]


def test_the_report_names_alarms_without_tests(tmp_path: Path) -> None:
    said = text_of(run(tmp_path, body(RINGS)))
    assert f"broker-connection-errors needs {NOISE}, {GAPS}" in said
    assert f"failed-events needs {RINGS}, {NOISE}, {GAPS}" in said
    assert "switched-off" not in said
    assert "0 of 3 alarms have every kind of test" in said


def drawn(folder: Path, values: str, *, marked: int | None = None, alarms: Any = None) -> list[str]:
    (outcome,) = run(folder, one_test(EXPECT, SERIES % values), alarms)
    return chart.draw(outcome.courses["broker-connection-errors"], outcome.test.until, marked=marked)


def test_a_chart_shows_values_threshold_gaps_states_and_times(tmp_path: Path) -> None:
    lines = drawn(tmp_path, "0x5 _x5 (1x300)x10", marked=960)
    assert len(lines) == chart.ROWS + 4
    assert lines[0].split() == ["300", "█" * 10]
    threshold = next(line for line in lines if line.lstrip().startswith("100 ─"))
    assert threshold[13:] == "─" * 10 + "█" * 10
    assert lines[7][13:] == "▁" * 5 + "·" * 5 + "█" * 10
    assert lines[8] == "       state " + "o" * 14 + "A" * 6
    # Below the minute that ends at 960 seconds.
    assert lines[9].index("^") == 13 + 15
    assert lines[10].endswith("20m")
    assert all(len(line) <= chart.COLUMNS for line in lines)


def test_a_chart_of_two_days_fits_and_shows_a_single_breach(tmp_path: Path) -> None:
    lines = drawn(tmp_path, "0x1000 900 0x1880", alarms=[{**ERRORS, "evaluation_periods": 1}, DEPTH, OFF, TOP])
    assert all(len(line) <= chart.COLUMNS for line in lines)
    assert lines[0].count("█") == 1
    assert lines[8].count("A") == 1


def test_a_chart_of_what_must_not_fall_shows_the_lowest_value(tmp_path: Path) -> None:
    alarm = {**ERRORS, "comparison_operator": "LessThanThreshold", "threshold": 1}
    lines = drawn(tmp_path, "1x1000 0 1x1000", alarms=[alarm, DEPTH, OFF, TOP])
    assert lines[7].count("▁") == 1


@pytest.mark.parametrize(("text", "seconds"), [("0m", 0), ("90s", 90), ("1h30m", 5400), ("2d", 172800)])
def test_durations(text: str, seconds: int) -> None:
    assert alarm_test_files.seconds(text) == seconds
    assert alarm_test_files.seconds(alarm_test_files.duration(seconds)) == seconds


@pytest.mark.parametrize("text", ["", "5", "5 m", "m", "1m1h", "-5m", 5, None])
def test_what_is_no_duration(text: Any) -> None:
    assert alarm_test_files.seconds(text) is None
