"""Which version of a function its alias is to run, which one that was before, and which ones may go.

All triggers invoke the alias. What a deployment changes is ``$LATEST``, which nothing invokes; a version is a copy of
it that never changes. No input or output here. A version is as Lambda's ListVersionsByFunction has it:
https://docs.aws.amazon.com/lambda/latest/api/API_FunctionConfiguration.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

LATEST = "$LATEST"
PREVIOUS = "previous"

Version = Mapping[str, Any]

# What a version freezes, in the words of messages. Not here: what AWS changes by itself, such as the runtime's patches.
_FROZEN = {
    "CodeSha256": "code",
    "Handler": "handler",
    "Runtime": "runtime",
    "Architectures": "architecture",
    "Timeout": "timeout",
    "MemorySize": "memory",
    "EphemeralStorage": "temporary storage",
    "Environment": "environment",
    "KMSKeyArn": "encryption of the environment",
    "VpcConfig": "VPC",
    "Role": "role",
    "Layers": "layers",
    "FileSystemConfigs": "file systems",
    "DeadLetterConfig": "queue of failed events",
    "TracingConfig": "tracing",
    "LoggingConfig": "logging",
}
# Of a VPC, what is chosen; the rest follows from it.
_CHOSEN = {"VpcConfig": ("SubnetIds", "SecurityGroupIds")}

_FOLLOWS = re.compile(r"\bFollows version (\d+)\b")


class NoSuchVersionError(Exception):
    """There is no version to return to; the message says which ones there are."""


@dataclass(frozen=True)
class Release:
    """What brings ``$LATEST`` to the alias.

    :param differences: what the alias' version has otherwise than ``$LATEST``, in words; none when it is the same.
    :param published: the version that is like ``$LATEST`` already. ``None``: one has to be published.
    """

    differences: tuple[str, ...]
    published: str | None = None


def differences(one: Version, other: Version) -> tuple[str, ...]:
    """What is not the same in two versions, of what a version freezes."""
    return tuple(word for key, word in _FROZEN.items() if _settled(key, one.get(key)) != _settled(key, other.get(key)))


def release(versions: Iterable[Version], running: str, latest: Version) -> Release:
    """How the alias comes to run ``latest``.

    Only the newest version is taken instead of a new one, as Lambda itself does: an older one would come before
    versions that it follows.

    :param running: the version that the alias runs.
    """
    by_number = _by_number(versions)
    # Somebody may have let the alias run $LATEST itself.
    found = ("no version",) if running == LATEST else differences(by_number[running], latest)
    newest = max(by_number, key=int, default=running)
    if found and newest != running and not differences(by_number[newest], latest):
        return Release(found, newest)
    return Release(found)


def description(running: str) -> str:
    """What a new version says of itself: which one the alias ran when it was published."""
    return f"Follows version {running}"


def following(versions: Iterable[Version], running: str) -> Version:
    """What the next version would be, as far as numbers go."""
    number = max((int(one) for one in _by_number(versions)), default=0) + 1
    return {"Version": str(number), "Description": description(running)}


def before(versions: Iterable[Version], number: str) -> str | None:
    """The version that the alias ran before ``number``: the one that this follows, else the next lower one.

    Between the two may be versions that were rolled back.
    """
    by_number = _by_number(versions)
    said = _FOLLOWS.search(by_number[number].get("Description") or "") if number in by_number else None
    if said and said[1] in by_number and said[1] != number:
        return said[1]
    lower = (one for one in by_number if number == LATEST or int(one) < int(number))
    return max(lower, key=int, default=None)


def target(versions: Sequence[Version], running: str, wanted: str) -> str:
    """The version that a rollback returns to.

    :param wanted: a version's number, or :data:`PREVIOUS`.
    :raises NoSuchVersionError: it is not there.
    """
    by_number = _by_number(versions)
    found = before(versions, running) if wanted == PREVIOUS else wanted
    if found in by_number:
        return str(found)
    missing = f"no version before {running}, which it runs" if wanted == PREVIOUS else f"no version {wanted}"
    there = [f"{one} (of {by_number[one].get('LastModified', '?')[:19]})" for one in sorted(by_number, key=int)]
    raise NoSuchVersionError(f"{missing}. There are: {', '.join(there)}")


def superfluous(versions: Iterable[Version], running: str, kept: int, protected: Iterable[str] = ()) -> list[str]:
    """The versions that may go, oldest first: all but the last ``kept``, those that are ``protected``, the alias' own,
    and the one before it.
    """
    versions = list(versions)
    newest_first = sorted(_by_number(versions), key=int, reverse=True)
    stay = {*newest_first[: max(kept, 0)], *protected, running, before(versions, running)}
    return [one for one in reversed(newest_first) if one not in stay]


def latest_of(versions: Iterable[Version]) -> Version:
    """``$LATEST`` among the versions."""
    return next(one for one in versions if one["Version"] == LATEST)


def _by_number(versions: Iterable[Version]) -> dict[str, Version]:
    return {one["Version"]: one for one in versions if one["Version"] != LATEST}


def _settled(key: str, value: Any) -> Any:
    """A value, so that what means the same is equal: nothing and empty, and the order of subnets."""
    if isinstance(value, Mapping):
        names = _CHOSEN.get(key, value)
        return {name: sorted(value[name]) if key in _CHOSEN else value[name] for name in names if value.get(name)}
    return value or {}
