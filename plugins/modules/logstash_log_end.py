#!/usr/bin/python
"""Says where the log of Logstash ends."""

from __future__ import annotations

DOCUMENTATION = r"""
module: logstash_log_end
short_description: Find the end of Logstash's log before the service is restarted
description:
  - What a previous process wrote says nothing about the next one. M(elk.deploy.logstash_health) reads on from here.
  - The log is in a directory of the service's user. Anything but a regular file of that user is ignored.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment: [elk.deploy.masking]
options:
  path:
    description: The log file.
    type: path
    required: true
  user:
    description: The user of the service, who must own the file.
    type: str
    default: logstash
attributes:
  check_mode:
    support: full
    description: Only reads.
"""

EXAMPLES = r"""
- name: See where the log ends before the restart
  elk.deploy.logstash_log_end:
    path: /var/log/logstash/logstash-plain.log
  register: log
"""

RETURN = r"""
end:
  description: The file's C(inode) and C(size); empty if there is no such file.
  type: dict
  returned: success
"""

import os

from ansible_collections.elk.deploy.plugins.module_utils.logstash_host import accounts, untrusted_paths
from ansible_collections.elk.deploy.plugins.module_utils.masking.module import AnsibleModule


def find_end(path, user):
    """{inode, size} of a log; empty if there is no log that the health gate would read."""
    try:
        descriptor = untrusted_paths.open_file(path, {accounts.find_account(user).pw_uid})
    except (OSError, accounts.NoSuchUserError):
        # The health gate names what is in its place.
        return {}
    try:
        status = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    return {"inode": status.st_ino, "size": status.st_size}


def main():
    """Runs the module."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "user": {"type": "str", "default": "logstash"},
        },
        facts=["end"],
        supports_check_mode=True,
    )
    module.exit_json(changed=False, end=find_end(module.params["path"], module.params["user"]))


if __name__ == "__main__":
    main()
