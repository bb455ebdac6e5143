"""The requests to EC2 that bakes make: recorded by the emulator, compared with those that are known.

tests/unit/least_privilege/bake_calls.csv has those of tests/end_to_end/images/, by Packer and by the toolkit.
docs/policies/packer_bake.json is held against it.
"""

import base64
import csv
import json
import os
import urllib.parse
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

KNOWN = Path(__file__).resolve().parents[2] / "tests/unit/least_privilege/bake_calls.csv"
RECORDING = "calls.jsonl"
OF_THE_TEST = "of-the-test"
"""What a test that makes requests of its own has in its user agent."""

_TAG = "elk:bake"
# Of the ids in a request.
_KINDS = {
    "i-": "instance",
    "ami-": "image",
    "snap-": "snapshot",
    "sg-": "security-group",
    "subnet-": "subnet",
    "vol-": "volume",
    "vpc-": "vpc",
}
# What IAM asks for as well, without an id in the request: what is made, and what a default is taken for.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
_MORE = {
    "RunInstances": {"instance", "network-interface", "subnet", "volume"},
    "CreateImage": {"image", "snapshot"},
    "CreateSecurityGroup": {"security-group"},
}
# What each request makes that can have tags at once.
_MAKES = {
    "RunInstances": {"instance", "volume"},
    "CreateSecurityGroup": {"security-group"},
    "ImportKeyPair": {"key-pair"},
}


class Asked(NamedTuple):
    """What IAM is asked for.

    :param kind: of the resource, as in its ARN; empty for actions that have none.
    :param tag: where the tag of a bake is: ``request``, ``resource``, or nowhere.
    :param while_making: the action that tags what it makes; ``ec2:CreateAction``.
    """

    action: str
    kind: str
    tag: str = ""
    while_making: str = ""


def read(recording: Path) -> set[Asked]:
    """What the bakes of a recording asked for."""
    requests = [one for line in recording.read_text().splitlines() if (one := _request(json.loads(line)))]
    # The account was empty, so that whatever is there was made by these.
    tagged = {kind for kinds in _MAKES.values() for kind in kinds}
    for request in requests:
        tagged -= _MAKES.get(request["Action"], set()) - _tagged_at_once(request)
    return {asked for request in requests for asked in _asked(request, tagged)}


def _request(entry: Mapping[str, Any]) -> dict[str, str] | None:
    """The parameters of a recorded request; None for those that are no bake's."""
    body = base64.b64decode(entry["body"]).decode() if entry["body_encoded"] else entry["body"] or ""
    found = dict(urllib.parse.parse_qsl(body))
    return found if "Action" in found and OF_THE_TEST not in entry["headers"].get("User-Agent", "") else None


def _tagged_at_once(request: Mapping[str, str]) -> set[str]:
    return {
        kind
        for name, kind in request.items()
        if name.endswith(".ResourceType")
        and any(key.startswith(name.removesuffix("ResourceType")) and value == _TAG for key, value in request.items())
    }


def _asked(request: Mapping[str, str], tagged: set[str]) -> Iterable[Asked]:
    name = request["Action"]
    action = f"ec2:{name}"
    if name.startswith("Describe"):
        yield Asked(action, "")
        return
    ids = {kind for value in request.values() for prefix, kind in _KINDS.items() if value.startswith(prefix)}
    at_once = _tagged_at_once(request)
    for kind in ids | _MORE.get(name, set()) | ({"key-pair"} if "KeyName" in request else set()):
        if kind in _MAKES.get(name, set()):
            yield Asked(action, kind, "request" if kind in at_once else "")
        else:
            yield Asked(action, kind, "resource" if kind in tagged else "")
    for kind in at_once:
        yield Asked("ec2:CreateTags", kind, "request", name)


def known() -> dict[Asked, str]:
    """{what is asked for: why, where no test records it}."""
    with KNOWN.open() as stream:
        return {
            Asked(*(row[name] for name in Asked._fields)): row["reason_if_not_recorded"]
            for row in csv.DictReader(stream)
        }


def check(recording: Path) -> None:
    """Raises AssertionError for what is not known; with ELK_RECORD_CALLS, adds it."""
    rows = known()
    new = read(recording) - set(rows)
    if os.environ.get("ELK_RECORD_CALLS"):
        with KNOWN.open("w") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow([*Asked._fields, "reason_if_not_recorded"])
            writer.writerows([*asked, reason] for asked, reason in sorted({**rows, **dict.fromkeys(new, "")}.items()))
        return
    assert not new, (
        f"A bake asks EC2 for what {KNOWN.name} does not have: {sorted(new)}. Run the tests with ELK_RECORD_CALLS=1, "
        "then tests/unit/least_privilege/test_bake_policy.py, which says what the policy lacks."
    )
