#!/usr/bin/python
"""Documentation of function_package; it runs as an action on the control node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: function_package
short_description: Build the package of the function that ships load-balancer logs
description:
  - Builds a zip with the function's code and its settings. The same settings give the same bytes on every machine, so
    that its hash tells whether the function has to be replaced.
  - Runs on the control node only. The package is built in check mode as well, since what would change depends on its
    hash.
author: The ELK deployment toolkit's authors (@elk-deploy)
options:
  settings:
    description: The function's settings as JSON, with all tokens substituted. Secrets in plain text are refused.
    type: str
    required: true
  dest:
    description: The file to write. One that is the same already is left as it is.
    type: path
    required: true
  architecture:
    description: The processor that the function runs on. It only matters for wheels.
    type: str
    choices: [arm64, x86_64]
    default: arm64
  salt:
    description: A file with a secret text that goes into the package, so that nobody can guess settings by the hash.
    type: path
  wheels:
    description: Wheels with native code to put in, each as C(path) or C(path#sha256=hash).
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    support: full
    description: Builds the package as well, and always reports no change.
"""

EXAMPLES = r"""
- name: Build the package
  elk.deploy.function_package:
    settings: "{{ lookup('ansible.builtin.file', 'settings.json') | elk.deploy.octopus_substitute }}"
    dest: /tmp/build/package.zip
"""

RETURN = r"""
sha256:
  description: The package's SHA-256 in hexadecimal digits.
  type: str
  returned: success
  sample: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
dest:
  description: The file that was written.
  type: str
  returned: success
"""
