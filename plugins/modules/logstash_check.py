#!/usr/bin/python
"""Documentation of logstash_check; it runs as an action on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: logstash_check
short_description: Check settings of Logstash against what its version knows
description:
  - Holds settings, settings of pipelines, options of the JVM, the environment and TLS files against the table of what
    each release from 5.2.0 on knows, and fails with all faults at once.
  - A setting that the version does not know is reported with the releases that know it, and with its other name where
    it was renamed. A value of the wrong form is reported with the form that is expected.
  - Certificates among the TLS files that have ended, or have not begun, are refused, and keys that are not those of
    their
    certificates - of the same name without its extension, or else of any. One that ends within 30 days is warned of.
  - C(#{Tokens}) in values are substituted first. A value with C(${VARIABLES}) is not judged.
  - Fails where there is nothing to check but the version.
  - Works on the controller only. No host is touched, nothing is changed, and check mode makes no difference.
author: The ELK deployment toolkit's authors (@elk-deploy)
options:
  version:
    description: The version of Logstash. One later than the table is taken for the last in it, with a warning.
    type: str
    required: true
  settings:
    description: Settings of the process, by dotted names or as a tree.
    type: dict
    default: {}
  pipelines:
    description: Pipelines, each with its C(id) and its C(settings).
    type: list
    elements: dict
    default: []
  unchecked:
    description: Names of settings that are not checked.
    type: list
    elements: str
    default: []
  reserved:
    description: Settings that may not be set, each with the variable that is to be used instead.
    type: dict
    default: {}
  heap_size:
    description: Size of the JVM's heap.
    type: str
    default: ""
  jvm_options:
    description: Further options of the JVM.
    type: list
    elements: str
    default: []
  environment:
    description: Environment variables of the service.
    type: dict
    default: {}
  reserved_environment:
    description: Environment variables that may not be set, each with the variable that is to be used instead.
    type: dict
    default: {}
  tls_files:
    description: Files of TLS, each with a C(name), and C(content) or C(src).
    type: list
    elements: dict
    default: []
extends_documentation_fragment:
  - elk.deploy.octopus
  - elk.deploy.octopus.tokens
"""

EXAMPLES = r"""
- name: Check the settings
  elk.deploy.logstash_check:
    version: 9.5.2
    settings: {api.http.host: 127.0.0.1, queue: {type: persisted}}
    pipelines:
      - {id: ingest, settings: {queue.max_bytes: 4gb}}
"""

RETURN = r"""
"""
