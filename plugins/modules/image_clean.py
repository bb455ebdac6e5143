#!/usr/bin/python
"""Takes out of a host what must not be in an image of it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: image_clean
short_description: Take out of a host what must not be in an image of it
description:
  - Removes what belongs to a single machine, such as its id, host keys, leases, the state of cloud-init and logs, and
    what the bake left, such as caches of package managers, histories of shells and Ansible's own files. The table in
    C(plugins/module_utils/image/table.py) has all of it, with reasons; M(elk.deploy.image_check) reads the same one.
  - Empties Logstash's directories. They stay, with their owner and mode.
  - First stops what would write some of it again until the machine stops, such as the journal's files and the timers
    of package managers. They start again at the next boot.
  - What a program such as a running SSH session holds open goes on working. After it, a new SSH connection may fail,
    since the host keys are gone; an open one stays.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment: [elk.deploy.masking]
options:
  home:
    description: Where Logstash has its program.
    type: path
    default: /usr/share/logstash
  directories:
    description:
      - The directories that Logstash's service writes to. They are emptied, so none may be one that the system shares,
        such as C(/var/lib).
    type: list
    elements: path
    required: true
attributes:
  check_mode:
    support: full
    description: Returns what would be removed, and changes nothing.
"""

EXAMPLES = r"""
- name: Clean the image
  elk.deploy.image_clean:
    directories: [/var/lib/logstash, /var/log/logstash]
"""

RETURN = r"""
cleared:
  description: What was, or in check mode would be, removed or emptied, each with C(path), C(action) and C(why).
  type: list
  elements: dict
  returned: success
"""

from ansible_collections.elk.deploy.plugins.module_utils.image import leftovers, running, table
from ansible_collections.elk.deploy.plugins.module_utils.masking.module import AnsibleModule
from ansible_collections.elk.deploy.plugins.module_utils.messages import coded


def main():
    """Runs the module."""
    module = AnsibleModule(
        argument_spec={
            "home": {"type": "path", "default": "/usr/share/logstash"},
            "directories": {"type": "list", "elements": "path", "required": True},
        },
        facts=["cleared"],
        supports_check_mode=True,
    )
    try:
        rows = table.rows(module.params["home"], module.params["directories"])
    except table.SharedDirectoryError as error:
        module.fail_json(code="image_directory_shared", msg=str(error))
    place = running.place(module)
    if not module.check_mode:
        running.quiet(module)
    found = [leftover for leftover in leftovers.find(rows, place) if leftover.row.action != table.REFUSE]
    failed = [] if module.check_mode else leftovers.clear(found, place)
    if failed:
        lines = (
            coded(
                "image_not_cleared",
                f"{path} could not be removed: {reason}; expected that nothing holds it. Unmount it, or stop the "
                "program that uses it, before the image is cleaned.",
            )
            for path, reason in failed
        )
        module.fail_json(msg="\n".join(lines))
    cleared = [{"path": one.path, "action": one.row.action, "why": one.row.why} for one in found]
    module.exit_json(changed=bool(cleared), cleared=cleared)


if __name__ == "__main__":
    main()
