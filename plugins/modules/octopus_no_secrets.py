#!/usr/bin/python
"""Documentation of octopus_no_secrets; it runs as an action on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: octopus_no_secrets
short_description: Refuse files that a secret goes into
description:
  - For files that come to a place where secrets are not kept. Fails when a sensitive Octopus variable goes into one,
    directly or by way of filters and of other variables, when one holds a value that is secret for the host, such as
    one from Ansible Vault, or when the file itself is encrypted.
  - Works on the controller only, and changes nothing.
author: The ELK deployment toolkit's authors (@elk-deploy)
options:
  src:
    description: Files with tokens, found as M(elk.deploy.octopus_template) finds them.
    type: list
    elements: path
    required: true
  reason:
    description: Why it must not be, and the way out; whole sentences, which end the message.
    type: str
    required: true
extends_documentation_fragment:
  - elk.deploy.octopus
  - elk.deploy.octopus.tokens
attributes:
  check_mode:
    support: full
    description: It never changes anything.
seealso:
  - module: elk.deploy.octopus_check
"""

EXAMPLES = r"""
- name: Refuse secrets in the function's settings
  elk.deploy.octopus_no_secrets:
    src: [settings.json]
    reason: Everybody who may read the package could read it. Keep it in Secrets Manager, and write a reference.
"""

RETURN = r"""#"""
