"""Filters, sampling and masks. What they leave out is counted; what could not be parsed is always shipped."""

import json
from pathlib import Path

import pytest
from elb_log_shipper.events import Context, Encoder, Options
from elb_log_shipper.events.lines import Block
from elb_log_shipper.events.masking import mask_address

SAMPLE = (Path(__file__).parent / "data" / "classic_elb.log").read_bytes()
LINE = SAMPLE.split(b"\n")[0]


def encode(data: bytes, **options) -> tuple[list[dict], Encoder]:
    encoder = Encoder(Context("c", "e", "a"), Options(**options), "a.log")
    batch = encoder.encode(Block(data, 0))
    events = [json.loads(line) for line in batch.data.splitlines()]
    assert batch.events == len(events)
    assert encoder.counts.lines == len(events) + encoder.counts.left_out
    return events, encoder


def statuses(events: list[dict]) -> list:
    return [event["Status"] for event in events if "Status" in event]


def test_include_keeps_what_matches_and_everything_raw():
    events, encoder = encode(SAMPLE, include={"Status": ("5*", "404")})
    assert statuses(events) == [504, 503, 404]
    assert len([event for event in events if "Message" in event]) == encoder.counts.unparsed == 2
    assert encoder.counts.left_out == 10


def test_every_field_of_include_has_to_match():
    events, _ = encode(SAMPLE, include={"Status": ("5*",), "RequestUrl": ("*/report?year=????",)})
    assert statuses(events) == [504]


def test_exclude():
    events, _ = encode(SAMPLE, exclude={"UserAgent": ("ELB-HealthChecker/*", "curl/*"), "Status": ("-",)})
    agents = {event.get("UserAgent") for event in events}
    assert "ELB-HealthChecker/1.0" not in agents
    assert "curl/8.5.0" not in agents
    assert None not in statuses(events)


def test_a_field_that_an_event_does_not_have_excludes_nothing():
    assert len(encode(SAMPLE, exclude={"NoSuchField": ("*",)})[0]) == 15


def test_brackets_are_ordinary_characters():
    line = LINE.replace(b"https://www.example.com:443/", b"https://[::1]:443/")
    assert len(encode(line, include={"RequestUrl": ("https://[::1]*",)})[0]) == 1
    assert encode(LINE, include={"RequestUrl": ("https://[w]*",)})[0] == []


def test_filters_use_the_names_of_the_style():
    assert len(encode(LINE, naming="ecs", include={"http.response.status_code": ("200",)})[0]) == 1
    assert encode(LINE, naming="ecs", include={"Status": ("200",)})[0] == []


@pytest.mark.parametrize("naming", ["original", "ecs", "aws"])
def test_sampling_keeps_the_share_and_always_the_same_events(naming):
    log = b"\n".join([LINE] * 2000)
    first, encoder = encode(log, sampling={"2xx": 0.25}, naming=naming)
    assert 400 < len(first) < 600
    assert encoder.counts.left_out == 2000 - len(first)
    assert encode(log, sampling={"2xx": 0.25}, naming=naming)[0] == first


def test_sampling_prefers_the_status_to_its_class():
    assert len(encode(LINE, sampling={"200": 1, "2xx": 0})[0]) == 1
    assert encode(LINE, sampling={"200": 0, "2xx": 1})[0] == []
    assert len(encode(LINE, sampling={"4xx": 0})[0]) == 1
    assert len(encode(SAMPLE, sampling={f"{first}xx": 0 for first in range(1, 6)})[0]) == 4  # raw, or without status


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        ("198.51.100.23", "198.51.100.0"),
        ("2001:db8:85a3::8a2e:370:7334", "2001:db8:85a3::"),
        ("::ffff:198.51.100.23", "::"),
        ("what", "***"),
    ],
)
def test_masked_addresses_name_a_network(address, masked):
    assert mask_address(address) == masked


def test_addresses_are_masked_in_each_of_their_fields():
    (event,), _ = encode(LINE, mask_addresses=True)
    assert (event["PublicIpAndPort"], event["PublicIp"]) == ("198.51.100.0:49152", "198.51.100.0")
    assert event["InternalIp"] == "10.0.1.15", "a backend is ours, and nobody's person"


def test_addresses_are_masked_in_raw_lines_and_unknown_columns():
    events, _ = encode(SAMPLE + LINE + b" 198.51.100.23", mask_addresses=True)
    text = json.dumps(events)
    for address in (b"198.51.100.23", b"203.0.113.69", b"203.0.113.70", b"2001:db8:85a3::8a2e:370:7334"):
        assert address in SAMPLE
        assert address.decode() not in text
    assert "2026-03-02T08:01:08.000000Z" in text


@pytest.mark.parametrize(
    ("url", "keys", "masked"),
    [
        ("/a?token=abc&b=1", ("token",), "/a?token=***&b=1"),
        ("/a?b=1&TOKEN=abc", ("token",), "/a?b=1&TOKEN=***"),
        ("/a?token=abc def", ("token",), "/a?token=***"),
        ("/a?mytoken=abc", ("token",), "/a?mytoken=abc"),
        ("/a?a=1&b=2;c=3", ("*",), "/a?a=***&b=***"),
        ("/a?token=", ("token",), "/a?token=***"),
        (r"/a?token=\1\g<0>&x=1", ("token",), "/a?token=***&x=1"),
        ("/token=abc", ("token",), "/token=abc"),
    ],
)
def test_values_of_query_strings_are_masked(url, keys, masked):
    line = LINE.replace(b"https://www.example.com:443/", b"https://h:443" + url.encode())
    (event,), _ = encode(line, mask_query=keys)
    assert event["RequestUrl"] == f"https://h:443{masked}"
    assert event["FullRequest"] == f"GET https://h:443{masked} HTTP/1.1"


def test_values_of_query_strings_are_masked_in_raw_lines_and_their_reasons():
    events, _ = encode(b'so "GET /a?token=secret\nGET /?token=secret x y', mask_query=("token",), mask_addresses=True)
    assert "secret" not in json.dumps(events)
