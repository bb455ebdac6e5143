"""A client of Redis that knows a few commands, and the input that takes events from a list.

The real input fetches a batch with a script; this one takes one entry after the other.
"""

import socket
import threading

from . import log, tls


class RedisError(OSError):
    """The server answered with an error, or not in its protocol."""


class Client:
    """One connection. Raises OSError for whatever goes wrong; it is of no use after that."""

    def __init__(self, host: str, parameters: dict) -> None:
        name, _, port = host.partition(":")
        self._socket = socket.create_connection(
            (name, int(port or parameters.get("port", 6379))), timeout=float(parameters.get("timeout", 5))
        )
        if tls.wanted(parameters):
            self._socket = tls.client(parameters).wrap_socket(self._socket, server_hostname=name)
        self._stream = self._socket.makefile("rb")
        if "password" in parameters:
            self.call("AUTH", str(parameters["password"]))
        if "db" in parameters:
            self.call("SELECT", str(parameters["db"]))

    def call(self, *words: str):
        """Sends a command -> the answer: bytes, a number, a list of them, or None."""
        encoded = [word.encode() for word in words]
        self._socket.sendall(
            b"*%d\r\n" % len(encoded) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in encoded)
        )
        return self._answer()

    def _answer(self):
        line = self._stream.readline()
        kind, rest = line[:1], line[1:].strip()
        if kind == b"+":
            return rest
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == b"-1" else self._stream.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return None if rest == b"-1" else [self._answer() for _ in range(int(rest))]
        raise RedisError(rest.decode() if kind == b"-" else "the connection was closed")

    def close(self) -> None:
        """Ends the connection."""
        self._stream.close()
        self._socket.close()


def run(plugin, stopping: threading.Event) -> None:
    """The input: takes entries from the list's head until `stopping`; connects again after a failure."""
    plugin.started(None)
    client = None
    while not stopping.is_set():
        try:
            client = client or Client(str(plugin.parameters.get("host", "127.0.0.1")), plugin.parameters)
            found = client.call("BLPOP", str(plugin.parameters["key"]), "1")
        except OSError as error:
            log.warn("logstash.inputs.redis", "Redis connection error", {":message": str(error)}, plugin.pipeline.id)
            client = _closed(client)
            stopping.wait(1)
            continue
        if found:
            plugin.push(plugin.codec.decode(found[1].decode("utf-8", "replace")))
    _closed(client)


def _closed(client: Client | None) -> None:
    if client:
        client.close()
