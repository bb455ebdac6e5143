"""A receiver on loopback that records events by their ids, and fails as it is told to."""

import contextlib
import datetime
import gc
import ipaddress
import json
import re
import select
import socket
import ssl
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest
from certificates.authority import SIGNS
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from elb_log_shipper.delivery import RetryBudget
from elb_log_shipper.errors import DeliveryError
from elb_log_shipper.events import Batch

EVENTS = 40
A_BATCH = 10


def events(count: int = EVENTS, size: int = 200) -> list[bytes]:
    return [json.dumps({"EventId": f"0123456789abcdef-{n * 100}", "pad": "x" * size}).encode() for n in range(count)]


def batches(found: list[bytes]) -> list[Batch]:
    parts = [found[start : start + A_BATCH] for start in range(0, len(found), A_BATCH)]
    return [Batch(b"".join(event + b"\n" for event in part), len(part)) for part in parts]


class Connection:
    """What the receiver has of one connection."""

    def __init__(self, peer: "Peer", connection: socket.socket) -> None:
        self.peer = peer
        self.socket = connection
        self.stream = connection.makefile("rb")

    def request(self) -> bytes | None:
        """The body of the next request, or ``None`` at the end of the connection."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = self.stream.readline()
            if not line:
                return None
            head += line
        self.head = head
        return self.stream.read(int(re.search(rb"Content-Length: (\d+)", head)[1]))

    def answer(self, status: int, *headers: str, body: bytes = b"ok") -> None:
        lines = [f"HTTP/1.1 {status} Text", *headers, f"Content-Length: {len(body)}", "", ""]
        self.socket.sendall("\r\n".join(lines).encode() + body)

    def reset(self) -> None:
        raw = self.socket
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.stream.close()
        raw.close()


class Peer:
    """Each of ``faults`` is for one connection; after them a proper receiver answers.

    A fault is ``fault(connection)``, and the connection is closed after it, unless it returns ``serve``.
    """

    def __init__(self, proper: Callable[[Connection], None], *faults, context: ssl.SSLContext | None = None) -> None:
        self.ids: Counter[str] = Counter()
        self.contents: set[bytes] = set()
        self.connections = 0
        self.requests: list[int] = []
        self.release = threading.Event()
        self._proper = proper
        self._faults = list(faults)
        self._context = context
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def record(self, data: bytes) -> None:
        """Events as ndjson."""
        for line in data.split(b"\n")[:-1]:
            self.ids[json.loads(line)["EventId"]] += 1
            self.contents.add(line)

    def record_array(self, body: bytes) -> None:
        self.requests.append(len(json.loads(body)))
        self.record(body[1:-1].replace(b"},{", b"}\n{") + b"\n")

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            self.connections += 1
            behave = self._faults.pop(0) if self._faults else self._proper
            thread = threading.Thread(target=self._serve, args=(connection, behave), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket, behave: Callable[[Connection], None]) -> None:
        connection.settimeout(10)
        with contextlib.suppress(OSError):
            if self._context:
                connection = self._context.wrap_socket(connection, server_side=True)
            found = Connection(self, connection)
            try:
                behave(found)
            finally:
                found.stream.close()
        connection.close()

    def close(self) -> None:
        self.release.set()
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for thread in (self._thread, *self._threads):
            thread.join(10)

    def assert_all_there(self, found: list[bytes], twice: int = 0) -> None:
        """Nothing is lost, and what came twice is the same event with the same id."""
        self.close()  # so that all was recorded
        wanted = {json.loads(event)["EventId"] for event in found}
        assert set(self.ids) == wanted
        assert self.contents == set(found)
        assert sum(self.ids.values()) - len(wanted) == twice


class SlowAnswers:
    """A proxy that holds back what the receiver sends after the handshake until the sender is silent.

    A receiver that is far away, or busy, answers as late.
    """

    _SILENCE_SECONDS = 0.3

    def __init__(self, port: int) -> None:
        self._to = ("127.0.0.1", port)
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                sender, _ = self._server.accept()
            except OSError:
                return
            with contextlib.suppress(OSError), sender, socket.create_connection(self._to) as receiver:
                self._pass_on(sender, receiver)

    def _pass_on(self, sender: socket.socket, receiver: socket.socket) -> None:
        shaken, held = False, b""
        sides = {sender, receiver}
        while True:
            ready, _, _ = select.select(sides, [], [], self._SILENCE_SECONDS)
            if sender in ready:
                data = sender.recv(65536)
                if not data:
                    sides.discard(sender)
                with contextlib.suppress(OSError):  # a receiver that has refused reads nothing more
                    receiver.sendall(data) if data else receiver.shutdown(socket.SHUT_WR)
            if receiver in ready:
                try:
                    data = receiver.recv(65536)
                except ConnectionResetError:  # a proxy need not pass that on
                    data = b""
                if not data:
                    sides.discard(receiver)
                elif not shaken:
                    sender.sendall(data)
                    shaken = True
                else:
                    held += data
            if not ready or sender not in sides:
                sender.sendall(held)
                held = b""
                if receiver not in sides:
                    return

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join(10)


def serve_http(connection: Connection) -> None:
    while (body := connection.request()) is not None:
        connection.peer.record_array(body)
        connection.answer(200)


def serve_tcp(connection: Connection) -> None:
    """Reads to the end, then closes; an event that is cut off is dropped."""
    data = connection.stream.read()
    connection.peer.record(data[: data.rfind(b"\n") + 1])


def budget(retry_seconds: float = 60.0, remaining: float | None = None) -> RetryBudget:
    """Waits pass at once, by a clock of their own; ``waits`` has them."""
    time = SimpleNamespace(now=0.0, waits=[])

    def sleep(seconds: float) -> None:
        time.now += seconds
        time.waits.append(seconds)

    found = RetryBudget(retry_seconds, clock=lambda: time.now, sleep=sleep, uniform=lambda _low, high: high)
    found.waits = time.waits
    if remaining is not None:
        found.limit(lambda: remaining - time.now)
    return found


def send(sink, found: list[bytes]) -> None:
    """What shipping does with one log."""
    try:
        for batch in batches(found):
            sink.send(batch)
        sink.commit()
    except BaseException:
        sink.abort()
        raise


def send_as_a_trigger(sink, found: list[bytes], most: int = 3) -> int:
    """What a trigger does with one log: again, as a whole, until it is delivered. The number of tries."""
    for number in range(1, most + 1):
        try:
            send(sink, found)
        except DeliveryError:
            if number == most:
                raise
        else:
            sink.close()
            return number
    raise AssertionError


class Certificates:
    """An authority, and certificates by it, as files."""

    def __init__(self, directory) -> None:
        self._directory = directory
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "an authority")])
        certificate = self._sign(self._name, self._key, None, days=1, ca=True)
        self.ca = directory / "ca.pem"
        self.ca.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def make(self, name: str = "127.0.0.1", days: int = 1, passphrase: str | None = None) -> tuple[str, str]:
        """The files of a certificate and its key. Negative days are those since it has expired."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._sign(x509.Name([]), key, name, days=days)
        path, key_path = self._directory / f"{name}{days}.pem", self._directory / f"{name}{days}.key"
        path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        encryption = (
            serialization.BestAvailableEncryption(passphrase.encode()) if passphrase else serialization.NoEncryption()
        )
        key_path.write_bytes(
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
        )
        return str(path), str(key_path)

    def server(self, name: str = "127.0.0.1", days: int = 1, *, wants_client: bool = False) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.make(name, days))
        if wants_client:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.ca)
        return context

    def _sign(self, subject: x509.Name, key, name: str | None, *, days: int, ca: bool = False) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=10))
            .not_valid_after(now + datetime.timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            # The extensions that Python asks for, from 3.13 on.
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        if ca:
            builder = builder.add_extension(SIGNS, critical=True)
        if name:
            with contextlib.suppress(ValueError):
                name = ipaddress.ip_address(name)
            general = x509.DNSName(name) if isinstance(name, str) else x509.IPAddress(name)
            builder = builder.add_extension(x509.SubjectAlternativeName([general]), critical=not list(subject))
        return builder.sign(self._key, hashes.SHA256())


@pytest.fixture
def certificates(tmp_path) -> Certificates:
    return Certificates(tmp_path)


@pytest.fixture
def receive() -> Iterator[Callable[..., Peer]]:
    with contextlib.ExitStack() as stack:

        def start(proper, *faults, **options) -> Peer:
            return stack.enter_context(contextlib.closing(Peer(proper, *faults, **options)))

        yield start
    gc.collect()  # a socket that was dropped without close() fails the test


@pytest.fixture
def tools() -> SimpleNamespace:
    """What the tables need of this file."""
    return SimpleNamespace(
        events=events,
        budget=budget,
        send=send,
        send_as_a_trigger=send_as_a_trigger,
        slow_answers=SlowAnswers,
        serve_http=serve_http,
        serve_tcp=serve_tcp,
    )
