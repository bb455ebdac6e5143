"""The faults of S3 and of the trigger, and what is at the sink afterwards: nothing lost, copies with equal ids."""

import gzip
import io
import json
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import elb_log_shipper
import pytest
from elb_log_shipper.aws import s3
from elb_log_shipper.errors import DeliveryError
from elb_log_shipper.events import Context, Encoder
from elb_log_shipper.shipping import Position, ship

from .conftest import RecordingSink, error, etag_of, ids_of, log_of, serve

SOURCE = Path(elb_log_shipper.__file__).parent.parent


def peak_kilobytes(*, afresh: bool = False) -> int:
    """The most memory that this process has had; ``afresh``: from now on."""
    if afresh:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text(encoding="ascii"))[1])


def s3_event(*keys: str) -> dict:
    return {"Records": [{"s3": {"bucket": {"name": "logs"}, "object": {"key": key}}} for key in keys]}


def sqs_event(*bodies: dict | str) -> dict:
    return {
        "Records": [
            {
                "eventSource": "aws:sqs",
                "messageId": f"m{number}",
                "body": body if isinstance(body, str) else json.dumps(body),
                "attributes": {"ApproximateReceiveCount": "1"},
            }
            for number, body in enumerate(bodies)
        ]
    }


@pytest.fixture
def log(aws) -> bytes:
    """What is in object a.log, some chunks long."""
    aws.objects["a.log"] = log_of(4000)
    return aws.objects["a.log"]


@pytest.fixture
def ids(log) -> list[str]:
    return ids_of("s3://logs/a.log", log)


@pytest.mark.parametrize(
    "refusal", [(404, "NoSuchKey", "not there"), (403, "AccessDenied", "s3:GetObject")], ids=["404", "403"]
)
def test_an_object_that_cannot_be_had_fails_and_the_others_are_shipped(aws, sink, deployed, ids, refusal):
    status, code, says = refusal
    aws.script = [error(status, code)]
    with pytest.raises(DeliveryError, match=rf"1 of 2 objects not delivered: s3://logs/other: .*{says}"):
        deployed.invoke(s3_event("other", "a.log"))
    assert sink.has_each_once(ids)


def test_an_s3_that_is_down_for_a_moment_is_asked_again(aws, sink, deployed, log, ids):
    aws.script = [error(503, "SlowDown")]
    deployed.invoke(s3_event("a.log"))
    assert sink.has_each_once(ids)


def test_a_body_that_breaks_off_is_continued_where_it_did(aws, sink, deployed, log, ids):
    aws.script = [
        lambda request, body: serve(request, body, 100_000),
        lambda request, body: serve(request, body, 50_000),
    ]
    deployed.invoke(s3_event("a.log"))
    assert sink.has_each_once(ids)
    assert aws.ranges[0] is None
    starts = [int(one.removeprefix("bytes=").removesuffix("-")) for one in aws.ranges[1:]]
    assert len(starts) == 2
    assert 0 < starts[0] < starts[1] < len(log)
    _, (metrics,) = deployed.logged()
    assert (metrics["Retries"], metrics["Failures"], metrics["Lines"]) == (2, 0, 4000)


def test_a_body_that_stands_still_is_continued(aws, sink, deployed, ids, monkeypatch):
    monkeypatch.setattr(s3, "READ_SECONDS", 0.3)
    done = threading.Event()

    def stand_still(request, body):
        serve(request, body, 70_000)
        request.wfile.flush()
        done.wait(10)

    aws.script = [stand_still]
    deployed.invoke(s3_event("a.log"))
    done.set()
    assert sink.has_each_once(ids)
    assert len(aws.ranges) == 2


