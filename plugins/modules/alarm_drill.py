#!/usr/bin/python
"""Rings an alarm, and waits until a subscriber of its topic has heard of it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: alarm_drill
short_description: Ring a deployed alarm, and wait for its messages
description:
  - Sets the alarm's state to C(ALARM), waits for the message at a queue that is subscribed to its topic, then sets it
    to C(OK), and waits for that message. CloudWatch evaluates the alarm as before from then on.
  - An alarm with C(ActionsSuppressor) sends each message as much later as its C(ActionsSuppressorWaitPeriod) says. The
    module waits for so long, too, and fails while the suppressor is in state C(ALARM).
  - Proves that the alarm exists, has actions, and that they reach a subscriber. Whether its threshold means anything
    is for M(elk.deploy.alarm_tests) and M(elk.deploy.alarm_replay).
  - The connection options are those of C(amazon.aws); defaults for the group C(amazon.aws.aws) apply.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
options:
  name:
    description: Name of the alarm in CloudWatch.
    type: str
    required: true
  queue_url:
    description: The queue of M(elk.deploy.alarm_listener).
    type: str
    required: true
  timeout:
    description: How many seconds each message may take, after the alarm's C(ActionsSuppressorWaitPeriod).
    type: int
    default: 60
attributes:
  check_mode:
    support: none
    description: A drill rings.
"""

EXAMPLES = r"""
- name: Ring the alarm
  elk.deploy.alarm_drill:
    name: staging-failed-events-waiting
    queue_url: "{{ listener.queue_url }}"
"""

RETURN = r"""
seconds:
  description: How long the message of C(ALARM) took to arrive.
  type: float
  returned: success
"""

import contextlib
import time

from ansible_collections.elk.deploy.plugins.module_utils.aws.alarm_messages import Listener
from ansible_collections.elk.deploy.plugins.module_utils.aws.module import AwsModule

# Without it AnsibleAWSModule says what to install.
with contextlib.suppress(ImportError):
    import botocore.exceptions

REASON = "A drill of the ELK deployment toolkit: nothing is broken."


def described(cloudwatch, name):
    """The alarms of that name, one or none, as CloudWatch describes them."""
    answer = cloudwatch.describe_alarms(AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    return [*answer.get("MetricAlarms", []), *answer.get("CompositeAlarms", [])]


def look(module, cloudwatch):
    """The alarm as CloudWatch describes it; the module fails without one."""
    name = module.params["name"]
    found = described(cloudwatch, name)
    if not found:
        module.fail_json(
            code="alarm_missing",
            msg=f"Alarm {name} does not exist in {cloudwatch.meta.region_name}. Deploy the alarms first, "
            "with playbooks/cloudwatch.yml. Where somebody has deleted it, CloudFormation does not notice: delete the "
            "alarms' stack, and deploy it again.",
        )
    for key in ("AlarmActions", "OKActions"):
        if not found[0].get(key) or not found[0].get("ActionsEnabled", True):
            module.fail_json(
                code="alarm_silent",
                msg=f"Alarm {name} has no {key} that are enabled: nobody hears of it. Somebody has changed it since it "
                "was deployed, which CloudFormation does not notice: aws cloudwatch enable-alarm-actions --alarm-names "
                f"{name}; or delete the alarms' stack, and deploy it again.",
            )
    return found[0]


def ring(module, cloudwatch, listener):
    """Seconds until the message of ALARM arrived."""
    name = module.params["name"]
    alarm = look(module, cloudwatch)
    timeout = module.params["timeout"] + alarm.get("ActionsSuppressorWaitPeriod", 0)
    # A name or an ARN, which ends with the name.
    suppressor = alarm.get("ActionsSuppressor", "").rpartition(":")[2]
    if suppressor and any(one["StateValue"] == "ALARM" for one in described(cloudwatch, suppressor)):
        module.fail_json(
            code="alarm_rings",
            msg=f"Alarm {suppressor} is in state ALARM, and holds the messages of {name} back. Mend that first, or "
            "leave the alarm out: -e '{\"drill_alarms\": [...]}'.",
        )
    if alarm["StateValue"] == "ALARM":
        module.fail_json(
            code="alarm_rings",
            msg=f"Alarm {name} is in state ALARM already, so that a drill would hide what is wrong. "
            "Mend that first, or leave the alarm out: -e '{\"drill_alarms\": [...]}'.",
        )
    began = time.monotonic()
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason=REASON)
    try:
        heard(module, listener, "ALARM", timeout)
        seconds = time.monotonic() - began
    finally:
        # Also where nobody has heard: some alarms stay in their state until there is new data. Where the next
        # evaluation has done it already, this changes nothing, and the message is there.
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason=REASON)
    heard(module, listener, "OK", timeout)
    return seconds


def heard(module, listener, state, timeout):
    """Waits for the alarm's message, and fails without one."""
    # Messages from before the drill are not in the listener: ALARM comes first, and OK after it.
    since = next(
        (
            number
            for number, one in enumerate(listener.messages)
            if (one.alarm, one.state) == (module.params["name"], "ALARM")
        ),
        0,
    )
    if listener.wait_for(module.params["name"], state, timeout, since) is None:
        module.fail_json(
            code="alarm_unheard",
            msg=f"Alarm {module.params['name']} went into {state}, and no message of it reached "
            f"{module.params['queue_url']} within {timeout} s. Look at the topic's policy, and whether its key lets "
            "CloudWatch publish (templates/cloudformation/notifications.yml).",
        )


def main():
    module = AwsModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "queue_url": {"type": "str", "required": True},
            "timeout": {"type": "int", "default": 60},
        },
    )
    try:
        listener = Listener(module.client("sqs"), module.params["queue_url"])
        seconds = ring(module, module.client("cloudwatch"), listener)
    except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as error:
        module.fail_json_aws(error, msg=f"The drill of alarm {module.params['name']} failed")
    module.exit_json(changed=False, seconds=round(seconds, 1))


if __name__ == "__main__":
    main()
