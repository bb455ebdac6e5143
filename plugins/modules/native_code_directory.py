#!/usr/bin/python
"""Sees whether native libraries can be loaded from a directory."""

from __future__ import annotations

DOCUMENTATION = r"""
module: native_code_directory
short_description: Check whether a user can load native libraries from a directory
description:
  - Java unpacks native libraries into its temporary directory and loads them from there. Logstash does so at every
    start, and does not start if that directory is on a file system that is mounted noexec.
  - Looks at the mount of the directory, or of the nearest existing parent.
  - With O(user), tries it as that user, with an unnamed file, so that nothing is ever left behind.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment: [elk.deploy.masking]
options:
  path:
    description: The directory.
    type: path
    required: true
  user:
    description: The user to try it as. A user that does not exist yet is skipped.
    type: str
  variable:
    description: The variable that sets the path, for messages.
    type: str
    required: true
  required:
    description: Whether it is an error if the directory does not exist.
    type: bool
    default: false
attributes:
  check_mode:
    support: full
    description: Makes no difference, since it changes nothing.
"""

EXAMPLES = r"""
- name: See whether Logstash can start with this temporary directory
  elk.deploy.native_code_directory:
    path: /var/lib/logstash/tmp
    user: logstash
    variable: logstash_path_tmp
"""

RETURN = r"""
tried:
  description: Whether it was tried as the user; otherwise only the mount was checked.
  type: bool
  returned: success
"""

import os

from ansible_collections.elk.deploy.plugins.module_utils.logstash_host import accounts, native_code, untrusted_paths
from ansible_collections.elk.deploy.plugins.module_utils.masking.module import AnsibleModule

WAY_OUT = (
    "Mount its file system without noexec, or set logstash_path_tmp to a directory on another one, such as "
    "/var/lib/logstash-tmp, which the role makes for Logstash; a -Djava.io.tmpdir in logstash_jvm_options goes before "
    "it. Nothing live was changed."
)


def fault(path):
    """What keeps the user that runs this from loading native libraries from a directory; empty when nothing does."""
    if not os.access(path, os.W_OK | os.X_OK):
        return "cannot write to it"
    reason = native_code.refuses_programs(path)
    return f"cannot load native libraries from it: {reason}" if reason else ""


def main():
    """Runs the module."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "user": {"type": "str"},
            "variable": {"type": "str", "required": True},
            "required": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    params = module.params
    path = os.path.normpath(params["path"])
    named = f"{params['variable']} makes {path} the temporary directory of Java"
    try:
        with untrusted_paths.open_nearest(path) as directory:
            above, noexec = directory.path, directory.volume().f_flag & os.ST_NOEXEC
    except OSError as error:
        module.fail_json(msg=f"{named}, which can't be used: {error} {WAY_OUT}")
    if above != path and params["required"]:
        module.fail_json(msg=f"{named}, but there is no such directory. Make it. {WAY_OUT}")
    if noexec:
        module.fail_json(
            msg=f"{named}, but the file system of {above} is mounted noexec: Logstash could not load its native "
            f"libraries there, and would end with `FFI not available`. {WAY_OUT}"
        )
    if above != path or not params["user"]:
        module.exit_json(changed=False, tried=False)
    try:
        account = accounts.find_account(params["user"])
    except accounts.NoSuchUserError:
        module.exit_json(changed=False, tried=False)
    try:
        reason = accounts.do_as(account, lambda: fault(path))
    except (OSError, accounts.WorkFailedError) as error:
        module.fail_json(msg=f"{named}, but whether it can be used could not be seen. {error}")
    if reason:
        module.fail_json(msg=f"{named}, but user {params['user']} {reason}. {WAY_OUT}")
    module.exit_json(changed=False, tried=True)


if __name__ == "__main__":
    main()
