#!/usr/bin/python
"""Copies the files of a program to a host in one step."""

from __future__ import annotations

DOCUMENTATION = r"""
module: program_files
short_description: Copy the files of a program in one step
description:
  - Copies files of the control node to one directory of the host, where they belong to whoever runs the module and have
    mode 0644. Compares them by their hashes first, then brings all that differ as one archive. C(ansible.builtin.copy)
    needs several steps on the host for each file.
  - Each file takes its place as a whole or not at all. Other files in the directory stay.
  - Not for secrets, since everybody on the host may read the files.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment: [elk.deploy.masking]
options:
  dest:
    description:
      - The directory on the host, which only root, or whoever runs the module, may write to. It has to exist, except in
        check mode.
    type: path
    required: true
  files:
    description:
      - The files on the control node, no two of the same name. Of a link, what it leads to is copied. This is an option
        of the action.
    type: list
    elements: path
    required: true
  checksums:
    description: The SHA-256 of each file, by its name. The action gives it.
    type: dict
  archive:
    description: A tar on the host with the files that differ. The action gives it; without it nothing is written.
    type: path
attributes:
  check_mode:
    support: full
    description: Compares the files, and writes none.
  diff_mode:
    support: partial
    description: Shows the names of the files that differ.
"""

EXAMPLES = r"""
- name: Copy the program
  elk.deploy.program_files:
    files: "{{ query('ansible.builtin.fileglob', 'program/*.py') }}"
    dest: /opt/program
"""

RETURN = r"""
files:
  description: The names of the files that were, or in check mode would be, written.
  type: list
  elements: str
  returned: success
"""

import os
import stat
import tarfile

from ansible_collections.elk.deploy.plugins.module_utils import atomic_files
from ansible_collections.elk.deploy.plugins.module_utils.masking.module import AnsibleModule

MODE = 0o644


def differs(module, path, checksum):
    """Whether a file is missing, or has another content, owner or mode. Raises OSError."""
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return True
    as_expected = stat.S_ISREG(status.st_mode) and stat.S_IMODE(status.st_mode) == MODE
    return not as_expected or status.st_uid != os.geteuid() or module.sha256(path) != checksum


def main():
    """Runs the module."""
    module = AnsibleModule(
        argument_spec={
            "dest": {"type": "path", "required": True},
            "checksums": {"type": "dict", "required": True},
            "archive": {"type": "path"},
        },
        facts=["files"],
        supports_check_mode=True,
    )
    dest, checksums, archive = (module.params[name] for name in ("dest", "checksums", "archive"))
    try:
        files = [name for name in sorted(checksums) if differs(module, os.path.join(dest, name), checksums[name])]
        if files and archive and not module.check_mode:
            with tarfile.open(archive) as tar:
                for name in files:
                    atomic_files.write(os.path.join(dest, name), tar.extractfile(name).read(), MODE)
    except (OSError, KeyError, tarfile.TarError) as error:
        module.fail_json(
            code="program_files_not_copied",
            msg=f"Files could not be copied to {dest}: {error}; expected a directory with room for them.",
        )
    diff = {"before_header": dest, "after_header": dest, "before": "", "after": "".join(f"{name}\n" for name in files)}
    module.exit_json(changed=bool(files), files=files, diff=diff)


if __name__ == "__main__":
    main()
