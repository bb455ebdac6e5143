#!/usr/bin/python
"""Writes down what is in an image."""

from __future__ import annotations

DOCUMENTATION = r"""
module: image_manifest
short_description: Write down what is in an image
description:
  - Writes a JSON file with the fingerprint of the image and what it was made from, the versions of Logstash, of its
    plugins and of all packages. The same image gives the same file - it has no time, no name of a machine and no
    address.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment: [elk.deploy.masking]
options:
  path:
    description: The file in the image.
    type: path
    default: /etc/elk/image.json
  copy:
    description:
      - A directory on the control node for a copy of it, C(FINGERPRINT.json). This is an option of the action.
    type: path
  manager:
    description: The package manager of the host.
    type: str
    choices: [apt, dnf]
    required: true
  version:
    description: The version of Logstash.
    type: str
    required: true
  home:
    description: Where Logstash has its program.
    type: path
    default: /usr/share/logstash
  image_inputs:
    description: What the image is known by.
    type: dict
    default: {}
    suboptions:
      fingerprint:
        description: 16 hex digits. Made from O(image_inputs.inputs) if it is missing.
        type: str
        default: ""
      inputs:
        description: What the image was made from, by name. Passwords in addresses are masked.
        type: dict
        default: {}
attributes:
  check_mode:
    support: full
    description: Returns the manifest, and writes nothing.
  diff_mode:
    support: full
    description: Shows what changes in the file in the image.
"""

EXAMPLES = r"""
- name: Write the manifest of the image
  elk.deploy.image_manifest:
    manager: apt
    version: 9.5.2
    copy: build/images
    image_inputs: {inputs: {logstash_version: 9.5.2}}
"""

RETURN = r"""
manifest:
  description: The manifest.
  type: dict
  returned: success
file:
  description: The copy on the control node; empty without O(copy).
  type: str
  returned: success
"""

import os
from pathlib import Path

from ansible_collections.elk.deploy.plugins.module_utils import atomic_files
from ansible_collections.elk.deploy.plugins.module_utils.image import manifest, running
from ansible_collections.elk.deploy.plugins.module_utils.logstash import packages
from ansible_collections.elk.deploy.plugins.module_utils.masking.module import AnsibleModule

MODE = 0o644


def main():
    """Runs the module."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "default": "/etc/elk/image.json"},
            "manager": {"type": "str", "choices": list(packages.MANAGERS), "required": True},
            "version": {"type": "str", "required": True},
            "home": {"type": "path", "default": "/usr/share/logstash"},
            "image_inputs": {
                "type": "dict",
                "default": {},
                "options": {
                    "fingerprint": {"type": "str", "default": ""},
                    "inputs": {"type": "dict", "default": {}},
                },
            },
        },
        facts=["manifest"],
        supports_check_mode=True,
    )
    params = module.params
    path = Path(params["path"])
    logstash = {"version": params["version"], "home": params["home"]}
    identity = module.mask.everything(params["image_inputs"])
    try:
        made = manifest.make(module.run_command, params["manager"], logstash, identity, running.place(module))
        text = manifest.text(made)
        before = path.read_text(encoding="utf-8") if path.is_file() else ""
        if text != before and not module.check_mode:
            os.makedirs(path.parent, mode=0o755, exist_ok=True)
            atomic_files.write(path, text, MODE, (0, 0))
    except (manifest.ManifestError, OSError) as error:
        module.fail_json(code="image_manifest_failed", msg=str(error))
    diff = {"before_header": str(path), "after_header": str(path), "before": before, "after": text}
    module.exit_json(changed=text != before, manifest=made, diff=diff)


if __name__ == "__main__":
    main()
