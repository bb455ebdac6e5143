"""The options of the actions that read an environment's alarms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail

from ..module_utils.messages import coded
from .alarms.definitions import Definitions, Fault, read

ALARM_OPTIONS: dict[str, dict[str, Any]] = {
    "alarms": {"type": "list", "elements": "dict", "required": True},
    "changes": {"type": "dict", "default": {}},
    "environment": {"type": "str", "default": ""},
}


def definitions_of(options: Mapping[str, Any]) -> Definitions:
    """The alarms that the options have.

    :raises AnsibleActionFail: with everything that is wrong with their form.
    """
    definitions = read(options["alarms"], options.get("changes"))
    if definitions.faults:
        raise AnsibleActionFail("\n".join(map(message, definitions.faults)))
    return definitions


def message(fault: Fault) -> str:
    """One line: what is wrong and where, the value seen, the form expected, and a hint."""
    where = f"alarm {fault.alarm}: {fault.key}" if fault.key else f"alarm {fault.alarm}"
    return coded(fault.code, f"{where} is {fault.value!r}; expected {fault.expected}. {fault.hint}")
