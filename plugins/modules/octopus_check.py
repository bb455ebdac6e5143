#!/usr/bin/python
"""Documentation of octopus_check; it runs as an action on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: octopus_check
short_description: Check that every Octopus-style token can be resolved for the host
description:
  - Evaluates the C(#{Tokens}) of files and texts for the host, and fails with all problems of all of them at once.
  - A check of nothing fails, too - without any of O(src), O(pipelines), O(text) and O(required), or of a directory in
    which O(files) chooses no text. With O(warn_no_match=false) such a directory is left out, as long as there is
    something else.
  - Works on the controller only. No host is touched, nothing is changed, and check mode makes no difference.
author: The ELK deployment toolkit's authors (@elk-deploy)
options:
  src:
    description:
      - Files with tokens, found as M(elk.deploy.octopus_template) finds them, and directories. Of a directory the files
        are looked at that O(files) and O(exclude) choose, as M(elk.deploy.octopus_directory) does.
    type: list
    elements: path
    default: []
  pipelines:
    description:
      - Files with tokens that are pipelines of Logstash. In these a value is a fault, too, that would end the string
        that its token stands in, or be read as a part of the pipeline.
    type: list
    elements: path
    default: []
  text:
    description: Texts with tokens. The keys are the names that messages use.
    type: dict
    default: {}
  required:
    description: Names of variables that have to be defined, resolvable and not empty, whatever O(unresolved) says.
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
  description: What was looked at, files and labels of texts.
  returned: success
  type: list
  elements: str
  sample: [templates/shipper/input.conf, logstash_settings]
"""
