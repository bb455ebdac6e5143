"""What CloudFormation and the instances themselves say while the instances of a group come and go, a line each.

CloudFormation tells it in the reasons of the group's events, in words only. An instance says what became of its first
boot, and of its queues when it goes, in an object below ``<history>/``.
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

GROUP = "AWS::AutoScaling::AutoScalingGroup"

# The clocks of AWS and of the instances may differ that much from this machine's.
SKEW = datetime.timedelta(minutes=2)
# A result has some hundred bytes.
LARGEST_RESULT = 1 << 18

ENDS = ("drained", "saved", "lost")
"""What a termination comes to."""

_MINUTES = re.compile(r"PT(\d+)M")
_SAYINGS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), line)
    for pattern, line in (
        (
            r"Rolling update initiated\. Terminating (\d+) obsolete instance\(s\) in batches of (\d+),"
            r" while keeping at least (\d+) instance\(s\) in service",
            "{} to be replaced, {} at a time; at least {} stay in service",
        ),
        (
            r"New instance\(s\) added to autoscaling group - Waiting on (\d+) resource signal\(s\)"
            r" with a timeout of (PT\w+)",
            "{} new, and given {} to deploy itself",
        ),
        (r"Received SUCCESS signal with UniqueId (\S+)", "{} is healthy"),
        (r"Received FAILURE signal with UniqueId (\S+)", "{} FAILED"),
        (r"Terminating instance\(s\) \[([^\]]*)\]; replacing with 0 new instance\(s\)", "{} goes"),
        (r"Terminating instance\(s\) \[([^\]]*)\]; replacing with (\d+) new instance\(s\)", "{} goes, {} new comes"),
        # CloudFormation says so before the instance has drained its queues: it does not wait for hooks.
        (r"Successfully terminated instance\(s\) \[([^\]]*)\] \(Progress (\d+)%\)", "{} is on its way out; {} % done"),
    )
)


def line(event: Mapping[str, Any]) -> str:
    """What an event says about a group, or about the stack's going back; empty where that is nothing of interest."""
    status, reason = str(event.get("ResourceStatus", "")), str(event.get("ResourceStatusReason") or "")
    if event.get("PhysicalResourceId") == event.get("StackId") and re.fullmatch(
        r"(UPDATE_)?ROLLBACK_IN_PROGRESS", status
    ):
        return f"going back. {reason}".strip()
    if event.get("ResourceType") != GROUP or not reason:
        return ""
    for pattern, words in _SAYINGS:
        found = pattern.search(reason)
        if found:
            return words.format(*(_MINUTES.sub(r"\1 min", part) for part in found.groups()))
    return reason


@dataclass(frozen=True)
class Result:
    """What an instance says of itself.

    :param kind: ``first-boot`` or ``termination``.
    :param document: as the instance wrote it.
    """

    instance: str
    kind: str
    document: Mapping[str, Any]

    @property
    def outcome(self) -> str:
        """``continue`` or ``abandon``; ``draining``, ``saving``, ``drained``, ``saved`` or ``lost``."""
        return str(self.document.get("result", ""))

    @property
    def is_bad(self) -> bool:
        """Whether the instance could not deploy itself, or lost events."""
        return self.outcome in ("abandon", "lost")

    @property
    def line(self) -> str:
        """One line for people."""
        return f"{self.instance} {self._deployment() if self.kind == 'first-boot' else self._end()}"

    def _deployment(self) -> str:
        given = self.document
        if self.outcome == "continue":
            made_of = ", ".join(f"{name} {str(given[name])[:12]}" for name in ("image", "bundle") if given.get(name))
            return f"deployed itself in {_seconds(given)} s" + (f" ({made_of})" if made_of else "")
        tries = given.get("attempts")
        after = f" after {tries} attempt{'' if tries == 1 else 's'}" if tries else ""
        return f"GAVE UP{after}: [{given.get('code', 'unknown')}] {given.get('reason', 'no reason')}"

    def _end(self) -> str:
        given = self.document
        left = given.get("left") or given.get("at_notice") or {}
        number = left.get("events") if isinstance(left, Mapping) else None
        events = f"{'an unknown number of' if number is None else number} events"
        where = (given.get("archive") or {}).get("address", "the archive")
        return {
            "draining": f"closed its inputs, and drains {events}",
            "saving": f"saves {events} that could not be delivered",
            "drained": "has delivered all events, and ends",
            "saved": f"saved {events} in {where}, and ends",
            "lost": f"LOST {events}: {'; '.join(map(str, given.get('errors') or ['no reason']))}",
        }.get(self.outcome, f"says {self.outcome!r}")


