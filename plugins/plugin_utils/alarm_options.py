"""The options of the actions that read an environment's alarms, and what they say of wrong ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleActionFail

from ..module_utils.messages import coded
from .alarms.definitions import Definitions, Fault, read

ALARM_OPTIONS: dict[str, dict[str, Any]] = {
    # An entry of another form is a fault with the alarm's number, and not an error of Ansible's.
    "alarms": {"type": "list", "elements": "raw", "required": True},
    # The same goes for changes that are no mapping.
    "changes": {"type": "raw", "default": {}},
}
ENVIRONMENT: dict[str, dict[str, Any]] = {"environment": {"type": "str", "required": True}}


def definitions_of(options: Mapping[str, Any]) -> Definitions:
    """The alarms that the options have.

    :raises AnsibleActionFail: with everything that is wrong with their form.
    """
    definitions = read(options["alarms"], options.get("changes"))
    refuse(definitions.faults)
    return definitions


def refuse(faults: Iterable[Fault]) -> None:
    """Fails with a line and a code for each fault, if there are any.

    :raises AnsibleActionFail: with all of them at once.
    """
    lines = [coded(fault.code, str(fault)) for fault in faults]
    if lines:
        raise AnsibleActionFail("\n".join(lines))
