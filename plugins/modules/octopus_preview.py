#!/usr/bin/python
"""Documentation of octopus_preview; it runs as an action on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: octopus_preview
short_description: Show which value every Octopus-style variable has, where, and why
description:
  - Reads one or more inventories and shows for each variable the value that wins in each environment and on each host,
    the file and the scope that it comes from, and what it shadows. Tells which variables are missing where they are
    needed, and which are not used.
  - Prints a table, and writes one HTML file that needs nothing else, if wanted.
  - Works on the controller only; no host is reached. Sensitive values are masked in everything that is shown.
author: The ELK deployment toolkit's authors (@elk-deploy)
options:
  inventories:
    description:
      - Inventories to show side by side, by their paths. Each is read by itself, so that the variables of one do not
        get into another.
      - V(all) stands for all directories beside the run's inventory that have a C(hosts.yml).
      - The default is the run's own inventory.
    type: list
    elements: str
    default: []
  page:
    description: Where the page goes, if one is wanted. Its mode is 0640. In check mode it is not written.
    type: path
  filter:
    description:
      - Words. The table has only the variables in which all of them occur, in the name, in a value, or in the name of
        a file, a scope, an environment or a host. The page is always complete, and has a filter of its own.
    type: str
    default: ""
notes:
  - The variables come from the Ansible variables of each host, C(octopus_environment) (required),
    C(octopus_variable_files), C(octopus_variables) and so on. One that cannot be templated, for example because it
    needs facts, is left out with a note. The variables of a role or of a play are not known.
  - C(octopus_files) is a list of the files and directories with tokens that a host gets. They, and the tokens in other
    Ansible variables, decide what is used and what is missing. Relative paths start from the playbook's directory.
  - Variables whose names the lists in Ansible variables called C(*_required_variables) have are never unused.
seealso:
  - module: elk.deploy.octopus_check
"""

EXAMPLES = r"""
- name: Show the variables of the run's inventory
  elk.deploy.octopus_preview:

- name: Compare two environments
  elk.deploy.octopus_preview:
    inventories: [inventories/staging, inventories/production]
    filter: loghost
    page: /tmp/variables.html
"""

RETURN = r"""
values:
  description: How many variables have a value anywhere.
  returned: success
  type: int
  sample: 26
unused:
  description: How many of them are not used.
  returned: success
  type: int
  sample: 2
missing:
  description: How many variables are missing on a host that needs them.
  returned: success
  type: int
  sample: 1
problems:
  description: How many problems there are that M(elk.deploy.octopus_check) would fail with.
  returned: success
  type: int
  sample: 1
page:
  description: Where the page is.
  returned: when a page is wanted
  type: str
  sample: /tmp/variables.html
"""
