#!/usr/bin/python
"""Plays a series to a copy of an alarm, as CloudWatch itself evaluates it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: alarm_replay
short_description: Play a series to a copy of an alarm, and see which messages come
description:
  - Makes a copy of the alarm that reads a metric of a namespace for drills, in periods of ten seconds, and sends the
    series to it, one period of it every ten seconds. Ends when the messages that are wanted have come, or when the
    series has ended and CloudWatch had time to evaluate it. Then removes the copy.
  - Metrics of AWS's own namespaces can't be sent by anybody else; the copy differs from the alarm in namespace and
    period only.
  - The connection options are those of C(amazon.aws); defaults for the group C(amazon.aws.aws) apply.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
options:
  name:
    description: Name of the alarm in CloudWatch. Its copy is called C(drill-) and this.
    type: str
    required: true
  silent_statistics:
    description: >-
      Statistics with which the alarm would not ring. Each gets a copy of its own, to which the same is played, and
      which has to stay silent.
    type: list
    elements: str
    default: []
  series:
    description:
      - What is measured in each period, in the notation of alarm tests, such as C(_x2 (1x300)x7 _x8) - two periods
        without data, seven with 300 samples of 1 each, and eight without data.
    type: str
    required: true
  expected:
    description: >-
      The states that are to be told of, in this order, such as V(ALARM), then V(OK). Empty when the copy is to stay
      silent.
    type: list
    elements: str
    default: []
  namespace:
    description: The namespace for drills.
    type: str
    default: ElkDrill
  topic_arn:
    description: >-
      The topic that the copies send to. The alarm itself may be a member of a composite alarm, and send nothing.
    type: str
    required: true
  queue_url:
    description: The queue of M(elk.deploy.alarm_listener), which the topic sends to.
    type: str
    required: true
  timeout:
    description: How many seconds CloudWatch may take to evaluate what was sent last.
    type: int
    default: 120
attributes:
  check_mode:
    support: none
    description: A drill rings.
"""

EXAMPLES = r"""
- name: Play an outage to the alarm
  elk.deploy.alarm_replay:
    name: staging-broker-connection-errors
    series: _x2 (1x300)x7 _x8
    expected: [ALARM, OK]
    silent_statistics: [Maximum]
    topic_arn: arn:aws:sns:eu-west-1:123456789012:alarms
    queue_url: "{{ listener.queue_url }}"
"""

RETURN = r"""
states:
  description: The states that the copy came into, as its messages said, without the first OK of a new alarm.
  type: list
  elements: str
  returned: success
"""

import contextlib
import secrets
import time

from ansible_collections.elk.deploy.plugins.module_utils import waiting
from ansible_collections.elk.deploy.plugins.module_utils.aws.alarm_messages import Listener
from ansible_collections.elk.deploy.plugins.module_utils.aws.module import AwsModule

# Without it AnsibleAWSModule says what to install.
with contextlib.suppress(ImportError):
    import botocore.exceptions

# The shortest that CloudWatch evaluates for a metric with a resolution of a second.
PERIOD_SECONDS = 10
COPIED = (
    "ComparisonOperator",
    "Threshold",
    "EvaluationPeriods",
    "DatapointsToAlarm",
    "TreatMissingData",
)


def copy_of(module, alarm, statistic, drill):
    """The options of PutMetricAlarm for a copy with another statistic; an empty one is the alarm's own."""
    own = {key: alarm[key] for key in ("Statistic", "ExtendedStatistic") if key in alarm}
    return {key: alarm[key] for key in COPIED if key in alarm} | {
        **({"Statistic": statistic} if statistic else own),
        "AlarmName": name_of(module, statistic, drill),
        "AlarmDescription": "The copy of an alarm, for a drill: nothing is broken. It is removed by itself.",
        "AlarmActions": [module.params["topic_arn"]],
        "OKActions": [module.params["topic_arn"]],
        "Namespace": module.params["namespace"],
        "MetricName": alarm["MetricName"],
        "Dimensions": dimensions_of(drill),
        "Period": PERIOD_SECONDS,
    }


