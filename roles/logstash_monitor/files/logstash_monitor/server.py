"""The endpoints' server: one thread, answers from memory, a limit for everything that a client may do.

A client that connects and says nothing has a few seconds, and goes earlier when too many others are there. There is no
thread, and no process, for a connection.
"""

from __future__ import annotations

import asyncio
import collections
import ipaddress
import logging
import threading
import time
from collections.abc import Callable, Mapping

from .config import Listen
from .errors import MonitorError
from .pages import Page

# How long a client has for its request, and for taking the response.
CLIENT_SECONDS = 5.0
MOST_REQUEST_BYTES = 8192
# Above this, the connection that has been there the longest without a request is closed.
MOST_CONNECTIONS = 256
_STARTING_SECONDS = 10.0
_BEAT_SECONDS = 1.0

_REASONS = {
    200: "OK",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    500: "Internal Server Error",
    503: "Service Unavailable",
}
_TEXT = "text/plain; charset=utf-8"

_log = logging.getLogger(__name__)


class Server:
    """:param routes: what makes a page, by its path. It is called in the server's thread, and must not wait.
    :param local: the paths that only this host may ask for.
    """

    def __init__(
        self,
        listen: Listen,
        routes: Mapping[str, Callable[[], Page]],
        local: frozenset[str] = frozenset({"/status", "/history"}),
        client_seconds: float = CLIENT_SECONDS,
    ) -> None:
        self._listen, self._routes, self._local, self._seconds = listen, routes, local, client_seconds
        # Those without a whole request, the oldest first.
        self._silent: collections.OrderedDict[asyncio.StreamWriter, None] = collections.OrderedDict()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._failure: OSError | None = None
        self._beat = 0.0
        self.port = listen.port

    def start(self) -> None:
        """Listens, and serves in a thread.

        :raises MonitorError: the address is taken, or not this host's.
        """
        threading.Thread(target=self._serve, name="server", daemon=True).start()
        self._ready.wait(_STARTING_SECONDS)
        if self._failure or not self._ready.is_set():
            raise MonitorError(
                f"Nothing can listen on {self._listen.address}, port {self._listen.port}: "
                f"{self._failure or 'no answer'}. Change logstash_monitor's port or address, or end what has it."
            )

    def stop(self) -> None:
        """Ends the thread; open connections are closed."""
        self._loop.call_soon_threadsafe(self._loop.stop)

    def is_alive(self, seconds: float = 30.0) -> bool:
        """Whether its thread has done something within so many seconds."""
        return time.monotonic() - self._beat < seconds

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            server = self._loop.run_until_complete(
                asyncio.start_server(
                    self._client,
                    self._listen.address,
                    self._listen.port,
                    limit=MOST_REQUEST_BYTES,
                    backlog=1024,
                    reuse_address=True,
                )
            )
        except OSError as error:
            self._failure = error
            self._ready.set()
            return
        self.port = server.sockets[0].getsockname()[1]
        self._pulse()
        self._ready.set()
        try:
            self._loop.run_forever()
        finally:
            self._end(server)

    def _end(self, server: asyncio.AbstractServer) -> None:
        server.close()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()

    def _pulse(self) -> None:
        self._beat = time.monotonic()
        self._loop.call_later(_BEAT_SECONDS, self._pulse)

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._silent[writer] = None
        while len(self._silent) > MOST_CONNECTIONS:
            oldest, _ = self._silent.popitem(last=False)
            oldest.transport.abort()
        try:
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), self._seconds)
            self._silent.pop(writer, None)
            writer.write(self._response(head, writer))
            await asyncio.wait_for(writer.drain(), self._seconds)
            writer.close()
            await asyncio.wait_for(writer.wait_closed(), self._seconds)
        except (asyncio.TimeoutError, asyncio.IncompleteReadError, OSError):
            return  # it said nothing, or went away
        except asyncio.LimitOverrunError:
            writer.write(_response(Page(400, _TEXT, b"The request is too long.\n"), head_only=False))
            writer.close()
        finally:
            self._silent.pop(writer, None)
            if not writer.is_closing():
                writer.transport.abort()

    def _response(self, head: bytes, writer: asyncio.StreamWriter) -> bytes:
        words = head.split(b"\r\n", 1)[0].split(b" ")
        if len(words) != 3 or not words[2].startswith(b"HTTP/"):
            return _response(Page(400, _TEXT, b"This is no HTTP.\n"), head_only=False)
        method, path = words[0], words[1].partition(b"?")[0].decode("latin-1")
        return _response(self._page(method, path, writer), head_only=method == b"HEAD")

    def _page(self, method: bytes, path: str, writer: asyncio.StreamWriter) -> Page:
        route = self._routes.get(path)
        if not route:
            return Page(404, _TEXT, f"There are {', '.join(self._routes)}.\n".encode())
        if method not in (b"GET", b"HEAD"):
            return Page(405, _TEXT, b"GET or HEAD.\n")
        if path in self._local and not is_loopback(writer.get_extra_info("peername")):
            return Page(403, _TEXT, b"Only for clients on this host.\n")
        try:
            return route()
        except Exception:
            _log.exception("%s failed", path)
            return Page(500, _TEXT, b"The monitor failed; its log says why.\n")


def is_loopback(peer: object) -> bool:
    """Whether a socket's peer is on this host, also as an IPv4 address in IPv6."""
    try:
        address = ipaddress.ip_address(str(peer[0]).partition("%")[0])  # type: ignore[index]
    except (TypeError, ValueError, IndexError, KeyError):
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def _response(page: Page, *, head_only: bool) -> bytes:
    head = [
        f"HTTP/1.1 {page.status} {_REASONS[page.status]}",
        f"Content-Type: {page.content_type}",
        f"Content-Length: {len(page.body)}",
        "Cache-Control: no-store",
        "Connection: close",
    ]
    return "\r\n".join([*head, "", ""]).encode() + (b"" if head_only else page.body)
