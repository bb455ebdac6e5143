"""Blocks in, encoded events out: always valid JSON, one line each, nothing lost."""

import hashlib
import json

import pytest
from elb_log_shipper.events import Context, Counts, Encoder, Options
from elb_log_shipper.events.lines import MAX_LINE_BYTES, Block
from hypothesis import given
from hypothesis import strategies as st

CONTEXT = Context("balancer", "test", "shop")


def encode(data: bytes) -> tuple[list[dict], Counts]:
    encoder = Encoder(CONTEXT)
    batch = encoder.encode(Block(data, 0))
    events = [json.loads(line) for line in batch.data.split(b"\n")[:-1]]
    assert batch.events == len(events)
    return events, encoder.counts


def test_sample_log_gives_the_events_written_by_hand(sample, expected, without_ids):
    events, counts = encode(sample)
    assert without_ids(events) == expected
    assert (counts.lines, counts.unparsed) == (len(expected), 2)


def test_order_of_all_fields(sample):
    parsed, raw = encode(sample.splitlines()[0] + b" extra\nraw")[0]
    common = ["Component", "SourceModuleName", "Environment", "Application", "Type"]
    assert list(parsed)[-10:] == ["SslCipher", "SslProtocol", "Extra", *common, "LogKind", "EventId"]
    assert list(raw) == ["Message", "tags", "ParseError", *common, "EventId"]


def test_context_goes_with_parsed_and_raw_events(sample, context_fields):
    for event in encode(sample)[0]:
        assert context_fields.items() <= event.items()


def test_a_line_that_does_not_parse_is_shipped_raw_tagged_and_counted():
    events, counts = encode(b'so "what')
    assert events[0]["Message"] == 'so "what'
    assert events[0]["tags"] == ["_elbparsefailure"]
    assert events[0]["ParseError"] == "column 2: a quote that does not end"
    assert (counts.lines, counts.unparsed) == (1, 1)


@pytest.mark.parametrize("data", [b"", b"\n", b"\n\n\r\n", b"\r"])
def test_empty_lines_are_skipped(data):
    events, counts = encode(data)
    assert events == []
    assert (counts.lines, counts.unparsed) == (0, 0)


def test_line_ends_of_windows(sample):
    first = sample.splitlines()[0]
    (with_return, behind), _ = encode(first + b"\r\n" + first)
    assert behind.pop("EventId").endswith(f"-{len(first) + 2}")
    assert with_return.pop("EventId").endswith("-0")
    assert with_return == behind


def test_ids_are_the_logs_name_and_the_lines_offset():
    name = "s3://logs/a.log"
    batch = Encoder(CONTEXT, object_name=name).encode(Block(b"first\n\nsecond", 0, 100))
    digest = hashlib.sha256(name.encode()).hexdigest()[:16]
    assert [json.loads(line)["EventId"] for line in batch.data.splitlines()] == [f"{digest}-100", f"{digest}-107"]
    assert b"EventId" not in Encoder(CONTEXT, Options(ids=False), name).encode(Block(b"x", 0)).data


@pytest.mark.parametrize(
    ("agent", "value"),
    [
        pytest.param("Café ☕".encode(), "Café ☕", id="UTF-8"),
        pytest.param(b"Caf\xe9", "Caf\\xe9", id="Latin-1 is escaped"),
        pytest.param(b"\xed\xa0\x80", "\\xed\\xa0\\x80", id="a surrogate is not UTF-8"),
        pytest.param(b"\xf0\x9f\x98", "\\xf0\\x9f\\x98", id="cut in a character"),
        pytest.param(b"a\0b", "a\0b", id="NUL"),
        pytest.param(b"\x1b[31m\x7f\t", "\x1b[31m\x7f\t", id="control characters"),
        pytest.param("a\u2028b\x85c".encode(), "a\u2028b\x85c", id="other line separators"),
        pytest.param(b"a\rb", "a\rb", id="carriage return inside"),
        pytest.param(rb"\x22\u0041\n", r"\x22\u0041\n", id="escapes are kept as they are"),
    ],
)
def test_any_byte_becomes_valid_json(sample, agent, value):
    line = sample.splitlines()[0].replace(
        b"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", agent
    )
    events, counts = encode(line)
    assert events[0]["UserAgent"] == value
    assert counts.unparsed == 0


@given(st.binary(max_size=200))
def test_any_bytes_give_one_event_a_line_that_holds_the_whole_line(data):
    encoder = Encoder(CONTEXT)
    encoded = encoder.encode(Block(data, 0)).data.split(b"\n")[:-1]
    lines = [line.removesuffix(b"\r") for line in data.split(b"\n")]
    lines = [line for line in lines if line]
    assert encoder.counts.lines == len(lines) == len(encoded)
    for line, event in zip(lines, encoded, strict=True):
        assert b"\n" not in event
        fields = json.loads(event.decode("utf-8"))
        assert fields["Message"] == line.decode("utf-8", "backslashreplace")


def test_a_long_line_is_one_unparsed_line_in_several_events():
    encoder = Encoder(CONTEXT)
    events = [json.loads(encoder.encode(Block(data, part)).data) for part, data in enumerate([b"abc", b"de"], 1)]
    assert [event["Message"] for event in events] == ["abc", "de"]
    assert [event["ParseError"] for event in events] == [
        f"line longer than {MAX_LINE_BYTES} bytes: part 1",
        f"line longer than {MAX_LINE_BYTES} bytes: part 2",
    ]
    assert (encoder.counts.lines, encoder.counts.unparsed) == (1, 1)
