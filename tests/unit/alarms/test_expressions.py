"""Metric math; the tables are those of AWS's page, using-metric-math.html."""

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.alarms.expressions import ExpressionError, parse

# "-" is a missing data point.
SERIES = {
    "m1": "30 20 0 0",
    "m2": "20 - 20 -",
    "m3": "- - - 4",
    "none": "- - - -",
    "in": "-1.5 1.5 2 3",
}


def points(text: str) -> tuple[float | None, ...]:
    return tuple(None if one == "-" else float(one) for one in text.split())


def value(expression: str, period: int = 60, **series: str) -> tuple[float | None, ...]:
    given = {name: points(text) for name, text in (series or SERIES).items()}
    return parse(expression, list(given))(given, period)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        # AWS's table of operators.
        ("m1 < m2", "0 0 1 0"),
        ("m1 >= 30", "1 0 0 0"),
        ("m1 > 15 AND m2 > 15", "1 0 0 0"),
        # A series that lacks a data point which another has counts as 0 there.
        ("m1 + m2", "50 20 20 0"),
        ("m2 - m3", "20 - 20 -4"),
        ("m2 * m3", "0 - 0 0"),
        # A data point that divides by zero is dropped.
        ("100 * m2 / m1", f"{2000 / 30} 0 - -"),
        ("m1 / m2", "1.5 - 0 -"),
        ("none + 1", "- - - -"),
        ("none + m3", "- - - 4"),
        # With a number, there is a data point where the series has one.
        ("m2 + 1", "21 - 21 -"),
        ("1 - m2", "-19 - -19 -"),
        ("-m2", "-20 - -20 -"),
        ("2 + 3 * m1", "92 62 2 2"),
        ("(2 + 3) * m1", "150 100 0 0"),
        ("m1 - 1e1", "20 10 -10 -10"),
        ("m1 > 15 OR m2 > 15", "1 1 1 0"),
        ("m1 > 15 && m2 > 15", "1 0 0 0"),
        ("m1 == 0 || m1 == 20", "0 1 1 1"),
        ("m1 != 0", "1 1 0 0"),
        ("m1 <= 20", "0 1 1 1"),
        # An id may be a word that Python keeps for itself.
        ("in * 2", "-3 3 4 6"),
        ("ABS(in)", "1.5 1.5 2 3"),
        ("CEIL(in)", "-1 2 2 3"),
        ("FLOOR(in)", "-2 1 2 3"),
        ("SUM([m1, m2])", "50 20 20 0"),
        ("MAX([m1, m2])", "30 20 20 0"),
        ("MIN([m1, m2])", "20 20 0 0"),
        ("AVG([m1, m2])", "25 10 10 0"),
        ("SUM([m2, none])", "20 - 20 -"),
        ("m1 - MAX(m1)", "0 -10 -30 -30"),
        ("m2 - AVG(m2)", "0 - 0 -"),
        ("m1 / SUM(m1)", "0.6 0.4 0 0"),
        ("m1 - MIN(m1)", "30 20 0 0"),
        ("m1 + SUM(none)", "- - - -"),
        ("SUM([m1, m2] * 2)", "100 40 40 0"),
        ("SUM(100 / [m1, m2])", f"{100 / 30 + 5} 5 5 -"),
        ("SUM(METRICS()) - SUM([m1, m2, m3, none, in])", "0 0 0 0"),
        ("FILL(m2, 7)", "20 7 20 7"),
        ("FILL(m2, REPEAT)", "20 20 20 20"),
        ("FILL(m3, REPEAT)", "- - - 4"),
        ("FILL(m2, LINEAR)", "20 20 20 -"),
        ("FILL(m2, m1)", "20 20 20 0"),
        ("SUM(FILL([m2, m3], 1))", "21 2 21 5"),
        ("FILL(m2, MIN(m2) - 1)", "20 19 20 19"),
        ("RATE(m1) * 60", "- -10 -20 0"),
        ("RATE(m2)", "- - 0 -"),
        ("DIFF(m1)", "- -10 -20 0"),
        ("RUNNING_SUM(m2)", "20 - 40 -"),
        ("m1 / PERIOD(m1)", f"0.5 {20 / 60} 0 0"),
        ("TIME_SERIES(10)", "10 10 10 10"),
        ("TIME_SERIES(MAX(m1)) - m1", "0 10 30 30"),
        ("IF(m1 > 0, 1)", "1 1 - -"),
        ("IF(m1 > 0, m1, 5)", "30 20 5 5"),
        ("IF(1, m1, m2)", "30 20 0 0"),
        ("IF(0, m1)", "- - - -"),
    ],
)
def test_an_expression(expression: str, expected: str) -> None:
    assert value(expression) == pytest.approx(points(expected))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("IF(metric1, metric2, metric3)", "30 0 20 - -"),
        ("IF(metric1, 5, metric3)", "5 5 20 - -"),
        ("IF(metric1, metric2, 5)", "30 0 5 5 -"),
    ],
)
def test_aws_tables_of_if(expression: str, expected: str) -> None:
    found = value(expression, metric1="1 1 0 0 -", metric2="30 - 0 0 30", metric3="0 0 20 - 20")
    assert found == points(expected)


def test_a_line_between_two_data_points() -> None:
    assert value("FILL(m, LINEAR)", m="- 1 - - 7 -") == points("- 1 3 5 7 -")


def test_a_rate_over_a_gap_is_by_the_time_between() -> None:
    assert value("RATE(m)", period=10, m="0 - 40 50") == points("- - 2 1")
    assert value("DIFF(m)", period=10, m="0 - 40 50") == points("- - 40 10")


@pytest.mark.parametrize(
    ("expression", "named"),
    [
        ("STDDEV(m1)", "STDDEV"),
        ("ANOMALY_DETECTION_BAND(m1)", "ANOMALY_DETECTION_BAND"),
        ("sum([m1, m2])", "sum"),
        ("m1 + m9", "m9"),
        ("M1 + 1", "M1"),
        ("m1 ^ 2", "'^'"),
        ("m1 ** 2", "**"),
        ("m1 +", "m1 +"),
        ("", "not an expression"),
        ("SEARCH('{AWS/ELB}', 'Sum')", "'"),
        ("__import__('os')", "'_'"),
        ("m1.real", "'.'"),
        ("m1 < m2 < 3", "two comparisons"),
        ("m1 not m2", "not an expression"),
        ("IF(m1)", "IF(condition"),
        ("SUM(m1, m2)", "[m1, m2]"),
        ("FILL(m1)", "REPEAT"),
        ("FILL(m1, NEAREST)", "NEAREST"),
        ("FILL(1, 0)", "FILL"),
        ("[m1, 1]", "list"),
        ("PERIOD(m1 + m2) * m1", "PERIOD"),
        ("TIME_SERIES(m1)", "TIME_SERIES"),
        ("ABS(1)", "ABS"),
        # An alarm watches one series.
        ("1 + 2", "one number"),
        ("SUM(m1)", "one number"),
        ("[m1, m2]", "several series"),
        ("METRICS()", "several series"),
        ("(m1, m2)", "(m1, m2)"),
        ("m1[0]", "m1[0"),
    ],
)
def test_what_is_not_known_is_refused_by_name(expression: str, named: str) -> None:
    with pytest.raises(ExpressionError) as error:
        parse(expression, list(SERIES))
    assert named in str(error.value)
