"""Where the outputs of a pipeline send first, and whether that can be reached from this host.

Reads Logstash's configuration language as far as input_ports does. Nothing that could become an event is sent: a TCP or
HTTP receiver is connected to, with the output's own certificates; Redis is asked PING, Elasticsearch for its name.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import re
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from . import pipeline_plugins
from .input_ports import Token, literal, skip_block

# What the settings of outputs are called in one release or another.
AUTHORITY = ("ssl_certificate_authorities", "cacert", "ssl_cacert")
CERTIFICATE = ("ssl_certificate", "client_cert", "ssl_cert")
KEY = ("ssl_key", "client_key")
ENABLED = ("ssl_enabled", "ssl_enable", "ssl")
PORTS = {"redis": 6379, "elasticsearch": 9200, "http": 80, "https": 443}
# These stay within the process, or within the host.
INSIDE = {"pipeline": "goes on in another pipeline of this Logstash", "stdout": "goes to the service's journal"}
NETWORK = ("tcp", "http", "redis", "elasticsearch")
DYNAMIC = re.compile(r"\$\{|%\{")


@dataclass(frozen=True)
class Hop:
    """One place that an output sends to. Where its address is not literal, ``host`` is empty, and so is ``path``."""

    output: str
    kind: str
    host: str = ""
    port: int = 0
    path: str = ""
    is_encrypted: bool = False
    authority: str = ""
    certificate: str = ""
    key: str = ""
    user: str = ""
    password: str = ""

    @property
    def address(self) -> str:
        """For messages."""
        return self.path or f"{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


@dataclass(frozen=True)
class Finding:
    """What became of asking: ``passed``, ``failed`` or ``skipped``, and why, in words."""

    result: str
    detail: str


def find(text: str, variables: Mapping[str, str] | None = None) -> list[Hop]:
    """The first hops of a pipeline's outputs, in their order; ``variables`` are values for ``${NAME}``."""
    for name, value in (variables or {}).items():
        text = text.replace(f"${{{name}}}", value)
    return [
        hop
        for section, name, block in pipeline_plugins.blocks(text)
        if section == "output"
        for hop in _hops(name, _settings(block))
    ]


def _settings(tokens: Sequence[Token]) -> dict[str, list[str | None]]:
    """{setting: its values}; None stands for a value that is not literal."""
    found: dict[str, list[str | None]] = {}
    at = 0
    while at < len(tokens):
        name = literal(tokens[at])
        if name is None or tokens[at + 1 : at + 2] != [("arrow", "=>")] or at + 2 >= len(tokens):
            at = skip_block(tokens, at) if tokens[at][0] == "open" else at + 1
            continue
        value, at = tokens[at + 2], at + 2
        end = skip_block(tokens, at) if value[0] == "open" else at + 1
        inner = tokens[at + 1 : end - 1] if value[0] == "open" else [value]
        found[name] = [literal(token) for token in inner if token[0] in ("string", "word")]
        at = end
    return found


def _hops(kind: str, settings: Mapping[str, list[str | None]]) -> Iterator[Hop]:
    def first(*names: str) -> str:
        values = [value for name in names for value in settings.get(name, [])]
        return values[0] or "" if values else ""

    output = first("id") or kind
    if kind == "file":
        yield Hop(output, kind, path=first("path"))
        return
    common = {
        "authority": first(*AUTHORITY), "certificate": first(*CERTIFICATE), "key": first(*KEY),
        "user": first("user"), "password": first("password"),
    }  # fmt: skip
    enabled = first(*ENABLED) == "true"
    port = first("port")
    if kind == "http":
        addresses = settings.get("url", [None])
    elif kind == "elasticsearch":
        addresses = settings.get("hosts", ["127.0.0.1"])
    elif kind in NETWORK:
        addresses = settings.get("host", ["127.0.0.1" if kind == "redis" else None])
    else:
        addresses = [None]
    for address in addresses:
        host, its_port, encrypted = _address(address or "", kind, port)
        yield Hop(output, kind, host, its_port, is_encrypted=encrypted or enabled, **common)


def _address(text: str, kind: str, port: str) -> tuple[str, int, bool]:
    """(host, port, whether it is https); without a host where the text is not literal, or is none."""
    if not text or DYNAMIC.search(text) or (port and not port.isdigit()):
        return "", 0, False
    try:
        parts = urlsplit(text if "://" in text else f"//{text}")
        usual = PORTS.get(kind if kind != "http" else parts.scheme, 0)
        number = parts.port or (int(port) if port else usual)
    except ValueError:
        return "", 0, False
    return (parts.hostname or "", number, parts.scheme == "https") if number else ("", 0, False)


