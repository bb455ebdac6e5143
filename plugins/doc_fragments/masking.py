"""Documentation that the modules share which run on a host."""

from __future__ import annotations


class ModuleDocFragment:
    """The option that tells a module what it must not show."""

    DOCUMENTATION = r"""
options:
  secrets:
    description:
      - Texts to mask in everything that the module returns, in every form in which a log may show them.
      - Usually not needed. What is sensitive for the host is added automatically - sensitive Octopus variables, values
        that are encrypted with Ansible Vault, variables with names of secrets, passwords in addresses, and those of the
        role.
    type: list
    elements: str
    default: []
"""
