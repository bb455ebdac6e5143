"""The policies of whoever deploys, docs/policies/*.json, with names in place of their tokens."""

import functools
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.elk.deploy.plugins.module_utils.aws.bucket_policy import Request, allows
from iam_requests import operations, requests_of
from stack_policies import EVERYBODY, Policy

FOLDER = Path(__file__).resolve().parents[2] / "docs/policies"
ENVIRONMENT = "review"
ACCOUNT = "000000000000"  # the emulator's
NAMES = {
    "Partition": "aws",
    "Region": "eu-west-1",
    "AccountId": ACCOUNT,
    "Environment": ENVIRONMENT,
    "LogBucket": f"example-{ENVIRONMENT}-elb-logs",
    "ArtifactBucket": f"example-{ENVIRONMENT}-artifacts",
}
"""What the inventories name things in an environment that is called ENVIRONMENT."""


def text_of(name: str) -> str:
    """A policy by the name of its file, with tokens."""
    return (FOLDER / f"{name}.json").read_text()


def texts() -> dict[str, str]:
    """The policies of whoever deploys by the names of their files, with tokens. Whoever bakes may be somebody else."""
    return {path.stem: text_of(path.stem) for path in sorted(FOLDER.glob("*.json")) if path.stem != "packer_bake"}


def named(text: str) -> list[Policy]:
    """The statements of a policy, with names in place of the tokens."""
    for token, name in NAMES.items():
        text = text.replace(f"#{{{token}}}", name)
    found: list[Policy] = json.loads(text)["Statement"]
    return found


@functools.cache
def statements() -> list[tuple[str, Policy]]:
    """(file, statement) of all of them, with names."""
    return [(file, one) for file, text in texts().items() for one in named(text)]


def allowed(statements: Iterable[Policy], action: str, resource: str, **context: str) -> bool:
    """Whether statements let the deployer do this."""
    document = {"Statement": [{"Principal": "*", **one} for one in statements]}
    return allows(document, Request(EVERYBODY, action, resource, context))


CONTEXT = {"cloudwatch:PutMetricData": {"cloudwatch:namespace": "Namespace"}}
"""Condition keys that a request has, by action: the parameter with their value."""


def asked(call: Mapping[str, Any]) -> list[tuple[str, str, dict[str, str]]]:
    """(action, resource, condition keys) of what IAM is asked for a recorded call."""
    found = []
    for action, resource in requests_of(call, ACCOUNT):
        keys = CONTEXT.get(action, {})
        found.append((action, resource, {key: str(call.get(name, "")) for key, name in keys.items()}))
    return found


def refused(calls: Iterable[Mapping[str, Any]]) -> list[str]:
    """What the policies do not let the deployer do directly, of what was asked for."""
    given = [statement for _file, statement in statements()]
    wanted = {(action, resource, tuple(keys.items())) for call in calls for action, resource, keys in asked(call)}
    return sorted(
        f"{action} {resource} {dict(keys) or ''}".strip()
        for action, resource, keys in wanted
        if not allowed(given, action, resource, **dict(keys))
    )


def not_in_policies(calls: Iterable[Mapping[str, Any]]) -> list[str]:
    """The operations of recorded calls whose action is in no policy, whatever they name; or is not known."""
    actions = {action for _file, one in statements() for action in listed(one["Action"])}
    found = set()
    for call in calls:
        operation = f"{call['service']}:{call['operation']}"
        if operation not in operations() or any(action not in actions for action, _, _ in asked(call)):
            found.add(operation)
    return sorted(found)


def listed(value: Any) -> list[Any]:
    """A policy's element, which may be one value or a list."""
    return value if isinstance(value, list) else [value]
