#!/usr/bin/python
"""Keeps two deployments from changing one host at the same time."""

from __future__ import annotations

DOCUMENTATION = r"""
module: deployment_lock
short_description: Keep two deployments from changing one host at the same time
description:
  - A file on the host names the run that is changing it - user, control node, process, playbook, time. A second run
    fails at once and reports these. The same run may take the lock again.
  - An abandoned lock is taken over at once if it is known to be abandoned - the host has been rebooted since, or the
    run was on this control node and its process is gone, or this control node has been rebooted since. For a run
    on another control node, only the age tells, see O(max_age).
  - Never reports a change. In check mode, nothing is locked, and a lock of another run is a warning.
  - This is an action, which identifies the run and looks for its process. The module of the same name takes the lock.
    The action releases it with C(sh), C(flock) and C(grep), so that the host starts no Python for that.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment: [elk.deploy.masking]
options:
  path:
    description: The lock file. Its directory is created if it is missing. Below C(/run), a reboot removes it.
    type: path
    required: true
  state:
    description:
      - V(held) takes the lock, or fails.
      - V(released) releases it, and leaves another run's lock alone.
    type: str
    choices: [held, released]
    default: held
  max_age:
    description: After how many seconds the lock of a run on another control node counts as abandoned.
    type: int
    default: 7200
  owner:
    description: The run. Set by the action.
    type: dict
  replace:
    description: The holder whose process is gone. Set by the action.
    type: dict
attributes:
  check_mode:
    support: full
    description: Neither takes nor releases the lock.
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
  description: The run that holds the lock, as its control node wrote it, with C(age) in seconds; empty if none does.
  type: dict
  returned: success
"""

from ansible_collections.elk.deploy.plugins.module_utils.logstash_host.deployment_lock import (
    DeploymentLockError,
    hold,
)
from ansible_collections.elk.deploy.plugins.module_utils.masking.module import AnsibleModule


def main():
    """Runs the module."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "max_age": {"type": "int", "default": 7200},
            "owner": {"type": "dict"},
            "replace": {"type": "dict"},
        },
        facts=["holder"],
        supports_check_mode=True,
    )
    try:
        holder = hold(module.params, module.check_mode)
    except (DeploymentLockError, OSError) as error:
        module.fail_json(code="lock_unavailable", msg=str(error))
    module.exit_json(changed=False, holder=holder)


if __name__ == "__main__":
    main()
