"""The table of facts about metrics: every row can be relied on by what reads it."""

import csv
import re

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.alarms import metrics
from ansible_collections.elk.deploy.plugins.plugin_utils.alarms.metrics import KINDS, REPORTED, facts, metrics_of
from elb_log_shipper.aws import metrics as shipper

with open(metrics.__file__.replace(".py", ".csv"), encoding="utf-8", newline="") as stream:
    ROWS = list(csv.DictReader(stream))
FACTS = [facts(row["namespace"], row["metric"]) for row in ROWS]
NAMED = [f"{one.namespace} {one.metric}" for one in FACTS]
STATISTICS = ("Average", "Maximum", "Minimum", "SampleCount", "Sum", "percentiles")
# Of CloudWatch's API, and what SNS uses for charges.
UNITS = ("None", "Count", "Percent", "Seconds", "Milliseconds", "Bytes", "Bytes/Second", "Count/Second", "USD")


@pytest.mark.parametrize("one", FACTS, ids=NAMED)
def test_row_is_well_formed(one):
    assert one.kind in KINDS
    assert one.reported in REPORTED
    assert one.unit in UNITS
    assert one.period in (1, 60, 300, 3600, 86_400)
    assert one.statistics == tuple(statistic for statistic in STATISTICS if statistic in one.statistics) != ()
    assert one.lowest is None or one.highest is None or one.lowest < one.highest
    assert one.source.startswith("https://docs.aws.amazon.com/") or not one.namespace.startswith("AWS/")
    for names in one.dimensions or ():
        assert all(re.fullmatch(r"[A-Z][A-Za-z]+", name) for name in names)


@pytest.mark.parametrize("one", FACTS, ids=NAMED)
def test_statistics_that_mean_nothing_have_a_reason(one):
    if set(one.statistics) == set(STATISTICS):
        assert one.why == ""
    else:
        assert re.fullmatch(r"[A-Z].{20,}\.", one.why)


SHARES = [one for one in FACTS if one.unit == "Percent"]


@pytest.mark.parametrize("one", SHARES, ids=[f"{one.namespace} {one.metric}" for one in SHARES])
def test_shares_have_both_limits(one):
    assert one.kind == "share"
    assert (one.lowest, one.highest) in ((0, 100), (0, 1))


def test_no_metric_is_there_twice():
    assert len(set(NAMED)) == len(ROWS)


@pytest.mark.parametrize(
    ("namespace", "some"),
    [
        ("AWS/ELB", {"BackendConnectionErrors", "SurgeQueueLength", "HTTPCode_ELB_5XX", "EstimatedProcessedBytes"}),
        ("AWS/ApplicationELB", {"TargetConnectionErrorCount", "TargetResponseTime", "HTTPCode_Target_5XX_Count"}),
        ("AWS/NetworkELB", {"TCP_Target_Reset_Count", "TCP_ELB_Reset_Count", "UnHealthyHostCount"}),
        ("AWS/Lambda", {"Errors", "Throttles", "Duration", "ConcurrentExecutions", "FailedInvokeEventCount"}),
        ("AWS/SQS", {"ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage", "SentMessageSize"}),
        ("AWS/S3", {"BucketSizeBytes", "PutRequests", "5xxErrors", "ReplicationLatency"}),
        ("AWS/SNS", {"NumberOfNotificationsFailed", "NumberOfNotificationsRedrivenToDlq"}),
        ("AWS/AutoScaling", {"GroupInServiceInstances", "WarmPoolTotalCapacity", "PredictiveScalingLoadForecast"}),
        ("Logstash", {"Heartbeat", "PipelineStalled", "EventsLost", "QueueBytes", "QueueShare", "CanaryAge"}),
    ],
)
def test_metrics_that_alarms_are_made_of_are_there(namespace, some):
    assert some <= set(metrics_of(namespace))


def test_table_has_what_the_log_shipper_sends():
    assert set(metrics_of("ElbLogShipper")) == set(shipper.UNITS)
    for name, unit in shipper.UNITS.items():
        assert facts("ElbLogShipper", name).unit == unit


def test_table_has_the_dimensions_that_the_log_shipper_sends():
    (line,) = shipper.lines({"Lines": 1}, shipper.Dimensions("function", "environment", "component"))
    sent = {frozenset(names) for names in line["_aws"]["CloudWatchMetrics"][0]["Dimensions"]}
    for name in shipper.UNITS:
        assert set(facts("ElbLogShipper", name).dimensions) == sent


def test_facts_of_a_row():
    one = facts("AWS/ELB", "BackendConnectionErrors")
    assert (one.kind, one.reported, one.period) == ("failures", "when not zero", 60)
    assert one.statistics == ("Sum",)
    assert one.sparse
    assert (one.lowest, one.highest) == (0, None)
    assert frozenset({"LoadBalancerName", "AvailabilityZone"}) in one.dimensions
    assert frozenset() in one.dimensions
    assert one.source == "https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/elb-cloudwatch-metrics.html"


def test_what_is_always_reported_has_no_gaps():
    assert not facts("AWS/NetworkELB", "TCP_ELB_Reset_Count").sparse


def test_storage_of_s3_is_measured_once_a_day():
    assert facts("AWS/S3", "BucketSizeBytes").period == 86_400


def test_dimensions_of_the_agent_depend_on_its_configuration():
    assert facts("CWAgent", "mem_used_percent").dimensions is None


def test_the_agent_sends_more_than_the_table_has():
    assert metrics_of("CWAgent") == []


def test_nothing_is_known_of_a_team_s_own_metric():
    assert facts("Shop", "Orders") is None
    assert metrics_of("Shop") == []
