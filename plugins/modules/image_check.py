#!/usr/bin/python
"""Checks that a host is fit to become an image."""

from __future__ import annotations

DOCUMENTATION = r"""
module: image_check
short_description: Check that a host is fit to become an image
description:
  - Fails with all that is wrong at once, one message a line. What M(elk.deploy.image_clean) clears must not be there,
    and no part of a deployment either. Logstash and its plugins have to be those that are asked for, and the service
    has to be enabled, must never have run, and must wait for settings.
  - Searches the files in O(places) for private keys, keys of AWS, names and addresses of this machine, and for every
    value that is secret for the host (O(secrets)), in each form in which a program may have written it. Values of
    fewer than eight characters are not searched for.
  - An SSH key that lets somebody in is an error, but for the one that Packer made for the bake, which Packer removes.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment: [elk.deploy.masking]
options:
  home:
    description: Where Logstash has its program.
    type: path
    default: /usr/share/logstash
  directories:
    description: The directories that Logstash's service writes to, as in M(elk.deploy.image_clean).
    type: list
    elements: path
    required: true
  version:
    description: The version of Logstash.
    type: str
    required: true
  manager:
    description: The package manager that installed it; empty for an archive.
    type: str
    default: ""
  plugins:
    description: The plugins, as in C(logstash_plugins). Their C(name), C(version) and C(state) count.
    type: list
    elements: dict
    default: []
  service:
    description: The systemd unit.
    type: str
    default: logstash.service
  condition:
    description: The file of the unit that keeps the service stopped until there are settings.
    type: path
    default: /etc/systemd/system/logstash.service.d/50-first-boot.conf
  places:
    description: Where files are searched. O(directories) are always searched.
    type: list
    elements: path
    default: [/etc, /opt/elk, /root, /home, /var/lib/elk]
  allowed:
    description: Globs of paths that are in the image on purpose, whatever is in them.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    support: full
    description: Returns what is wrong, and does not fail, since nothing was installed or cleaned before it.
"""

EXAMPLES = r"""
- name: Validate the image
  elk.deploy.image_check:
    directories: [/var/lib/logstash, /var/log/logstash]
    version: 9.5.2
    manager: apt
"""

RETURN = r"""
faults:
  description: What is wrong, in messages. Empty unless in check mode.
  type: list
  elements: str
  returned: success
"""

from ansible_collections.elk.deploy.plugins.module_utils.image import check, running, table
from ansible_collections.elk.deploy.plugins.module_utils.logstash import packages
from ansible_collections.elk.deploy.plugins.module_utils.masking.module import AnsibleModule


def installed(module, place):
    """The version of Logstash that is there; empty where none is, or only half of one."""
    params = module.params
    if not params["manager"]:
        return params["version"] if place.at(f"{params['home']}/bin/logstash").exists() else ""
    found = packages.MANAGERS[params["manager"]](module.run_command).installed()
    return found.version if found.whole else ""


def main():
    """Runs the module."""
    module = AnsibleModule(
        argument_spec={
            "home": {"type": "path", "default": "/usr/share/logstash"},
            "directories": {"type": "list", "elements": "path", "required": True},
            "version": {"type": "str", "required": True},
            "manager": {"type": "str", "choices": ["", *packages.MANAGERS], "default": ""},
            "plugins": {"type": "list", "elements": "dict", "default": []},
            "service": {"type": "str", "default": "logstash.service"},
            "condition": {
                "type": "path",
                "default": "/etc/systemd/system/logstash.service.d/50-first-boot.conf",
            },
            "places": {
                "type": "list",
                "elements": "path",
                "default": ["/etc", "/opt/elk", "/root", "/home", "/var/lib/elk"],
            },
            "allowed": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    place = running.place(module)
    try:
        faults = check.faults(module.run_command, module.params, installed(module, place), place)
    except table.SharedDirectoryError as error:
        module.fail_json(code="image_directory_shared", msg=str(error))
    if faults and not module.check_mode:
        module.fail_json(msg="\n".join(faults))
    module.exit_json(changed=False, faults=faults)


if __name__ == "__main__":
    main()
