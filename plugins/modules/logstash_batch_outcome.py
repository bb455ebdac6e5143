#!/usr/bin/python
"""Documentation of logstash_batch_outcome; it runs as an action on the control node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: logstash_batch_outcome
short_description: Fail with what became of a batch of hosts that turned bad in its soak
description:
  - Says which hosts of the batch are bad and why, what each host of it runs now, and which hosts were changed before
    or not at all. Always fails.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment: [elk.deploy.masking]
options:
  soaks:
    description: What M(elk.deploy.logstash_soak) returned for each host of the batch, by its name.
    type: dict
    required: true
  went_back:
    description: By host, why it could not go back; empty where it could, and null of hosts that nobody took back.
    type: dict
    default: {}
  hosts:
    description: All hosts of the run, in its order.
    type: list
    elements: str
    required: true
  failed:
    description: Those of them that have failed before, so that nobody watched them.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    support: full
    description: Makes no difference.
"""

EXAMPLES = r"""
- name: Fail with what became of the batch
  elk.deploy.logstash_batch_outcome:
    soaks: "{{ dict(ansible_play_batch | zip(ansible_play_batch | map('extract', hostvars, 'soak'))) }}"
    hosts: "{{ ansible_play_hosts_all }}"
  run_once: true
"""

RETURN = r"""#"""
