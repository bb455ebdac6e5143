"""What a change set of CloudFormation would do, resource by resource, and what would be lost by it."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

PREFIX = "elk-deploy-"
"""Names of the toolkit's change sets begin with it, so that what a killed run left is known."""

# What the types of resources hold that nobody can make again.
DATA = {
    "AWS::DynamoDB::GlobalTable": "its items",
    "AWS::DynamoDB::Table": "its items",
    "AWS::EC2::Volume": "what is on it",
    "AWS::EFS::FileSystem": "its files",
    "AWS::Logs::LogGroup": "its lines",
    "AWS::S3::Bucket": "its objects",
    "AWS::SQS::Queue": "its messages",
}

# https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChange.html (PolicyAction)
_KEEPING = ("Retain", "Snapshot", "ReplaceAndRetain", "ReplaceAndSnapshot")

# CloudFormation says so in words only; AWS's own command line goes by the same.
_NO_CHANGES = ("didn't contain changes", "No updates are to be performed")


@dataclass(frozen=True)
class Change:
    """What happens to one resource.

    :param action: ``Add``, ``Modify``, ``Remove``, ``Import`` or ``Dynamic``.
    :param replacement: ``True``, ``False`` or ``Conditional``; empty where nothing is modified.
    :param properties: names of the properties, or of attributes such as ``Tags``, that are modified.
    :param causes: those of them that ask for the replacement.
    :param policy: what happens to the old one, such as ``Retain`` or ``ReplaceAndDelete``; empty: it is deleted.
    """

    action: str
    logical_id: str
    type: str
    physical_id: str = ""
    replacement: str = ""
    properties: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    policy: str = ""

    @property
    def replaced(self) -> bool:
        """Whether it is, or may be, replaced by a new one."""
        return self.replacement in ("True", "Conditional")

    @property
    def kept(self) -> bool:
        """Whether the old one, or a snapshot of it, is kept."""
        return self.policy in _KEEPING

    @property
    def loss(self) -> str:
        """What is lost by it, such as ``its objects``; empty: nothing that nobody can make again."""
        goes = self.action == "Remove" or self.replaced
        return DATA.get(self.type, "") if goes and not self.kept else ""

    @property
    def line(self) -> str:
        """One line for people, without values."""
        if self.replaced:
            how = "would" if self.replacement == "True" else "may"
            names = self.causes or self.properties
            kept = ", the old one is kept" if self.kept else ""
            return f"! {self.logical_id} {self.type} {how} be REPLACED{_in_brackets(names)}{kept}"
        if self.action == "Remove" and self.kept:
            return f"- {self.logical_id} {self.type} (kept, and no longer the stack's)"
        sign = {"Add": "+", "Import": "+", "Remove": "-"}.get(self.action, "~")
        return f"{sign} {self.logical_id} {self.type}{_in_brackets(self.properties)}"


def _in_brackets(names: Iterable[str]) -> str:
    text = ", ".join(names)
    return f" ({text})" if text else ""


def new_name() -> str:
    """A name for a change set that no other has."""
    return PREFIX + secrets.token_hex(8)


def is_own(name: str) -> bool:
    """Whether a change set is the toolkit's."""
    return name.startswith(PREFIX)


def read(changes: Iterable[Mapping[str, Any]]) -> list[Change]:
    """The changes of an answer to DescribeChangeSet, in its order."""
    return [_read(one["ResourceChange"]) for one in changes if one.get("Type", "Resource") == "Resource"]


def _read(change: Mapping[str, Any]) -> Change:
    targets = [one.get("Target", {}) for one in change.get("Details", [])]
    return Change(
        change.get("Action", ""),
        change.get("LogicalResourceId", ""),
        change.get("ResourceType", ""),
        change.get("PhysicalResourceId", ""),
        change.get("Replacement", ""),
        _names(targets),
        _names(one for one in targets if one.get("RequiresRecreation") in ("Always", "Conditionally")),
        change.get("PolicyAction", ""),
    )


def _names(targets: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    names = (one.get("Name") if one.get("Attribute") == "Properties" else one.get("Attribute") for one in targets)
    return tuple(dict.fromkeys(str(name) for name in names if name))


def has_no_changes(answer: Mapping[str, Any]) -> bool:
    """Whether a change set failed only since there is nothing to change."""
    reason = answer.get("StatusReason") or ""
    return answer.get("Status") == "FAILED" and any(one in reason for one in _NO_CHANGES)


def refusal(stack: str, changes: Iterable[Change]) -> str:
    """A message when the changes would lose data; empty otherwise."""
    lost = [one for one in changes if one.loss]
    if not lost:
        return ""
    lines = [f"Stack {stack}: this change would lose data, and was not made."]
    for one in lost:
        what = one.line[2:] if one.replaced else f"{one.logical_id} {one.type} would be DELETED"
        place = f" ({one.physical_id})" if one.physical_id else ""
        lines.append(f"- {what}{place}: {one.loss} would be lost.")
    lines.append(
        "Undo what asks for it in the template or its parameters; or keep the resource with DeletionPolicy and "
        "UpdateReplacePolicy: Retain in the template, deployed in a run before; or save what it holds and allow the "
        "change for one run: -e aws_stacks_allow_replacement=true."
    )
    return "\n".join(lines)
