"""Where a log comes from, and which format its lines have, by the name that the balancer gives the object.

Source of the names: AWS, "User Guide for Application Load Balancers" (and for the other kinds), "Access log files"::

    ACCOUNT_elasticloadbalancing_REGION_app.NAME.ID_TIME_ADDRESS_RANDOM.log.gz     Application
    ACCOUNT_elasticloadbalancing_REGION_net.NAME.ID_TIME_RANDOM.log.gz             Network
    ACCOUNT_elasticloadbalancing_REGION_NAME_TIME_ADDRESS_RANDOM.log               Classic, whose names have no dots
    conn_log_ACCOUNT_..., conn_log.ACCOUNT_...                                     connections (Application)
    health_check_log_ACCOUNT_...                                                   health checks (Application)

The folders around it are ``AWSLogs/ACCOUNT/elasticloadbalancing/REGION/YEAR/MONTH/DAY/``, perhaps below a prefix.
"""

import re
from typing import NamedTuple

from . import alb, classic, connection, health_check, nlb
from .columns import Format

_NAME = re.compile(
    r"(?P<connection>conn_log[_.])?(?P<health>health_check_log[_.])?"
    r"(?P<account>[0-9]{12})_elasticloadbalancing_(?P<region>[a-z0-9-]+)_"
    r"(?P<balancer>(?P<kind>app|net)\.[^._/]+(?:\.[^._/]+)?|[^._/]*)[^/]*"
)
_FOLDERS = re.compile(
    r"(?:.*/)?AWSLogs/(?P<account>[0-9]{12})/elasticloadbalancing/(?P<region>[a-z0-9-]+)/.*", re.DOTALL
)


class Origin(NamedTuple):
    """Where a log comes from, as far as its name tells; ``None`` where it does not."""

    bucket: str | None = None
    key: str | None = None
    region: str | None = None
    account: str | None = None
    balancer: str | None = None
    """As the balancers write it into their lines: with slashes."""
    format: Format | None = None


def origin_of(name: str) -> Origin:
    """:param name: ``s3://BUCKET/KEY``, or a file's path."""
    bucket = key = None
    if name.startswith("s3://"):
        bucket, _slash, key = name.removeprefix("s3://").partition("/")
    found = _NAME.fullmatch(name.rpartition("/")[2])
    if not found:
        folders = _FOLDERS.fullmatch(name)
        return Origin(bucket, key, *(folders["region"], folders["account"]) if folders else ())
    balancer = found["balancer"].replace(".", "/") or None
    return Origin(bucket, key, found["region"], found["account"], balancer, _format(found))


def _format(found: re.Match[str]) -> Format:
    if found["connection"]:
        return connection.FORMAT
    if found["health"]:
        return health_check.FORMAT
    return {"app": alb.FORMAT, "net": nlb.FORMAT, None: classic.FORMAT}[found["kind"]]


def format_of(name: str) -> Format | None:
    """The format by an object's name or a file's path; ``None``: it has been renamed, so only the lines can tell."""
    return origin_of(name).format
