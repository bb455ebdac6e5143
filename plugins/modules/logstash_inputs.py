#!/usr/bin/python
"""Documentation of logstash_inputs; it runs as an action on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: logstash_inputs
short_description: Check whether a host can be deployed with its variables of role logstash
description:
  - Fails with all that is wrong at once, one message a line. Looks at what forms and choices cannot express, at a
    package file on the control node, at settings, plugins and the keystore as M(elk.deploy.logstash_check) and the
    modules that bring them do, and at every token.
  - Reads the role's variables itself, so it works within the role only, after M(elk.deploy.role_arguments) has found
    their forms right.
  - Works on the controller only. No host is touched, nothing is changed, and check mode makes no difference.
author: The ELK deployment toolkit's authors (@elk-deploy)
options:
  without_value:
    description:
      - What M(elk.deploy.role_arguments) says of variables that have no value for want of a token. It is reported
        where the templates, which mostly lack the same, are in order.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Check what the variables say
  elk.deploy.logstash_inputs:
    without_value: "{{ __logstash_arguments.without_value }}"
"""

RETURN = r"""
"""
