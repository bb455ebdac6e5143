#!/usr/bin/python
"""Finds what was set up by hand and decides over the role, and takes it out."""

from __future__ import annotations

DOCUMENTATION = r"""
module: logstash_overrides
short_description: Find what was set up by hand and overrides what Logstash runs
description:
  - Looks for drop-ins of the unit with another command, user or root directory, for variables such as C(LS_JAVA_OPTS)
    in the service's environment, for a unit that replaces the package's, and for holds on another version.
  - Each result has its file and line. Values are never shown, since they may contain passwords.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment: [elk.deploy.masking]
options:
  handling:
    description:
      - V(fail) fails if there is anything; V(leave) reports it in a warning.
      - V(remove) reports it, and with O(now) comments the lines out.
    type: str
    choices: [fail, leave, remove]
    default: fail
  now:
    description: Whether V(remove) comments the lines out now.
    type: bool
    default: false
  environment:
    description: The names of the variables that the role sets itself, so that their values in files have no effect.
    type: list
    elements: str
    default: []
  version:
    description: The version of Logstash that is to run. Before 8.0, C(JAVA_HOME) selects its Java.
    type: str
    required: true
  manager:
    description: The package manager whose holds are checked.
    type: str
    required: true
  held:
    description: Whether the package database has a hold on the package.
    type: bool
    default: false
  holds:
    description: Whether holds matter, as they do if another version is to be installed and none of them is the role's.
    type: bool
    default: false
attributes:
  check_mode:
    support: full
    description: Reports what it would comment out.
"""

EXAMPLES = r"""
- name: See what decides over the role
  elk.deploy.logstash_overrides:
    handling: fail
    version: 9.5.2
    manager: apt
"""

RETURN = r"""
found:
  description: What was found, each with C(file), C(line), C(what) and C(instead).
  type: list
  elements: dict
  returned: always
removable:
  description: The files with lines that V(remove) comments out.
  type: list
  elements: str
  returned: always
"""

import dataclasses

from ansible_collections.elk.deploy.plugins.module_utils.logstash_host import overrides
from ansible_collections.elk.deploy.plugins.module_utils.masking.module import AnsibleModule

ROOT = "/"
# From this release on, JAVA_HOME does not count any more.
LS_JAVA_HOME_ALONE = 8


def find(params):
    """All that there is."""
    java_home_counts = int(params["version"].partition(".")[0]) < LS_JAVA_HOME_ALONE
    found = overrides.find_deciding(ROOT, params["environment"], java_home_counts)
    return found + (overrides.find_holds(ROOT, params["manager"], params["held"]) if params["holds"] else [])


def main():
    """Runs the module."""
    module = AnsibleModule(
        argument_spec={
            "handling": {"type": "str", "choices": ["fail", "leave", "remove"], "default": "fail"},
            "now": {"type": "bool", "default": False},
            "environment": {"type": "list", "elements": "str", "default": []},
            "version": {"type": "str", "required": True},
            "manager": {"type": "str", "required": True},
            "held": {"type": "bool", "default": False},
            "holds": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    params = module.params
    found = find(params)
    lines = [override for override in found if override.kind == "unit"]
    result = {
        "changed": False,
        "found": [dataclasses.asdict(override) for override in found],
        "removable": sorted({override.file for override in lines}),
    }
    what = "; ".join(map(str, found))
    if found and params["handling"] == "fail":
        module.fail_json(
            msg=f"This was set up by hand and decides what Logstash runs, over the role: {what}. Nothing was changed. "
            "Set logstash_overrides to remove: the role then takes these lines out, replaces such a unit and moves a "
            "held package, and a first run that fails puts all of it back; or to leave: they stay and count. What is "
            "still needed goes into the role's variables.",
            **result,
        )
    if found and not params["now"]:
        does = "they stay and count" if params["handling"] == "leave" else "they give way to the role's"
        module.warn(f"This was set up by hand; as logstash_overrides is {params['handling']}, {does}: {what}.")
    if params["handling"] != "remove" or not params["now"] or not lines:
        module.exit_json(**result)
    if not module.check_mode:
        try:
            overrides.take_out(ROOT, lines)
        except OSError as error:
            module.fail_json(msg=f"{error.filename} cannot be changed: {error.strerror}. Take these lines out: {what}.")
    module.exit_json(**{**result, "changed": True})


if __name__ == "__main__":
    main()
