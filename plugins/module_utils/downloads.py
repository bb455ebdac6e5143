"""Where files may be fetched from: over https, or from a mirror that was said to be trusted.

What is fetched in clear text can be exchanged by whoever is on the way. A hash or a signature tells, but an old release
with a known fault has a good one, too.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from urllib.parse import urlsplit


def is_address(place: str) -> bool:
    """Whether it is fetched from another machine, rather than read."""
    return re.match(r"(?i)(https?|ftps?)://", place) is not None


def is_trusted(place: str, mirrors: Iterable[str] = ()) -> bool:
    """Whether a file may be fetched from there.

    :param place: an address, or a path.
    :param mirrors: hosts, as ``mirror.example.com`` or ``mirror.example.com:8081``, that are trusted in clear text.
    """
    if not is_address(place) or place.lower().startswith("https://"):
        return True
    try:
        parts = urlsplit(place)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return False
    return _is_loopback(host) or bool({host, f"{host}:{port}"} & {one.lower() for one in mirrors if one})


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
