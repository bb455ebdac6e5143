#!/usr/bin/python
"""Documentation of logstash_layers; it runs as an action on the control node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: logstash_layers
short_description: Check how the layers are connected, and how many hosts are changed at once
description:
  - Checks those of the variables C(log_transport), C(broker_output), C(indexer_output), C(open_hops),
    C(logstash_serial), C(rollout_soak_seconds), C(rollout_ready_seconds), C(balancer_unhealthy_seconds) and
    C(balancer_healthy_seconds) that are set for a host, and fails with every one that has a value which is not allowed.
  - Runs on the control node only. No host is touched, nothing is changed, and check mode makes no difference.
author: The ELK deployment toolkit's authors (@elk-deploy)
options: {}
attributes:
  check_mode:
    support: full
    description: Makes no difference, since it changes nothing.
"""

EXAMPLES = r"""
- name: Check how the layers are connected
  elk.deploy.logstash_layers:
"""

RETURN = r"""#"""
