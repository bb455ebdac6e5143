"""The metrics are what CloudWatch's specification of the embedded format asks for."""

from datetime import UTC, datetime, timedelta

import pytest
from elb_log_shipper.aws import metrics

WHERE = metrics.Dimensions("shipper", "test", "balancer")


def test_each_metric_has_a_unit_and_a_value_and_each_dimension_too():
    (line,) = metrics.lines({"Objects": 2, "Lag": [1.5, 2.5]}, WHERE)
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert abs(line["_aws"]["Timestamp"] - datetime.now(UTC).timestamp() * 1000) < 60_000
    assert directive["Namespace"] == "ElbLogShipper"
    assert directive["Metrics"] == [{"Name": "Objects", "Unit": "Count"}, {"Name": "Lag", "Unit": "Seconds"}]
    assert directive["Dimensions"] == [["FunctionName"], ["Environment", "Component"]]
    assert {name: line[name] for name in line if name != "_aws"} == {
        "FunctionName": "shipper",
        "Environment": "test",
        "Component": "balancer",
        "Objects": 2,
        "Lag": [1.5, 2.5],
    }


def test_without_a_value_there_is_no_metric():
    (line,) = metrics.lines({"Objects": 0, "Lag": []}, WHERE)
    assert line["_aws"]["CloudWatchMetrics"][0]["Metrics"] == [{"Name": "Objects", "Unit": "Count"}]
    assert "Lag" not in line


@pytest.mark.parametrize(("values", "lengths"), [(100, [100]), (101, [100, 1]), (250, [100, 100, 50])])
def test_no_line_has_more_values_than_the_specification_allows(values, lengths):
    found = metrics.lines({"Objects": values, "Lag": [float(one) for one in range(values)]}, WHERE)
    assert [len(line["Lag"]) for line in found] == lengths
    assert [one for line in found for one in line["Lag"]] == list(range(values))
    assert ["Objects" in line for line in found] == [True] + [False] * (len(lengths) - 1)


@pytest.mark.parametrize("form", ["%Y-%m-%dT%H:%M:%S.%fZ", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"])
def test_lag_is_since_the_logs_time_in_utc(form):
    text = (datetime.now(UTC) - timedelta(minutes=5)).strftime(form)
    assert 299 <= metrics.lag(text) < 330


@pytest.mark.parametrize("text", [None, "", "-", "yesterday"])
def test_no_time_no_lag(text):
    assert metrics.lag(text) is None
