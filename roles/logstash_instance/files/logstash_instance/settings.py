"""What the instance is told: one JSON object in its user data; its tags Environment and Layer win over that."""

import difflib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from .errors import InstanceSettingsError

# A folder in inventories/, and a group of the inventory.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_MANIFEST = re.compile(r"s3://[a-z0-9][a-z0-9.-]+/(?:[^/\s]+/)*(?:[0-9a-f]{64}|current)\.json")
_FOLDER = re.compile(r"s3://[a-z0-9][a-z0-9.-]+(?:/[^/\s]+)*/?")
_TOPIC = re.compile(r"arn:[a-z-]+:sns:[a-z0-9-]+:\d+:\S+")
# What Auto Scaling takes as a hook's HeartbeatTimeout.
_HOOK_SECONDS = (30, 7200)
_TAGS = {"Environment": "environment", "Layer": "layer"}


@dataclass(frozen=True)
class InstanceSettings:
    """All that differs between instances of one image. Times are in seconds; empty means that there is none."""

    environment: str
    layer: str
    # s3:// address of a signed manifest: <sha256>.json, or current.json for the newest one.
    bundle: str
    # The Auto Scaling group and its hooks. Without them nothing is completed.
    group: str = ""
    launch_hook: str = ""
    launch_timeout: int = 900
    termination_hook: str = ""
    termination_timeout: int = 900
    # The stack to signal, and the logical id of its group.
    stack: str = ""
    stack_resource: str = ""
    # s3:// addresses of folders: for queues that could not be drained, and for results.
    archive: str = ""
    history: str = ""
    # ARN of the topic that hears of failures.
    notifications_topic: str = ""


def read(user_data: str, tags: Mapping[str, str]) -> InstanceSettings:
    """The settings.

    :raises InstanceSettingsError: it names all that is wrong.
    """
    given = _object(user_data)
    for tag, name in _TAGS.items():
        if tags.get(tag):
            given[name] = tags[tag]
    known = {one.name: one for one in fields(InstanceSettings)}
    problems = [_unknown(name, list(known)) for name in given if name not in known]
    values: dict[str, Any] = {}
    for name, check in _CHECKS.items():
        try:
            if name in given:
                values[name] = check(given[name])
        except ValueError as error:
            problems.append(f"{name} is {given[name]!r}, expected {error}")
    problems += [
        f"{name} is missing" + (f" (tag {tag}, or user data)" if (tag := _tag_of(name)) else "")
        for name in ("environment", "layer", "bundle")
        if not given.get(name)
    ]
    problems += [
        f"{name} is given without {other}"
        for name, other in (("launch_hook", "group"), ("termination_hook", "group"), ("stack", "stack_resource"))
        if given.get(name) and not given.get(other)
    ]
    if problems:
        usable = InstanceSettings(**{"environment": "", "layer": "", "bundle": "", **values})
        raise InstanceSettingsError(
            f"The instance's settings cannot be used: {'; '.join(problems)}. Correct the user data of the launch "
            "template, or the tags of the group, and replace the instance.",
            usable,
        )
    return InstanceSettings(**values)


def _object(user_data: str) -> dict[str, Any]:
    if not user_data.strip():
        return {}
    try:
        found = json.loads(user_data)
    except ValueError as error:
        # Its text is not shown: others put passwords into scripts that are user data.
        raise InstanceSettingsError(
            f"The user data is not JSON ({error}). Expected one JSON object, such as "
            '{"environment": "staging", "layer": "brokers", "bundle": "s3://BUCKET/bundles/staging/current.json"}.'
        ) from None
    if not isinstance(found, dict):
        raise InstanceSettingsError(f"The user data is a JSON {type(found).__name__}, expected one object.")
    return found


def _unknown(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    return f"{name} is unknown" + (f", did you mean {near[0]}" if near else "")


def _tag_of(name: str) -> str:
    return next((tag for tag, setting in _TAGS.items() if setting == name), "")


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("text")
    return value


def _matching(pattern: re.Pattern[str], form: str) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if not isinstance(value, str) or (value and not pattern.fullmatch(value)):
            raise ValueError(form)
        return value

    return check


def _seconds(value: Any) -> int:
    # CloudFormation's parameters are text.
    text = str(value)
    if isinstance(value, bool) or not re.fullmatch(r"\d{1,6}", text):
        raise ValueError("whole seconds")
    low, high = _HOOK_SECONDS
    if not low <= int(text) <= high:
        raise ValueError(f"{low} to {high} seconds")
    return int(text)


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "environment": _matching(_NAME, "the name of an environment"),
    "layer": _matching(_NAME, "the name of a layer"),
    "bundle": _matching(_MANIFEST, "s3://BUCKET/.../<sha256>.json or s3://BUCKET/.../current.json"),
    "group": _text,
    "launch_hook": _text,
    "launch_timeout": _seconds,
    "termination_hook": _text,
    "termination_timeout": _seconds,
    "stack": _text,
    "stack_resource": _text,
    "archive": _matching(_FOLDER, "s3://BUCKET/..."),
    "history": _matching(_FOLDER, "s3://BUCKET/..."),
    "notifications_topic": _matching(_TOPIC, "the ARN of an SNS topic"),
}
