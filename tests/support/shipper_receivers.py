"""Receivers on loopback that misbehave on demand, and the sample log with its expected events."""

import contextlib
import gc
import http.server
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from elb_log_shipper.events import Context
from free_port import free_port as find_free_port

DATA = Path(__file__).parents[1] / "unit/elb_log_shipper/data"
CONTEXT = Context(component="balancer", environment="test", application="shop")
CONTEXT_FIELDS = {
    "Component": "balancer",
    "SourceModuleName": "ELB",
    "Environment": "test",
    "Application": "shop",
    "Type": "logs",
}


class TcpReceiver:
    """Accepts connections one after the other and hands each to ``behave(connection)``, which returns what it read.

    The connection is closed after that. ``received`` has an entry a connection.
    """

    def __init__(self, behave: Callable[[socket.socket], bytes]) -> None:
        self._behave = behave
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self.received: list[bytes] = []
        self._ended = 0
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(10)
                try:
                    data = self._behave(connection)
                except OSError as error:
                    data = type(error).__name__.encode()
                self.received.append(data)  # before the end that the sender waits for
            with self._changed:
                self._ended += 1
                self._changed.notify_all()

    def wait_for(self, connections: int) -> list[bytes]:
        """What was received, once so many connections were ended by both sides."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._ended >= connections, 10), "a connection was not ended"
            return self.received

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join(10)


OF_THE_LOG = frozenset(["EventId", "Bucket", "ObjectKey", "ArrivalTime"])


def drop_ids(events: Iterable[dict]) -> list[dict]:
    """The events without what depends on the log's name, and on when it was read; it is tested where it is made."""
    return [{name: value for name, value in event.items() if name not in OF_THE_LOG} for event in events]


def read_to_end(connection: socket.socket) -> bytes:
    """What a proper receiver does. Returning at all proves that the other side has ended its direction."""
    data = b""
    while chunk := connection.recv(65536):
        data += chunk
    return data


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


class HttpReceiver:
    """Answers POSTs from a script; the last entry repeats. An entry is a status, or ``answer(handler)``."""

    def __init__(self, script: list) -> None:
        self.batches: list[list] = []
        self.requests: list[tuple[str, dict, tuple]] = []
        self.ended = threading.Event()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 10

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.requests.append((self.path, dict(self.headers), self.client_address))
                entry = script.pop(0) if len(script) > 1 else script[0]
                if callable(entry):
                    entry(self)
                    return
                if 200 <= entry <= 299:
                    receiver.batches.append(json.loads(body))
                text = b"" if entry == 204 else b"ok" if entry < 300 else b"the queue is full"
                self.send_response(entry)
                if entry != 204:
                    self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def finish(self):
                super().finish()
                receiver.ended.set()

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def events(self) -> list:
        return [event for batch in self.batches for event in batch]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)


@pytest.fixture
def tcp_receiver() -> Iterator[Callable[..., TcpReceiver]]:
    with contextlib.ExitStack() as stack:

        def start(behave: Callable[[socket.socket], bytes] = read_to_end) -> TcpReceiver:
            return stack.enter_context(contextlib.closing(TcpReceiver(behave)))

        yield start


@pytest.fixture
def http_receiver() -> Iterator[Callable[..., HttpReceiver]]:
    with contextlib.ExitStack() as stack:

        def start(*script) -> HttpReceiver:
            return stack.enter_context(contextlib.closing(HttpReceiver(list(script) or [200])))

        yield start


@pytest.fixture
def free_port() -> int:
    """A port that nothing listens on."""
    return find_free_port()


@pytest.fixture
def reset_connection() -> Callable[[socket.socket], None]:
    return reset


@pytest.fixture
def without_ids() -> Callable[[Iterable[dict]], list[dict]]:
    return drop_ids


@pytest.fixture
def context() -> Context:
    return CONTEXT


@pytest.fixture
def context_fields() -> dict[str, str]:
    return dict(CONTEXT_FIELDS)


@pytest.fixture
def sample_path() -> Path:
    return DATA / "classic_elb.log"


@pytest.fixture
def sample() -> bytes:
    return (DATA / "classic_elb.log").read_bytes()


@pytest.fixture
def expected() -> list[dict]:
    lines = (DATA / "classic_elb.expected.jsonl").read_text(encoding="utf-8").splitlines()
    return [{**json.loads(line), **CONTEXT_FIELDS} for line in lines]


@pytest.fixture
def no_open_sockets() -> Iterator[None]:
    """With ``filterwarnings("error")`` a socket that was dropped without close() fails the test, and only that test."""
    gc.freeze()  # what is there already: neither what earlier tests dropped nor what takes long to look through
    yield
    gc.collect()
    gc.unfreeze()
