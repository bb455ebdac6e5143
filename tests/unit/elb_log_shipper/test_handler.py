"""The handler with objects from memory and receivers on loopback."""

import contextlib
import gzip
import io
import json
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from elb_log_shipper import handler, native, smoke
from elb_log_shipper.aws import s3
from elb_log_shipper.errors import DeliveryError, EventError, SettingsError

pytestmark = [pytest.mark.filterwarnings("error"), pytest.mark.usefixtures("no_open_sockets")]


def record(key: str, bucket: str = "logs", name: str = "ObjectCreated:Put") -> dict:
    return {
        "eventSource": "aws:s3",
        "eventName": name,
        "s3": {"bucket": {"name": bucket}, "object": {"key": key}},
    }


def event(*keys: str) -> dict:
    return {"Records": [record(key) for key in keys]}


class Lambda:
    """The handler, deployed: objects, a settings file, and what it logs."""

    def __init__(self, tmp_path, monkeypatch, capsys) -> None:
        self.objects: dict[str, bytes | Exception] = {}
        self.opened: list[str] = []
        self.closed: list[str] = []
        self._path = tmp_path / "settings.json"
        self._capsys = capsys
        monkeypatch.setenv("ELB_LOG_SHIPPER_SETTINGS", str(self._path))
        monkeypatch.setattr(s3, "open_object", self._open)

    def configure(self, transport: str, port: int, **more) -> None:
        values = {
            "LogHost": "127.0.0.1",
            "LogPort": str(port),
            "LogTransport": transport,
            "Environment": "test",
            "Component": "balancer",
            "Application": "shop",
            "TimeoutSeconds": 2,
            "RetrySeconds": 0,
            **more,
        }
        self._path.write_text(json.dumps(values), encoding="utf-8")

    @contextlib.contextmanager
    def _open(self, bucket, key, _version, _etag):
        self.opened.append(f"{bucket}/{key}")
        body = self.objects[key]
        if isinstance(body, Exception):
            raise body
        try:
            yield SimpleNamespace(read=io.BytesIO(body).read, retries=0, etag=None)
        finally:
            self.closed.append(f"{bucket}/{key}")

    def invoke(self, value: dict) -> dict:
        return handler.lambda_handler(value, None)

    def log(self, *, start: bool = False) -> list[dict]:
        """What was logged, without the metrics; the entry of the start when it is asked for."""
        entries = [json.loads(line) for line in self._capsys.readouterr().out.splitlines()]
        return [entry for entry in entries if "_aws" not in entry and (start or entry["event"] != "started")]


@pytest.fixture
def deployed(tmp_path, monkeypatch, capsys, no_open_sockets) -> Iterator[Lambda]:
    yield Lambda(tmp_path, monkeypatch, capsys)
    handler._sinks.close()  # kept for the next invocation


@pytest.fixture(params=["tcp", "http"])
def receiver(request, deployed, tcp_receiver, http_receiver, without_ids):
    """A receiver for each transport; ``events()`` gives what arrived."""
    if request.param == "tcp":
        target = tcp_receiver()
        target.events_now = lambda: without_ids(
            [json.loads(line) for data in target.received for line in data.splitlines()]
        )
    else:
        target = http_receiver()
        target.events_now = lambda: without_ids(target.events)
    deployed.configure(request.param, target.port)
    return target


def test_every_record_is_shipped(deployed, receiver, sample, expected):
    deployed.objects = {"a.log": sample, "b.log.gz": gzip.compress(sample[:1000]) + gzip.compress(sample[1000:])}
    counts = deployed.invoke(event("a.log", "b.log.gz"))
    assert counts == {"objects": 2, "lines": 30, "unparsed": 4, "skipped": 0, "continued": 0}
    assert receiver.events_now() == expected * 2
    assert deployed.closed == ["logs/a.log", "logs/b.log.gz"]


def test_one_log_line_an_object(deployed, receiver, sample):
    deployed.objects = {"a.log.gz": gzip.compress(sample)}
    deployed.invoke(event("a.log.gz"))
    (entry,) = deployed.log()
    assert entry.pop("ms") >= 0
    assert entry == {
        "level": "INFO",
        "event": "shipped",
        "bucket": "logs",
        "key": "a.log.gz",
        "lines": 15,
        "unparsed": 2,
        "bytes": len(sample),
    }


def test_the_modules_in_use_are_logged_once_at_the_start(deployed, receiver, sample, monkeypatch):
    monkeypatch.setattr(native, "orjson", None)
    deployed.objects = {"a.log": sample}
    deployed.invoke(event("a.log"))
    deployed.invoke(event("a.log"))
    first, *others = deployed.log(start=True)
    assert first == {"level": "INFO", "event": "started", "modules": ["isal", "json"]}
    assert [entry["event"] for entry in others] == ["shipped", "shipped"]


def test_keys_are_form_encoded(deployed, receiver):
    deployed.objects = {"a b+c=d/é.log": b""}
    assert deployed.invoke(event("a+b%2Bc%3Dd/%C3%A9.log"))["objects"] == 1
    assert deployed.opened == ["logs/a b+c=d/é.log"]


