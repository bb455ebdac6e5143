#!/usr/bin/python
"""Documentation of deployment_history; it runs as an action on the control node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: deployment_history
short_description: Show the last deployments of an environment
description:
  - Puts together the journals that M(elk.deploy.host_status) has found on the hosts of the groups C(brokers),
    C(indexers) and C(shippers), registered there as O(variable), in the order of time, and what instances have told.
  - Changes nothing. Needs the Python package C(rich) on the control node.
author: The ELK deployment toolkit's authors (@elk-deploy)
options:
  variable:
    description: The variable of each host with the result of M(elk.deploy.host_status). Hosts without it are left out.
    type: str
    required: true
  instances:
    description: The result of M(elk.deploy.instance_results), also of one that failed.
    type: dict
    default: {}
  last:
    description: How many deployments are shown, of all hosts together.
    type: int
    default: 20
  format:
    description: What O(ignore:report) is, a table or JSON.
    type: str
    choices: [table, json]
    default: table
attributes:
  check_mode:
    support: full
    description: Never changes anything.
"""

EXAMPLES = r"""
- name: Show the last deployments
  elk.deploy.deployment_history:
    variable: history_found
    last: 20
"""

RETURN = r"""
report:
  description: The table, or the JSON.
  type: str
  returned: success
"""
