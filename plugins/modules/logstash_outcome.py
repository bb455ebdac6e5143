#!/usr/bin/python
"""Documentation of logstash_outcome; it runs as an action, which asks logstash_deployment_record."""

from __future__ import annotations

DOCUMENTATION = r"""
module: logstash_outcome
short_description: Fail with what happened to Logstash in a failed run
description:
  - Says what was done about a failure, what the service does now, and what to do. Always fails.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment: [elk.deploy.masking, elk.deploy.journal]
options:
  path:
    description: The deployment record on the host.
    type: path
    required: true
  found_files:
    description: The folder on the host with the files of the setup from before the first run.
    type: path
    required: true
  deployment:
    description: What M(elk.deploy.logstash_deployment_record) returned right after the failure.
    type: dict
    required: true
  recorded:
    description: The record from before the run.
    type: dict
    required: true
  rollback:
    description: Whether a failed run restores what was there.
    type: bool
    required: true
  to_run:
    description: Whether the service is to run.
    type: bool
    required: true
  out_of_service:
    description: Whether the host was drained and is still out of service.
    type: bool
    default: false
  failure:
    description: What failed, for the message.
    type: str
    required: true
  rollback_failure:
    description: Why the restoration failed; empty if it did not.
    type: str
    default: ""
attributes:
  check_mode:
    support: full
    description: Changes nothing, and says that nothing was changed.
"""

EXAMPLES = r"""
- name: Fail with what happened
  elk.deploy.logstash_outcome:
    path: /etc/logstash/proven
    found_files: /var/lib/logstash-found/files
    deployment: "{{ __logstash_rollback }}"
    recorded: "{{ __logstash_host.deployment.record }}"
    rollback: true
    to_run: true
    failure: "{{ __logstash_failure }}"
"""

RETURN = r"""#"""
