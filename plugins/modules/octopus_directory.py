#!/usr/bin/python
"""Documentation of octopus_directory; it runs as an action on the control node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: octopus_directory
short_description: Substitute Octopus-style tokens in the files of a directory and copy it to the host
description:
  - Replaces the C(#{Tokens}) in files of a directory on the control node with the host's values, and copies the
    directory with all other files to the host. Empty directories and hidden files are copied too.
  - A problem in any file fails the task before the host is touched. The message lists all problems in all files as
    C(file:line:column), with the token and what to do.
  - Files on the host that are not in O(src) stay, as with M(ansible.builtin.copy).
author: The ELK deployment toolkit's authors (@elk-deploy)
options:
  src:
    description:
      - The directory, found as M(ansible.builtin.template) finds its files, or an absolute path. Its contents go into
        O(dest), with or without a slash at the end. Files may be encrypted with Ansible Vault.
      - A symbolic link to a file inside the directory is copied as that file. Any other symbolic link is an error,
        unless it is excluded.
    type: path
    required: true
  dest:
    description: The directory on the host. It is created if it is missing.
    type: path
    required: true
  mode:
    description:
      - The mode of the files. V(preserve), the default, keeps each file's mode from the control node, so that
        executable files stay executable.
    type: raw
    default: preserve
  directory_mode:
    description: The mode of the directories in O(dest). By default, the system's.
    type: raw
  force:
    description: With V(false), existing files stay as they are.
    type: bool
    default: true
  follow:
    description: Whether to write through symbolic links on the host, if O(src) contains no directories.
    type: bool
    default: false
extends_documentation_fragment:
  - backup
  - files
  - validate
  - elk.deploy.octopus
  - elk.deploy.octopus.tokens
  - elk.deploy.octopus.files
  - elk.deploy.octopus.directory
seealso:
  - module: elk.deploy.octopus_template
  - module: elk.deploy.octopus_check
"""

EXAMPLES = r"""
- name: Copy the application's settings, substituting in those of them that have tokens
  elk.deploy.octopus_directory:
    src: app
    dest: /opt/app
    files:
      - "**/*.config"
      - settings/*.json
    exclude: [.git, "**/*.bak"]
    owner: app
    directory_mode: "0750"
"""

RETURN = r"""
dest:
  description: The directory on the host.
  returned: success
  type: str
  sample: /opt/app
substituted:
  description: The files that were searched for tokens, relative to O(src).
  returned: success
  type: list
  elements: str
  sample: [settings/database.json, web.config]
"""