def test_a_body_that_is_always_short_fails_and_the_next_try_has_equal_ids(aws, sink, deployed, log, ids):
    aws.script = [lambda request, body: serve(request, body, 100_000)]
    aws.always = lambda request, body: serve(request, body, 0)
    with pytest.raises(DeliveryError, match=r"broke off after \d+ of \d+ bytes"):
        deployed.invoke(s3_event("a.log"))
    assert sink.delivered == []
    assert sink.maybe != []
    aws.always = None
    deployed.invoke(s3_event("a.log"))
    assert sink.has_each_once(ids)


def test_an_object_that_was_replaced_while_it_was_read_is_no_mixture(aws, sink, deployed, log):
    def replace(request, body):
        serve(request, body, 100_000)
        aws.objects["a.log"] = log.replace(b"web-prod", b"web-test")

    aws.script = [replace]
    with pytest.raises(DeliveryError, match="replaced by another object"):
        deployed.invoke(s3_event("a.log"))
    assert all(event["LoadBalancerName"] == "web-prod" for event in sink.delivered)


@pytest.mark.parametrize("damage", ["truncated", "corrupt"])
def test_damaged_gzip_fails_after_the_whole_lines_before_the_damage(aws, sink, deployed, ids, damage):
    packed = gzip.compress(aws.objects["a.log"])
    half = len(packed) // 2
    aws.objects["a.log"] = (
        packed[:half] if damage == "truncated" else packed[:half] + b"\xff" * 99 + packed[half + 99 :]
    )
    with pytest.raises(DeliveryError, match=f"s3://logs/a.log: {damage} gzip data"):
        deployed.invoke(s3_event("a.log"))
    delivered = sink.ids
    assert 0 < len(delivered) < len(ids)
    if damage == "truncated":  # what corrupt data inflates to is anybody's guess
        assert delivered == ids[: len(delivered)]
    aws.objects["a.log"] = packed
    deployed.invoke(s3_event("a.log"))
    assert set(sink.ids) >= set(ids)


def test_an_empty_object_is_shipped_without_an_event(aws, sink, deployed):
    aws.objects["a.log"] = b""
    assert deployed.invoke(s3_event("a.log"))["objects"] == 1
    assert sink.delivered == []


def test_a_line_of_2_gigabytes_arrives_in_parts_and_memory_stays_flat():
    """From a generator to a sink that counts: neither ever has the line."""
    before = peak_kilobytes(afresh=True)
    size = 2 * 1024**3
    left = size
    chunk = b"x" * 65536

    def read(_size):
        nonlocal left
        if left > 0:
            left -= len(chunk)
            return chunk
        left, answer = -1, b"\nend\n" if left == 0 else b""
        return answer

    class Counting:
        characters = events = 0
        last = b""

        def send(self, batch):
            self.events += batch.events
            self.characters += batch.data.count(b"x" * 1024) * 1024
            self.last = batch.data

        def commit(self):
            pass

    sink = Counting()
    counts, stopped = ship(read, sink, Encoder(Context("c", "e", "a"), object_name="s3://logs/long"))
    assert stopped is None
    assert (counts.lines, counts.unparsed, counts.bytes) == (2, 2, size + 5)
    assert sink.characters == size
    assert sink.events == size // 1024**2 + 1
    assert json.loads(sink.last)["EventId"].endswith(f"-{size + 1}")
    assert peak_kilobytes() - before < 32 * 1024


