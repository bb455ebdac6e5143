#!/usr/bin/python
"""Documentation of logstash_difference; it runs as an action, which calls settings_release."""

from __future__ import annotations

DOCUMENTATION = r"""
module: logstash_difference
short_description: See whether what is wanted is live and has passed the health check
description:
  - Compares the staged settings with the live ones, as M(elk.deploy.settings_release) does in check mode, and what is
    wanted with what last passed the health check. A service is restarted only where they differ, also when an earlier
    run was interrupted.
  - Changes nothing.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment: [elk.deploy.masking]
options:
  release:
    description: The options of M(elk.deploy.settings_release) that name the staged settings and the live ones.
    type: dict
    required: true
  plan:
    description: What M(elk.deploy.logstash_plan) returns.
    type: dict
    required: true
  host:
    description: What M(elk.deploy.logstash_host) returns.
    type: dict
    required: true
  plugins:
    description: The fingerprint of the plugins, as M(elk.deploy.logstash_plugins) returns it.
    type: str
    required: true
  staged:
    description:
      - What M(elk.deploy.logstash_settings) returned, if it ran. With C(comparison), the host is not asked again. A
        check run stages nothing, and only says that it would.
    type: dict
    default: {}
attributes:
  check_mode:
    support: full
    description: Makes no difference.
"""

EXAMPLES = r"""
- name: Compare what is wanted with what last passed the health check
  elk.deploy.logstash_difference:
    release: {src: /etc/logstash/staged, dest: /etc/logstash, entries: [logstash.yml, pipelines], group: logstash}
    plan: "{{ __logstash_plan }}"
    host: "{{ __logstash_host }}"
    plugins: "{{ __logstash_plugins.fingerprint }}"
  register: __logstash_difference
"""

RETURN = r"""
record:
  description: What is written down once it has passed the health check.
  type: dict
  returned: success
previous:
  description: The release of the settings that is live; empty if there is none.
  type: str
  returned: success
is_up_to_date:
  description: Whether nothing differs, so that nothing has to be validated, made live or restarted.
  type: bool
  returned: success
"""
