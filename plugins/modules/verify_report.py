#!/usr/bin/python
"""Documentation of verify_report; it runs as an action on the control node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: verify_report
short_description: Show what a verification has found, write it as JUnit, and fail where a check has failed
description:
  - Prints a table for each host, with check, result and detail.
  - Writes a JUnit file, with a test suite for each host and a case for each check, also where all is well.
  - Fails if a check has failed, with all that have.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment: [elk.deploy.masking]
options:
  environment:
    description: The environment's name, for the file.
    type: str
    required: true
  suites:
    description:
      - By host, C(checks) and C(seconds), as M(elk.deploy.logstash_verify) returns them. One without checks counts as
        a host that could not be reached or looked at, and C(msg) says why.
    type: dict
    required: true
  alarms:
    description:
      - What says which alarms have to be there - C(names), those of the inventory; C(messengers), those of them with
        actions; C(deployed), as CloudWatch describes them; C(waiting), those whose metric has not begun; and
        C(problem), why they could not be asked for. Left out, alarms are not checked.
    type: dict
  dest:
    description: The JUnit file, on the control node.
    type: path
    required: true
attributes:
  check_mode:
    support: full
    description: Writes no file.
"""

EXAMPLES = r"""
- name: Show what was found
  elk.deploy.verify_report:
    environment: staging
    suites: {broker-1: {checks: [{check: version, result: passed, detail: 9.5.2 runs}], seconds: 2.5}}
    dest: build/verify/staging.xml
"""

RETURN = r"""
passed:
  description: How many checks have passed.
  type: int
  returned: success
msg:
  description: How many checks were made, and where the file is.
  type: str
  returned: success
"""
