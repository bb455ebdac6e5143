#!/usr/bin/python
"""Documentation of octopus_no_secrets; it runs as an action on the control node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: octopus_no_secrets
short_description: Refuse files that contain a secret
description:
  - For files that go to a place where secrets are not safe. Fails if one of them uses a sensitive Octopus variable,
    directly or through filters and other variables, contains a value that is secret for the host, such as one from
    Ansible Vault, or is itself encrypted.
  - Runs on the control node only, and changes nothing.
author: The ELK deployment toolkit's authors (@elk-deploy)
options:
  src:
    description: Files with tokens, found as M(elk.deploy.octopus_template) finds them.
    type: list
    elements: path
    required: true
  reason:
    description: Why this is not allowed, and what to do instead; full sentences, which end the message.
    type: str
    required: true
extends_documentation_fragment:
  - elk.deploy.octopus
  - elk.deploy.octopus.tokens
attributes:
  check_mode:
    support: full
    description: Never changes anything.
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
