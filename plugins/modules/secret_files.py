#!/usr/bin/python
"""Remembers on a host which files a secret was written to."""

from __future__ import annotations

DOCUMENTATION = r"""
module: secret_files
short_description: Record which files on a host contain secrets
description:
  - Actions that write files and show differences ask it whether the file on the host may be shown, and tell it whether
    what they write contains a secret.
  - The record is C(/var/lib/elk-deploy/secret-files.json) for root, and below C(~/.local/state/elk-deploy) for other
    users. Only its owner can read it. It contains paths, and nothing from the files.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment: [elk.deploy.masking]
options:
  files:
    description: The files, each with whether it contains a secret; null only asks.
    type: dict
    required: true
  source_name:
    description: The file's name, in case a path in O(files) is a directory.
    type: str
    default: ""
  record:
    description: Another file to keep the record in.
    type: path
attributes:
  check_mode:
    support: full
    description: Records nothing.
"""

EXAMPLES = r"""
- name: Remember that a file has no secret any more
  elk.deploy.secret_files:
    files: {/srv/app/settings.conf: false}
"""

RETURN = r"""
secret:
  description: Those of the files that contained a secret before.
  type: list
  elements: str
  returned: success
"""

import os

from ansible.module_utils.common.validation import check_type_path
from ansible_collections.elk.deploy.plugins.module_utils.masking.module import AnsibleModule
from ansible_collections.elk.deploy.plugins.module_utils.secret_files import SecretFiles


def main():
    """Runs the module."""
    module = AnsibleModule(
        argument_spec={
            "files": {"type": "dict", "required": True},
            "source_name": {"type": "str", "default": ""},
            "record": {"type": "path"},
        },
        facts=["secret"],
        supports_check_mode=True,
    )
    params = module.params
    record = SecretFiles(params["record"])

    def place(path):
        path = check_type_path(path)
        inside = path.endswith("/") or os.path.isdir(path)
        return os.path.join(path, params["source_name"]) if params["source_name"] and inside else path

    secret = sorted(path for path in params["files"] if record.is_secret(place(path)))
    new = {place(path): bool(state) for path, state in params["files"].items() if state is not None}
    # What is free and was never secret needs no entry.
    new = {path: state or None for path, state in new.items()}
    if not module.check_mode:
        try:
            record.note(new)
        except OSError as error:
            module.fail_json(
                code="secret_files_not_recorded",
                msg=f"The list of files with secrets cannot be written: {error}. Make room on that file system, or "
                "make it writable, and run again.",
            )
    module.exit_json(changed=False, secret=secret)


if __name__ == "__main__":
    main()
