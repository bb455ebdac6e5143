#!/usr/bin/python
"""Documentation of instance_wheels; it runs as an action on the control node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: instance_wheels
short_description: Fetch the Python packages that instances deploy themselves with
description:
  - Fetches the wheels of C(requirements-instance.txt) with pip, each by its hash, for the Python and the processor of
    an image. An image and its bundles take them from there, so that neither a bake nor an instance needs a package
    index.
  - Runs on the control node only. Wheels that are there already are not fetched again.
author: The ELK deployment toolkit's authors (@elk-deploy)
options:
  requirements:
    description: The file with the pinned packages and their hashes.
    type: path
    required: true
  python:
    description: The version of Python on the image.
    type: str
    default: "3.11"
  architecture:
    description: The image's processor.
    type: str
    choices: [x86_64, aarch64]
    required: true
  cache:
    description:
      - The directory that they are kept in, each set in a directory C(<requirements_id>-<python>-<architecture>).
    type: path
    required: true
attributes:
  check_mode:
    support: full
    description: Fetches what is missing as well, since it goes into a cache on the control node.
"""

EXAMPLES = r"""
- name: Fetch the Python packages of the image
  elk.deploy.instance_wheels:
    requirements: requirements-instance.txt
    architecture: x86_64
    cache: build/wheels
  register: wheels
"""

RETURN = r"""
path:
  description: The directory with the wheels.
  type: str
  returned: success
  sample: /srv/elk/build/wheels/3c1f0ad2b7e95d18-3.11-x86_64
requirements_id:
  description: The first 16 hexadecimal digits of the SHA-256 of O(requirements); the environment in an image has them.
  type: str
  returned: success
  sample: 3c1f0ad2b7e95d18
wheels:
  description: The names of the files.
  type: list
  elements: str
  returned: success
"""
