#!/usr/bin/python
"""Documentation of logstash_plan; it runs as an action on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: logstash_plan
short_description: Plan what a host should have, from its variables of role logstash
description:
  - Fails with all that is wrong at once, one message a line. Looks at the role's argument specs first, then at what
    they cannot express, at a package file on the control node, at settings, plugins and the keystore as
    M(elk.deploy.logstash_check) and the modules that bring them do, and at every token.
  - Returns what the host should have. No secret is in it.
  - Reads the role's variables itself, so it works within the role only.
  - Works on the controller only. No host is touched, nothing is changed, and check mode makes no difference.
author: The ELK deployment toolkit's authors (@elk-deploy)
options:
  role_path:
    description: The directory of the role.
    type: path
    required: true
  entry:
    description: The entry point whose argument specs count.
    type: str
    required: true
  check:
    description:
      - Whether the variables are checked further than by the argument specs. V(false) is for hosts that only return to
        what they had, and for settings that are only shown.
    type: bool
    default: true
  needs_all:
    description:
      - Whether a part that cannot be planned is an error. With V(false) it is missing in the result, so that a host
        can restore its former state even if its new variables are incomplete.
    type: bool
    default: true
  image:
    description:
      - Whether the host only gets what an image has, which is the package, the plugins and the directories. Neither
        settings nor secrets are read, so that lookups of secrets are not asked.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Plan what the host should have
  elk.deploy.logstash_plan:
    role_path: "{{ role_path }}"
    entry: main
  register: __logstash_plan
"""

RETURN = r"""
package:
  description: The C(version), the C(source) and the C(file) on the host.
  type: dict
  returned: success
directories:
  description: The directories that exist before the first start, each with C(path), C(holds) and C(variable).
  type: list
  elements: dict
  returned: success
health:
  description: What the health check asks for.
  type: dict
  returned: success
ports:
  description: The ports that have to be free, each with C(variable) and C(port).
  type: list
  elements: dict
  returned: success
"""
