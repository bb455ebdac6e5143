#!/usr/bin/python
"""Documentation of logstash_check; it runs as an action on the control node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: logstash_check
short_description: Check settings of Logstash against what its version knows
description:
  - Checks settings, pipeline settings, JVM options, the environment and TLS files against a table of what each release
    since 5.2.0 knows, and fails with all mistakes at once.
  - A setting that the version does not know is reported with the releases that know it, and with its other name if it
    was renamed. A value of the wrong form is reported with the form that is expected.
  - Refuses TLS files with an expired or not yet valid certificate, and a key that does not match its certificate - the
    one of the same name without its extension, or otherwise any. Warns if a certificate expires within 30 days.
  - C(#{Tokens}) in values are substituted first. A value with C(${VARIABLES}) is not checked.
  - Fails if there is nothing to check but the version.
  - Runs on the control node only. No host is touched, nothing is changed, and check mode makes no difference.
author: The ELK deployment toolkit's authors (@elk-deploy)
options:
  version:
    description: The version of Logstash. One later than the table is treated as the last one in it, with a warning.
    type: str
    required: true
  settings:
    description: Settings of the process, by dotted names or nested.
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
    description: Settings that may not be set, each with the variable to use instead.
    type: dict
    default: {}
  heap_size:
    description: JVM heap size.
    type: str
    default: ""
  jvm_options:
    description: Further JVM options.
    type: list
    elements: str
    default: []
  environment:
    description: Environment variables of the service.
    type: dict
    default: {}
  reserved_environment:
    description: Environment variables that may not be set, each with the variable to use instead.
    type: dict
    default: {}
  tls_files:
    description: TLS files, each with a C(name), and C(content) or C(src).
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
