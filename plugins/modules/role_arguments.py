#!/usr/bin/python
"""Documentation of the action role_arguments, which does its work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: role_arguments
short_description: Check a role's variables against its argument specs
description:
  - The first task of each entry point of the collection's roles. Reads the specs from C(meta/argument_specs.yml), and
    reports every variable of the wrong form, with its value, the expected form, and what to do.
  - Needs no host and no facts. Works however the entry point is named, with or without C(.yml).
  - Stricter than Ansible's own check of the same specs, which accepts a text with commas for a list and a list for a
    text, while the role works with what was written.
  - Values of options with C(no_log), and those that are encrypted with Ansible Vault, are not shown.
author: The ELK deployment toolkit's authors (@elk-deploy)
options:
  role_path:
    description: The role's folder.
    type: path
    required: true
  entry:
    description: The entry point, a key of the role's argument specs.
    type: str
    required: true
  tokens:
    description:
      - What happens if a variable has no value because a C(#{Token}) in it has none. V(fail) fails; V(return) returns
        it for later, so that the tokens in templates are reported first, each with its line.
    type: str
    choices: [fail, return]
    default: fail
attributes:
  check_mode:
    support: full
    description: Makes no difference, since it changes nothing.
"""

EXAMPLES = r"""
- name: Check the form of every variable
  elk.deploy.role_arguments:
    role_path: "{{ role_path }}"
    entry: main
"""

RETURN = r"""
without_value:
  description: The variables with an unresolved token, each with the reason.
  type: list
  elements: str
  returned: success
"""
