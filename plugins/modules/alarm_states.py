#!/usr/bin/python
"""Reads the states of alarms."""

from __future__ import annotations

DOCUMENTATION = r"""
module: alarm_states
short_description: Read the states of CloudWatch alarms
description:
  - Returns which of the named alarms exist, and their states. Changes nothing.
  - The connection options are those of C(amazon.aws); defaults for the group C(amazon.aws.aws) apply.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
options:
  names:
    description: Names of alarms in CloudWatch, metric alarms and composite ones.
    type: list
    elements: str
    required: true
attributes:
  check_mode:
    support: full
    description: Never changes anything.
"""

EXAMPLES = r"""
- name: Read which alarms ring
  elk.deploy.alarm_states:
    names: [staging-queue-filling, staging-broker-trouble]
"""

RETURN = r"""
alarms:
  description:
    - The alarms that exist, by name - C(name), C(state) (C(OK), C(ALARM) or C(INSUFFICIENT_DATA)), C(reason), C(since)
      as ISO 8601, C(description), C(namespace) and C(metric); the last two are empty where there is an expression.
  type: list
  elements: dict
  returned: success
"""

import contextlib

from ansible_collections.elk.deploy.plugins.module_utils.aws.module import AwsModule

# Without it AnsibleAWSModule says what to install.
with contextlib.suppress(ImportError):
    import botocore.exceptions

# The most that one request may name.
NAMES = 100


def states(cloudwatch, names):
    """The alarms that exist, by name."""
    found = []
    for first in range(0, len(names), NAMES):
        pages = cloudwatch.get_paginator("describe_alarms").paginate(
            AlarmNames=names[first : first + NAMES], AlarmTypes=["MetricAlarm", "CompositeAlarm"]
        )
        for page in pages:
            found += [*page.get("MetricAlarms", []), *page.get("CompositeAlarms", [])]
    return sorted(map(described, found), key=lambda alarm: alarm["name"])


def described(alarm):
    """What is shown of an alarm."""
    since = alarm.get("StateTransitionedTimestamp") or alarm.get("StateUpdatedTimestamp")
    return {
        "name": alarm["AlarmName"],
        "state": alarm["StateValue"],
        "reason": alarm.get("StateReason", ""),
        "since": since.strftime("%Y-%m-%dT%H:%M:%SZ") if since else "",
        "description": alarm.get("AlarmDescription", ""),
        "namespace": alarm.get("Namespace", ""),
        "metric": alarm.get("MetricName", ""),
    }


def main():
    """Runs the module."""
    module = AwsModule(
        argument_spec={"names": {"type": "list", "elements": "str", "required": True}}, supports_check_mode=True
    )
    try:
        alarms = states(module.client("cloudwatch"), module.params["names"])
    except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as error:
        module.fail_json_aws(error, msg="The states of the alarms can't be read")
    module.exit_json(changed=False, alarms=alarms)


if __name__ == "__main__":
    main()
