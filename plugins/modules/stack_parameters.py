#!/usr/bin/python
"""Documentation of stack_parameters; it runs as an action on the control node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: stack_parameters
short_description: Refuse secrets that CloudFormation would show
description:
  - CloudFormation shows a stack's parameters to everyone who may look at it, except those with C(NoEcho) in the
    template. So a value that uses a sensitive Octopus variable, directly or through filters and other variables, or
    that comes from Ansible Vault, is accepted for such a parameter only. Tags are always shown.
  - Lists are passed with commas between their entries. So an entry whose tokens result in a text with a comma is
    refused - one variable could add entries to the list.
  - Needs no connection to AWS, and changes nothing.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment: [elk.deploy.octopus, elk.deploy.octopus.tokens]
options:
  stacks:
    description:
      - The stacks, each with C(name), C(template), a file on the control node, or C(template_body), the text itself,
        C(parameters) with C(#{Tokens}), and C(tags).
    type: list
    elements: dict
    required: true
  tags:
    description: Tags of all of the stacks.
    type: dict
    default: {}
attributes:
  check_mode:
    support: full
    description: Never changes anything.
"""

EXAMPLES = r"""
- name: Refuse secrets that CloudFormation would show
  elk.deploy.stack_parameters:
    stacks:
      - {name: alarms, template: templates/cloudformation/alarms.yml, parameters: {TopicName: "#{Topic}"}}
"""

RETURN = r"""#"""
