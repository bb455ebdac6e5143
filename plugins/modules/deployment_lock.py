#!/usr/bin/python
"""Keeps two deployments from changing one host at the same time."""

from __future__ import annotations

DOCUMENTATION = r"""
module: deployment_lock
short_description: Keep two deployments from changing one host at the same time
description:
  - A file on the host names the run that changes it - user, control node, process, playbook, time. A second run fails
    at once with these. The same run may take the lock again.
  - A lock that was left behind is taken over at once where that can be told - the host was booted since, or the run was
    one of this control node and its process is gone, or the control node itself was booted since. Of a run of
    another control node only the age tells, see O(max_age).
  - Never counts as a change. In check mode nothing is taken, and a lock of another run is a warning.
  - Is an action, which says who the run is and looks for its process. The module of the same name keeps the file.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment: [elk.deploy.masking]
options:
  path:
    description: The lock file. Its directory is made when it is missing. Below C(/run) it goes with a reboot.
    type: path
    required: true
  state:
    description:
      - V(held) takes the lock, or fails.
      - V(released) lets it go, and leaves one that is another run's.
    type: str
    choices: [held, released]
    default: held
  max_age:
    description: After how many seconds the lock of a run of another control node counts as left behind.
    type: int
    default: 7200
  owner:
    description: Who the run is. Written by the action.
    type: dict
  replace:
    description: The holder whose process is gone. Written by the action.
    type: dict
attributes:
  check_mode:
    support: full
    description: Takes and releases nothing.
"""

EXAMPLES = r"""
- name: Change the host, and nobody else meanwhile
  block:
    - name: Take the lock
      elk.deploy.deployment_lock:
        path: /run/elk-deploy/logstash.lock

    # What changes the host goes here.
  always:
    - name: Release the lock
      elk.deploy.deployment_lock:
        path: /run/elk-deploy/logstash.lock
        state: released
"""

RETURN = r"""
holder:
  description: The run that is in the way, as its control node wrote it, with its C(age) in seconds; empty when none is.
  type: dict
  returned: success
"""

from ansible_collections.elk.deploy.plugins.module_utils.logstash_host.deployment_lock import Lock, LockError, same
from ansible_collections.elk.deploy.plugins.module_utils.masking.module import AnsibleModule


def main():
    """Runs the module."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "state": {"type": "str", "choices": ["held", "released"], "default": "held"},
            "max_age": {"type": "int", "default": 7200},
            "owner": {"type": "dict", "required": True},
            "replace": {"type": "dict"},
        },
        facts=["holder"],
        supports_check_mode=True,
    )
    params = module.params
    lock, owner = Lock(params["path"]), params["owner"]
    holder = {}
    try:
        if module.check_mode:
            found = lock.holder()
            holder = found if found and not same(found, owner) else {}
        elif params["state"] == "held":
            holder = lock.take(owner, params["max_age"], params["replace"])
        else:
            lock.release(owner)
    except (LockError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, holder=holder)


if __name__ == "__main__":
    main()
