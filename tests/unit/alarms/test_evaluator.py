"""The evaluator against what AWS publishes, and against what a user relies on.

The tables are those of https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html and,
where it says so, of an earlier edition, which had rows that later ones left out: awsdocs/amazon-cloudwatch-user-guide,
doc_source/AlarmThatSendsEmail.md at 05fd32f63861ca6646c8aa5c94334fd6e0dfdbf5.
"""

from typing import Any

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.alarms import evaluator, series
from ansible_collections.elk.deploy.plugins.plugin_utils.alarms.definitions import Alarm, Composite, Metric, Suppression

KEEPS = "keeps"
STATES = {"O": "OK", "A": "ALARM", "I": "INSUFFICIENT_DATA", "=": KEEPS}
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")
# (M of 3, data points, states for missing, ignore, breaching, notBreaching)
TABLES = [
    (3, "0 - X - X", "OOOO"),
    (3, "0 - - - -", "OOOO"),
    (3, "- - - - -", "I=AO"),
    (3, "0 X X - X", "AAAA"),
    (3, "- - X - -", "A=AO"),
    (2, "0 - X - X", "AAAA"),
    (2, "0 0 X 0 X", "AAAA"),
    (2, "0 - X - -", "OOAO"),
    (2, "- - - - 0", "OOAO"),
    (2, "- - - X -", "A=AO"),
    # The earlier edition.
    (3, "- - - - X", "I=AO"),
    (3, "X - - - -", "A=AO"),
    (2, "- - - - X", "I=AO"),
    # The text about premature transitions.
    (3, "- - - X -", "I=AO"),
    (3, "- - - X 0", "OOOO"),
    (3, "- - X - 0", "OOOO"),
]


def metric(statistic: str = "Sum", period: int = 60, id_: str = "") -> Metric:
    return Metric("AWS/ELB", "BackendConnectionErrors", {"LoadBalancerName": "broker"}, statistic, period, id_)


def alarm(*metrics: Metric, **changes: Any) -> Alarm:
    return Alarm(
        **{
            "name": "errors",
            "what_broke": "It.",
            "what_to_do": "Mend it.",
            "runbook": "docs/x.md",
            "metrics": metrics or (metric(),),
            "expression": "",
            "comparison_operator": "GreaterThanThreshold",
            "threshold": 100,
            "evaluation_periods": 3,
            "datapoints_to_alarm": 3,
            "treat_missing_data": "notBreaching",
            "alarm_actions": ("alarms",),
            "ok_actions": ("alarms",),
            **changes,
        }
    )


def run(one: Alarm, *texts: str, until: int = 0, created: int = 0, every: int = 60) -> evaluator.Course:
    reported = {at: evaluator.Reported(series.read(text), every) for at, text in enumerate(texts)}
    return evaluator.run(one, reported, until or max(len(given.slots) * every for given in reported.values()), created)


def changes(course: evaluator.Course) -> list[tuple[float, str]]:
    """Minutes and states."""
    return [(change.at / 60, change.state) for change in course.changes]


@pytest.mark.parametrize("column", range(4), ids=TREATMENTS)
@pytest.mark.parametrize(("needed", "points", "states"), TABLES, ids=[f"{row[0]} of 3, {row[1]}" for row in TABLES])
@pytest.mark.parametrize("before", evaluator.rules.STATES)
def test_a_row_of_the_published_tables(before: str, needed: int, points: str, states: str, column: int) -> None:
    one = alarm(datapoints_to_alarm=needed, treat_missing_data=TREATMENTS[column])
    values = tuple({"0": 0.0, "X": 101.0, "-": None}[point] for point in points.split())
    expected = STATES[states[column]]
    assert evaluator.judge(values, one, before) == (before if expected == KEEPS else expected)


@pytest.mark.parametrize("column", range(4), ids=TREATMENTS)
@pytest.mark.parametrize(("needed", "points", "states"), TABLES, ids=[f"{row[0]} of 3, {row[1]}" for row in TABLES])
def test_the_same_row_as_a_series_in_simulated_time(needed: int, points: str, states: str, column: int) -> None:
    one = alarm(datapoints_to_alarm=needed, treat_missing_data=TREATMENTS[column])
    # It is created when four of the five periods are over, so that it is new when they are evaluated.
    course = run(one, points.replace("-", "_").replace("X", "101"), created=240)
    expected = STATES[states[column]]
    assert course.state(300) == ("INSUFFICIENT_DATA" if expected == KEEPS else expected)


