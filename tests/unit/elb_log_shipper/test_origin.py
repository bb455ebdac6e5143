"""Where an event comes from: in every style, of parsed lines and of raw ones."""

import contextlib
import io
import json
import re
from pathlib import Path

import pytest
from elb_log_shipper.delivery import Address, Receiver
from elb_log_shipper.events import Context, Encoder, Options
from elb_log_shipper.events.formats.keys import Origin, origin_of
from elb_log_shipper.events.lines import Block
from elb_log_shipper.handler import Invocation
from elb_log_shipper.settings import Settings
from elb_log_shipper.shipping import now

DATA = Path(__file__).parent / "data"
FOLDER = "elb/AWSLogs/123456789012/elasticloadbalancing/eu-west-1/2026/03/02/"
START = "123456789012_elasticloadbalancing_eu-west-1_"
END = "_20260302T0805Z_192.0.2.1_2soosksi.log.gz"
ARRIVAL = "2026-03-02T08:06:00.000Z"
NAMES = {
    "original": "Bucket ObjectKey Region AccountId LoadBalancerName LogKind EventReceivedTime ArrivalTime",
    "ecs": "aws.s3.bucket.name aws.s3.object.key cloud.region cloud.account.id aws.elb.name aws.elb.log_kind "
    "@timestamp event.created",
    "aws": "bucket object_key region account_id elb log_kind time arrival_time",
}


def encode(line: bytes, key: str, naming: str = "original", **more: str) -> dict:
    encoder = Encoder(Context("c", "e", "a"), Options(naming=naming), f"s3://logs/{key}", arrival=ARRIVAL, **more)
    return json.loads(encoder.encode(Block(line, 0)).data)


def origin(line: bytes, key: str, naming: str = "original", **more: str) -> list[object]:
    """What the event says of the fields of NAMES, in their order."""
    found = []
    for name in NAMES[naming].split():
        value: object = encode(line, key, naming, **more)
        for part in name.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        found.append(value)
    return found


def line_of(name: str) -> bytes:
    return (DATA / f"{name}.log").read_bytes().split(b"\n")[0]


@pytest.mark.parametrize("naming", NAMES)
def test_parsed_and_raw_events_say_where_they_come_from(naming):
    key = f"{FOLDER}{START}app.shop.50dc6c495c0c9188{END}"
    where = ["logs", key, "eu-west-1", "123456789012", "app/shop/50dc6c495c0c9188", "access"]
    assert origin(line_of("alb"), key, naming) == [*where, "2026-03-02T08:00:00.186641Z", None]
    raw = b"https 2026-03-02T08:00:01.5Z app/shop/50dc6c495c0c9188 cut"
    assert origin(raw, key, naming) == [*where, "2026-03-02T08:00:01.5Z", ARRIVAL]
    without_time = ARRIVAL if naming == "ecs" else None  # an index of this style wants one
    assert origin(b"cut", key, naming) == [*where, without_time, ARRIVAL]
    assert origin(b"https 2026-02-30T08:00:01.5Z cut", key, naming)[-2:] == [without_time, ARRIVAL]


@pytest.mark.parametrize("kind", ["connection", "health_check"])
def test_a_line_without_its_balancer_has_the_one_of_the_objects_name(kind):
    prefix = {"connection": "conn_log_", "health_check": "health_check_log_"}[kind]
    found = encode(line_of(kind), f"{FOLDER}{prefix}{START}app.web.1{END}")
    assert (found["LoadBalancerName"], found["LogKind"]) == ("app/web/1", kind)


def test_what_the_name_does_not_tell_comes_from_the_trigger():
    found = encode(b"x", "renamed.log", region="eu-north-1", account="210987654321")
    assert (found["Region"], found["AccountId"]) == ("eu-north-1", "210987654321")
    assert "LoadBalancerName" not in found
    found = encode(b"x", f"{FOLDER}renamed.log", region="eu-north-1", account="210987654321")
    assert (found["Region"], found["AccountId"]) == ("eu-west-1", "123456789012")
    found = encode(b"x", "renamed.log")
    assert found.keys() & {"Region", "AccountId"} == set()


@pytest.mark.parametrize(
    ("name", "balancer"),
    [
        (f"{START}web-prod{END}", "web-prod"),
        (f"{START}app.web.50dc6c495c0c9188{END}", "app/web/50dc6c495c0c9188"),
        (f"{START}net.web.50dc6c495c0c9188_20260302T0805Z_2soosksi.log.gz", "net/web/50dc6c495c0c9188"),
        (f"{START}app.web.1.log", "app/web/1"),
        (f"{START}_odd", None),
    ],
)
def test_an_objects_name_names_its_balancer(name, balancer):
    found = origin_of(f"s3://logs/{FOLDER}{name}")
    assert (found.balancer, found.region, found.account) == (balancer, "eu-west-1", "123456789012")
    assert origin_of(name)[:2] == (None, None)


def test_a_file_of_any_name_tells_nothing():
    assert origin_of("/var/log/all.log") == Origin()


class Sink:
    """Takes everything."""

    retries = 0

    def __init__(self) -> None:
        self.events: list[dict] = []

    def send(self, batch) -> None:
        self.events += map(json.loads, batch.data.splitlines())

    def limit(self, _remaining) -> None:
        """Nothing takes time here."""

    def commit(self) -> None:
        """There is nothing to wait for."""

    def abort(self) -> None:
        raise AssertionError("nothing fails here")


def test_the_function_says_when_it_read_a_log_and_what_its_trigger_says_of_it():
    class Opened(io.BytesIO):
        etag, retries = "1", 0

    event = {
        "source": "aws.s3",
        "detail-type": "Object Created",
        "region": "eu-north-1",
        "account": "210987654321",
        "detail": {"bucket": {"name": "logs"}, "object": {"key": "renamed.log"}},
    }
    sink = Sink()
    settings = Settings(Context("c", "e", "a"), Receiver((Address("h", 1),), "tcp"))
    Invocation(
        settings,
        sink,
        lambda *_source: contextlib.closing(Opened(b"cut\n" + line_of("alb"))),
        hand_on=print,
        log=lambda _entry: None,
        now=lambda: ARRIVAL,
    ).run(event)
    raw, parsed = sink.events
    assert (raw["ArrivalTime"], "ArrivalTime" in parsed) == (ARRIVAL, False)
    for found in sink.events:
        assert (found["Bucket"], found["ObjectKey"]) == ("logs", "renamed.log")
        assert (found["Region"], found["AccountId"]) == ("eu-north-1", "210987654321")


def test_the_time_of_arrival_is_one_that_an_index_takes():
    assert re.fullmatch(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z", now())
