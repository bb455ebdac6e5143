#!/usr/bin/python
"""Which alarms wait for the first data of their metric."""

from __future__ import annotations

DOCUMENTATION = r"""
module: alarm_metrics
short_description: Find the alarms on signs of life whose metric has not been seen yet
description:
  - An alarm that treats missing data as breaching would ring from the first minute of a new environment until its
    metric is there. So it is made once the metric has had data for as many periods as the alarm evaluates.
  - One that exists already never waits - if the metric has gone, that is what it is for.
  - The connection options are those of C(amazon.aws); defaults for the group C(amazon.aws.aws) apply.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment:
  - elk.deploy.alarms
  - elk.deploy.alarms.environment
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
attributes:
  check_mode:
    support: full
    description: Never changes anything.
"""

EXAMPLES = r"""
- name: Find the alarms whose metric is not there yet
  elk.deploy.alarm_metrics:
    alarms: "{{ alarms }}"
    environment: staging
  register: found
"""

RETURN = r"""
waiting:
  description: The names of the alarms that wait for their metric, as the list has them.
  type: list
  elements: str
  returned: success
"""

import contextlib
import datetime

from ansible_collections.elk.deploy.plugins.module_utils.aws.module import AwsModule

# Without it AnsibleAWSModule says what to install.
with contextlib.suppress(ImportError):
    import botocore.exceptions


def has_data(cloudwatch, alarm):
    """Whether every metric of the alarm had data in as many of the last periods as the alarm has to see.

    The newest period may not have ended yet, and data comes late.
    """
    now = datetime.datetime.now(datetime.UTC)
    return all(
        len(
            cloudwatch.get_metric_statistics(
                Namespace=metric["namespace"],
                MetricName=metric["metric"],
                Dimensions=[{"Name": name, "Value": value} for name, value in metric["dimensions"].items()],
                StartTime=now - datetime.timedelta(seconds=metric["period"] * (alarm["evaluation_periods"] + 2)),
                EndTime=now,
                Period=metric["period"],
                Statistics=["SampleCount"],
            )["Datapoints"]
        )
        >= alarm["evaluation_periods"]
        for metric in alarm["metrics"]
    )


def main():
    # The action reads the list, and passes on what there is to look for.
    module = AwsModule(
        argument_spec={"signs_of_life": {"type": "list", "elements": "dict", "required": True}},
        supports_check_mode=True,
    )
    cloudwatch = module.client("cloudwatch")
    waiting = []
    try:
        for alarm in module.params["signs_of_life"]:
            found = cloudwatch.describe_alarms(AlarmNames=[alarm["deployed_name"]], AlarmTypes=["MetricAlarm"])
            if not found.get("MetricAlarms") and not has_data(cloudwatch, alarm):
                waiting.append(alarm["name"])
    except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as error:
        module.fail_json_aws(error, msg="Looking for the metrics of the alarms failed")
    module.exit_json(changed=False, waiting=waiting)


if __name__ == "__main__":
    main()
