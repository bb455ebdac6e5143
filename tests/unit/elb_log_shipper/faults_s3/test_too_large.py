"""Single events that are larger than the receiver accepts: all others arrive, and nothing is kept back or lost.

From objects on loopback to a real receiver of HTTP with a limit.
"""

import gzip
import http.server
import json
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import elb_log_shipper
import pytest
from elb_log_shipper import handler
from elb_log_shipper.errors import DeliveryError
from elb_log_shipper.events import Context, Encoder
from elb_log_shipper.events.lines import MAX_LINE_BYTES, blocks

from .conftest import ids_of, log_of

SOURCE = Path(elb_log_shipper.__file__).parent.parent
LIMIT = 100_000
LINES = 1200
ID = {"original": lambda one: one["EventId"], "ecs": lambda one: one["event"]["id"], "aws": lambda one: one["event_id"]}


class Limited:
    """Answers 413 to what is larger than its limit, and keeps the rest."""

    def __init__(self) -> None:
        self.limit = LIMIT
        self.events: list[dict] = []
        self.refused = 0
        peer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 10

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                taken = len(body) <= peer.limit
                if taken:
                    peer.events += json.loads(body)
                else:
                    peer.refused += 1
                self.send_response(200 if taken else 413)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def ids(self, naming: str = "original") -> Counter[str]:
        return Counter(map(ID[naming], self.events))

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def peer():
    found = Limited()
    yield found
    found.close()


@pytest.fixture
def shipper(aws, deployed, peer, tmp_path, monkeypatch):
    """The deployed function with HTTP to the peer; ``configure`` for more settings."""

    def configure(**more) -> None:
        values = json.loads((tmp_path / "settings.json").read_text(encoding="utf-8"))
        values |= {"LogTransport": "http", "LogPort": peer.port, **more}
        (tmp_path / "settings.json").write_text(json.dumps(values), encoding="utf-8")

    configure()
    deployed.configure = configure
    yield deployed
    handler._sinks.close()


def log_with(*places: int, size: int = 2 * LIMIT) -> tuple[bytes, list[str], list[str]]:
    """A log whose lines at these places are large; its events' ids, and those of the large ones."""
    lines = log_of(LINES).splitlines()
    for place in places:
        lines[place] = lines[place].replace(b"Mozilla/5.0", b"x" * size)
    log = b"\n".join(lines)
    ids = ids_of("s3://logs/a.log", log)
    return log, ids, [ids[place] for place in places]


def s3_event(*keys: str) -> dict:
    return {"Records": [{"s3": {"bucket": {"name": "logs"}, "object": {"key": key}}} for key in keys]}


def sqs_event(*bodies: str) -> dict:
    return {
        "Records": [
            {"eventSource": "aws:sqs", "messageId": f"m{number}", "body": body} for number, body in enumerate(bodies)
        ]
    }


@pytest.mark.parametrize("naming", ID)
@pytest.mark.parametrize("places", [[0], [600], [LINES - 1], [5, 6, 1000]], ids=str)
def test_only_what_is_too_large_fails_until_the_limit_is_raised(aws, shipper, peer, places, naming):
    shipper.configure(Naming=naming)
    log, ids, large = log_with(*places)
    aws.objects["a.log"] = gzip.compress(log)
    assert shipper.invoke(s3_event("a.log"))["objects"] == 1
    assert peer.ids(naming) == Counter(set(ids) - set(large))
    entries, (metrics,) = shipper.logged()
    assert [(one["level"], one["event"]) for one in entries] == [("ERROR", "refused")] * len(places) + [
        ("INFO", "shipped")
    ]
    assert [one["line"] for one in entries[:-1]] == places
    assert "413" in entries[0]["error"]
    assert (metrics["Refused"], metrics["Failures"], metrics["Lines"]) == (len(places), 0, LINES)

    messages = [aws.sent.pop(0) for _ in places]
    assert aws.sent == []
    for message, place in zip(messages, places, strict=True):
        rest = json.loads(message)["continue"]
        assert log[rest["offset"] : rest["end"]] == log.splitlines()[place]
        assert rest["line"] == place

    failed = [{"itemIdentifier": f"m{number}"} for number in range(len(places))]
    for _ in range(2):  # as often as the queue tries: nothing else comes of it
        assert shipper.invoke(sqs_event(*messages)) == {"batchItemFailures": failed}
    assert aws.sent == []
    assert peer.ids(naming) == Counter(set(ids) - set(large))

    peer.limit *= 10
    assert shipper.invoke(sqs_event(*messages)) == {"batchItemFailures": []}
    assert peer.ids(naming) == Counter(ids)
    assert [ID[naming](event) for event in peer.events[-len(places) :]] == large


def test_the_event_of_a_line_that_was_sent_alone_is_the_same(aws, shipper, peer):
    log, _, (large,) = log_with(600)
    aws.objects["a.log"] = log
    shipper.invoke(s3_event("a.log"))
    peer.limit *= 10
    shipper.invoke(sqs_event(*aws.sent))
    encoder = Encoder(Context("balancer", "test", "shop"), object_name="s3://logs/a.log")
    data = b"".join(encoder.encode(block).data for block in blocks([log]))
    wanted = [json.loads(line) for line in data.splitlines()]
    assert peer.events[-1] == next(event for event in wanted if event["EventId"] == large)


def test_the_next_object_knows_nothing_of_it(aws, shipper, peer):
    log, ids, (large,) = log_with(600)
    aws.objects |= {"a.log": log, "b.log": log_of(3)}
    assert shipper.invoke(s3_event("a.log", "b.log"))["objects"] == 2
    assert len(aws.sent) == 1
    assert peer.ids() == Counter([*(one for one in ids if one != large), *ids_of("s3://logs/b.log", log_of(3))])


