"""S3 and SQS on loopback that misbehave on demand, and a sink that records what arrived."""

import contextlib
import hashlib
import http.server
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from elb_log_shipper import handler
from elb_log_shipper.aws import continuations, s3
from elb_log_shipper.errors import DeliveryError

LINE = (
    "2026-03-02T08:00:00.123456Z web-prod 198.51.100.23:49152 10.0.1.15:8080 0.000043 0.001337 0.000057 200 200 0 {} "
    '"GET https://www.example.com:443/ HTTP/1.1" "Mozilla/5.0" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2\n'
)


def log_of(lines: int) -> bytes:
    """A log whose lines tell themselves apart by the bytes sent, and differ in length."""
    return "".join(LINE.format(number) for number in range(lines)).encode()


def ids_of(name: str, log: bytes) -> list[str]:
    """The ids that the events of a log must have, made here once more."""
    prefix = hashlib.sha256(name.encode()).hexdigest()[:16]
    offset, ids = 0, []
    for line in log.split(b"\n"):
        if line:
            ids.append(f"{prefix}-{offset}")
        offset += len(line) + 1
    return ids


class RecordingSink:
    """What was committed is delivered. What was sent and then aborted may have arrived as well."""

    def __init__(self) -> None:
        self.delivered: list[dict] = []
        self.maybe: list[dict] = []
        self.refuse: Callable[[dict], bool] = lambda _event: False
        self._sent: list[dict] = []

    retries = 0

    def limit(self, remaining_seconds) -> None:
        """Nothing takes time here."""

    def send(self, batch) -> None:
        events = [json.loads(line) for line in batch.data.splitlines()]
        assert len(events) == batch.events
        if any(self.refuse(event) for event in events):
            raise DeliveryError("refused by the test")
        self._sent += events

    def commit(self) -> None:
        self.delivered += self._sent
        self._sent = []

    def abort(self) -> None:
        self.maybe += self._sent
        self._sent = []

    def close(self) -> None:
        assert self._sent == []

    @property
    def ids(self) -> list[str]:
        return [event["EventId"] for event in self.delivered]

    def has_all(self, ids: list[str]) -> bool:
        """Every event was delivered, none but these, and two with the same id are the same."""
        contents: dict[str, set] = {}
        for event in self.delivered + self.maybe:
            contents.setdefault(event["EventId"], set()).add(json.dumps(event, sort_keys=True))
        return set(self.ids) == set(ids) and all(len(one) == 1 for one in contents.values())

    def has_each_once(self, ids: list[str]) -> bool:
        return self.has_all(ids) and set(Counter(self.ids).values()) <= {1}


class Aws:
    """Objects by key of bucket ``logs``; ``script`` misbehaves, an entry a GET: ``answer(handler, body)``."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.script: list[Callable] = []
        self.always: Callable | None = None
        self.ranges: list[str | None] = []
        self.sent: list[str] = []  # to the queue

    def answer_get(self, request: http.server.BaseHTTPRequestHandler) -> None:
        path = request.path.partition("?")[0]
        behave = self.script.pop(0) if self.script else self.always
        body = self.objects.get(path.removeprefix("/logs/"))
        self.ranges.append(request.headers.get("Range"))
        if behave:
            behave(request, body)
        elif body is None:
            error(404, "NoSuchKey")(request, body)
        else:
            serve(request, body)

    def answer_post(self, request: http.server.BaseHTTPRequestHandler) -> None:
        message = json.loads(request.rfile.read(int(request.headers["Content-Length"])))["MessageBody"]
        self.sent.append(message)
        digest = hashlib.md5(message.encode()).hexdigest()  # noqa: S324 - SQS's protocol
        answer = json.dumps({"MessageId": "1", "MD5OfMessageBody": digest}).encode()
        request.send_response(200)
        request.send_header("Content-Length", str(len(answer)))
        request.end_headers()
        request.wfile.write(answer)


def etag_of(body: bytes) -> str:
    return hashlib.md5(body).hexdigest()  # noqa: S324 - S3's


def serve(request, body: bytes, sent: int | None = None) -> None:
    """What S3 does. With ``sent`` the body breaks off after so many bytes."""
    wanted = request.headers.get("If-Match")
    if wanted and wanted != f'"{etag_of(body)}"':
        error(412, "PreconditionFailed")(request, body)
        return
    start = int((request.headers.get("Range") or "bytes=0-").removeprefix("bytes=").removesuffix("-"))
    request.send_response(206 if start else 200)
    request.send_header("Content-Length", str(len(body) - start))
    request.send_header("ETag", f'"{etag_of(body)}"')
    request.end_headers()
    with contextlib.suppress(OSError):
        request.wfile.write(body[start:][:sent])


def error(status: int, code: str) -> Callable:
    def answer(request, _body) -> None:
        text = f"<Error><Code>{code}</Code><Message>as the test wants it</Message></Error>".encode()
        request.send_response(status)
        request.send_header("Content-Length", str(len(text)))
        request.end_headers()
        request.wfile.write(text)

    return answer


@pytest.fixture
def aws(monkeypatch) -> Iterator[Aws]:
    fake = Aws()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            fake.answer_get(self)

        def do_POST(self):
            fake.answer_post(self)

        def log_message(self, *_):
            pass

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        endpoint = f"http://127.0.0.1:{server.server_address[1]}"
        for name, value in {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "eu-west-1",
            continuations.QUEUE_VARIABLE: f"{endpoint}/000000000000/objects",
        }.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(s3, "_PAUSE_SECONDS", 0)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        for module in (s3, continuations):
            module._client.cache_clear()
        yield fake
        for module in (s3, continuations):
            module._client.cache_clear()
        server.shutdown()


@pytest.fixture
def sink(monkeypatch) -> RecordingSink:
    recording = RecordingSink()
    monkeypatch.setattr(handler, "make_sink", lambda _receiver: recording)
    handler._sinks.close()
    yield recording
    handler._sinks.close()


class LambdaContext:
    """Lambda's, whose time is up after so many looks at it."""

    aws_request_id = "request-1"
    function_name = "shipper"

    def __init__(self, looks: int = 1_000_000_000) -> None:
        self._looks = looks

    def get_remaining_time_in_millis(self) -> int:
        self._looks -= 1
        return 100_000 if self._looks >= 0 else 0


class Deployed:
    """The function, and what it logs."""

    def __init__(self, capsys) -> None:
        self._capsys = capsys

    def invoke(self, event: dict, looks: int = 1_000_000_000) -> dict:
        return handler.lambda_handler(event, LambdaContext(looks))

    def logged(self) -> tuple[list[dict], list[dict]]:
        """The log's entries, without that of the start, and the metrics."""
        entries = [json.loads(line) for line in self._capsys.readouterr().out.splitlines()]
        entries = [one for one in entries if one.get("event") != "started"]
        return [one for one in entries if "_aws" not in one], [one for one in entries if "_aws" in one]


@pytest.fixture
def deployed(tmp_path, monkeypatch, capsys) -> Deployed:
    values = {
        "LogHost": "127.0.0.1",
        "LogPort": "9",
        "LogTransport": "tcp",
        "Environment": "test",
        "Component": "balancer",
        "Application": "shop",
    }
    path = tmp_path / "settings.json"
    path.write_text(json.dumps(values), encoding="utf-8")
    monkeypatch.setenv("ELB_LOG_SHIPPER_SETTINGS", str(path))
    return Deployed(capsys)
