#!/usr/bin/python
"""Takes out what was set up by hand and decides over the role."""

from __future__ import annotations

DOCUMENTATION = r"""
module: logstash_overrides
short_description: Take out what was set up by hand and decides what Logstash runs
description:
  - Makes comments of lines in drop-ins of the unit with another command, user or root, and of lines in the files of the
    service's environment for variables such as C(LS_JAVA_OPTS).
  - M(elk.deploy.logstash_host) finds them, and more that stays, such as holds of the package.
  - Values are never shown, since they may hold passwords.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment: [elk.deploy.masking]
options:
  environment:
    description: The names of the variables that the role sets itself, so that their values in files have no effect.
    type: list
    elements: str
    default: []
  version:
    description: The version of Logstash that is to run. Before 8.0, C(JAVA_HOME) selects its Java.
    type: str
    required: true
attributes:
  check_mode:
    support: full
    description: Reports what it would comment out.
"""

EXAMPLES = r"""
- name: Take out what decides over the role
  elk.deploy.logstash_overrides:
    version: 9.5.2
"""

RETURN = r"""
removed:
  description: The files with lines that were taken out.
  type: list
  elements: str
  returned: always
"""

from ansible_collections.elk.deploy.plugins.module_utils.logstash_host import overrides
from ansible_collections.elk.deploy.plugins.module_utils.masking.module import AnsibleModule

ROOT = "/"


def main():
    """Runs the module."""
    module = AnsibleModule(
        argument_spec={
            "environment": {"type": "list", "elements": "str", "default": []},
            "version": {"type": "str", "required": True},
        },
        supports_check_mode=True,
    )
    found = overrides.find_deciding(ROOT, module.params["environment"], module.params["version"])
    lines = [override for override in found if override.kind == "unit"]
    if lines and not module.check_mode:
        try:
            overrides.take_out(ROOT, lines)
        except OSError as error:
            what = "; ".join(map(str, lines))
            module.fail_json(
                code="override_not_removed",
                msg=f"{error.filename} cannot be changed: {error.strerror}. Remove these lines: {what}.",
            )
    module.exit_json(changed=bool(lines), removed=overrides.removable(found))


if __name__ == "__main__":
    main()
