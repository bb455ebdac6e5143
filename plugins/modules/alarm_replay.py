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
  statistic:
    description: Another statistic for the copy, to show that the alarm would not ring with it.
    type: str
    default: ""
  samples:
    description:
      - What was measured in each period, as a list of values and how often each came, such as C([[1, 300]]) for 300
        samples of 1.
      - An empty one is a period without data.
    type: list
    elements: list
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
  queue_url:
    description: The queue of M(elk.deploy.alarm_listener), which the alarm's topic sends to.
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
    samples: [[], [[1, 300]], [[1, 300]], [[1, 300]], [[1, 300]], [[1, 300]], [], []]
    expected: [ALARM, OK]
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
    "AlarmActions",
    "OKActions",
    "ComparisonOperator",
    "Threshold",
    "EvaluationPeriods",
    "DatapointsToAlarm",
    "TreatMissingData",
    "Statistic",
    "ExtendedStatistic",
)


def copy_of(module, alarm, name, dimensions):
    """The options of PutMetricAlarm for the copy."""
    options = {key: alarm[key] for key in COPIED if key in alarm}
    if module.params["statistic"]:
        options.pop("ExtendedStatistic", None)
        options["Statistic"] = module.params["statistic"]
    return options | {
        "AlarmName": name,
        "AlarmDescription": "The copy of an alarm, for a drill: nothing is broken. It is removed by itself.",
        "Namespace": module.params["namespace"],
        "MetricName": alarm["MetricName"],
        "Dimensions": dimensions,
        "Period": PERIOD_SECONDS,
    }


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
    module = AwsModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "statistic": {"type": "str", "default": ""},
            "samples": {"type": "list", "elements": "list", "required": True},
            "expected": {"type": "list", "elements": "str", "default": []},
            "namespace": {"type": "str", "default": "ElkDrill"},
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
    # Its own name: two drills side by side don't hear one another.
    drill = secrets.token_hex(4)
    name = f"drill-{module.params['name']}-{drill}"
    dimensions = [{"Name": "Drill", "Value": drill}]

    def states():
        told = [one.state for one in listener.messages if one.alarm == name]
        # A new alarm comes from INSUFFICIENT_DATA into OK, and says so.
        return told[1:] if told[:1] == ["OK"] else told

    cloudwatch.put_metric_alarm(**copy_of(module, alarm, name, dimensions))
    try:
        play(module, cloudwatch, listener, {"MetricName": alarm["MetricName"], "Dimensions": dimensions}, states)
    finally:
        cloudwatch.delete_alarms(AlarmNames=[name])
    if states() != module.params["expected"]:
        module.fail_json(
            code="alarm_state_unexpected",
            msg=f"The copy of alarm {module.params['name']} with statistic "
            f"{module.params['statistic'] or alarm.get('Statistic', alarm.get('ExtendedStatistic'))} told of "
            f"{states() or 'nothing'}; expected {module.params['expected'] or 'nothing'}. Look at the series with "
            "`make alarms`, which draws it against the threshold.",
            states=states(),
        )
    module.exit_json(changed=False, states=states())


if __name__ == "__main__":
    main()