def test_killed_in_the_middle_and_run_again_nothing_is_lost(tmp_path, tcp_receiver):
    log = log_of(50_000)
    path = tmp_path / "a.log"
    path.write_bytes(log)
    started = threading.Event()
    slow = [True]

    def behave(connection):
        data = b""
        while chunk := connection.recv(65536):
            data += chunk
            started.set()
            if slow:
                time.sleep(0.05)
        return data

    receiver = tcp_receiver(behave)
    command = [sys.executable, "-m", "elb_log_shipper", "ship", str(path), "--to", f"tcp://127.0.0.1:{receiver.port}"]
    first = subprocess.Popen(command, cwd=SOURCE, stderr=subprocess.DEVNULL)
    assert started.wait(20)
    first.send_signal(signal.SIGKILL)
    assert first.wait(20) == -signal.SIGKILL
    slow.clear()
    assert subprocess.run(command, cwd=SOURCE, stderr=subprocess.DEVNULL, check=False).returncode == 0
    cut, whole = receiver.wait_for(2)
    arrived = {json.loads(line)["EventId"]: line for line in whole.splitlines()}
    assert list(arrived) == ids_of(str(path), log)
    complete = cut.splitlines()[:-1]
    assert 0 < len(complete) < len(arrived)
    assert all(arrived[json.loads(line)["EventId"]] == line for line in complete)


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_time_limit_in_the_middle_the_rest_goes_on_until_the_end(aws, sink, deployed, ids, packed):
    log = aws.objects["a.log"]
    if packed:
        aws.objects["a.log"] = gzip.compress(log)
    first = deployed.invoke(s3_event("a.log"), looks=3)
    assert (first["objects"], first["continued"]) == (0, 1)
    assert 0 < len(sink.ids) < len(ids)
    invocations = 1
    while aws.sent:
        rest = json.loads(aws.sent[0])["continue"]
        assert (rest["bucket"], rest["key"], rest["etag"].strip('"')) == (
            "logs",
            "a.log",
            etag_of(aws.objects["a.log"]),
        )
        assert ids[rest["line"]] == f"{ids[0].partition('-')[0]}-{rest['offset']}"
        answer = deployed.invoke(sqs_event(aws.sent.pop(0)), looks=3 + 2 * invocations)
        assert answer == {"batchItemFailures": []}
        invocations += 1
        assert invocations < 50
    assert invocations > 2
    assert sink.ids == ids
    entries, metrics = deployed.logged()
    assert [entry["event"] for entry in entries].count("continued") == invocations - 1
    assert sum(one["Lines"] for one in metrics) == len(ids)
    assert sum(one["Bytes"] for one in metrics) == len(log)
    assert sum(one["Objects"] for one in metrics) == 1


def test_time_that_is_too_short_for_any_progress_fails_and_hands_nothing_on(aws, sink, deployed, log):
    with pytest.raises(DeliveryError, match="the time limit is too short to ship anything from byte 0 on"):
        deployed.invoke(s3_event("a.log"), looks=1)
    assert aws.sent == []
    body = {"continue": {"bucket": "logs", "key": "a.log", "version": None, "etag": None, "offset": 0, "line": 0}}
    assert deployed.invoke(sqs_event(body), looks=1) == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    assert sink.delivered == []


def test_objects_that_the_time_is_too_short_for_are_handed_on_untried(aws, sink, deployed, log, ids):
    aws.objects["b.log"] = log
    answer = deployed.invoke(s3_event("a.log", "b.log"), looks=3)
    assert answer["continued"] == 2
    assert [json.loads(body)["continue"]["key"] for body in aws.sent] == ["a.log", "b.log"]
    assert deployed.invoke(sqs_event(*aws.sent)) == {"batchItemFailures": []}
    assert sink.has_each_once(ids + ids_of("s3://logs/b.log", log))


def test_a_rest_that_cannot_be_handed_on_is_a_failure(aws, sink, deployed, log, monkeypatch):
    monkeypatch.delenv("ELB_LOG_SHIPPER_QUEUE_URL")
    with pytest.raises(DeliveryError, match="ELB_LOG_SHIPPER_QUEUE_URL is not set"):
        deployed.invoke(s3_event("a.log"), looks=3)


def test_the_rest_of_an_object_that_was_replaced_is_a_failure(aws, sink, deployed, log):
    deployed.invoke(s3_event("a.log"), looks=3)
    delivered = len(sink.delivered)
    aws.objects["a.log"] = log.upper()
    assert deployed.invoke(sqs_event(*aws.sent)) == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    assert len(sink.delivered) == delivered


