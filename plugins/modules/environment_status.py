#!/usr/bin/python
"""Documentation of environment_status; it runs as an action on the control node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: environment_status
short_description: Show an environment as it is now, as a table and as a page
description:
  - Puts together what M(elk.deploy.host_status) has found on the hosts of the groups C(brokers), C(indexers) and
    C(shippers), registered there as O(variable), and what M(elk.deploy.alarm_states) returned.
  - Returns a table for the terminal, and writes a page, one HTML file that needs nothing else.
  - Fails where something is wrong, such as a host that is not ready or can't be reached, a pipeline that has stalled,
    or an alarm that rings.
  - Needs the Python package C(rich) on the control node.
author: The ELK deployment toolkit's authors (@elk-deploy)
options:
  environment:
    description: The environment's name.
    type: str
    required: true
  variable:
    description: The variable of each host with the result of M(elk.deploy.host_status). Hosts without it are left out.
    type: str
    required: true
  monitored:
    description: Whether a host without a monitor is wrong.
    type: bool
    default: true
  alarms:
    description: The result of M(elk.deploy.alarm_states), also of one that failed. Without it, there are no alarms.
    type: dict
    default: {}
  output:
    description: Where the brokers send events.
    type: str
    choices: [redis, elasticsearch, file]
    default: elasticsearch
  page:
    description: The file of the page. Without it, none is written.
    type: path
  format:
    description: What O(ignore:report) is, a table or JSON.
    type: str
    choices: [table, json]
    default: table
attributes:
  check_mode:
    support: full
    description: Does not write the page.
"""

EXAMPLES = r"""
- name: Show the environment
  elk.deploy.environment_status:
    environment: staging
    variable: status_found
    alarms: "{{ status_alarms }}"
    page: build/status/staging.html
"""

RETURN = r"""
report:
  description: The table, or the JSON.
  type: str
  returned: always
wrong:
  description: What is wrong, a line each.
  type: list
  elements: str
  returned: always
"""
