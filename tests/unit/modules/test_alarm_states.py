"""Alarms of both kinds are read by their names, however many there are."""

from __future__ import annotations

from datetime import UTC, datetime

from ansible_collections.elk.deploy.plugins.modules import alarm_states

SINCE = datetime(2026, 11, 28, 20, 56, tzinfo=UTC)


class CloudWatch:
    """Describes the alarms it has, a page each of metric alarms and composite ones."""

    def __init__(self, *alarms):
        self.alarms = alarms
        self.asked = []

    def get_paginator(self, operation):
        assert operation == "describe_alarms"
        return self

    def paginate(self, AlarmNames, AlarmTypes):  # noqa: N803 - AWS's
        self.asked.append(len(AlarmNames))
        assert AlarmTypes == ["MetricAlarm", "CompositeAlarm"]
        found = [alarm for alarm in self.alarms if alarm["AlarmName"] in AlarmNames]
        yield {"MetricAlarms": [alarm for alarm in found if "AlarmRule" not in alarm], "CompositeAlarms": []}
        yield {"MetricAlarms": [], "CompositeAlarms": [alarm for alarm in found if "AlarmRule" in alarm]}


def test_what_is_shown_of_metric_alarms_and_composite_ones():
    metric = {
        "AlarmName": "staging-queue-filling", "StateValue": "OK", "StateReason": "fine", "Namespace": "Logstash",
        "MetricName": "QueueShare", "AlarmDescription": "It fills.", "StateUpdatedTimestamp": SINCE,
    }  # fmt: skip
    composite = {"AlarmName": "staging-broker-trouble", "StateValue": "ALARM", "AlarmRule": "ALARM(x)"}
    found = alarm_states.states(
        CloudWatch(metric, composite), ["staging-queue-filling", "staging-broker-trouble", "no"]
    )
    assert [(one["name"], one["state"], one["since"]) for one in found] == [
        ("staging-broker-trouble", "ALARM", ""),
        ("staging-queue-filling", "OK", "2026-11-28T20:56:00Z"),
    ]
    assert (found[1]["namespace"], found[1]["metric"], found[1]["description"]) == (
        "Logstash",
        "QueueShare",
        "It fills.",
    )


def test_more_names_than_one_request_may_have_are_asked_for_in_several():
    cloudwatch = CloudWatch()
    assert alarm_states.states(cloudwatch, [f"alarm-{number}" for number in range(250)]) == []
    assert cloudwatch.asked == [100, 100, 50]


def test_the_time_is_that_of_the_last_change_of_the_state():
    later = datetime(2026, 11, 28, 20, 59, tzinfo=UTC)
    alarm = {
        "AlarmName": "a",
        "StateValue": "ALARM",
        "StateUpdatedTimestamp": later,
        "StateTransitionedTimestamp": SINCE,
    }
    assert alarm_states.described(alarm)["since"] == "2026-11-28T20:56:00Z"