def test_a_position_beyond_the_end_is_a_failure(aws, sink, deployed, log):
    body = {"continue": {"bucket": "logs", "key": "a.log", "offset": len(log) + 1, "line": 4000}}
    assert deployed.invoke(sqs_event(body)) == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    entries, _ = deployed.logged()
    assert f"the log has {len(log)} bytes" in entries[0]["error"]


def test_the_same_event_twice_has_the_same_ids(aws, sink, deployed, log, ids):
    for _ in range(2):
        deployed.invoke(s3_event("a.log"))
    assert sink.ids == ids * 2
    assert sink.has_all(ids)


def test_one_failed_message_of_two_does_not_repeat_the_other(aws, sink, deployed, log, ids):
    aws.objects["b.log"] = log.replace(b"web-prod", b"web-test")
    sink.refuse = lambda event: event["LoadBalancerName"] == "web-test"
    event = sqs_event(s3_event("b.log"), s3_event("a.log"))
    assert deployed.invoke(event) == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    assert sink.has_each_once(ids)
    sink.refuse = lambda _: False
    again = {"Records": [event["Records"][0] | {"attributes": {"ApproximateReceiveCount": "2"}}]}
    assert deployed.invoke(again) == {"batchItemFailures": []}
    assert sink.has_each_once(ids + ids_of("s3://logs/b.log", log))
    _, metrics = deployed.logged()
    assert [(one["Failures"], one["Retries"]) for one in metrics] == [(1, 0), (0, 1)]


def test_one_failed_record_of_two_fails_its_message_once_both_were_tried(aws, sink, deployed, log, ids):
    assert deployed.invoke(sqs_event(s3_event("gone", "a.log"))) == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    assert sink.has_each_once(ids)


def eventbridge_event(key: str) -> dict:
    detail = {"bucket": {"name": "logs"}, "object": {"key": key}}
    return {"source": "aws.s3", "detail-type": "Object Created", "detail": detail}


def sns_event(*inner: dict) -> dict:
    return {"Records": [{"EventSource": "aws:sns", "Sns": {"Message": json.dumps(one)}} for one in inner]}


def sns_body(inner: dict) -> dict:
    return {"Type": "Notification", "Message": json.dumps(inner)}


ENVELOPES = {
    "S3": s3_event,
    "SNS of one": lambda *keys: sns_event(s3_event(*keys)),
    "SNS of several": lambda *keys: sns_event(*map(s3_event, keys)),
    "EventBridge in SNS": lambda *keys: sns_event(*map(eventbridge_event, keys)),
    "S3 in SQS": lambda *keys: sqs_event(s3_event(*keys)),
    "SNS in SQS": lambda *keys: sqs_event(sns_body(s3_event(*keys))),
    "EventBridge in SNS in SQS": lambda *keys: sqs_event(sns_event(*map(eventbridge_event, keys))),
}
"""Several objects in what succeeds or fails as one."""


@pytest.mark.parametrize("envelope", ENVELOPES)
@pytest.mark.parametrize("fault", ["gone", "refused", "damaged"])
@pytest.mark.parametrize("place", range(3))
def test_every_other_record_is_tried_before_a_failure_is_reported(aws, sink, deployed, envelope, fault, place):  # noqa: PLR0913, PLR0917 - a table
    """And shipped again with the next try, as its ids allow."""
    good = log_of(20)
    aws.objects = {"a.log": good, "b.log": good, "c.log": good}
    bad = list(aws.objects)[place]
    if fault == "gone":
        del aws.objects[bad]
    elif fault == "refused":
        aws.objects[bad] = good.replace(b"web-prod", b"web-test")
        sink.refuse = lambda event: event["LoadBalancerName"] == "web-test"
    else:
        aws.objects[bad] = gzip.compress(good)[:30]
    event = ENVELOPES[envelope]("a.log", "b.log", "c.log")
    others = [one for key in "abc" if f"{key}.log" != bad for one in ids_of(f"s3://logs/{key}.log", good)]
    for _ in range(2):
        if "SQS" in envelope:
            assert deployed.invoke(event) == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
        else:
            with pytest.raises(DeliveryError, match=f"1 of 3 objects not delivered: s3://logs/{bad}"):
                deployed.invoke(event)
    assert sink.ids == others * 2
    aws.objects[bad] = good
    deployed.invoke(event)
    assert sink.has_all(others + ids_of(f"s3://logs/{bad}", good))


