"""Secrets by reference, so that no settings file holds one.

    secretsmanager:NAME        the secret's text
    secretsmanager:NAME#KEY    one value of a secret that is a JSON object of texts
    ssm:NAME                   a parameter of Systems Manager, decrypted

NAME may be an ARN. Values are kept for five minutes, so that one that was rotated is found without a deployment. They
are in no message and no log. boto3 is imported when there is something to fetch.
"""

import json
import time
from collections.abc import Callable
from typing import Any

from ..errors import DeliveryError

SECRETS_MANAGER = "secretsmanager:"
SSM = "ssm:"
KEPT_SECONDS = 300

_kept: dict[str, tuple[float, str]] = {}


def is_reference(value: str) -> bool:
    return value.startswith((SECRETS_MANAGER, SSM))


def resolve(reference: str) -> str:
    """The value.

    :raises DeliveryError: it can't be fetched, or is not what the reference says.
    """
    now = time.monotonic()
    kept = _kept.get(reference)
    if kept is None or now - kept[0] >= KEPT_SECONDS:
        kept = _kept[reference] = (now, _fetch(reference))
    return kept[1]


def text(value: str) -> str:
    """A value that may be a reference."""
    return resolve(value) if is_reference(value) else value


def forget() -> None:
    """Fetch each again: a receiver has refused one."""
    _kept.clear()


def _fetch(reference: str) -> str:
    if reference.startswith(SSM):
        name = reference.removeprefix(SSM)
        answer = _call(
            reference, "ssm", "ssm:GetParameter", lambda client: client.get_parameter(Name=name, WithDecryption=True)
        )
        parameter: str = answer["Parameter"]["Value"]
        return parameter
    name, _separator, key = reference.removeprefix(SECRETS_MANAGER).partition("#")
    answer = _call(
        reference,
        "secretsmanager",
        "secretsmanager:GetSecretValue",
        lambda client: client.get_secret_value(SecretId=name),
    )
    value: str | None = answer.get("SecretString")
    if value is None:
        raise DeliveryError(f"{reference}: a binary secret. Store it as text")
    return _part(reference, value, key) if key else value


def _part(reference: str, value: str, key: str) -> str:
    try:
        found = json.loads(value)
    except ValueError:
        found = None
    part = found.get(key) if isinstance(found, dict) else None
    if not isinstance(part, str):
        raise DeliveryError(f"{reference}: expected a JSON object with the text {key!r}. See the secret's keys")
    return part


def _call(reference: str, service: str, permission: str, call: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
    import boto3  # noqa: PLC0415 - slow and large
    from botocore.config import Config  # noqa: PLC0415

    config = Config(connect_timeout=3, read_timeout=5, retries={"total_max_attempts": 3})
    try:
        return call(boto3.client(service, config=config))
    except Exception as error:
        raise DeliveryError(
            f"{reference}: can't be fetched: {error}. Check the name, allow this function {permission}, and in a VPC "
            "give it a route to the service"
        ) from None
