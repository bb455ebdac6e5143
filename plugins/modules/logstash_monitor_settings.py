#!/usr/bin/python
"""Documentation of logstash_monitor_settings; it runs as an action, which calls settings_directory."""

from __future__ import annotations

DOCUMENTATION = r"""
module: logstash_monitor_settings
short_description: Write the settings of logstash_monitor from the variables of its role
description:
  - Writes C(config.json), passwords, TLS files and the service's environment as M(elk.deploy.settings_directory) does.
    All but C(config.json) is secret, and never shown.
  - Reads the role's variables itself, so it works within the role only. Checks them first, and reports all that is
    wrong.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment: [elk.deploy.masking]
options:
  path:
    description: The directory. Without one, the variables are only checked, and no host is reached.
    type: path
  owner:
    description: The owner of the files.
    type: str
  group:
    description: The group that may read the files.
    type: str
  role_path:
    description: The role's directory, which has the argument specs.
    type: path
    required: true
  entry:
    description: The entry point of the role, whose argument specs the variables are checked against.
    type: str
    required: true
attributes:
  check_mode:
    support: full
    description: Reports what would be written.
  diff_mode:
    support: full
    description: Shows the difference of C(config.json).
"""

EXAMPLES = r"""
- name: Write the monitor's settings
  elk.deploy.logstash_monitor_settings:
    path: /etc/logstash-monitor
    owner: root
    group: logstash-monitor
    role_path: "{{ role_path }}"
    entry: main
"""

RETURN = r"""
files:
  description: What was written, or got another owner or mode.
  type: list
  elements: str
  returned: success, with O(path)
removed:
  description: What was removed.
  type: list
  elements: str
  returned: success, with O(path)
"""
