"""Where files may be fetched from: over https, or from a mirror that was said to be trusted.

What is fetched in clear text can be exchanged by whoever is on the way. A hash or a signature tells, but an old release
with a known fault has a good one, too.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Iterable
from urllib.parse import urlsplit

# Read from this machine; or fetched from S3 by a client that uses TLS.
_NOT_FETCHED = ("file", "s3")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
# dnf takes what is behind a comma for another address.
_NEXT_ADDRESS = re.compile(r",(?=\s*[A-Za-z][A-Za-z0-9+.-]*:)")


def is_address(place: str) -> bool:
    """Whether it is fetched from another machine, rather than read. apt knows more ways to do so than HTTP and FTP."""
    scheme = _SCHEME.match(place)
    return scheme is not None and scheme[1].lower() not in _NOT_FETCHED


def is_trusted(place: str, mirrors: Iterable[str] = ()) -> bool:
    """Whether a file may be fetched from there.

    :param place: an address, or a path.
    :param mirrors: hosts, as ``mirror.example.com`` or ``mirror.example.com:8081``, that are trusted in clear text.
    """
    hosts = {one.lower() for one in mirrors if one}
    return all(_is_trusted(one.strip(), hosts) for one in _NEXT_ADDRESS.split(place))


def _is_trusted(place: str, hosts: Collection[str]) -> bool:
    if not is_address(place) or place.lower().startswith("https://"):
        return True
    try:
        parts = urlsplit(place)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return False
    return _is_loopback(host) or host in hosts or f"{host}:{port}" in hosts


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
