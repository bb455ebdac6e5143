"""The smoke test of a version, before it gets objects: one synthetic line takes the way of all others, but for S3.

    {"smoke": {"id": "version-4-1f2e3d4c"}}    the event, which a deployment invokes the version with

The line is one of a Classic Load Balancer of the name :data:`BALANCER`, by which a pipeline can tell it from real ones.
"""

from collections.abc import Mapping
from typing import Any

from .errors import EventError

BALANCER = "elb-log-shipper-smoke-test"

_MAX_ID = 64
_SIGNS = "-._"


def requested(event: object) -> str | None:
    """The id of the smoke test that an event asks for; ``None`` for other events.

    :raises EventError: it has no id, or one that can't be a part of a URL.
    """
    if not isinstance(event, Mapping) or "smoke" not in event:
        return None
    test: Any = event["smoke"]
    name = test.get("id") if isinstance(test, Mapping) else None
    if not isinstance(name, str) or not 0 < len(name) <= _MAX_ID or not _is_plain(name):
        raise EventError(
            f"smoke: the id is {name!r}; expected 1 to {_MAX_ID} letters, digits, hyphens, dots and underscores"
        )
    return name


def line(name: str, time: str) -> bytes:
    """The synthetic line, of a time in UTC in ISO 8601. Addresses and host are those that are reserved for examples."""
    return (
        f"{time} {BALANCER} 192.0.2.1:49152 192.0.2.2:80 0.000001 0.000001 0.000001 200 200 0 0 "
        f'"GET http://smoke-test.invalid:80/{name} HTTP/1.1" "{BALANCER}" - -\n'
    ).encode()


def _is_plain(name: str) -> bool:
    return all(one.isascii() and (one.isalnum() or one in _SIGNS) for one in name)
