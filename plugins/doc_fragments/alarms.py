"""Documentation that the modules share which read an environment's alarms."""

from __future__ import annotations


class ModuleDocFragment:
    """The list, and what an environment changes; with the environment's name for those that need it."""

    DOCUMENTATION = r"""
options:
  alarms:
    description: The alarms, as the list in group_vars has them. C(docs/alarms.md) has the keys.
    type: list
    elements: raw
    required: true
  changes:
    description: The keys that an environment changes, with their values, by the alarm's name.
    type: dict
    default: {}
"""

    ENVIRONMENT = r"""
options:
  environment:
    description: The environment, which the names of its alarms begin with.
    type: str
    required: true
"""
