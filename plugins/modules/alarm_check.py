#!/usr/bin/python
"""Documentation of alarm_check; it runs as an action on the control node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: alarm_check
short_description: Refuse CloudWatch alarms that cannot work
description:
  - Reads the list of an environment's alarms, and fails with all that is wrong with them at once - what CloudWatch
    would refuse, and what it would take although the alarm would never ring, or always.
  - For the metrics of Classic, Application and Network Load Balancers, Lambda, SQS, S3, SNS, Auto Scaling and this
    toolkit, it knows which statistics mean something, which dimensions and periods there are, between which values they
    are, and when they are not reported. Alarms over other namespaces are checked for what does not depend on that.
  - An alarm's key C(accepted) switches off checks that follow from these facts. It has the code of a fault with the
    reason why it is none there.
  - Needs no connection to AWS, and changes nothing.
author: The ELK deployment toolkit's authors (@elk-deploy)
options:
  region:
    description: The alarms' region, which their actions must be in. If it is empty, that is not checked.
    type: str
    default: ""
extends_documentation_fragment:
  - elk.deploy.alarms
attributes:
  check_mode:
    support: full
    description: Never changes anything.
"""

EXAMPLES = r"""
- name: Check the alarms
  elk.deploy.alarm_check:
    alarms: "{{ alarms }}"
    changes: "{{ alarm_changes | default({}) }}"
    region: eu-west-1
"""

RETURN = r"""
count:
  description: How many alarms there are, without those that are not enabled.
  type: int
  returned: success
"""
