#!/usr/bin/python
"""Documentation of logstash_hops; it runs as an action on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: logstash_hops
short_description: Check the variables of the ways that events take between the layers
description:
  - Knows the hops of the shipped pipeline templates and of the log shipper for load balancers - senders to brokers,
    brokers to Redis, Redis to indexers, and to Elasticsearch.
  - Fails with all faults at once - a file that is not in O(tls_files), an option that the plugin of the release does
    not have, a user without a password.
  - Warns of, or fails for, each hop where events go in clear text, or are taken from anybody, and for a node API that
    other machines reach so.
  - Works on the controller only. No host is touched, nothing is changed, and check mode makes no difference.
author: The ELK deployment toolkit's authors (@elk-deploy)
options:
  version:
    description: The version of Logstash. One that can't be read counts as the newest.
    type: str
    default: ""
  templates:
    description: The host's pipeline templates, such as V(broker/input.conf). Those of your own are not looked at.
    type: list
    elements: str
    required: true
  tls_files:
    description: Files of TLS that the host gets, each with a C(name).
    type: list
    elements: dict
    default: []
  secret_arns:
    description: The secrets that the log shipper for load balancers may read.
    type: list
    elements: str
    default: []
  api_host:
    description: The address that the node API listens on; empty for a host without one.
    type: str
    default: ""
  settings:
    description: Those of C(logstash.yml), by their names, which say how the node API is protected.
    type: dict
    default: {}
  open:
    description: What to do about hops that are open.
    type: str
    choices: [warn, fail, ignore]
    default: warn
extends_documentation_fragment:
  - elk.deploy.octopus
  - elk.deploy.octopus.tokens
"""

EXAMPLES = r"""
- name: Check the hops
  elk.deploy.logstash_hops:
    version: 9.5.2
    templates: [broker/input.conf, broker/output-redis.conf]
    tls_files: "{{ logstash_tls_files }}"
"""

RETURN = r"""
hops:
  description: A line for each hop that is open.
  type: list
  elements: str
  returned: success
"""
