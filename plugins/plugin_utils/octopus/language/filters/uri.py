"""Filters on URIs: ``UriEscape``, ``UriDataEscape`` and ``UriPart``."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote, unquote

from ...errors import NoResult
from .arguments import takes
from .encoding import well_formed
from .registry import register

_RESERVED = ";/?:@&=+$,#[]!*'()"
_PORTS = {
    "ftp": 21,
    "gopher": 70,
    "http": 80,
    "https": 443,
    "ldap": 389,
    "nntp": 119,
    "telnet": 23,
    "ws": 80,
    "wss": 443,
}

# The generic syntax of RFC 3986; `authority` is None where no // follows the scheme.
_ABSOLUTE = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]*):(?://(?P<authority>[^/?#]*))?"
    r"(?P<path>[^?#]*)(?P<query>\?[^#]*)?(?P<fragment>#.*)?",
    re.DOTALL | re.ASCII,
)
_AUTHORITY = re.compile(
    r"(?:(?P<user>[^@]*)@)?(?P<host>\[[0-9A-Fa-f:.]+(?:%[^\]]*)?\]|[^\[\]:@\s]*)(?::(?P<port>[0-9]{0,5}))?"
)
_WINDOWS_PATH = re.compile(r"[A-Za-z]:[\\/]|\\\\")
_STRAY_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")
_DNS_NAME = re.compile(r"[\w-]+(?:\.[\w-]+)*\.?")


@register("UriEscape")
@takes("no argument")
def _uri_escape(text: str) -> str:
    """For a whole URI: reserved characters stay; the percent sign is escaped, so an escape is escaped again."""
    return quote(well_formed(text), safe=_RESERVED)


@register("UriDataEscape")
@takes("no argument")
def _uri_data_escape(text: str) -> str:
    """For one part of a URI: all but letters, digits and ``-_.~`` is escaped."""
    return quote(well_formed(text), safe="")


@dataclass(frozen=True)
class _Uri:
    """An absolute URI. Host and scheme are in lower case; path, query and fragment are escaped."""

    scheme: str
    user: str
    host: str
    port: int  # -1: none is given, and the scheme has no default
    path: str
    query: str
    fragment: str
    has_authority: bool

    @property
    def has_default_port(self) -> bool:
        return self.port == _PORTS.get(self.scheme, -1)

    @property
    def authority(self) -> str:
        return self.host if self.has_default_port else f"{self.host}:{self.port}"

    @property
    def host_type(self) -> str:
        """The name of .NET's UriHostNameType."""
        if self.host.startswith("["):
            return "IPv6"
        if _address(self.host):
            return "IPv4"
        if _DNS_NAME.fullmatch(self.host):
            return "Dns"
        return "Basic" if self.has_authority else "Unknown"

    @property
    def is_loopback(self) -> bool:
        address = _address(self.host)
        return bool(address and address.is_loopback) or self.host in ("localhost", "loopback") or self._is_local_file

    @property
    def _is_local_file(self) -> bool:
        return self.scheme == "file" and not self.host

    @property
    def local_path(self) -> str:
        path = unquote(self.path)
        return f"\\\\{self.host}{path}".replace("/", "\\") if self.is_unc else path

    @property
    def is_unc(self) -> bool:
        return self.scheme == "file" and bool(self.host)

    @property
    def server(self) -> str:
        return f"{self.scheme}://{self.authority}" if self.has_authority else f"{self.scheme}:"

    def __str__(self) -> str:
        start = self.server
        if self.user:
            start = f"{self.scheme}://{self.user}@{self.authority}"
        return f"{start}{self.path}{self.query}{self.fragment}"


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None


_PARTS: dict[str, Callable[[_Uri], str | bool | int]] = {
    "absolutepath": lambda uri: uri.path,
    "absoluteuri": str,
    "authority": lambda uri: uri.authority,
    "dnssafehost": lambda uri: uri.host.strip("[]"),
    "fragment": lambda uri: uri.fragment,
    "host": lambda uri: uri.host,
    "hostandport": lambda uri: uri.host if uri.port < 0 else f"{uri.host}:{uri.port}",
    "hostnametype": lambda uri: uri.host_type,
    "isabsoluteuri": lambda uri: True,
    "isdefaultport": lambda uri: uri.has_default_port,
    "isfile": lambda uri: uri.scheme == "file",
    "isloopback": lambda uri: uri.is_loopback,
    "isunc": lambda uri: uri.is_unc,
    "path": lambda uri: uri.local_path,
    "pathandquery": lambda uri: uri.path + uri.query,
    "port": lambda uri: uri.port,
    "query": lambda uri: uri.query,
    "scheme": lambda uri: uri.scheme,
    "schemeandserver": lambda uri: uri.server,
    "userinfo": lambda uri: uri.user,
}


@register("UriPart")
@takes("the name of a part", 0, None)
def _uri_part(text: str, *arguments: str) -> str:
    """A part of a URI. As in the reference, errors are text; what is not a URI is returned unchanged."""
    if not arguments:
        return "[UriPart error: no argument given]"
    if _WINDOWS_PATH.match(text):
        raise NoResult(
            "the value is a Windows path, which UriPart does not support; expected a URI as https://host/path"
        )
    name = arguments[0]
    match = _ABSOLUTE.fullmatch(text.strip())
    uri = match and _parse(match)
    if match and uri is None:
        return text
    part = _PARTS.get(name.lower())
    if part is None:
        return f"[UriPart {name} error: argument '{name}' not supported]"
    if uri is None:
        if name.lower() == "isabsoluteuri":
            return "false"
        return f"[UriPart {name} error: This operation is not supported for a relative URI.]"
    value = part(uri)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _parse(match: re.Match[str]) -> _Uri | None:
    """The URI of a match of the generic syntax; None when its authority is none."""
    scheme, has_authority = match["scheme"].lower(), match["authority"] is not None
    authority = _AUTHORITY.fullmatch(match["authority"] or "")
    needs_host = scheme in _PORTS
    if authority is None or int(authority["port"] or 0) > 65535 or (needs_host and not authority["host"]):
        return None
    path = _escaped(match["path"])
    return _Uri(
        scheme=scheme,
        user=_escaped(authority["user"] or ""),
        host=authority["host"].lower(),
        port=int(authority["port"] or _PORTS.get(scheme, -1)),
        path=(_without_dots(path) or "/") if has_authority else path,
        query=_escaped(match["query"] or ""),
        fragment=_escaped(match["fragment"] or ""),
        has_authority=has_authority,
    )


def _escaped(text: str) -> str:
    """``text`` escaped as by ``UriEscape``, but for what is escaped already."""
    return quote(_STRAY_PERCENT.sub("%25", well_formed(text)), safe=_RESERVED + "%")


def _without_dots(path: str) -> str:
    """``path`` without its ``.`` and ``..`` segments (RFC 3986, 5.2.4)."""
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[max(1, len(kept) - 1) :]  # the empty one before the first slash stays
        elif segment != ".":
            kept.append(segment)
    return "/".join(kept) + ("/" if path.endswith(("/.", "/..")) else "")
