"""What may be done with a stack in its state.

Removed is only a stack that never was complete, since its first creation failed. All else that stands in the way is
said, with a hint.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html lists the states.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .change_sets import is_own

CREATE, UPDATE, REPLACE, WAIT, STOP = "create", "update", "replace", "wait", "stop"

UPDATABLE = (
    "CREATE_COMPLETE",
    "UPDATE_COMPLETE",
    "UPDATE_ROLLBACK_COMPLETE",
    "IMPORT_COMPLETE",
    "IMPORT_ROLLBACK_COMPLETE",
)
# The first creation failed: CloudFormation has no other way into these states.
_FAILED_CREATIONS = ("CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED")
_COMPLETIONS = tuple(one for one in UPDATABLE if "ROLLBACK" not in one)


# Why a stack in this state can't be updated, and a hint. {name} is the stack's.
_STOPS = {
    "DELETE_FAILED": (
        "its deletion failed",
        "Remove what the reasons name, or take it out of the stack, and delete the stack: "
        "aws cloudformation delete-stack --stack-name {name} (with --retain-resources and names "
        "from the template, those things are kept). It is not deleted by this role, since it was complete once.",
    ),
    "UPDATE_ROLLBACK_FAILED": (
        "an update failed, and so did the way back",
        "Fix what the reasons name, then continue: aws cloudformation continue-update-rollback --stack-name {name}.",
    ),
    "UPDATE_FAILED": (
        "an update failed and was not rolled back",
        "Roll it back: aws cloudformation rollback-stack --stack-name {name}.",
    ),
    "": (
        "it can't be updated from this state",
        "Move it to a state that ends with _COMPLETE, in CloudFormation's console.",
    ),
}


@dataclass(frozen=True)
class Found:
    """A stack as it was found.

    :param status: empty when there is none.
    :param since: when it came into its state.
    :param events: as CloudFormation's API has them, newest first, all of them.
    :param change_sets: summaries of CloudFormation's API.
    :param resources: summaries of CloudFormation's API.
    :param outputs: values by name.
    :param protected: whether it can't be deleted before its termination protection is turned off.
    """

    name: str
    status: str = ""
    stack_id: str = ""
    since: str = ""
    events: list[Mapping[str, Any]] = field(default_factory=list)
    change_sets: list[Mapping[str, Any]] = field(default_factory=list)
    resources: list[Mapping[str, Any]] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
    protected: bool = False

    @property
    def is_new(self) -> bool:
        """Whether it is yet to be created: there is none, or one that was only begun with a change set."""
        return not self.status or (self.status == "REVIEW_IN_PROGRESS" and not self.resources)


@dataclass(frozen=True)
class Verdict:
    """What to do, one of :data:`CREATE`, :data:`UPDATE`, :data:`REPLACE`, :data:`WAIT` and :data:`STOP`, and why."""

    action: str
    message: str = ""


def judge(found: Found) -> Verdict:
    """What may be done with the stack."""
    if not found.status:
        return Verdict(CREATE)
    if found.status in UPDATABLE:
        return Verdict(UPDATE)
    if found.status == "REVIEW_IN_PROGRESS":
        return _review(found)
    if found.status in _FAILED_CREATIONS or (found.status == "DELETE_FAILED" and _never_complete(found)):
        return _failed_creation(found)
    if found.status.endswith("_IN_PROGRESS"):
        since = f" since {found.since}" if found.since else ""
        return Verdict(WAIT, f"Stack {found.name} is in state {found.status}{since}: an earlier run, or somebody else")
    return _stop(found, *_STOPS.get(found.status, _STOPS[""]))


def failures(events: Iterable[Mapping[str, Any]], limit: int = 10) -> list[str]:
    """Why things failed, newest first: type, name and reason. What was cancelled since another failed is left out."""
    told = []
    for event in events:
        reason = event.get("ResourceStatusReason", "")
        if event.get("ResourceStatus", "").endswith("FAILED") and reason and "cancelled" not in reason.lower():
            line = f"{event.get('ResourceType')} {event.get('LogicalResourceId')}{_physical(event)}: {reason}"
            if line not in told:
                told.append(line)
    return told[:limit]


def _physical(event: Mapping[str, Any]) -> str:
    name = event.get("PhysicalResourceId")
    return f" ({name})" if name and name not in event.get("ResourceStatusReason", "") else ""


def own(events: Iterable[Mapping[str, Any]]) -> list[str]:
    """The states that the stack itself went through."""
    return [one.get("ResourceStatus", "") for one in events if one.get("PhysicalResourceId") == one.get("StackId")]


def _never_complete(found: Found) -> bool:
    """Whether the events, which reach back to the stack's first, have no completion."""
    states = own(found.events)
    return any(one in states for one in ("CREATE_IN_PROGRESS", "REVIEW_IN_PROGRESS")) and not _was_complete(found)


def _was_complete(found: Found) -> bool:
    return any(one in _COMPLETIONS for one in own(found.events))


def _failed_creation(found: Found) -> Verdict:
    if _was_complete(found):
        return _stop(
            found,
            "it can't be updated, and its events say that it was complete once",
            "Look at what it holds. If that may go: aws cloudformation delete-stack --stack-name {name}.",
        )
    return Verdict(REPLACE, _told(found, "its creation failed, and it can't be updated"))


def _review(found: Found) -> Verdict:
    """A stack without resources, which waits for its first change set to be executed. Another may be made for it."""
    waiting = pending_of_others(found)
    if waiting:
        return _stop(
            found,
            f"somebody's change set waits to be executed: {', '.join(waiting)}",
            "Execute it, or delete the stack, which has no resources yet: "
            "aws cloudformation delete-stack --stack-name {name}.",
        )
    return Verdict(CREATE if found.is_new else UPDATE)


def pending_of_others(found: Found) -> list[str]:
    """Names of the change sets that could be executed and are not the toolkit's."""
    names = [str(one.get("ChangeSetName")) for one in found.change_sets if one.get("Status") != "FAILED"]
    return [name for name in names if not is_own(name)]


def _told(found: Found, why: str) -> str:
    lines = [f"Stack {found.name} is in state {found.status}: {why}."]
    return "\n".join(lines + [f"- {reason}" for reason in failures(found.events)])


def _stop(found: Found, why: str, hint: str) -> Verdict:
    return Verdict(STOP, f"{_told(found, why)}\n{hint.replace('{name}', found.name)} Then run again.")
