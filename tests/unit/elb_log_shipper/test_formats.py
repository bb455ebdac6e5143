"""Every format's sample lines against events made by hand from AWS's tables; what tells the formats apart."""

import json
from pathlib import Path

import pytest
from elb_log_shipper.events import Context, Encoder, Options
from elb_log_shipper.events.formats import (
    FORMATS,
    NAMINGS,
    LineParseError,
    alb,
    classic,
    connection,
    health_check,
    layout_of,
    nlb,
    parse,
    parse_line,
)
from elb_log_shipper.events.formats.keys import format_of
from elb_log_shipper.events.lines import Block

DATA = Path(__file__).parent / "data"
SAMPLES = ["alb", "classic_elb", "classic_unusual", "connection", "health_check", "nlb"]
CONTEXT = {"Component": "c", "Environment": "e", "Application": "a"}


def sample(name: str) -> tuple[bytes, list[dict]]:
    lines = (DATA / f"{name}.log").read_bytes()
    expected = (DATA / f"{name}.expected.jsonl").read_text(encoding="utf-8").splitlines()
    return lines, [{**json.loads(line), **CONTEXT} for line in expected]


def encode(data: bytes, **options) -> list[dict]:
    encoder = Encoder(Context("c", "e", "a"), Options(**{"ids": False, **options}))
    return [json.loads(line) for line in encoder.encode(Block(data, 0)).data.splitlines()]


def first_line(name: str) -> str:
    return sample(name)[0].decode().split("\n", 1)[0]


@pytest.mark.parametrize("name", SAMPLES)
def test_sample_lines_give_the_events_made_by_hand(name):
    data, expected = sample(name)
    assert encode(data) == expected


def test_an_object_may_hold_every_format_at_once():
    data, expected = zip(*map(sample, SAMPLES), strict=True)
    mixed = [line for lines in zip(*(text.splitlines()[:3] for text in data), strict=True) for line in lines]
    events = [event for found in zip(*(found[:3] for found in expected), strict=True) for event in found]
    assert encode(b"\n".join(mixed)) == events


@pytest.mark.parametrize("count", range(18, 35))
def test_lines_of_an_application_balancer_have_any_number_of_columns_from_18_on(count):
    names = [column.name for column in alb.FORMAT.columns]
    values = {"type": "https", "time": "2026-03-02T08:00:00.1Z", "elb": "app/a/1"}
    quoted = {column.name for column in alb.FORMAT.columns if column.quoted}
    line = " ".join('"-"' if name in quoted else values.get(name, "-") for name in names[:count])
    record = parse(line)
    assert (record.format, len(record.values), record.extra) == (alb.FORMAT, count, [])


def names_of(form, naming: str) -> list[str]:
    return [name for name, _ in layout_of(form, naming, len(form.columns)).names]


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
@pytest.mark.parametrize("naming", NAMINGS)
def test_no_two_values_have_one_name(form, naming):
    names = names_of(form, naming)
    assert len(set(names)) == len(names)
    for name in names:
        assert not any(other.startswith(name + ".") for other in names), f"{name} is a value and an object"


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_each_value_has_a_name_in_each_style_or_says_that_it_has_none(form):
    for column in form.columns:
        count = len(column.names("original"))
        assert [len(column.names(naming)) for naming in NAMINGS] == [count] * len(NAMINGS), column.name


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_what_is_derived_comes_from_columns_and_has_a_name_for_each_value(form):
    columns = {column.name for column in form.columns}
    for derived in form.derived:
        assert columns.issuperset(derived.inputs)
        for naming in NAMINGS:
            if names := derived.names(naming):
                assert len(derived.make(*["-"] * len(derived.inputs))) == len(names)


def test_no_field_has_the_name_of_one_that_every_event_has():
    for form in FORMATS:
        for naming, taken in {"original": "Type Component SourceModuleName", "aws": "component log_type"}.items():
            assert not set(names_of(form, naming)) & set(taken.split())


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (" ".join(first_line("alb").split(" ")[:17]), "a quote that does not end|columns"),
        (" ".join(first_line("nlb").split(" ")[:17]), "17 columns: expected 18 or more in a log of a Network"),
        (" ".join(first_line("connection").split(" ")[:10]), "10 columns: expected 11 or more in a connection log"),
        (first_line("health_check").rsplit(" ", 1)[0], "7 columns: expected 8 or more in a health-check log"),
        (
            first_line("alb").replace('"-"1', '"-" 1').replace('" "www', '"www', 1),
            "column 18: found text directly after the closing quote",
        ),
        (first_line("nlb").replace("2026-03-02T08:00:00 ", "yesterday "), "column 3 .time.: 'yesterday' is not"),
        (first_line("connection").replace("4.036", "four"), "column 7 .tls_handshake_latency.: 'four' is not"),
        (first_line("health_check").replace(":80 ", ":http "), "column 4 .target_addr.: .* is not an address"),
    ],
)
def test_what_is_wrong_is_said(line, reason):
    with pytest.raises(LineParseError, match=reason):
        parse_line(line)