def _seconds(document: Mapping[str, Any]) -> str:
    """How long it took, from the two times of a document."""
    try:
        began, ended = (
            datetime.datetime.fromisoformat(str(document[name]).replace("Z", "+00:00")) for name in ("began", "ended")
        )
    except (KeyError, ValueError):
        return "?"
    return f"{(ended - began).total_seconds():.0f}"


class History:
    """The results that instances have written since a moment.

    :param s3: a function that makes boto3's client.
    :param address: ``s3://bucket/folder``.
    """

    def __init__(self, s3: Callable[[], Any], address: str, since: datetime.datetime) -> None:
        self._s3 = s3
        self._bucket, _, folder = address.removeprefix("s3://").partition("/")
        self._folder = f"{folder.rstrip('/')}/"
        self._since = f"{since - SKEW:%Y-%m-%dT%H:%M:%SZ}"
        self._known: dict[str, str] = {}

    def new(self) -> list[Result]:
        """What has come, or changed, since the last call; oldest first."""
        s3, found = self._s3(), []
        pages = s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=self._folder, StartAfter=self._folder + self._since
        )
        for page in pages:
            for one in page.get("Contents", []):
                named = re.fullmatch(
                    r"[^/]+Z-(?P<instance>.+)-(?P<kind>first-boot|termination)\.json", one["Key"][len(self._folder) :]
                )
                if not named or self._known.get(one["Key"]) == one["ETag"] or one.get("Size", 0) > LARGEST_RESULT:
                    continue
                self._known[one["Key"]] = one["ETag"]
                document = _read(s3.get_object(Bucket=self._bucket, Key=one["Key"])["Body"].read())
                if document is not None:
                    found.append(Result(named["instance"], named["kind"], document))
        return found


def _read(content: bytes) -> dict[str, Any] | None:
    try:
        document = json.loads(content)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


class Watch:
    """Says what happens to the instances of a stack while CloudFormation works on it.

    :param say: gets each line.
    :param history: where instances write their results. None: only CloudFormation is heard.
    """

    def __init__(self, stack: str, say: Callable[[str], None], history: History | None = None) -> None:
        self._stack = stack
        self._say = say
        self._history = history
        self._told: set[str] = set()
        self._going: set[str] = set()
        self._bad: dict[str, str] = {}

    def __call__(self, events: Iterable[Mapping[str, Any]]) -> None:
        """Says what is new: among a stack's events, which come newest first, and in the history."""
        for event in reversed(list(events)):
            name = str(event.get("EventId"))
            said = "" if name in self._told else line(event)
            self._told.add(name)
            if said:
                self._say(f"{self._stack}: {said}")
            ending = re.match(r"Terminating instance\(s\) \[([^\]]*)\]", str(event.get("ResourceStatusReason") or ""))
            if ending:
                self._going |= set(re.split(r"[,\s]+", ending[1]))
        for result in self._results():
            self._say(f"{self._stack}: {result.line}")
            if result.is_bad:
                self._bad[f"{result.instance} {result.kind}"] = result.line
            if result.outcome in ENDS:
                self._going.discard(result.instance)

    def _results(self) -> list[Result]:
        """What is new in the history. The stack is waited for whether that can be read or not."""
        if self._history is None:
            return []
        try:
            return self._history.new()
        except Exception as error:  # of botocore, or of the network
            self._say(f"{self._stack}: what instances say can't be read, and is left out: {error}")
            self._history = None
            return []

    @property
    def bad(self) -> list[str]:
        """What instances said that could not deploy themselves, or lost events."""
        return list(self._bad.values())

    @property
    def going(self) -> list[str]:
        """The instances that CloudFormation has ended, and that have not said yet what became of their queues."""
        return sorted(self._going) if self._history else []