def test_the_next_evaluation_of_the_second_row_goes_to_alarm() -> None:
    # "The next time this alarm is evaluated, if the data is still missing it will go to ALARM".
    course = run(alarm(treat_missing_data="breaching"), "0 _x5", created=240)
    assert changes(course) == [(5, "OK"), (6, "ALARM")]


def test_the_published_figure() -> None:
    # alarm-evaluation.html: threshold 3, three of three; breached in periods 3 to 5, back at 6, and once at 9.
    course = run(alarm(threshold=3), "2 2 4 5 4 2 3 2 4 2")
    assert changes(course) == [(1, "OK"), (5, "ALARM"), (6, "OK")]


def test_a_period_of_five_minutes_is_evaluated_every_minute() -> None:
    # alarm-evaluation.html: "at the end of minute 6, the alarm is evaluated based on the data from minutes 2 to 6".
    one = alarm(metric(period=300), threshold=45, evaluation_periods=1, datapoints_to_alarm=1)
    assert changes(run(one, "10x5 0 0 0")) == [(1, "OK"), (5, "ALARM"), (6, "OK")]


def test_an_alarm_over_more_than_a_day_is_evaluated_every_hour() -> None:
    one = alarm(metric(period=86400), threshold=0, evaluation_periods=2, datapoints_to_alarm=1)
    assert changes(run(one, "0x62 1 0x117")) == [(60, "OK"), (120, "ALARM")]


def test_an_alarm_of_ten_seconds_is_evaluated_every_ten() -> None:
    one = alarm(metric(period=10), evaluation_periods=1, datapoints_to_alarm=1)
    assert [(change.at, change.state) for change in run(one, "0 0 101 0", every=10).changes] == [
        (10, "OK"),
        (30, "ALARM"),
        (40, "OK"),
    ]


@pytest.mark.parametrize(("statistic", "rings"), [("Sum", True), ("SampleCount", True), ("Maximum", False)])
def test_errors_counted_one_by_one_ring_on_their_sum_alone(statistic: str, rings: bool) -> None:
    one = alarm(metric(statistic), evaluation_periods=5, datapoints_to_alarm=5)
    course = run(one, "0x10 (1x300)x2880 0x10")
    assert changes(course) == [(1, "OK"), *([(15, "ALARM"), (2891, "OK")] if rings else [])]


@pytest.mark.parametrize(
    ("statistic", "expected"),
    [
        ("Sum", 5150),
        ("Average", 51.5),
        ("Minimum", 1),
        ("Maximum", 200),
        ("SampleCount", 100),
        ("p50", 50),
        ("p99", 99),
        ("p99.9", 200),
        ("p0", 1),
        ("p100", 200),
        ("tm50", 25.5),
        ("tm99", 50),
    ],
)
def test_statistics(statistic: str, expected: float) -> None:
    samples = [(float(value), 1) for value in range(1, 100)] + [(200.0, 1)]
    assert evaluator.statistic(statistic)(samples) == expected


def test_a_statistic_counts_a_sample_as_often_as_it_was_reported() -> None:
    samples = [(1.0, 299), (7.0, 1)]
    assert [evaluator.statistic(name)(samples) for name in ("Sum", "p99", "p100", "SampleCount")] == [306, 1, 7, 300]


@pytest.mark.parametrize("name", ["Median", "p", "p101", "sum", "TM(10%:90%)"])
def test_an_unknown_statistic_is_refused_by_name(name: str) -> None:
    with pytest.raises(evaluator.AlarmEvaluationError) as error:
        run(alarm(metric(name)), "1")
    assert name in str(error.value)
    assert "errors" in str(error.value)


def test_late_data_counts_from_its_arrival() -> None:
    one = alarm(evaluation_periods=1, datapoints_to_alarm=1)
    # Reported in the second minute, here after the fourth; the range is three data points, and the newest counts.
    assert changes(run(one, "_ 500@+2 _ _ _x5")) == [(1, "OK"), (4, "ALARM"), (5, "OK")]


def test_late_data_beyond_the_range_changes_nothing() -> None:
    one = alarm(evaluation_periods=1, datapoints_to_alarm=1)
    assert changes(run(one, "_ 500@+3 _ _ _x5")) == [(1, "OK")]


def test_late_data_joins_what_its_period_has_already() -> None:
    one = alarm(metric(period=120), threshold=100, evaluation_periods=1, datapoints_to_alarm=1)
    course = run(one, "60 60@+1 _x4")
    assert course.state(180) == "OK"
    assert course.state(240) == "ALARM"
    assert course.points[0] == (120, 120)


