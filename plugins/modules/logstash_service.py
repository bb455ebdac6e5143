#!/usr/bin/python
"""Documentation of logstash_service; it runs as an action, which calls systemd_service."""

from __future__ import annotations

DOCUMENTATION = r"""
module: logstash_service
short_description: Start, stop or restart Logstash's service, and say where its log ended before
description:
  - Enables the service and brings it to its state, as M(ansible.builtin.systemd_service) does.
  - Before a restart, notes where the log ends, for M(elk.deploy.logstash_health), since what the former process wrote
    says nothing about the new one.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment: [elk.deploy.masking]
options:
  state:
    description: Whether the service is to run.
    type: str
    choices: [started, stopped]
    required: true
  restart:
    description: Whether systemd reads its units again and restarts the service.
    type: bool
    required: true
  log_file:
    description: The log file.
    type: path
    required: true
  user:
    description: The user of the service.
    type: str
    default: logstash
attributes:
  check_mode:
    support: full
    description: Reports what would be done, and changes nothing.
"""

EXAMPLES = r"""
- name: Restart the service
  elk.deploy.logstash_service:
    state: started
    restart: true
    log_file: /var/log/logstash/logstash-plain.log
  register: __logstash_service
"""

RETURN = r"""
log_end:
  description: Where the log ended before a restart, with C(inode) and C(size); both are 0 without a log or a restart.
  type: dict
  returned: success
"""
