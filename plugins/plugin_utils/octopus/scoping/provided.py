"""The ``Octopus.*`` names that are provided without being declared. They rank below all other variables.

Octopus numbers what it keeps (``Environments-1``). Here nothing has a number: where no id is given, the id of an
environment, a machine, a project or a tenant is its name in lower case, with ``-`` for all but letters and digits.
Names that have no value are not provided. Nothing here depends on the time of day, so that files stay the same from
run to run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .host import Host

# Groups that every inventory has: they say nothing about what a host is for.
IMPLIED_GROUPS = ("all", "ungrouped")

# Field to Octopus's name. A text instead of a mapping is the first field.
PROJECT = {
    "name": "Octopus.Project.Name",
    "id": "Octopus.Project.Id",
}
RELEASE = {
    "number": "Octopus.Release.Number",
    "id": "Octopus.Release.Id",
    "notes": "Octopus.Release.Notes",
    "previous": "Octopus.Release.Previous.Number",
    "previous_for_environment": "Octopus.Release.PreviousForEnvironment.Number",
    "current_for_environment": "Octopus.Release.CurrentForEnvironment.Number",
}
DEPLOYMENT = {
    "name": "Octopus.Deployment.Name",
    "id": "Octopus.Deployment.Id",
    "created": "Octopus.Deployment.Created",
    "created_by": "Octopus.Deployment.CreatedBy.Username",
    "trigger": "Octopus.Deployment.Trigger.Name",
    "task": "Octopus.Task.Id",
}


def provided_names(host: Host) -> dict[str, str]:
    """What is known of a host and of what is done there, as variables."""
    context = host.context
    names = {
        "Octopus.Environment.Id": identifier(context.environment),
        "Octopus.Environment.Name": context.environment,
        "Octopus.Machine.Id": identifier(context.machine),
        "Octopus.Machine.Name": context.machine,
        "Octopus.Machine.Hostname": host.address or context.machine,
        "Octopus.Machine.Roles": ",".join(context.roles),
        "Octopus.Deployment.Tenant.Id": identifier(context.tenant),
        "Octopus.Deployment.Tenant.Name": context.tenant,
        "Octopus.Deployment.Tenant.Tags": ",".join(context.tenant_tags),
        "Octopus.Step.Name": context.step,
        "Octopus.Action.Name": context.step,
    }
    if not context.is_runbook:
        names["Octopus.Release.Channel.Name"] = context.channel
    for fields, given in ((PROJECT, host.project), (RELEASE, host.release), (DEPLOYMENT, host.deployment)):
        names |= _details(fields, given)
    if names.get("Octopus.Project.Name"):
        names.setdefault("Octopus.Project.Id", identifier(names["Octopus.Project.Name"]))
    for group, hosts in host.members.items():
        if group not in IMPLIED_GROUPS:
            names[f"Octopus.Environment.MachinesInRole[{group}]"] = ",".join(hosts)
    always = ("Octopus.Machine.Roles",)  # a host without groups has no roles, which is known
    return {name: value for name, value in names.items() if value or name in always}


def identifier(name: str) -> str:
    return re.sub(r"[\W_]+", "-", name.lower()).strip("-")


def _details(fields: Mapping[str, str], given: str | Mapping[str, str]) -> dict[str, str]:
    if isinstance(given, str):
        return {next(iter(fields.values())): given}
    return {fields[field]: value for field, value in given.items()}
