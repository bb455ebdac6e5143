"""Every event fits the mapping of its style's index template (templates/elasticsearch)."""

import json
from pathlib import Path

import pytest
from elasticsearch_mapping import leaves, refusals
from elb_log_shipper.events import NAMINGS, Context, Encoder, Options
from elb_log_shipper.events.formats import FORMATS, field_names, types
from elb_log_shipper.events.lines import Block
from hypothesis import given, settings
from hypothesis import strategies as st

DATA = Path(__file__).parent / "data"
TEMPLATES = Path(__file__).parents[3] / "templates/elasticsearch"
LINES = [line for path in sorted(DATA.glob("*.log")) for line in path.read_bytes().split(b"\n") if line]
MAPPINGS = {
    naming: json.loads((TEMPLATES / f"mappings-{naming}.json").read_text())["template"]["mappings"]
    for naming in NAMINGS
}
NAME = (
    "s3://logs/AWSLogs/123456789012/elasticloadbalancing/eu-west-1/2026/03/02/"
    "123456789012_elasticloadbalancing_eu-west-1_app.web.50dc6c495c0c9188_20260302T0805Z_192.0.2.1_2soosksi.log.gz"
)
HOSTILE = [
    b"99999999999999999999",
    b"2026-02-30T08:00:00Z",
    b"2026-03-02T25:00:00.1Z",
    b"[2001:db8::9]:443",
    b"192.0.2.1:70000",
    b"nobody:80",
    b"fe80::1%eth0:80",
    b"arn:aws:lambda:eu-west-1:123456789012:function:f",
    b"1e400",
    b"-1",
    b"-0.5",
    b"0.0000000000001",
    b"\xff\xfe",
    b"\0",
    b"x" * 40000,
    '"ä☕"'.encode() * 9000,
    b'"GET http://[::1/a?b#c HTTP/1.1"',
    b'"GET http://h:99999/ HTTP/1.1"',
    b'"GET / RTSP/1.0"',
    b'"',
    b'""',
    b"-",
    b"NotBefore=2026-13-01T00:00:00Z;NotAfter=x",
    b"Failed:",
]


def events(data: bytes, naming: str, **options) -> list[dict]:
    encoder = Encoder(
        Context("balancer", "test", "shop"),
        Options(naming=naming, **options),
        NAME,
        arrival="2026-03-02T08:05:00.123Z",
    )
    return [json.loads(line) for line in encoder.encode(Block(data, 0)).data.splitlines()]


def assert_fit(data: bytes, naming: str, **options) -> None:
    for event in events(data, naming, **options):
        assert list(refusals(event, MAPPINGS[naming])) == []


@pytest.mark.parametrize("naming", NAMINGS)
def test_events_of_all_formats_and_raw_ones_fit(naming):
    assert_fit(b"\n".join([*LINES, b"raw", b"http 2026-03-02T08:00:00Z raw", *HOSTILE]), naming)
    assert_fit(b"\n".join(LINES), naming, mask_addresses=True, mask_query=("*",))


@pytest.mark.parametrize("naming", NAMINGS)
def test_events_of_hostile_columns_fit(naming):
    for line in (path.read_bytes().split(b"\n")[0] for path in sorted(DATA.glob("*.log"))):
        columns = line.split(b" ")
        for text in HOSTILE:  # long ones make a block slow, so each has its own
            lines = [b" ".join([*columns[:number], text, *columns[number + 1 :]]) for number in range(len(columns))]
            assert_fit(b"\n".join(lines), naming)


@settings(max_examples=200)
@given(
    st.sampled_from(LINES),
    st.lists(st.tuples(st.integers(0, 40), st.sampled_from(HOSTILE) | st.binary(max_size=8)), min_size=1, max_size=3),
    st.sampled_from(NAMINGS),
)
def test_events_of_changed_lines_fit(line, changes, naming):
    columns = line.split(b" ")
    for number, text in changes:
        columns[number % len(columns)] = text
    assert_fit(b" ".join(columns), naming)


@pytest.mark.parametrize("naming", NAMINGS)
def test_every_field_is_in_the_mapping(naming):
    assert field_names(naming) - leaves(MAPPINGS[naming]).keys() == set()
    assert MAPPINGS[naming]["dynamic"] is False, (
        "an event with a field that nobody knows is refused, or grows the index"
    )


INDEXED = {
    "text": {"keyword", "wildcard", "match_only_text"},
    "list": {"keyword"},
    "integer": {"long", "keyword"},
    "number": {"double", "float"},
    "time": {"date"},
    "address": {"ip", "keyword"},
}


@pytest.mark.parametrize("naming", NAMINGS)
def test_columns_are_indexed_as_what_they_are(naming):
    """A name has one type, whatever the format."""
    mapped = leaves(MAPPINGS[naming])
    for column in (column for form in FORMATS for column in form.columns):
        for names, kind in zip(column.names(naming), types(column), strict=True):
            for name in names:
                assert mapped[name] in INDEXED[kind], f"{column.name}: {name}"


@pytest.mark.parametrize("naming", NAMINGS)
def test_a_name_has_one_type_of_json_over_all_formats(naming):
    found: dict[str, set[type]] = {}

    def note(value, path: str) -> None:
        if isinstance(value, dict):
            for name, inner in value.items():
                note(inner, f"{path}.{name}")
        elif value is not None:
            found.setdefault(path, set()).add(type(value))

    for event in events(b"\n".join(LINES), naming):
        note(event, "")
    assert {path: kinds for path, kinds in found.items() if len(kinds) > 1} == {}
