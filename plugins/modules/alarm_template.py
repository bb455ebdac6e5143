#!/usr/bin/python
"""Documentation of alarm_template; it runs as an action on the control node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: alarm_template
short_description: Make the CloudFormation template of an environment's alarms
description:
  - Makes one resource for each alarm of the list that is enabled. The same list makes the same text.
  - Runs on the control node only. Reaches nothing, changes nothing, and check mode makes no difference.
author: The ELK deployment toolkit's authors (@elk-deploy)
options:
  topics_stack:
    description: The stack that has the topics. Its outputs have the names of the template's parameters.
    type: str
    required: true
  without:
    description: Alarms to leave out, such as those that wait for their metric (M(elk.deploy.alarm_metrics)).
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - elk.deploy.alarms
  - elk.deploy.alarms.environment
attributes:
  check_mode:
    support: full
    description: Never changes anything.
"""

EXAMPLES = r"""
- name: Make the template of the alarms
  elk.deploy.alarm_template:
    alarms: "{{ alarms }}"
    environment: staging
    topics_stack: notifications-staging
  register: made
"""

RETURN = r"""
template:
  description: The template, as JSON.
  type: str
  returned: success
parameters:
  description: The template's parameters, each as the output of the stack of topics, as role aws_stacks takes it.
  type: dict
  returned: success
  sample: {AlarmsTopicArn: {stack: notifications-staging, output: AlarmsTopicArn}}
alarms:
  description: The names of the alarms in it, as the list has them.
  type: list
  elements: str
  returned: success
messengers:
  description: Those among them that send messages themselves. The others are members of a composite alarm.
  type: list
  elements: str
  returned: success
without_end:
  description: Those that send a message when they ring, and none when they end.
  type: list
  elements: str
  returned: success
"""