class LateContext:
    """Lambda's: late, but with time to deliver, as soon as the peer has so many events."""

    def __init__(self, peer: Limited, events: int) -> None:
        self._peer = peer
        self._events = events

    def get_remaining_time_in_millis(self) -> int:
        return 20_000 if len(self._peer.events) >= self._events else 100_000


def test_near_the_time_limit_rest_and_line_are_both_handed_on(aws, shipper, peer):
    log, ids, large = log_with(100, 900)
    aws.objects["a.log"] = log
    answer = handler.lambda_handler(s3_event("a.log"), LateContext(peer, 50))
    assert (answer["objects"], answer["continued"]) == (0, 1)
    rest, first = aws.sent
    assert json.loads(first)["continue"]["line"] == 100
    assert json.loads(rest)["continue"]["end"] is None
    assert shipper.invoke(sqs_event(rest)) == {"batchItemFailures": []}
    (second,) = aws.sent[2:]
    assert json.loads(second)["continue"]["line"] == 900
    assert peer.ids() == Counter(set(ids) - set(large))
    peer.limit *= 10
    assert shipper.invoke(sqs_event(first, second)) == {"batchItemFailures": []}
    assert peer.ids() == Counter(ids)


def test_a_line_that_the_time_is_too_short_for_is_handed_on_as_a_line(aws, shipper, peer):
    log, ids, _ = log_with(600)
    aws.objects |= {"a.log": log, "b.log": log_of(1)}
    shipper.invoke(s3_event("a.log"))
    (line,) = aws.sent
    peer.limit *= 10
    event = sqs_event(json.dumps(s3_event("b.log")), line)
    assert handler.lambda_handler(event, LateContext(peer, LINES)) == {"batchItemFailures": []}
    assert aws.sent == [line, line]
    assert shipper.invoke(sqs_event(line)) == {"batchItemFailures": []}
    assert peer.ids() == Counter(ids + ids_of("s3://logs/b.log", log_of(1)))


def test_without_a_queue_the_object_fails_once_the_rest_is_delivered(aws, shipper, peer, monkeypatch):
    monkeypatch.delenv("ELB_LOG_SHIPPER_QUEUE_URL")
    log, ids, large = log_with(600)
    aws.objects["a.log"] = log
    offset = large[0].partition("-")[2]
    with pytest.raises(
        DeliveryError, match=rf"413 .* begins at byte {offset} \(line 601\); the rest of the log can't be queued"
    ):
        shipper.invoke(s3_event("a.log"))
    assert peer.ids() == Counter(set(ids) - set(large))


def test_parts_of_a_line_that_is_too_long_to_be_held_fail_its_object(aws, shipper, peer):
    log, _, (large,) = log_with(600, size=2 * MAX_LINE_BYTES + 1000)
    aws.objects["a.log"] = log
    with pytest.raises(DeliveryError, match=r"413 .* begins at byte [0-9]+ \(line 601\), byte [0-9]+ \(line 601\)"):
        shipper.invoke(s3_event("a.log"))
    assert aws.sent == []
    others = {one for one in ids_of("s3://logs/a.log", log) if one != large}
    assert others < set(peer.ids())  # and the line's last part, which is small


def test_lines_are_counted_also_behind_one_that_came_in_parts(aws, shipper, peer):
    peer.limit = 2 * MAX_LINE_BYTES
    lines = log_of(LINES).splitlines()
    lines[5] = b""
    lines[10] = lines[10].replace(b"Mozilla/5.0", b"x" * MAX_LINE_BYTES * 2)
    lines[600] = lines[600].replace(b"Mozilla/5.0", b"\xff" * (MAX_LINE_BYTES // 2))  # each is written as \\xff
    aws.objects["a.log"] = log = b"\n".join(lines)
    shipper.invoke(s3_event("a.log"))
    (message,) = aws.sent
    rest = json.loads(message)["continue"]
    assert rest["line"] == 600
    assert log[rest["offset"] : rest["end"]] == lines[600]


def test_with_very_many_of_them_the_object_fails_and_nothing_is_handed_on(aws, shipper, peer):
    log, _, _ = log_with(*range(0, 210, 10))
    aws.objects["a.log"] = log
    with pytest.raises(DeliveryError, match=r"413 .*Raise its limit \(and 20 more\)"):
        shipper.invoke(s3_event("a.log"))
    assert aws.sent == []
    peer.limit *= 10
    assert shipper.invoke(s3_event("a.log"))["objects"] == 1
    assert set(peer.ids()) == set(ids_of("s3://logs/a.log", log))


def test_damage_is_still_a_failure_of_the_object(aws, shipper, peer):
    log, _, _ = log_with(600)
    aws.objects["a.log"] = gzip.compress(log)[:-4]
    with pytest.raises(DeliveryError, match="1 of 1 objects"):
        shipper.invoke(s3_event("a.log"))
    assert aws.sent == []


def test_the_command_line_goes_on_with_the_next_log_and_fails_in_the_end(tmp_path, peer):
    log, _, (large,) = log_with(600)
    paths = [tmp_path / "a.log", tmp_path / "b.log"]
    paths[0].write_bytes(log)
    paths[1].write_bytes(log_of(3))
    done = subprocess.run(
        [sys.executable, "-m", "elb_log_shipper", "ship", *paths, "--to", f"http://127.0.0.1:{peer.port}/"],
        cwd=SOURCE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert f"begins at byte {large.partition('-')[2]} (line 601)" in done.stderr
    assert "shipped 1 of 2 logs: 1203 lines" in done.stderr
    wanted = ids_of(str(paths[0]), log)
    del wanted[600]
    assert peer.ids() == Counter(wanted + ids_of(str(paths[1]), log_of(3)))
