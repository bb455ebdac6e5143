"""One stack of CloudFormation: looks at it, changes it by change sets, and waits for it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from .. import waiting
from . import change_sets, stack_states
from .artifacts import ArtifactBucket, checksum
from .stack_states import Found

# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html (template body size)
DIRECT_BYTES = 51_200
LARGEST_BYTES = 1 << 20

POLL_SECONDS = 1.0
SLOWEST_POLL_SECONDS = 5.0
PROGRESS_SECONDS = 10.0


class StackError(Exception):
    """The stack is not as it should be; the message says why, and a hint. ``code`` is of messages.CODES.

    ``status`` is the stack's state, where a change of it has failed.
    """

    def __init__(self, code: str, message: str, status: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.status = status


class Stack:
    """A stack by its name, which may not be there yet.

    :param client: boto3's for cloudformation, which takes ``aws_retry``.
    :param timeout: how many seconds one wait may take.
    :param say: gets a line about what it waits for, every now and then.
    :param watch: gets the events since a wait began, newest first, each time that it looks.
    """

    def __init__(
        self,
        client: Any,
        name: str,
        timeout: float,
        say: Callable[[str], None],
        watch: Callable[[Iterable[Mapping[str, Any]]], None] = lambda _events: None,
    ) -> None:
        self.name = name
        self._client = client
        self._timeout = timeout
        self._say = say
        self._watch = watch

    # -- what is there

    def look(self) -> Found:
        """The stack as it is."""
        stack = self.describe(self.name)
        if stack is None or stack["StackStatus"] == "DELETE_COMPLETE":
            return Found(self.name)
        changed = stack.get("LastUpdatedTime") or stack.get("CreationTime")
        stack_id, status = stack["StackId"], stack["StackStatus"]
        return Found(
            self.name,
            status,
            stack_id,
            f"{changed:%Y-%m-%d %H:%M:%S %Z}" if changed else "",
            # They say how it came into a state that it can't be updated from; there may be thousands of them.
            [] if status in stack_states.UPDATABLE else self._events(stack_id),
            self._all("list_change_sets", "Summaries", stack_id),
            self._all("list_stack_resources", "StackResourceSummaries", stack_id),
            outputs_of(stack),
            bool(stack.get("EnableTerminationProtection")),
        )

    def settled(self) -> Found:
        """The stack as it is once nothing works on it any more.

        :raises StackError: something still does when the time is up.
        """
        found = self.look()
        verdict = stack_states.judge(found)
        if verdict.action == stack_states.WAIT:
            self._say(f"{verdict.message}. Waiting until that has ended.")
            self._wait(found.stack_id, str(found.events[0]["EventId"]) if found.events else "", began=False)
            return self.look()
        return found

    def describe(self, name: str) -> dict[str, Any] | None:
        """A stack by its name or id as CloudFormation describes it, or None."""
        try:
            stacks = self._client.describe_stacks(StackName=name, aws_retry=True)["Stacks"]
        except Exception as error:
            if "does not exist" in str(error):
                return None
            raise
        return dict(stacks[0])

    def _events(self, stack_id: str, last: str = "") -> list[Mapping[str, Any]]:
        """The stack's events, newest first, back to the one of id ``last``, which is left out."""
        found: list[Mapping[str, Any]] = []
        for page in self._client.get_paginator("describe_stack_events").paginate(StackName=stack_id):
            for event in page["StackEvents"]:
                if event.get("EventId") == last:
                    return found
                found.append(event)
        return found

    def _newest_event(self, stack_id: str) -> str:
        events = self._client.describe_stack_events(StackName=stack_id, aws_retry=True)["StackEvents"]
        return str(events[0]["EventId"]) if events else ""

    def _all(self, operation: str, key: str, stack_id: str) -> list[Mapping[str, Any]]:
        """All pages of an answer."""
        pages = self._client.get_paginator(operation).paginate(StackName=stack_id)
        return [one for page in pages for one in page[key]]

    # -- change sets

    def create_change_set(
        self, found: Found, request: Mapping[str, Any]
    ) -> tuple[str, list[change_sets.Change] | None]:
        """(id, changes) of a new change set. None instead of changes: there are none.

        :param request: what CreateChangeSet takes besides the names and the type.
        :raises StackError: CloudFormation can't make one.
        """
        # A creation that fails leaves nothing, as before the run.
        kind = {"ChangeSetType": "CREATE", "OnStackFailure": "DELETE"} if found.is_new else {"ChangeSetType": "UPDATE"}
        change_set = self._client.create_change_set(
            StackName=self.name, ChangeSetName=change_sets.new_name(), aws_retry=True, **kind, **request
        )["Id"]
        try:
            answer = self._described(change_set)
        except BaseException:
            self.discard(change_set, found)
            raise
        if answer["Status"] == "FAILED":
            self.discard(change_set, found)
            if change_sets.has_no_changes(answer):
                return change_set, None
            raise StackError(
                "stack_change_failed",
                f"CloudFormation makes no change set for stack {self.name}: {answer.get('StatusReason', 'no reason')}. "
                "Correct the template or its parameters. Nothing was changed.",
            )
        return change_set, change_sets.read(answer["Changes"])

    def _described(self, change_set: str) -> dict[str, Any]:
        """A change set once it is complete, with all of its changes."""
        for _attempt in self._attempts():
            answer = self._client.describe_change_set(ChangeSetName=change_set, aws_retry=True)
            if answer["Status"] in ("CREATE_COMPLETE", "FAILED"):
                break
        else:
            raise self._too_long("its change set is not complete")
        changes, token = list(answer.get("Changes", [])), answer.get("NextToken")
        while token:
            page = self._client.describe_change_set(ChangeSetName=change_set, NextToken=token, aws_retry=True)
            changes += page.get("Changes", [])
            token = page.get("NextToken")
        return {**answer, "Changes": changes}

    def discard(self, change_set: str, before: Found) -> None:
        """Deletes a change set, and the stack if that was only begun with it."""
        self._client.delete_change_set(ChangeSetName=change_set, aws_retry=True)
        if not before.status:
            stack = self.describe(self.name)
            if stack is not None and stack["StackStatus"] == "REVIEW_IN_PROGRESS":
                self.delete(stack["StackId"])

    def remove_leftovers(self, found: Found) -> list[str]:
        """Deletes the toolkit's change sets that a killed run has left, and returns their names."""
        names = []
        for one in found.change_sets:
            if change_sets.is_own(str(one.get("ChangeSetName"))):
                self._client.delete_change_set(
                    ChangeSetName=one["ChangeSetName"], StackName=found.stack_id, aws_retry=True
                )
                names.append(str(one["ChangeSetName"]))
        return names

    def execute(self, change_set: str) -> None:
        """Executes a change set, and waits until the stack is complete.

        :raises StackError: it failed, with the reasons of the stack's events; or it takes too long.
        """
        stack_id = self._client.describe_change_set(ChangeSetName=change_set, aws_retry=True)["StackId"]
        last = self._newest_event(stack_id)
        self._client.execute_change_set(ChangeSetName=change_set, aws_retry=True)
        status, events = self._wait(stack_id, last, began=True)
        if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            reasons = [f"- {one}" for one in stack_states.failures(events)]
            raise StackError(
                "stack_change_failed",
                "\n".join(
                    [
                        f"Stack {self.name} could not be created or updated; it is in state {status} now.",
                        *reasons,
                        "Mend the cause and run again.",
                    ]
                ),
                status,
            )

    # -- waiting

    def _wait(self, stack_id: str, last: str, began: bool) -> tuple[str, list[Mapping[str, Any]]]:
        """(state, events after the one of id ``last``) once nothing works on the stack.

        :param began: whether the work was asked for by this run, so that its first event may still have to come.
        """
        start = told = time.monotonic()
        for _attempt in self._attempts():
            stack = self.describe(stack_id)
            status = stack["StackStatus"] if stack else "DELETE_COMPLETE"
            events = self._events(stack_id, last)
            self._watch(events)
            if not status.endswith("_IN_PROGRESS") and (not began or stack_states.own(events)):
                return status, events
            if time.monotonic() - told >= PROGRESS_SECONDS:
                told = time.monotonic()
                self._say(f"{self.name}: {status}, {_progress(events)}, {told - start:.0f} s")
        raise self._too_long(f"it is in state {status}")

    def _attempts(self) -> Iterator[None]:
        return waiting.attempts(self._timeout, POLL_SECONDS, longest=SLOWEST_POLL_SECONDS)

    def _too_long(self, state: str) -> StackError:
        return StackError(
            "stack_timeout",
            f"The run has waited {self._timeout / 60:.0f} minutes for stack {self.name}, and {state}. CloudFormation "
            "goes on by itself. See in its console what it waits for, and run again: the next run waits for it. "
            "aws_stacks_timeout is how many minutes.",
        )

    # -- the stack itself

    def delete(self, stack_id: str) -> None:
        """Deletes the stack and waits until it is gone.

        :raises StackError: it stays.
        """
        self._client.delete_stack(StackName=stack_id, aws_retry=True)
        for _attempt in self._attempts():
            stack = self.describe(stack_id)
            status = stack["StackStatus"] if stack else "DELETE_COMPLETE"
            if status == "DELETE_COMPLETE":
                return
            if status == "DELETE_FAILED":
                events = self._events(stack_id)
                reasons = [f"- {reason}" for reason in stack_states.failures(events)]
                first = f"Stack {self.name} was left over from a creation that failed, and can't be deleted."
                last = "Remove what the reasons name, and run again."
                raise StackError("stack_not_deleted", "\n".join([first, *reasons, last]))
        raise StackError(
            "stack_not_deleted",
            f"Stack {self.name} is left over from a creation that failed, and its deletion did not end within "
            f"{self._timeout / 60:.0f} minutes. See in CloudFormation's console what it waits for, and run again once "
            "it is gone.",
        )

    def has_policy(self, policy: Mapping[str, Any]) -> bool:
        """Whether the stack has this stack policy."""
        body = self._client.get_stack_policy(StackName=self.name, aws_retry=True).get("StackPolicyBody")
        return bool(json.loads(body or "{}") == policy)

    def set_policy(self, policy: Mapping[str, Any]) -> None:
        """Sets the stack policy: which updates of which resources CloudFormation refuses."""
        self._client.set_stack_policy(StackName=self.name, StackPolicyBody=json.dumps(policy), aws_retry=True)

    def protect(self, protected: bool) -> None:
        """Turns the termination protection on or off."""
        self._client.update_termination_protection(
            StackName=self.name, EnableTerminationProtection=protected, aws_retry=True
        )


