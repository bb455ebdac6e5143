"""The http input: every request is one message, or several where its body is a JSON array; the answer is 200 `ok`."""

import base64
import gzip
import threading
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from . import tls
from .event import Event


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    # Connections are left to end by themselves: a client that keeps one open must not hold up the stop.
    block_on_close = False

    def handle_error(self, request, client_address) -> None:
        """A client that went away is no news."""


def run(plugin, stopping: threading.Event) -> None:
    """Serves until `stopping`. Raises OSError when the address can't be bound."""
    address = (str(plugin.parameters.get("host", "0.0.0.0")), int(plugin.parameters.get("port", 8080)))  # noqa: S104
    handler = type("Handler", (_Handler,), {"plugin": plugin})
    server = _Server(address, handler)
    if tls.wanted(plugin.parameters):
        # The handshake is left to the connection's own thread: a silent client must not block the others.
        server.socket = tls.server(plugin.parameters, "none").wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    plugin.started(address)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
    stopping.wait()
    server.shutdown()
    server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "Logstash"
    sys_version = ""
    # Without it, an answer in two small packets waits for the client's delayed acknowledgement.
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 60
    plugin = None

    def log_message(self, format: str, *args) -> None:  # noqa: A002 - the name is the base class's
        """The real input logs no requests."""

    def _any_method(self) -> None:
        body = self._body()
        if body is None:
            return
        if not self._authorised():
            self._answer(401, b"", {"WWW-Authenticate": 'Basic realm="Logstash"'})
            return
        parameters = self.plugin.parameters
        events = self._events(body)
        if self.plugin.push(events):
            headers = {str(key): str(value) for key, value in (parameters.get("response_headers") or {}).items()}
            self._answer(int(parameters.get("response_code", 200)), b"ok", headers)
        else:
            self._answer(429, b"Too Many Requests", {})

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = _any_method  # noqa: N815

    def _body(self) -> bytes | None:
        if "chunked" in (self.headers.get("Transfer-Encoding") or "").lower():
            raw = b""
            while size := int(self.rfile.readline().split(b";")[0] or b"0", 16):
                raw += self.rfile.read(size)
                self.rfile.readline()
            while self.rfile.readline() not in (b"\r\n", b"\n", b""):
                pass
        else:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        encoding = (self.headers.get("Content-Encoding") or "identity").lower()
        try:
            if encoding == "gzip":
                return gzip.decompress(raw)
            return zlib.decompress(raw) if encoding == "deflate" else raw
        except (OSError, EOFError, zlib.error):
            self._answer(400, b"Bad Request", {})
            return None

    def _authorised(self) -> bool:
        user, password = self.plugin.parameters.get("user"), self.plugin.parameters.get("password")
        if user is None:
            return True
        wanted = base64.b64encode(f"{user}:{password}".encode()).decode()
        return self.headers.get("Authorization") == f"Basic {wanted}"

    def _events(self, body: bytes) -> list[Event]:
        content_type = (self.headers.get("Content-Type") or "").split(";")[0].strip()
        additional = self.plugin.parameters.get("additional_codecs", {"application/json": "json"})
        codec = self.plugin.codec
        if content_type in additional:
            codec = self.plugin.additional_codec(additional[content_type])
        text = body.decode("utf-8", "replace")
        if codec.name in ("json_lines", "line"):
            events = [event for line in text.splitlines() if line for event in codec.decode(line)]
        elif text or codec.name != "json":
            events = codec.decode(text)
        else:
            events = [Event()]
        for event in events:
            self._describe(event, content_type, len(body))
        return events

    def _describe(self, event: Event, content_type: str, size: int) -> None:
        """Adds what the real input tells of the request, unless the event has such a field of its own."""
        parameters = self.plugin.parameters
        client, domain = self.client_address[0], (self.headers.get("Host") or "").rpartition(":")
        if self.plugin.ecs:
            fields = {
                parameters.get("remote_host_target_field", "[host][ip]"): client,
                "[http][method]": self.command,
                "[http][version]": self.request_version,
                "[http][request][mime_type]": content_type or None,
                "[http][request][body][bytes]": str(size),
                "[url][domain]": domain[0] or domain[2] or None,
                "[url][port]": int(domain[2]) if domain[0] and domain[2].isdigit() else None,
                "[url][path]": self.path,
                "[user_agent][original]": self.headers.get("User-Agent"),
            }
        else:
            headers = {
                f"http_{name.lower().replace('-', '_')}"
                if not name.lower().startswith("content-")
                else name.lower().replace("-", "_"): value
                for name, value in self.headers.items()
            }
            headers |= {
                "request_method": self.command,
                "request_path": self.path,
                "http_version": self.request_version,
            }
            fields = {
                parameters.get("request_headers_target_field", "headers"): headers,
                parameters.get("remote_host_target_field", "host"): client,
            }
        for name, value in fields.items():
            parent = event.data.get(name.strip("[").split("]")[0])
            if value is not None and not event.includes(name) and (parent is None or isinstance(parent, dict)):
                event.set(name, value)

    def _answer(self, status: int, body: bytes, headers: dict) -> None:
        self.send_response_only(status)
        for name, value in {"content-length": str(len(body)), "content-type": "text/plain", **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()
