"""Which alarms on signs of life are not made yet: those whose metric has not had enough data."""

import datetime

import pytest
from ansible_collections.elk.deploy.plugins.modules import alarm_metrics

METRIC = {"namespace": "Logstash", "metric": "Heartbeat", "dimensions": {"Environment": "staging"}, "period": 60}
ALARM = {"evaluation_periods": 3, "metrics": [METRIC]}


class CloudWatch:
    def __init__(self, points):
        self.points, self.asked = points, []

    def get_metric_statistics(self, **asked):
        self.asked.append(asked)
        return {"Datapoints": [{}] * self.points[asked["MetricName"]]}


@pytest.mark.parametrize(("points", "seen"), [(0, False), (2, False), (3, True), (5, True)])
def test_a_metric_has_been_seen_with_as_many_data_points_as_the_alarm_evaluates(points, seen):
    cloudwatch = CloudWatch({"Heartbeat": points})
    assert alarm_metrics.has_data(cloudwatch, ALARM) is seen
    (asked,) = cloudwatch.asked
    assert (asked["Namespace"], asked["Period"]) == ("Logstash", 60)
    assert asked["Dimensions"] == [{"Name": "Environment", "Value": "staging"}]
    # The newest period may not have ended, and data comes late: two periods more.
    assert asked["EndTime"] - asked["StartTime"] == datetime.timedelta(minutes=5)


def test_each_metric_of_an_expression_has_to_be_there():
    other = METRIC | {"metric": "CanaryAge"}
    alarm = ALARM | {"metrics": [METRIC, other]}
    assert alarm_metrics.has_data(CloudWatch({"Heartbeat": 3, "CanaryAge": 3}), alarm)
    assert not alarm_metrics.has_data(CloudWatch({"Heartbeat": 3, "CanaryAge": 2}), alarm)
