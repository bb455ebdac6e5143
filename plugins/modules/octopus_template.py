#!/usr/bin/python
"""Documentation of octopus_template; it runs as an action on the control node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: octopus_template
short_description: Substitute Octopus-style tokens in a file and copy it to the host
description:
  - Replaces the C(#{Tokens}) in a file on the control node with the host's values, and copies the result.
  - An unresolved token fails the task before the host is touched. The message lists all of them as
    C(file:line:column), with the token and what to do.
author: The ELK deployment toolkit's authors (@elk-deploy)
options:
  src:
    description:
      - The file with tokens, found as M(ansible.builtin.template) finds its own, or an absolute path. It must be text.
        It may be encrypted with Ansible Vault.
    type: path
    required: true
  dest:
    description: Where the file goes on the host.
    type: path
    required: true
  force:
    description: With V(false), an existing file stays as it is.
    type: bool
    default: true
  follow:
    description: Whether to write through a symbolic link.
    type: bool
    default: false
extends_documentation_fragment:
  - backup
  - files
  - validate
  - elk.deploy.octopus
  - elk.deploy.octopus.tokens
  - elk.deploy.octopus.files
seealso:
  - module: elk.deploy.octopus_directory
  - module: elk.deploy.octopus_check
  - plugin: elk.deploy.octopus_substitute
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Write the pipeline's output
  elk.deploy.octopus_template:
    src: shipper/output.conf
    dest: /etc/logstash/conf.d/output.conf
    owner: root
    group: logstash
    mode: "0640"

- name: The same with a value for this task alone
  elk.deploy.octopus_template:
    src: shipper/output.conf
    dest: /tmp/output.conf
    mode: "0600"
    variables:
      LogHost: 192.0.2.10

- name: Leave the tokens that another tool replaces later
  elk.deploy.octopus_template:
    src: app.config
    dest: /opt/app/app.config
    mode: "0644"
    unresolved: warn
    output_encoding: utf-8
"""

RETURN = r"""
dest:
  description: Where the file is on the host. Everything else is as M(ansible.builtin.copy) returns it.
  returned: success
  type: str
  sample: /etc/logstash/conf.d/output.conf
checksum:
  description: SHA1 of the rendered file. Not returned with secrets, since guesses of a secret could be tested with it.
  returned: success, if no sensitive variable was used
  type: str
  sample: 373296322247ab85d26d5d1257772757e7afd172
"""
