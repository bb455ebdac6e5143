#!/usr/bin/python
"""Documentation of octopus_preview; it runs as an action on the control node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: octopus_preview
short_description: Show which value every Octopus-style variable has, where, and why
description:
  - Reads one or more inventories and shows, for each variable, the value that wins in each environment and on each
    host, the file and the scope it comes from, and what it overrides. Lists variables that are missing where they are
    needed, and variables that are not used.
  - Prints a table and, with O(page), writes one self-contained HTML file.
  - Runs on the control node only, and connects to no host. Sensitive values are masked everywhere.
author: The ELK deployment toolkit's authors (@elk-deploy)
options:
  inventories:
    description:
      - Paths of inventories to show side by side. Each is read separately, so that their variables do not mix.
      - V(all) means all directories next to the run's inventory that have a C(hosts.yml).
      - The default is the run's own inventory.
    type: list
    elements: str
    default: []
  page:
    description: Where to write the page. Its mode is 0640. In check mode it is not written.
    type: path
  filter:
    description:
      - Words. The table shows only variables in which all of them occur, in the name, in a value, or in the name of a
        file, scope, environment or host. The page is always complete, and has its own filter.
    type: str
    default: ""
notes:
  - The variables come from the Ansible variables of each host, C(octopus_environment) (required),
    C(octopus_variable_files), C(octopus_variables) and so on. One that cannot be templated, for example because it
    needs facts, is left out with a note. Variables of roles and plays are not known.
  - C(octopus_files) is a list of the files and directories with tokens that a host gets. They, and the tokens in other
    Ansible variables, decide what is used and what is missing. Relative paths start from the playbook's directory.
  - Variables that are listed in an Ansible variable called C(*_required_variables) never count as unused.
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
  description: How many problems M(elk.deploy.octopus_check) would fail with.
  returned: success
  type: int
  sample: 1
page:
  description: Where the page is.
  returned: with O(page)
  type: str
  sample: /tmp/variables.html
"""
