#!/usr/bin/python
"""Documentation of logstash_settings; it runs as an action, which calls two modules."""

from __future__ import annotations

DOCUMENTATION = r"""
module: logstash_settings
short_description: Write Logstash's settings directory from the variables of role logstash
description:
  - Writes C(logstash.yml), C(pipelines.yml), the pipelines, the environment, what is added to the unit and the TLS
    files as M(elk.deploy.settings_directory) does, and the keystore as M(elk.deploy.logstash_keystore) does, so that
    they are tested together, made live together, and restored together.
  - Reads the role's variables itself, so it works within the role only.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment: [elk.deploy.masking]
options:
  path:
    description: The directory.
    type: path
    required: true
  owner:
    description: The owner of the files.
    type: str
  group:
    description: The group that may read the files.
    type: str
  role_path:
    description: The role's directory, which has the template of the unit's file, and the argument specs.
    type: path
    required: true
  entry:
    description: An entry point of the role, whose argument specs the variables are checked against first.
    type: str
  control_node:
    description: Whether O(path) is on the control node. Whoever runs Ansible then writes it, and no host is reached.
    type: bool
    default: false
  placeholders:
    description: Whether placeholders stand for secrets, in files for people to read.
    type: bool
    default: false
  live:
    description: The live settings to compare with, as in O(elk.deploy.settings_directory#module:live).
    type: dict
  keystore:
    description: Makes the keystore, too. C(logstash_keystore) has its entries; without any, there is none.
    type: dict
    suboptions:
      record:
        description: The file that says by keyed fingerprints what the keystore was made with.
        type: path
        required: true
      home:
        description: Where the Logstash is whose program makes it.
        type: path
        required: true
      group:
        description: The group that may read it.
        type: str
        required: true
attributes:
  check_mode:
    support: full
    description: Reports what would be written.
  diff_mode:
    support: full
    description: Shows differences of files without secrets, and names of the keystore's entries.
"""

EXAMPLES = r"""
- name: Stage the settings
  elk.deploy.logstash_settings:
    path: /etc/logstash/staged
    owner: root
    group: logstash
    role_path: "{{ role_path }}"
    keystore: {record: /etc/logstash/keystore/record, home: /usr/share/logstash, group: logstash}
"""

RETURN = r"""
files:
  description: What was written, or got another owner or mode.
  type: list
  elements: str
  returned: success
removed:
  description: What was removed.
  type: list
  elements: str
  returned: success
comparison:
  description: As of M(elk.deploy.settings_directory). Missing where the keystore was changed.
  type: dict
  returned: success, with O(live)
names:
  description: The entries of the keystore that were added, changed or removed.
  type: list
  elements: str
  returned: success, with O(keystore)
"""