# Asking


def probe(hop: Hop, timeout: float, writable: Callable[[str], str]) -> Finding:
    """Whether the place of a hop can be reached; ``writable(directory)`` says why the service could not write there."""
    if hop.kind == "file":
        return _probe_file(hop, writable)
    if hop.kind not in NETWORK:
        unknown = f"nothing is known of how to ask what an output {hop.kind} sends to"
        return Finding("skipped", INSIDE.get(hop.kind, unknown))
    if not hop.host:
        return Finding("skipped", "its address is not literal: it depends on the environment, or on events")
    try:
        with contextlib.closing(_connect(hop, timeout)) as connection:
            asked = {"redis": _ping, "elasticsearch": _ask_elasticsearch}.get(hop.kind, _only_connected)
            return asked(connection, hop)
    except ssl.SSLError as error:
        return Finding(
            "failed", f"{hop.address}: TLS fails: {getattr(error, 'verify_message', '') or error.reason or error}"
        )
    except (OSError, ValueError, http.client.HTTPException) as error:
        return Finding("failed", f"{hop.address}: {error or type(error).__name__}")


def _probe_file(hop: Hop, writable: Callable[[str], str]) -> Finding:
    if not hop.path:
        return Finding("skipped", "its path is not literal: it depends on the environment")
    # The output makes the directories that are missing.
    directory = os.path.dirname(hop.path.partition("%{")[0])
    why = writable(directory)
    return Finding("failed", f"{directory}: {why}") if why else Finding("passed", f"{directory} can be written to")


def _connect(hop: Hop, timeout: float) -> socket.socket:
    connection = socket.create_connection((hop.host, hop.port), timeout=timeout)
    if not hop.is_encrypted:
        return connection
    try:
        context = ssl.create_default_context(cafile=hop.authority or None)
        # Releases before 9.0.8 do not look at the name over plain TCP, so that a certificate without it is no fault.
        context.check_hostname = hop.kind != "tcp"
        if hop.certificate:
            context.load_cert_chain(hop.certificate, hop.key or None)
        return context.wrap_socket(connection, server_hostname=hop.host)
    except BaseException:
        connection.close()
        raise


def _only_connected(_connection: socket.socket, hop: Hop) -> Finding:
    return Finding("passed", f"{hop.address} takes connections{' with TLS' if hop.is_encrypted else ''}")


def _ping(connection: socket.socket, hop: Hop) -> Finding:
    if hop.password:
        words = [*([hop.user] if hop.user else []), hop.password]
        _say(connection, "AUTH", *words)
        answer = _line(connection)
        if answer != "+OK":
            return Finding("failed", f"{hop.address}: Redis refuses the password: {answer}")
    _say(connection, "PING")
    answer = _line(connection)
    if answer == "+PONG":
        return Finding("passed", f"{hop.address}: Redis answers PING")
    if answer.startswith("-NOAUTH"):
        return Finding("passed", f"{hop.address}: Redis answers, and asks for the password, which is in the keystore")
    return Finding("failed", f"{hop.address}: expected PONG of Redis; it answers {answer or 'nothing'}")


def _say(connection: socket.socket, *words: str) -> None:
    encoded = [word.encode() for word in words]
    connection.sendall(b"*%d\r\n" % len(encoded) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in encoded))


def _line(connection: socket.socket) -> str:
    found = b""
    while b"\n" not in found and len(found) < 1000:
        more = connection.recv(1000)
        if not more:
            break
        found += more
    return found.partition(b"\r\n")[0].decode("utf-8", "replace")


def _ask_elasticsearch(connection: socket.socket, hop: Hop) -> Finding:
    client = http.client.HTTPConnection(hop.host, hop.port)
    client.sock = connection
    headers = {"Accept": "application/json"}
    if hop.user:
        pair = base64.b64encode(f"{hop.user}:{hop.password}".encode()).decode()
        headers["Authorization"] = f"Basic {pair}"
    client.request("GET", "/", headers=headers)
    response = client.getresponse()
    body = response.read(65536)
    if response.status in (401, 403) and not hop.password:
        return Finding("passed", f"{hop.address}: Elasticsearch answers, and asks for what is in the keystore")
    if response.status != 200:
        return Finding("failed", f"{hop.address}: expected status 200 of Elasticsearch; it is {response.status}")
    try:
        about = json.loads(body)
        version = about["version"]["number"]
    except (ValueError, TypeError, KeyError):
        return Finding("failed", f"{hop.address}: what answers is no Elasticsearch")
    return Finding("passed", f"{hop.address}: Elasticsearch {version} answers")