def test_two_events_of_eventbridge_in_one_batch_of_sqs_fail_apart(aws, sink, deployed, log, ids):
    event = sqs_event(eventbridge_event("gone"), eventbridge_event("a.log"))
    assert deployed.invoke(event) == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    assert sink.has_each_once(ids)


def test_a_message_that_nobody_understands_fails_alone(aws, sink, deployed, log, ids):
    event = sqs_event("{not json", s3_event("a.log"))
    assert deployed.invoke(event) == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    assert sink.has_each_once(ids)


def test_wherever_it_stops_the_rest_begins_there():
    """Stopped after ever more chunks, in a log with lines of many lengths, and gone on: each event once."""
    log = b"".join(b"x" * (number * 7919 % 3000) + b"%d\n" % number + b"\n" * (number % 2) for number in range(600))
    sink = RecordingSink()
    position, rounds = Position(), 0
    while position is not None:
        rounds += 1
        looks = iter([False] * (rounds + 1))
        encoder = Encoder(Context("c", "e", "a"), object_name="n")
        position = ship(
            io.BytesIO(log).read, sink, encoder, start=position, should_stop=lambda looks=looks: next(looks, True)
        ).stopped
        assert position is None or position.line == log[: position.offset].count(b"\n")
    assert rounds > 5
    assert sink.ids == ids_of("n", log)


LISTING = "<ListBucketResult><IsTruncated>false</IsTruncated>{}</ListBucketResult>"


def test_a_backfill_of_a_prefix_has_the_functions_ids(aws, sink, deployed, tcp_receiver):
    """So that it replaces what the function has shipped, and the other way round."""
    logs = {f"elb/{name}.log": log_of(50 + number) for number, name in enumerate("abc")}
    aws.objects = dict(logs)
    deployed.invoke(s3_event(*logs))
    found = "".join(f"<Contents><Key>{key}</Key><Size>{len(body)}</Size></Contents>" for key, body in logs.items())

    def answer(request, body):
        serve(request, LISTING.format(found).encode() if body is None else body)

    aws.always = answer
    receiver = tcp_receiver()
    command = [
        sys.executable,
        "-m",
        "elb_log_shipper",
        "ship",
        "s3://logs/elb/",
        "--to",
        f"tcp://127.0.0.1:{receiver.port}",
    ]
    done = subprocess.run(
        [*command, "--from", "s3://logs/elb/b.log"], cwd=SOURCE, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "shipped 2 of 2 logs: 103 lines, 0 unparsed" in done.stderr
    shipped = [json.loads(line)["EventId"] for data in receiver.wait_for(2) for line in data.splitlines()]
    assert shipped == sink.ids[50:]


def test_time_limit_inside_of_a_long_line_goes_on_at_its_start():
    log = b"one\n" + b"x" * 3_000_000 + b"\nlast\n"

    def run(start, looks):
        recording, left = RecordingSink(), iter([False] * looks)
        encoder = Encoder(Context("c", "e", "a"), object_name="n")
        stopped = ship(
            io.BytesIO(log).read, recording, encoder, start=start, should_stop=lambda: next(left, True)
        ).stopped
        return recording.delivered, stopped

    whole, _ = run(Position(), looks=1000)
    first, stopped = run(Position(), looks=15)
    assert len(first) > 1, "a part of the long line was sent"
    assert stopped == Position(4, 1)
    rest, ended = run(stopped, looks=1000)
    assert ended is None
    assert rest == whole[1:]
    assert all(event in whole for event in first)