class TemplateSource:
    """What CreateChangeSet is given as the template: its text, or where it lies in the artifact bucket.

    :param s3: a function that makes boto3's client.
    :param account: a function that finds the number of the account that has to own the bucket.
    """

    def __init__(self, text: str, bucket: str, s3: Callable[[], Any], account: Callable[[], str]) -> None:
        self._text = text
        self._content = text.encode()
        self._bucket = bucket
        self._s3 = s3
        self._account = account

    def check(self, stack: str) -> None:
        """Refuses a template that CloudFormation would not take.

        :raises StackError: it is too large.
        """
        size = len(self._content)
        if size > LARGEST_BYTES:
            raise StackError(
                "template_too_large",
                f"The template of stack {stack} has {size} bytes; CloudFormation takes {LARGEST_BYTES} at most. "
                "Divide it into two stacks.",
            )
        if size > DIRECT_BYTES and not self._bucket:
            raise StackError(
                "template_too_large",
                f"The template of stack {stack} has {size} bytes; only {DIRECT_BYTES} can be given to CloudFormation "
                "directly. Set aws_stacks_artifact_bucket: larger ones go through that bucket.",
            )

    def given(self, stack: str, keep: bool) -> tuple[dict[str, str], Callable[[], None]]:
        """(what CreateChangeSet takes, what is to be called when the change set is made).

        :param keep: whether an uploaded template stays in the bucket.
        :raises StackError: the bucket is not there.
        """
        if len(self._content) <= DIRECT_BYTES:
            return {"TemplateBody": self._text}, _nothing
        s3, sha256 = self._s3(), checksum(self._content)
        bucket = ArtifactBucket(s3, self._bucket, self._account())
        if not bucket.exists():
            raise StackError(
                "template_too_large",
                f"The template of stack {stack} has {len(self._content)} bytes and goes through bucket {self._bucket} "
                "(aws_stacks_artifact_bucket), which is not there. Run playbooks/elb_logs.yml, which makes it, or name "
                "another.",
            )
        key = f"cloudformation/{stack}/{sha256.translate(_KEY_CHARACTERS)}.template"
        before = bucket.version(key, sha256)
        version = before or bucket.put(key, self._content)

        def remove() -> None:
            s3.delete_object(Bucket=self._bucket, Key=key, VersionId=version, ExpectedBucketOwner=self._account())

        # The form that AWS's own command line gives CloudFormation; the version pins what was compared.
        url = f"{s3.meta.endpoint_url}/{self._bucket}/{key}?versionId={version}"
        return {"TemplateURL": url}, (_nothing if keep or before else remove)


# What has a meaning of its own in a URL.
_KEY_CHARACTERS = {ord("/"): "_", ord("+"): "-", ord("="): None}


def _nothing() -> None:
    """Nothing is to be removed."""


def outputs_of(stack: Mapping[str, Any]) -> dict[str, str]:
    """The outputs of a stack as CloudFormation describes it, by name."""
    return {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs") or []}


def _progress(events: Iterable[Mapping[str, Any]]) -> str:
    """How many of the resources that were begun are done."""
    begun, done = set(), set()
    for one in events:
        if one.get("PhysicalResourceId") != one.get("StackId"):
            begun.add(one.get("LogicalResourceId"))
            if not str(one.get("ResourceStatus", "")).endswith("_IN_PROGRESS"):
                done.add(one.get("LogicalResourceId"))
    return f"{len(done)} of {len(begun)} resources that were begun are done"