def test_a_sign_of_life_rings_when_it_stops() -> None:
    one = alarm(
        metric("SampleCount"),
        comparison_operator="LessThanThreshold",
        threshold=1,
        datapoints_to_alarm=2,
        treat_missing_data="breaching",
    )
    # Real data points are used as long as the range has three of them: two of three are missing in the fourth minute.
    assert changes(run(one, "1x20 _x10 1x10", created=600)) == [(11, "OK"), (24, "ALARM"), (32, "OK")]


def test_a_new_sign_of_life_rings_at_once_where_nothing_was_reported_before() -> None:
    one = alarm(comparison_operator="LessThanThreshold", threshold=1, treat_missing_data="breaching")
    assert run(one, "_ 1x5").state(60) == "ALARM"


def test_a_new_alarm_has_insufficient_data_until_its_first_evaluation() -> None:
    course = run(alarm(), "500x20", created=600)
    assert course.state(0) == course.state(600) == "INSUFFICIENT_DATA"
    # Data from before its creation counts.
    assert course.state(660) == "ALARM"


def test_ignore_latches() -> None:
    one = alarm(
        metric("Maximum"), threshold=0, evaluation_periods=1, datapoints_to_alarm=1, treat_missing_data="ignore"
    )
    assert changes(run(one, "0x10 3x5 _x600")) == [(1, "OK"), (11, "ALARM")]


def test_messages_go_out_on_changes_alone_and_only_where_there_is_an_action() -> None:
    text = "0x5 500x10 0x10 500x10"
    assert run(alarm(), text).notifications == ["ALARM", "OK", "ALARM"]
    assert run(alarm(ok_actions=()), text).notifications == ["ALARM", "ALARM"]
    assert run(alarm(alarm_actions=(), ok_actions=()), text).notifications == []


@pytest.mark.parametrize(
    ("comparison", "rings"),
    [
        ("GreaterThanThreshold", "101"),
        ("GreaterThanOrEqualToThreshold", "100 101"),
        ("LessThanThreshold", "99"),
        ("LessThanOrEqualToThreshold", "99 100"),
    ],
)
def test_comparisons(comparison: str, rings: str) -> None:
    one = alarm(comparison_operator=comparison, evaluation_periods=1, datapoints_to_alarm=1)
    assert [value for value in ("99", "100", "101") if run(one, value).state(60) == "ALARM"] == rings.split()


def test_an_expression_over_two_metrics() -> None:
    one = alarm(metric(id_="failed"), metric(id_="all"), expression="IF(all > 10, 100 * failed / all)", threshold=5)
    course = run(one, "1x10 50x10", "10x10 100x10")
    # No data point where there was too little traffic.
    assert changes(course) == [(1, "OK"), (13, "ALARM")]
    assert course.points[-1] == (1200, 50)


def test_a_fault_of_an_expression_names_the_alarm() -> None:
    with pytest.raises(evaluator.AlarmEvaluationError, match=r"errors.*STDDEV"):
        run(alarm(metric(id_="m"), expression="STDDEV(m)"), "1")


def test_a_period_that_cloudwatch_does_not_have_is_refused() -> None:
    with pytest.raises(evaluator.AlarmEvaluationError, match="45"):
        run(alarm(metric(period=45)), "1")


def composite(rule: str, name: str = "broken", suppression: Suppression | None = None) -> Composite:
    return Composite(name, "It.", "Mend it.", "docs/x.md", rule, ("alarms",), ("alarms",), suppression)


def test_a_composite_rings_once_for_many() -> None:
    members = {
        name: run(alarm(name=name, alarm_actions=(), ok_actions=()), text)
        for name, text in (("a", "0x5 500x20 0x10"), ("b", "0x7 500x20 0x10"))
    }
    course = evaluator.combine(composite('ALARM("a") OR ALARM(b)'), members, until=1800)
    assert changes(course) == [(1, "OK"), (8, "ALARM"), (28, "OK")]
    assert course.notifications == ["ALARM", "OK"]
    assert not members["a"].notifications


def test_a_composite_over_alarms_without_data_is_ok() -> None:
    silent = run(alarm(treat_missing_data="missing"), "_x5")
    assert changes(evaluator.combine(composite("ALARM(errors)"), {"errors": silent}, 300)) == [(1, "OK")]


def test_members_come_before_their_composites() -> None:
    composites = {"top": composite("ALARM(low) OR ALARM(b)", "top"), "low": composite("ALARM(a)", "low")}
    assert evaluator.in_order(["top"], composites) == ["a", "low", "b", "top"]


def course(name: str, *states: tuple[int, str]) -> evaluator.Course:
    """The course of an alarm with these changes, in minutes."""
    return evaluator.Course(alarm(name=name), [evaluator.Change(at * 60, state) for at, state in states])