@pytest.mark.parametrize("body", [b"", b"\n\n", gzip.compress(b"")], ids=["empty", "empty lines", "empty gzip"])
def test_an_empty_object_is_no_failure(deployed, free_port, body):
    deployed.configure("tcp", free_port)
    deployed.objects = {"a": body}
    assert deployed.invoke(event("a")) == {"objects": 1, "lines": 0, "unparsed": 0, "skipped": 0, "continued": 0}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "logs"}, "s3:TestEvent"),
        (event("AWSLogs/123456789012/ELBAccessLogTestFile"), "the balancer's test object"),
        ({"Records": [record("a", name="ObjectRemoved:Delete")]}, "ObjectRemoved:Delete: no new object"),
    ],
)
def test_what_is_no_log_is_skipped_by_name(deployed, free_port, value, reason):
    deployed.configure("tcp", free_port)
    assert deployed.invoke(value) == {"objects": 0, "lines": 0, "unparsed": 0, "skipped": 1, "continued": 0}
    assert [entry["reason"] for entry in deployed.log()] == [reason]
    assert deployed.opened == []


def test_a_name_that_only_contains_the_test_objects_name_is_a_log(deployed, receiver):
    deployed.objects = {"ELBAccessLogTestFile/a.log": b"", "a-ELBAccessLogTestFile": b""}
    assert deployed.invoke(event(*deployed.objects))["objects"] == 2


@pytest.mark.parametrize(
    "value",
    [{}, {"Records": None}, {"Records": [{"body": "{}"}]}, {"Records": [{"Sns": {}}]}, {"Records": ["x"]}],
)
def test_other_events_are_refused_and_never_reported_as_done(deployed, free_port, value):
    deployed.configure("tcp", free_port)
    with pytest.raises(EventError, match="not an event that names an object"):
        deployed.invoke(value)


def test_no_records(deployed, free_port):
    deployed.configure("tcp", free_port)
    assert deployed.invoke({"Records": []})["objects"] == 0


def test_settings_that_were_not_substituted_fail_before_anything_is_read(deployed):
    deployed.configure("tcp", 1, LogHost="#{LogHost}")
    with pytest.raises(SettingsError, match="LogHost"):
        deployed.invoke(event("a"))
    assert deployed.opened == []


def test_one_record_fails_the_others_are_shipped_and_the_invocation_fails(deployed, receiver, sample, expected):
    deployed.objects = {"a": sample, "gone": KeyError("NoSuchKey"), "b": sample}
    with pytest.raises(DeliveryError, match=r"1 of 3 objects not delivered: s3://logs/gone: .*NoSuchKey"):
        deployed.invoke(event("a", "gone", "b"))
    assert receiver.events_now() == expected * 2
    assert [entry["event"] for entry in deployed.log()] == ["shipped", "failed", "shipped"]


def test_failure_is_logged(deployed, free_port, sample):
    deployed.configure("tcp", free_port)
    deployed.objects = {"a": sample}
    with pytest.raises(DeliveryError, match="Connection refused"):
        deployed.invoke(event("a"))
    (entry,) = deployed.log()
    assert (entry["event"], entry["key"], entry["code"]) == ("failed", "a", "delivery_failed")
    assert "Connection refused" in entry["error"]
    assert deployed.closed == ["logs/a"]


def test_damaged_gzip_fails_after_the_whole_lines_before_the_damage(deployed, receiver, sample, expected):
    packed = gzip.compress(sample)
    deployed.objects = {"cut": packed + packed[:-8], "bad": packed + packed[:-6] + b"\0" * 6, "b": sample}
    with pytest.raises(DeliveryError, match=r"2 of 3 objects .*/cut: truncated gzip .*/bad: corrupt gzip"):
        deployed.invoke(event("cut", "bad", "b"))
    arrived = receiver.events_now()
    assert arrived[:30] == expected * 2
    assert arrived[-30:] == expected * 2


def test_body_that_breaks_off(deployed, receiver, sample, monkeypatch):
    @contextlib.contextmanager
    def breaking(_bucket, _key, _version, _etag):
        chunks = iter([sample, ConnectionError("the body was short")])

        def read(_size):
            chunk = next(chunks)
            if isinstance(chunk, Exception):
                raise chunk
            return chunk

        yield SimpleNamespace(read=read, retries=0, etag=None)

    monkeypatch.setattr(s3, "open_object", breaking)
    with pytest.raises(DeliveryError, match="the body was short"):
        deployed.invoke(event("a"))


