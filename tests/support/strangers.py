"""Sends one event to a broker with TLS, as those do who may and as those do who may not."""

import base64
import contextlib
import json
import socket
import ssl
from pathlib import Path


class Sender:
    """Sends to a broker's inputs.

    `ports` has `tcp` and `http`; `name` is what the broker's certificate has to be for; `good` and `bad` are pairs of
    certificate and key, of the right authority and of another one.
    """

    def __init__(self, address: str, ports: dict[str, int], name: str, authority: Path, credentials: str) -> None:
        self._address, self._ports, self._name, self._authority = address, ports, name, authority
        self._credentials = credentials
        self.good: tuple[Path, Path] | None = None
        self.bad: tuple[Path, Path] | None = None

    def tls(self, client: tuple[Path, Path] | None = None) -> ssl.SSLContext:
        """With a certificate of the sender's own, or without."""
        context = ssl.create_default_context(cafile=self._authority)
        if client:
            context.load_cert_chain(*client)
        return context

    def tcp(self, text: str, context: ssl.SSLContext | None) -> bytes:
        """What the broker says to an event; nothing when it breaks off. None of it when it takes the event."""
        return self._send("tcp", json.dumps({"Message": text}).encode() + b"\n", context)

    def http(self, text: str, context: ssl.SSLContext | None, credentials: str | None = None) -> bytes:
        """The answer to a request with an event."""
        body = json.dumps({"Message": text}).encode()
        headers = [b"POST / HTTP/1.1", b"Host: broker", b"Content-Type: application/json", b"Connection: close"]
        headers.append(b"Content-Length: %d" % len(body))
        given = self._credentials if credentials is None else credentials
        if given:
            headers.append(b"Authorization: Basic " + base64.b64encode(given.encode()))
        return self._send("http", b"\r\n".join([*headers, b"", body]), context)

    def _send(self, kind: str, data: bytes, context: ssl.SSLContext | None) -> bytes:
        with socket.create_connection((self._address, self._ports[kind]), timeout=60) as plain:
            connection = context.wrap_socket(plain, server_hostname=self._name) if context else plain
            connection.sendall(data)
            if not context:
                with contextlib.suppress(OSError):  # it may have broken off already
                    connection.shutdown(socket.SHUT_WR)
            return connection.recv(1000)


ATTACKS = {
    "tcp without a certificate": lambda sender, text: sender.tcp(text, sender.tls()),
    "tcp with another authority's certificate": lambda sender, text: sender.tcp(text, sender.tls(sender.bad)),
    "tcp in plain text": lambda sender, text: sender.tcp(text, None),
    "http without a certificate": lambda sender, text: sender.http(text, sender.tls()),
    "http with another authority's certificate": lambda sender, text: sender.http(text, sender.tls(sender.bad)),
    "http in plain text": lambda sender, text: sender.http(text, None),
    "http without a user": lambda sender, text: sender.http(text, sender.tls(sender.good), ""),
    "http with a wrong user": lambda sender, text: sender.http(text, sender.tls(sender.good), "eve:of nobody"),
    "http with a wrong password": lambda sender, text: sender.http(text, sender.tls(sender.good), "elb:wrong"),
}


def refused(attack: str, sender: Sender, text: str) -> bool:
    """Whether the broker breaks off, or answers that it does not let the sender in.

    Raises ConnectionRefusedError where nothing listens: that would refuse everybody.
    """
    try:
        answer = ATTACKS[attack](sender, text)
    except ConnectionRefusedError:
        raise
    except (ssl.SSLError, ConnectionError):
        return True
    return answer == b"" or answer.split()[1:2] == [b"401"]