def acted(
    own: list[tuple[int, str]], cause: list[tuple[int, str]], *, until: int = 30, wait: int = 2, extension: int = 3
) -> list[tuple[int, str]]:
    """What a composite does that follows ``own`` and has the suppressor ``cause``; all in minutes."""
    one = composite("ALARM(own)", suppression=Suppression("cause", wait * 60, extension * 60))
    others = {"own": course("own", (0, "OK"), *own), "cause": course("cause", (0, "OK"), *cause)}
    found = evaluator.combine(one, others, until * 60)
    assert found.notifications == [change.state for change in found.actions or []]
    return [(change.at // 60, change.state) for change in found.actions or []]


# The examples of "Suppressing composite alarm actions", in the page's order, with its wait of 2 and extension of 3.
EXAMPLES: list[tuple[list[tuple[int, str]], list[tuple[int, str]], list[tuple[int, str]]]] = [
    ([(2, "ALARM")], [], [(4, "ALARM")]),
    ([(2, "ALARM")], [(3, "ALARM")], []),
    ([(2, "ALARM"), (3, "OK")], [], [(5, "OK")]),
    ([(2, "ALARM")], [(1, "ALARM")], []),
    ([(2, "ALARM")], [(3, "ALARM"), (6, "OK")], [(9, "ALARM")]),
    ([(2, "ALARM"), (7, "OK")], [(3, "ALARM"), (6, "OK")], [(9, "OK")]),
]


@pytest.mark.parametrize(("own", "cause", "expected"), EXAMPLES)
def test_the_published_examples_of_suppression(
    own: list[tuple[int, str]], cause: list[tuple[int, str]], expected: list[tuple[int, str]]
) -> None:
    assert acted(own, cause) == expected


def test_a_wait_and_an_extension_are_long_enough_if_they_end_with_the_change() -> None:
    assert acted([(2, "ALARM")], [(4, "ALARM")]) == []
    assert acted([(2, "ALARM"), (9, "OK")], [(3, "ALARM"), (6, "OK")]) == [(11, "OK")]
    assert acted([(2, "ALARM"), (10, "OK")], [(3, "ALARM"), (6, "OK")]) == [(9, "ALARM"), (12, "OK")]


def test_suppressed_from_a_to_z_only_the_end_is_told() -> None:
    assert acted([(5, "ALARM"), (8, "OK")], [(2, "ALARM"), (12, "OK")]) == [(15, "OK")]


def test_what_was_told_before_the_suppressor_rang_is_not_told_again() -> None:
    assert acted([(2, "ALARM")], [(6, "ALARM"), (9, "OK")]) == [(4, "ALARM")]
    assert acted([(2, "ALARM"), (8, "OK")], [(6, "ALARM"), (9, "OK")]) == [(4, "ALARM"), (12, "OK")]


def test_a_suppressor_that_rings_again_in_its_extension_goes_on_suppressing() -> None:
    assert acted([(3, "ALARM")], [(2, "ALARM"), (6, "OK"), (8, "ALARM"), (15, "OK")]) == [(18, "ALARM")]


def test_what_would_be_told_after_the_end_of_the_data_is_not_there() -> None:
    assert acted([(2, "ALARM")], [], until=3) == []


def test_without_waits_messages_go_out_at_once() -> None:
    assert acted([(2, "ALARM"), (5, "OK")], [], wait=0) == [(2, "ALARM"), (5, "OK")]
    assert acted([(2, "ALARM")], [(2, "ALARM"), (6, "OK")], wait=0, extension=0) == [(6, "ALARM")]


def test_a_suppressor_comes_before_the_composite_and_is_no_circle() -> None:
    composites = {"top": composite("ALARM(a)", "top", Suppression("low", 60, 60)), "low": composite("ALARM(b)", "low")}
    assert evaluator.in_order(["top"], composites) == ["a", "b", "low", "top"]
    composites["low"] = composite("ALARM(top)", "low")
    with pytest.raises(evaluator.AlarmEvaluationError, match="top -> low -> top"):
        evaluator.in_order(["top"], composites)


def test_composites_in_a_circle_are_refused() -> None:
    composites = {"one": composite("ALARM(two)", "one"), "two": composite("ALARM(one)", "two")}
    with pytest.raises(evaluator.AlarmEvaluationError, match="one -> two -> one"):
        evaluator.in_order(["one"], composites)


def test_a_week_of_an_expression() -> None:
    one = alarm(metric(id_="failed"), metric(id_="all"), expression="100 * failed / all", threshold=5)
    course = run(one, "1+1x10 " * 1008, "100x10080")
    assert len(course.points) == 7 * 24 * 60
    assert len(course.changes) == 2 * 1008