def test_reset_in_mid_object_and_the_next_object_arrives(  # noqa: PLR0913, PLR0917 - fixtures
    deployed, tcp_receiver, reset_connection, sample, expected, without_ids
):
    behaviours = ["reset"]

    def behave(connection):
        if behaviours:
            behaviours.pop()
            connection.recv(1000)
            reset_connection(connection)
            return b""
        data = b""
        while chunk := connection.recv(65536):
            data += chunk
        return data

    receiver = tcp_receiver(behave)
    deployed.configure("tcp", receiver.port)
    deployed.objects = {"a": sample * 3000, "b": sample}
    with pytest.raises(DeliveryError, match=r"1 of 2 .* s3://logs/a"):
        deployed.invoke(event("a", "b"))
    assert without_ids(map(json.loads, receiver.wait_for(2)[1].splitlines())) == expected


def test_http_500_for_one_batch_fails_its_object_only(deployed, http_receiver, sample, expected, without_ids):
    receiver = http_receiver(200, 500, 200)
    deployed.configure("http", receiver.port, BatchEvents=10)
    deployed.objects = {"a": sample, "b": sample}
    with pytest.raises(DeliveryError, match=r"1 of 2 .* s3://logs/a: .*500 .*the queue is full"):
        deployed.invoke(event("a", "b"))
    assert without_ids(receiver.events) == expected[:10] + expected


def test_the_same_event_twice_sends_everything_twice(deployed, receiver, sample, expected):
    deployed.objects = {"a": sample}
    assert deployed.invoke(event("a")) == deployed.invoke(event("a"))
    assert receiver.events_now() == expected * 2


def test_retry_after_a_failure_delivers(  # noqa: PLR0913, PLR0917 - fixtures
    deployed, free_port, tcp_receiver, sample, expected, without_ids
):
    deployed.objects = {"a": sample}
    deployed.configure("tcp", free_port)
    with pytest.raises(DeliveryError):
        deployed.invoke(event("a"))
    receiver = tcp_receiver()
    deployed.configure("tcp", receiver.port)
    deployed.invoke(event("a"))
    assert without_ids(map(json.loads, receiver.wait_for(1)[0].splitlines())) == expected


def test_large_object_arrives_whole_and_in_order(deployed, receiver, sample):
    line = sample.splitlines()[0]
    body = b"\n".join(line.replace(b" 5120 ", b" %d " % number) for number in range(5000))
    deployed.objects = {"a": gzip.compress(body)}
    deployed.invoke(event("a"))
    assert [entry["BytesDownloadedByClient"] for entry in receiver.events_now()] == list(range(5000))


def test_a_smoke_test_ships_one_line_and_says_that_it_was_acknowledged(deployed, receiver):
    assert deployed.invoke({"smoke": {"id": "version-4-1f2e3d4c"}}) == {
        "smoke": "version-4-1f2e3d4c",
        "lines": 1,
        "unparsed": 0,
        "acknowledged": 1,
    }
    (arrived,) = receiver.events_now()
    assert arrived["LoadBalancerName"] == smoke.BALANCER
    assert arrived["FullRequest"].endswith("/version-4-1f2e3d4c HTTP/1.1")
    assert arrived["Environment"] == "test"
    assert "Bucket" not in arrived
    assert deployed.opened == []


@pytest.mark.parametrize("naming", ["original", "ecs", "aws"])
def test_the_line_of_a_smoke_test_is_parsed_with_all_names_and_left_out_by_no_filter(deployed, tcp_receiver, naming):
    target = tcp_receiver()
    status = {"original": "Status", "ecs": "http.response.status_code", "aws": "elb_status_code"}[naming]
    more = {"Exclude": {status: ["200"]}, "Sampling": {"2xx": 0}, "MaskAddresses": True}
    deployed.configure("tcp", target.port, Naming=naming, **more)
    answer = deployed.invoke({"smoke": {"id": "a"}})
    assert (answer["unparsed"], answer["acknowledged"]) == (0, 1)
    assert smoke.BALANCER in b"".join(target.received).decode()


def test_a_smoke_test_counts_in_no_metric(deployed, receiver, capsys):
    deployed.invoke({"smoke": {"id": "a"}})
    said = capsys.readouterr().out
    assert '"event": "smoke"' in said
    assert "_aws" not in said


def test_a_smoke_test_that_nobody_takes_fails_with_what_is_wrong(deployed, free_port):
    deployed.configure("tcp", free_port)
    with pytest.raises(DeliveryError, match=r"127\.0\.0\.1"):
        deployed.invoke({"smoke": {"id": "a"}})
    (entry,) = deployed.log()
    assert (entry["event"], entry["id"], entry["code"]) == ("failed", "a", DeliveryError.code)


def test_a_smoke_test_of_a_receiver_that_reads_and_does_not_acknowledge_fails(deployed, http_receiver):
    target = http_receiver(500)
    deployed.configure("http", target.port)
    with pytest.raises(DeliveryError, match="500"):
        deployed.invoke({"smoke": {"id": "a"}})


@pytest.mark.parametrize("test", [{}, {"id": ""}, {"id": 'a" b'}, {"id": "a" * 65}, {"id": 1}, "a", None])
def test_a_smoke_test_without_a_plain_id_is_refused(deployed, free_port, test):
    deployed.configure("tcp", free_port)
    with pytest.raises(EventError, match="smoke: the id is"):
        deployed.invoke({"smoke": test})