def name_of(module, statistic, drill):
    """The name of a copy: two drills side by side don't hear one another."""
    return "-".join(filter(None, ("drill", module.params["name"], statistic, drill)))


def dimensions_of(drill):
    return [{"Name": "Drill", "Value": drill}]


def look(module, cloudwatch):
    """The alarm as CloudWatch describes it, over a single metric; the module fails without."""
    name = module.params["name"]
    found = cloudwatch.describe_alarms(AlarmNames=[name], AlarmTypes=["MetricAlarm"]).get("MetricAlarms", [])
    if not found:
        module.fail_json(
            code="alarm_missing",
            msg=f"Alarm {name} does not exist in {cloudwatch.meta.region_name}. Deploy the alarms first: "
            "playbooks/cloudwatch.yml.",
        )
    if "MetricName" not in found[0]:
        module.fail_json(
            code="alarm_not_played",
            msg=f"Alarm {name} reads several metrics. Only one with a single metric can be played to; "
            "`make alarms` tries this one.",
        )
    return found[0]


def play(module, cloudwatch, listener, metric, states):
    """Sends one period after the other, and ends early once all has been heard. True when it has."""
    expected = module.params["expected"]
    for samples in module.params["samples"]:
        due = time.monotonic() + PERIOD_SECONDS
        if samples:
            values, counts = zip(*samples, strict=True)
            data = metric | {
                "Values": list(map(float, values)),
                "Counts": list(map(float, counts)),
                "StorageResolution": 1,
            }
            cloudwatch.put_metric_data(Namespace=module.params["namespace"], MetricData=[data])
        while time.monotonic() < due:
            listener.receive()
            if expected and states() == expected:
                return
    for _attempt in waiting.attempts(module.params["timeout"] if expected else 3 * PERIOD_SECONDS, 1):
        listener.receive()
        if expected and states() == expected:
            return


def main():
    # The action reads the series, and passes on the samples of each period as [value, count].
    module = AwsModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "silent_statistics": {"type": "list", "elements": "str", "default": []},
            "samples": {"type": "list", "elements": "list", "required": True},
            "expected": {"type": "list", "elements": "str", "default": []},
            "namespace": {"type": "str", "default": "ElkDrill"},
            "topic_arn": {"type": "str", "required": True},
            "queue_url": {"type": "str", "required": True},
            "timeout": {"type": "int", "default": 120},
        },
    )
    try:
        run(module, module.client("cloudwatch"), Listener(module.client("sqs"), module.params["queue_url"]))
    except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as error:
        module.fail_json_aws(error, msg=f"Playing a series to a copy of alarm {module.params['name']} failed")


def run(module, cloudwatch, listener):
    alarm = look(module, cloudwatch)
    drill = secrets.token_hex(4)
    statistics = ["", *module.params["silent_statistics"]]

    def states(statistic=""):
        told = [one.state for one in listener.messages if one.alarm == name_of(module, statistic, drill)]
        # A new alarm comes from INSUFFICIENT_DATA into OK, and says so.
        return told[1:] if told[:1] == ["OK"] else told

    try:
        for statistic in statistics:
            cloudwatch.put_metric_alarm(**copy_of(module, alarm, statistic, drill))
        metric = {"MetricName": alarm["MetricName"], "Dimensions": dimensions_of(drill)}
        play(module, cloudwatch, listener, metric, states)
    finally:
        cloudwatch.delete_alarms(AlarmNames=[name_of(module, statistic, drill) for statistic in statistics])
    for statistic in statistics:
        wanted = [] if statistic else module.params["expected"]
        if states(statistic) != wanted:
            used = statistic or alarm.get("Statistic") or alarm["ExtendedStatistic"]
            module.fail_json(
                code="alarm_state_unexpected",
                msg=f"The copy of alarm {module.params['name']} with statistic {used} told of "
                f"{states(statistic) or 'nothing'}; expected {wanted or 'nothing'}. Look at the series with "
                "`make alarms`, which draws it against the threshold.",
                states=states(statistic),
            )
    module.exit_json(changed=False, states=states())


if __name__ == "__main__":
    main()
