#!/usr/bin/python
"""Documentation of octopus_check; it runs as an action on the control node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: octopus_check
short_description: Check that every Octopus-style token can be resolved for the host
description:
  - Evaluates the C(#{Tokens}) in files and texts for the host, and fails with all problems at once.
  - Checking nothing fails too - without any of O(src), O(pipelines), O(text) and O(required), or if O(files) matches no
    text file in a directory. With O(warn_no_match=false), such a directory is skipped, as long as there is something
    else to check.
  - Runs on the control node only. No host is touched, nothing is changed, and check mode makes no difference.
author: The ELK deployment toolkit's authors (@elk-deploy)
options:
  src:
    description:
      - Files with tokens, found as M(elk.deploy.octopus_template) finds them, and directories. O(files) and O(exclude)
        choose the files of a directory, as for M(elk.deploy.octopus_directory).
    type: list
    elements: path
    default: []
  pipelines:
    description:
      - Files with tokens that are Logstash pipelines. In these, a value that would end the string around its token, or
        be read as a part of the pipeline, is an error too.
    type: list
    elements: path
    default: []
  text:
    description: Texts with tokens. Messages refer to them by their keys.
    type: dict
    default: {}
  required:
    description: Names of variables that must be defined, resolvable and not empty, whatever O(unresolved) says.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - elk.deploy.octopus
  - elk.deploy.octopus.tokens
  - elk.deploy.octopus.directory
seealso:
  - module: elk.deploy.octopus_template
  - module: elk.deploy.octopus_directory
"""

EXAMPLES = r"""
- name: Check the tokens of the pipelines before anything is changed
  elk.deploy.octopus_check:
    src:
      - shipper/input.conf
      - shipper/output.conf
      - app
    files: ["**/*.config"]
    text:
      logstash_settings: "{{ logstash_settings | to_json }}"
    required: [LogHost, LogPort]
"""

RETURN = r"""
checked:
  description: What was checked, files and keys of texts.
  returned: success
  type: list
  elements: str
  sample: [templates/shipper/input.conf, logstash_settings]
"""