FOLDER = "s3://logs/elb/AWSLogs/123456789012/elasticloadbalancing/eu-west-1/2026/03/02/"
START = "123456789012_elasticloadbalancing_eu-west-1_"
END = "_20260302T0805Z_192.0.2.1_2soosksi.log.gz"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (f"{START}web-prod{END}", classic.FORMAT),
        (f"{START}app.web.50dc6c495c0c9188{END}", alb.FORMAT),
        (f"{START}net.web.50dc6c495c0c9188_20260302T0805Z_2soosksi.log.gz", nlb.FORMAT),
        (f"conn_log_{START}app.web.50dc6c495c0c9188{END}", connection.FORMAT),
        (f"conn_log.{START}app.web.50dc6c495c0c9188{END}", connection.FORMAT),
        (f"health_check_log_{START}app.web.50dc6c495c0c9188{END}", health_check.FORMAT),
        ("123456789012_elasticloadbalancing_us-gov-west-1_app.web.1.log", alb.FORMAT),
        ("all-of-march.log.gz", None),
        (f"copy-of-{START}web-prod{END}", None),
        ("", None),
    ],
)
@pytest.mark.parametrize("folder", [FOLDER, ""])
def test_the_name_of_an_object_says_which_format_is_expected(folder, name, expected):
    assert format_of(folder + name) is expected


HEALTH_CHECKS = f"{FOLDER}health_check_log_{START}app.web.50dc6c495c0c9188{END}"


def test_the_reason_is_about_the_expected_format():
    line = b"https 2026-03-02T08:00:00.186641Z app/web/50dc6c495c0c9188 cut"
    raw = json.loads(Encoder(Context("c", "e", "a"), object_name=HEALTH_CHECKS).encode(Block(line, 0)).data)
    assert raw["ParseError"] == "4 columns: expected 8 or more in a health-check log of an Application Load Balancer"
    raw = json.loads(Encoder(Context("c", "e", "a"), object_name="renamed").encode(Block(line, 0)).data)
    assert raw["ParseError"] == "4 columns: expected 18 or more in an access log of an Application Load Balancer"


def test_the_expected_format_counts_where_the_shape_misleads():
    """A health check with so many new columns that it looks like a request."""
    line = first_line("health_check") + " new" * 12
    with pytest.raises(LineParseError):
        parse(line)
    assert parse(line, health_check.FORMAT).extra == ["new"] * 10
    assert parse(first_line("alb"), health_check.FORMAT).format is alb.FORMAT, "objects may be mixed"


def test_ecs_names_are_objects_in_objects():
    (event,) = encode(first_line("alb").encode(), naming="ecs", ids=True)
    assert event["source"] == {"address": "192.0.2.131", "ip": "192.0.2.131", "port": 2817}
    assert event["aws"]["elb"]["request_processing_time"] == {"sec": 0.086}
    assert event["@timestamp"] == "2026-03-02T08:00:00.186641Z"
    assert event["event"]["id"].endswith("-0")
    assert event["service"] == {"name": "c", "environment": "e"}


def test_aws_names_are_those_of_the_columns():
    (event,) = encode(first_line("alb").encode(), naming="aws")
    assert (event["type"], event["client_ip"], event["client_port"], event["target_port"]) == (
        "https",
        "192.0.2.131",
        2817,
        80,
    )
    assert event["request_processing_time"] == 0.086
    assert (event["request_verb"], event["request_proto"], event["log_type"]) == ("GET", "HTTP/1.1", "logs")


@pytest.mark.parametrize(
    ("naming", "message", "reason"), [("ecs", "message", "error"), ("aws", "message", "parse_error")]
)
def test_raw_events_in_other_styles(naming, message, reason):
    (event,) = encode(b"what", naming=naming)
    assert event[message] == "what"
    assert event["tags"] == ["_elbparsefailure"]
    assert "1 column: expected 12 or more" in str(event[reason])
