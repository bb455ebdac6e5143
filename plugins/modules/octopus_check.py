#!/usr/bin/python
"""Documentation of octopus_check; it runs as an action on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: octopus_check
short_description: Check that every Octopus-style token can be resolved for the host
description:
  - Evaluates the C(#{Tokens}) of files and texts for the host, and fails with all problems of all of them at once.
  - Works on the controller only. No host is touched, nothing is changed, and check mode makes no difference.
author: The ELK deployment toolkit's authors (@elk-deploy)
options:
  src:
    description: Files with tokens, found as M(elk.deploy.octopus_template) finds them.
    type: list
    elements: path
    default: []
  text:
    description: Texts with tokens. The keys are the names that messages use.
    type: dict
    default: {}
  required:
    description: Names of variables that have to be defined, resolvable and not empty.
    type: list
    elements: str
    default: []
  variables:
    description:
      - Octopus variables for this task alone. They override those of the inventory and of the variable files.
      - A value is text or a number, or a dictionary with V(value) and V(sensitive).
    type: dict
    default: {}
  syntax_errors:
    description:
      - What to do about text that starts like a token and is none, for example C(#{dog) or C(#{event.get("x")}).
      - Such text always stays as it is. V(fail) stops the run with its place, V(warn) tells, V(ignore) says nothing.
      - Write C(##{) where C(#{) is meant literally.
    type: str
    choices: [fail, warn, ignore]
    default: fail
notes:
  - The variables come from the host's Ansible variables C(octopus_environment) (required), C(octopus_variable_files),
    C(octopus_variables), C(octopus_project) and C(octopus_release). The host's groups are its roles.
  - Contents and values are never evaluated as Jinja2. A C(octopus_variables) value of the inventory may be an Ansible
    template, as any Ansible variable may.
seealso:
  - module: elk.deploy.octopus_template
"""

EXAMPLES = r"""
- name: Check the tokens of the pipelines before anything is changed
  elk.deploy.octopus_check:
    src:
      - shipper/input.conf
      - shipper/output.conf
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
