#!/usr/bin/python
"""Documentation of logstash_hops; it runs as an action on the control node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: logstash_hops
short_description: Check the variables that protect each hop between the layers
description:
  - Knows the hops of the pipeline templates in this project and of the log shipper for load balancers - senders to
    brokers, brokers to Redis, Redis to indexers, and to Elasticsearch.
  - Fails with all mistakes at once - a file that is not in O(tls_files), an option that the release's plugin does not
    have, a user without a password.
  - Warns about, or fails for, each hop where events are unencrypted, or are accepted from anybody, and for a node API
    that other machines can reach that way.
  - Runs on the control node only. No host is touched, nothing is changed, and check mode makes no difference.
author: The ELK deployment toolkit's authors (@elk-deploy)
options:
  version:
    description:
      - The version of Logstash. If it can't be parsed, the newest is assumed.
      - Without this option, the variable C(logstash_version).
    type: str
  templates:
    description: The host's pipeline templates, such as V(broker/input.conf). Your own templates are not checked.
    type: list
    elements: str
    required: true
  tls_files:
    description:
      - TLS files that the host gets, each with a C(name).
      - Without this option, the variable C(logstash_tls_files).
    type: list
    elements: dict
  secret_arns:
    description:
      - The secrets that the log shipper for load balancers may read.
      - Without this option, the variable C(elb_log_shipper_secret_arns), where O(templates) has the log shipper.
    type: list
    elements: str
  api_host:
    description:
      - The address that the node API listens on; empty for a host without one.
      - Without this option, the variable C(logstash_api_host), where O(templates) has pipelines.
    type: str
  settings:
    description:
      - Those of C(logstash.yml), by their names, which say how the node API is protected.
      - Without this option, the variable C(logstash_settings).
    type: dict
  open:
    description: What to do about open hops. Without this option, the variable C(open_hops), or else V(warn).
    type: str
    choices: [warn, fail, ignore]
extends_documentation_fragment:
  - elk.deploy.octopus
  - elk.deploy.octopus.tokens
"""

EXAMPLES = r"""
- name: Check the hops
  elk.deploy.logstash_hops:
    templates: [broker/input.conf, broker/output-redis.conf]
"""

RETURN = r"""
hops:
  description: A line for each open hop.
  type: list
  elements: str
  returned: success
"""
