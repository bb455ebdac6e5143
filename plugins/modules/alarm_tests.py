#!/usr/bin/python
"""Documentation of alarm_tests; it runs as an action on the control node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: alarm_tests
short_description: Test an environment's alarms offline
description:
  - Evaluates alarms by CloudWatch's rules against test files, in simulated time. A test gives series, and expects
    states at given times.
  - Fails if a test fails, and if a test file has mistakes; then it names all of them, with file and line.
  - Runs on the control node only. Reaches nothing, changes nothing, and check mode makes no difference.
author: The ELK deployment toolkit's authors (@elk-deploy)
options:
  src:
    description: A test file, or a folder with some (C(*.yml)).
    type: path
    required: true
  coverage:
    description:
      - Whether it also fails when an enabled alarm lacks a test in which it goes to ALARM, a noisy one in which it
        stays silent, or one with gaps. Of a whole folder, the report names such alarms either way.
    type: bool
    default: false
extends_documentation_fragment:
  - elk.deploy.alarms
attributes:
  check_mode:
    support: full
    description: Never changes anything.
"""

EXAMPLES = r"""
- name: Test the alarms
  elk.deploy.alarm_tests:
    alarms: "{{ alarms }}"
    changes: "{{ alarm_changes | default({}, true) }}"
    src: tests/alarms
"""

RETURN = r"""
report:
  description: What each test found, with a chart of what failed, as text.
  type: str
  returned: when the test files could be read
failures:
  description: The tests that failed, as file, line and name.
  type: list
  elements: str
  returned: when the test files could be read
  sample: ["tests/alarms/brokers.yml:3: The broker refuses connections for two days"]
lacking:
  description: What enabled alarms lack, by their names.
  type: dict
  returned: when the test files could be read
  sample: {broker-silent: [one with gaps]}
"""
