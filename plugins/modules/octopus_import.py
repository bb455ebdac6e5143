#!/usr/bin/python
"""Documentation of octopus_import; it runs as an action on the control node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: octopus_import
short_description: Turn what Octopus Deploy exports into variable files
description:
  - Writes a variable file for each variable set in the export, a list of the secrets to fill in, and a report.
  - Runs on the control node only. Nothing is sent to Octopus Deploy or read from it.
  - Scopes get names instead of ids. A value is never written with a wider scope than it had; what cannot be written
    exactly is left out and reported.
  - An export has no sensitive values. The files take them from Ansible variables C(vault_...); until these are defined,
    runs fail. If an export contains such a value as plain text, it is not written anywhere.
  - The same export gives the same files. Files that somebody edited are not overwritten without O(overwrite).
author: The ELK deployment toolkit's authors (@elk-deploy)
options:
  src:
    description:
      - The export, relative to the working directory.
      - The JSON of a variable set as the REST API returns it (C(/api/Spaces-1/variables/variableset-Projects-1)), a
        list of such sets, or what export tools combine from projects and library variable sets.
      - A folder with such JSON files. If it also has environments, machines, projects and so on, these explain ids.
      - The C(variables.ocl) of a version-controlled project.
    type: path
    required: true
  dest:
    description: The folder to write to, relative to the working directory. It is created if it is missing.
    type: path
    required: true
  overwrite:
    description: Whether files that were edited since the import, or written by something else, may be replaced.
    type: bool
    default: false
attributes:
  check_mode:
    support: full
    description: Says what would be written.
  diff_mode:
    support: full
    description: The difference of a file that somebody edited is not shown, as it may contain secrets.
seealso:
  - module: elk.deploy.octopus_template
"""

EXAMPLES = r"""
- name: Import the variables of the website
  elk.deploy.octopus_import:
    src: exports/website
    dest: variables/imported
  register: imported

- name: Show what is left to do
  ansible.builtin.debug:
    var: imported.report
"""

RETURN = r"""
dest:
  description: The folder.
  returned: success
  type: str
files:
  description: All files that the import consists of.
  returned: success
  type: list
  elements: str
  sample: [variables/imported/website.yml, variables/imported/import-report.md]
written:
  description: Those that were missing or different.
  returned: success
  type: list
  elements: str
sets:
  description: For each set, its C(name), C(owner) and C(file), whether it is a C(library) set, and how many
    C(variables) and C(values) its file has.
  returned: success
  type: list
  elements: dict
secrets:
  description: For each sensitive value, its C(set), C(variable) and C(scope), and the C(ansible_variable) to put it in.
  returned: success
  type: list
  elements: dict
left_out:
  description: Values that are in no file, each with C(set), C(variable), C(scope) and the reason as C(text).
  returned: success
  type: list
  elements: dict
attention:
  description: Values that are in a file but differ from what they were, in the same form.
  returned: success
  type: list
  elements: dict
names:
  description: For each dimension of scopes, the names that the files use.
  returned: success
  type: dict
  sample: {environment: [local, production], role: [brokers]}
settings:
  description: Lines for the inventory's group_vars.
  returned: success
  type: str
report:
  description: The report as text, as in C(import-report.md).
  returned: success
  type: str
"""
