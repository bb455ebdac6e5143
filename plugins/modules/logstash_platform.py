#!/usr/bin/python
"""Documentation of logstash_platform; it runs as an action, which asks the host by one command of the shell."""

from __future__ import annotations

DOCUMENTATION = r"""
module: logstash_platform
short_description: Read what a host runs on, without gathering facts
description:
  - Reads the few facts that role logstash needs, for a play that gathers none. Gathering facts takes a module, and so
    more of the time of a run without changes than all that the role itself reads.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment: [elk.deploy.masking]
options: {}
attributes:
  check_mode:
    support: full
    description: Changes nothing.
"""

EXAMPLES = r"""
- name: Read what the host runs on
  elk.deploy.logstash_platform:
  register: __logstash_platform
  when: ansible_facts.pkg_mgr is not defined
"""

RETURN = r"""
distribution:
  description: The name of the distribution.
  type: str
  returned: success
distribution_version:
  description: Its release.
  type: str
  returned: success
pkg_mgr:
  description: The package manager, such as V(apt) or V(dnf), or V(unknown).
  type: str
  returned: success
service_mgr:
  description: V(systemd), or V(unknown).
  type: str
  returned: success
"""
