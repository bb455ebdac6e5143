"""Which format the lines of an object have, by the name that the balancer gives the object.

Source of the names: AWS, "User Guide for Application Load Balancers" (and for the other kinds), "Access log files"::

    ACCOUNT_elasticloadbalancing_REGION_app.NAME.ID_TIME_ADDRESS_RANDOM.log.gz     Application
    ACCOUNT_elasticloadbalancing_REGION_net.NAME.ID_TIME_RANDOM.log.gz             Network
    ACCOUNT_elasticloadbalancing_REGION_NAME_TIME_ADDRESS_RANDOM.log               Classic, whose names have no dots
    conn_log_ACCOUNT_..., conn_log.ACCOUNT_...                                     connections (Application)
    health_check_log_ACCOUNT_...                                                   health checks (Application)
"""

import re

from . import alb, classic, connection, health_check, nlb
from .columns import Format

_NAME = re.compile(
    r"(?P<connection>conn_log[_.])?(?P<health>health_check_log[_.])?"
    r"[0-9]{12}_elasticloadbalancing_[a-z0-9-]+_(?P<kind>(app|net)\.)?[^/]*"
)


def format_of(name: str) -> Format | None:
    """The format by an object's name or a file's path; ``None``: it has been renamed, so only the lines can tell."""
    found = _NAME.fullmatch(name.rpartition("/")[2])
    if not found:
        return None
    if found["connection"]:
        return connection.FORMAT
    if found["health"]:
        return health_check.FORMAT
    return {"app.": alb.FORMAT, "net.": nlb.FORMAT, None: classic.FORMAT}[found["kind"]]
