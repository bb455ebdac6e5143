"""HTTP and TCP with one deadline for everything: address, connection, handshake, request and response.

``http.client`` alone waits so long for each piece that a server which sends a byte a second is never given up. Here
every operation on the socket has what is left of the time, and a response has a limit of bytes.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import io
import socket
import ssl
import time
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, cast

from .errors import TransportError

MOST_BYTES = 16 << 20
# Where a response is cut, in a message.
_EXCERPT = 200


class Deadline:
    """A point in time.

    :param seconds: until then.
    :param monotonic: the clock; tests give their own.
    """

    def __init__(self, seconds: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._until = monotonic() + seconds

    def left(self) -> float:
        """Seconds until then, 0 when it is over."""
        return max(0.0, self._until - self._monotonic())

    def need(self) -> float:
        """Seconds until then.

        :raises TimeoutError: it is over.
        """
        left = self.left()
        if not left:
            raise TimeoutError("timed out")
        return left


class Request(NamedTuple):
    """:param server_name: whose certificate is expected; empty for the host of the URL."""

    method: str
    url: str
    headers: Mapping[str, str] = {}
    body: bytes = b""
    context: ssl.SSLContext | None = None
    server_name: str = ""


@dataclass(frozen=True)
class Response:
    """``headers`` have names in lower case."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    def excerpt(self) -> str:
        """The beginning of the body, for a message."""
        return " ".join(self.body[: _EXCERPT * 4].decode("utf-8", "replace").split())[:_EXCERPT]


# Sends a request and gives the response within so many seconds. Raises TransportError.
Transport = Callable[[Request, float], Response]


def exchange(request: Request, seconds: float, most_bytes: int = MOST_BYTES) -> Response:
    """Sends a request over a connection of its own. No redirect is followed, no proxy used.

    :raises TransportError: there is no response within ``seconds``, or it has more than ``most_bytes`` bytes.
    """
    url = urllib.parse.urlsplit(request.url)
    secure = url.scheme == "https"
    deadline = Deadline(seconds)
    sent = False
    try:
        context = (request.context or ssl.create_default_context()) if secure else None
        port = url.port or (443 if secure else 80)
        with connect(url.hostname or "", port, deadline, context, request.server_name) as connection:
            sent = True
            send(connection, _head(request, url) + request.body, deadline)
            return _read(connection, request.method, deadline, most_bytes)
    except (TimeoutError, socket.timeout):
        raise TransportError(f"no whole response from {_shown(url)} within {seconds:g} s", sent=sent) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise TransportError(f"{_shown(url)}: {reason(error)}", sent=sent) from None


def connect(
    host: str, port: int, deadline: Deadline, context: ssl.SSLContext | None = None, server_name: str = ""
) -> socket.socket:
    """A connection, with TLS where there is a context.

    A name is looked up by the system's resolver, which keeps to no deadline: addresses are better.

    :raises OSError: there is none, or not in time.
    """
    failure: OSError = OSError(f"no address of {host}")
    for family, kind, protocol, _name, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(deadline.need())
            connection.connect(address)
            if context:
                connection.settimeout(deadline.need())
                return context.wrap_socket(connection, server_hostname=server_name or host)
        except OSError as error:
            connection.close()
            failure = error
        except BaseException:
            connection.close()
            raise
        else:
            return connection
    raise failure


def send(connection: socket.socket, content: bytes, deadline: Deadline) -> None:
    """Sends all of it.

    :raises OSError: it could not be sent, or not in time.
    """
    rest = memoryview(content)
    while rest:
        connection.settimeout(deadline.need())
        rest = rest[connection.send(rest[: 1 << 16]) :]


def reason(error: BaseException) -> str:
    """An error of the system in a few words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not valid: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {(error.reason or str(error)).replace('_', ' ').lower()}"
    if isinstance(error, (TimeoutError, socket.timeout)):
        return "timed out"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error) or type(error).__name__


def basic(user: str, password: str) -> dict[str, str]:
    """The header of basic authentication; none without a user."""
    if not user:
        return {}
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def _head(request: Request, url: urllib.parse.SplitResult) -> bytes:
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    headers = {"Host": url.netloc.rpartition("@")[2], "Connection": "close", "User-Agent": "logstash-monitor"}
    if request.body or request.method not in ("GET", "HEAD"):
        headers["Content-Length"] = str(len(request.body))
    lines = [f"{request.method} {target} HTTP/1.1"]
    for name, value in {**headers, **request.headers}.items():
        if "\r" in value or "\n" in value:
            raise ValueError(f"header {name} has a line break in it")
        lines.append(f"{name}: {value}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _read(connection: socket.socket, method: str, deadline: Deadline, most_bytes: int) -> Response:
    source = _Source(connection, deadline, most_bytes)
    # All that http.client wants of a socket is a file.
    response = http.client.HTTPResponse(cast(socket.socket, source), method=method)
    with contextlib.closing(response):
        response.begin()
        # In pieces: asked for all of it, http.client takes as much memory as the response says that it has.
        body = b"".join(iter(lambda: response.read(1 << 16), b""))
        if response.length:
            raise OSError(f"the response ended {response.length} bytes too early")
    return Response(response.status, body, {name.lower(): value for name, value in response.getheaders()})


class _Source(io.RawIOBase):
    """What a connection sends, until the deadline, and up to a number of bytes."""

    def __init__(self, connection: socket.socket, deadline: Deadline, most_bytes: int) -> None:
        self._connection, self._deadline, self._most, self._left = connection, deadline, most_bytes, most_bytes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]
        self._connection.settimeout(self._deadline.need())
        size = self._connection.recv_into(buffer)
        self._left -= size
        if self._left < 0:
            raise OSError(f"the response has more than {self._most} bytes")
        return size

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)


def _shown(url: urllib.parse.SplitResult) -> str:
    """The address without user and password, and without what is asked for."""
    return f"{url.scheme}://{url.netloc.rpartition('@')[2]}{url.path}"
