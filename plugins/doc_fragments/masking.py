"""Documentation that the modules share which run on a host."""

from __future__ import annotations


class ModuleDocFragment:
    """The option by which a module is told what it must not show."""

    DOCUMENTATION = r"""
options:
  secrets:
    description:
      - Texts that are masked in whatever the module returns, in every form that a log may give them.
      - A task need not give them. What is sensitive for the host is added by itself - sensitive Octopus variables,
        values that are encrypted with Ansible Vault, variables whose names say that they hold a secret, passwords in
        addresses, and the role's own.
    type: list
    elements: str
    default: []
"""
