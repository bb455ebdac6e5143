#!/usr/bin/python
"""Keeps what last passed the health gate, and whether anything live was changed since."""

from __future__ import annotations

DOCUMENTATION = r"""
module: logstash_deployment_record
short_description: Read and write the record of what last passed the health gate on a host
description:
  - A JSON file names what last passed the health gate, such as the version and the release of the settings, and what
    passed it before.
  - Before the first live change, the file is marked, together with the process that is running then. An interrupted run
    leaves the mark, so that the next run restarts the service; and a failed run knows whether the running process still
    has the last known-good configuration.
  - A file of another form is treated as empty.
  - With O(journal), what ends a change also leaves a line in the journal - V(healthy), if it changes the record or
    removes a mark, and V(read), if O(journal.result) is not V(deployed).
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment: [elk.deploy.masking, elk.deploy.journal]
options:
  path:
    description: The file.
    type: path
    required: true
  found:
    description: The record that the module M(elk.deploy.logstash_existing_setup) keeps, for RV(found).
    type: path
  service:
    description: The systemd unit.
    type: str
    default: logstash.service
  state:
    description:
      - V(read) changes nothing.
      - V(changing) marks that something live is about to change. An existing mark stays as it is.
      - V(healthy) writes O(record), and removes the mark.
      - V(pending) writes O(record) and marks the current process, for work that remains to be done.
      - V(absent) removes the file, of a host that is as it was before the first change.
    type: str
    choices: [read, changing, healthy, pending, absent]
    default: read
  record:
    description: What passed the health gate. No secrets, since the file is world-readable. Needs the key RV(release).
    type: dict
  keep:
    description: How many records are kept, including the last one.
    type: int
    default: 5
  forget:
    description:
      - A folder that is removed with V(healthy) and V(absent), such as the one of
        M(elk.deploy.logstash_existing_setup).
    type: path
attributes:
  check_mode:
    support: full
    description: Reports what it would write, and changes nothing.
"""

EXAMPLES = r"""
- name: See what last passed the health gate
  elk.deploy.logstash_deployment_record:
    path: /etc/logstash/proven
  register: deployment

- name: Remember what passed the health gate
  elk.deploy.logstash_deployment_record:
    path: /etc/logstash/proven
    state: healthy
    record: {release: 0a1b2c3d4e5f6789, version: 9.5.2}
"""

RETURN = r"""
record:
  description: What last passed the health gate; empty if nothing has.
  type: dict
  returned: success
earlier:
  description: What passed it before that, newest first, each pair of release and version once.
  type: list
  elements: dict
  returned: success
changing:
  description: Whether something live was changed, or was about to be, since.
  type: bool
  returned: success
same_process:
  description: Whether the service runs, and in a process that was not started after the first change.
  type: bool
  returned: success
service:
  description:
    - The state of the service, V(running), V(restarting) if it ended and systemd is about to start it again, V(failed)
      if it ended and stays so, V(stopped), or V(absent).
  type: str
  returned: success
release:
  description: The release in RV(record); empty if nothing has passed the health gate.
  type: str
  returned: success
found:
  description: What was on the host before the first change, from O(found); empty if nothing is saved.
  type: dict
  returned: success
"""

from ansible_collections.elk.deploy.plugins.module_utils.logstash_host import deployment_journal, deployment_record
from ansible_collections.elk.deploy.plugins.module_utils.masking.module import AnsibleModule

STATES = ["read", "changing", "healthy", "pending", "absent"]


def main():
    """Runs the module."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "found": {"type": "path"},
            "service": {"type": "str", "default": "logstash.service"},
            "state": {"type": "str", "choices": STATES, "default": "read"},
            "record": {"type": "dict"},
            "keep": {"type": "int", "default": 5},
            "forget": {"type": "path"},
            "journal": {"type": "dict", "options": deployment_journal.OPTIONS},
        },
        required_if=[["state", "healthy", ["record"]], ["state", "pending", ["record"]]],
        facts=["record", "earlier", "release"],
        supports_check_mode=True,
    )
    params = module.params
    try:
        before = deployment_record.read(params["path"])
    except OSError as error:
        module.fail_json(
            code="record_unreadable", msg=f"The deployment record {params['path']} cannot be read: {error}"
        )
    running = deployment_record.invocation(module.run_command, params["service"])
    after = before
    if params["state"] in ("healthy", "pending"):
        after = deployment_record.healthy(before, params["record"], params["state"], running, params["keep"])
    elif params["state"] == "changing" and before["changing"] is None:
        after = {**after, "changing": running}
    elif params["state"] == "absent":
        after = deployment_record.EMPTY
    forgets = deployment_record.forgets(params["forget"], params["state"])
    removes = params["state"] == "absent" and deployment_record.is_there(params["path"])
    changed = after != before or removes or forgets
    if changed and not module.check_mode:
        try:
            if removes:
                deployment_record.remove(params["path"])
            elif after != before:
                deployment_record.write(params["path"], after)
            if forgets:
                deployment_record.forget(params["forget"])
        except OSError as error:
            module.fail_json(
                code="record_not_written",
                msg=f"{params['path']} cannot be written: {error}. Make room on that file system, or make it writable, "
                "and run again.",
            )
    ended = params["state"] == "healthy" and after != before
    if params["journal"] and (ended or params["journal"]["result"] != deployment_journal.DEPLOYED):
        deployment_journal.leave(module, params["journal"], after["record"])
    described = deployment_record.describe(after, running, params["found"], module.run_command, params["service"])
    module.exit_json(changed=changed, **described)


if __name__ == "__main__":
    main()
