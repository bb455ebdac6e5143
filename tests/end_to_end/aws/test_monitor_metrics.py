"""What the monitor sends to CloudWatch, and an alarm of the list that rings by it."""

import time

import pytest
from logstash_monitor.clock import Clock
from logstash_monitor.cloudwatch import CloudWatch, Publisher
from logstash_monitor.config import CloudWatchConfig
from logstash_monitor.credentials import CredentialSource
from logstash_monitor.judge import Verdict
from logstash_monitor.minutes import Minutes, data
from waiting import wait_for

KEYS = {"AWS_ACCESS_KEY_ID": "emulator", "AWS_SECRET_ACCESS_KEY": "emulator"}
# The emulator looks at an alarm once in its period.
PATIENCE = 300


@pytest.fixture(scope="module")
def cloudwatch(emulator):
    client = emulator.client("cloudwatch")
    # The emulator loads a service by its first call, which takes longer than the monitor waits.
    client.put_metric_data(Namespace="Other", MetricData=[{"MetricName": "Any", "Value": 1}])
    return client


@pytest.fixture
def send(emulator):
    """Sends the minute before this one, in which the pipeline had a verdict, as the service does."""
    clock = Clock()
    config = CloudWatchConfig("eu-west-1", emulator.endpoint, "Logstash")
    publisher = Publisher(CloudWatch(config, CredentialSource(clock, environment=KEYS), clock), clock)

    def sent(environment, verdict):
        minutes = Minutes()
        now = time.time()
        minutes.close(now - 60)
        minutes.add([Verdict("broker", verdict, "", {"queue_bytes": 5})], lost=0, heap=40.0, canary_age=3.0)
        (minute,) = minutes.close(now)
        publisher.offer(data(minute, 40.0, environment, "brokers", "broker-1"))
        publisher.send()
        assert publisher.error == ""
        return minute.start

    return sent


def test_cloudwatch_has_what_was_sent(send, cloudwatch):
    start = send("healthy", "fine")
    named = cloudwatch.get_paginator("list_metrics").paginate(Namespace="Logstash").build_full_result()["Metrics"]
    found = {(one["MetricName"], frozenset((d["Name"], d["Value"]) for d in one["Dimensions"])) for one in named}
    environment = ("Environment", "healthy")
    assert ("Heartbeat", frozenset({environment, ("Layer", "brokers")})) in found
    assert ("CanaryAge", frozenset({environment})) in found
    assert ("CanaryAge", frozenset({environment, ("Host", "broker-1")})) in found
    (point,) = cloudwatch.get_metric_statistics(
        Namespace="Logstash",
        MetricName="QueueBytes",
        # All of them: the emulator takes those that have more for the same metric, which AWS does not.
        Dimensions=[{"Name": "Environment", "Value": "healthy"}, {"Name": "Host", "Value": "broker-1"}],
        StartTime=start,
        EndTime=start + 60,
        Period=60,
        Statistics=["Sum", "SampleCount"],
    )["Datapoints"]
    assert (point["Timestamp"].timestamp(), point["Sum"], point["SampleCount"]) == (start, 5, 1)


def test_an_alarm_rings_by_a_stall(send, cloudwatch):
    cloudwatch.put_metric_alarm(
        AlarmName="pipeline-stalled",
        Namespace="Logstash",
        MetricName="PipelineStalled",
        Dimensions=[{"Name": "Environment", "Value": "stalled"}],
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
    )

    def rings():
        send("stalled", "stalled")
        (alarm,) = cloudwatch.describe_alarms(AlarmNames=["pipeline-stalled"])["MetricAlarms"]
        return alarm["StateValue"] == "ALARM"

    wait_for(rings, "alarm", interval=5, patience=PATIENCE)
