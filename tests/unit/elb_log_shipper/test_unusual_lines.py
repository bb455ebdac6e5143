"""Lines that are not quite as AWS's guides have them: of another age, with other quotes, with values that can't be."""

import ipaddress
import json
from datetime import datetime
from pathlib import Path

import pytest
from elb_log_shipper.events import NAMINGS, Context, Encoder, Options
from elb_log_shipper.events.formats import FORMATS, LineParseError, alb, classic, connection, nlb, parse, types
from elb_log_shipper.events.formats.columns import NOTHING, tokenize
from elb_log_shipper.events.lines import Block
from hypothesis import given
from hypothesis import strategies as st

DATA = Path(__file__).parent / "data"


def samples(name: str) -> list[str]:
    return (DATA / f"{name}.log").read_text(encoding="utf-8").splitlines()


# A line of each format with all the columns that are known.
FULL = {
    "classic": samples("classic_elb")[0],
    "alb": samples("alb")[1],
    "nlb": samples("nlb")[0],
    "connection": samples("connection")[3],
    "health_check": samples("health_check")[3],
}
LINES = [line for path in sorted(DATA.glob("*.log")) for line in path.read_text(encoding="utf-8").splitlines()]


def columns(form) -> list[str]:
    """The texts of the full line's columns, with their quotes."""
    tokens = tokenize(FULL[form.name], lists=form is nlb.FORMAT)
    return [f'"{token.text}"' if token.quoted else token.text for token in tokens]


def with_column(form, name: str, text: str) -> str:
    texts = columns(form)
    texts[[column.name for column in form.columns].index(name)] = text
    return " ".join(texts)


def fields(line: str, naming: str = "original") -> dict:
    return parse(line).fields(naming)


def encode(data: bytes, naming: str = "original") -> list[dict]:
    encoder = Encoder(Context("c", "e", "a"), Options(naming=naming))
    return [json.loads(event) for event in encoder.encode(Block(data, 0)).data.splitlines()]


each_format = pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
each_naming = pytest.mark.parametrize("naming", NAMINGS)


@each_format
def test_lines_of_any_age_are_parsed_with_what_they_have(form):
    texts = columns(form)
    assert len(texts) == len(form.columns)
    whole = parse(" ".join(texts))
    for count in range(form.least, len(texts) + 1):
        record = parse(" ".join(texts[:count]))
        assert (record.format, record.values, record.extra) == (form, whole.values[:count], [])
    assert parse(" ".join([*texts, "new", '"and new"'])).extra == ["new", "and new"]
    with pytest.raises(LineParseError, match=rf"{form.least - 1} columns: expected {form.least} or more in "):
        parse(" ".join(texts[: form.least - 1]), form)


def test_network_balancers_wrote_21_columns_until_2023():
    line = "tls 2.0 2022-03-02T08:00:00 net/n/1 l1 192.0.2.1:2817 10.0.0.1:443 5 2 98 246 - - - - tlsv12 - h - - -"
    found = fields(line)
    assert (found["EventReceivedTime"], found["SslProtocol"], found["DomainName"]) == (
        "2022-03-02T08:00:00Z",
        "tlsv12",
        "h",
    )
    assert (found["TimeTaken"], found["TlsHandshakeTime"], found["BytesDownloadedByClient"]) == (5.0, 2.0, 246)
    assert "RequestCreationTime" not in found


@pytest.mark.parametrize(
    ("agent", "value"),
    [
        pytest.param(r"pip/24.0 {\"cpu\":\"x86_64\"}", 'pip/24.0 {"cpu":"x86_64"}', id="as pip sends it"),
        pytest.param(
            r"pip/24.0 {\"cpu\": \"x86_64\", \"a\": \"b c\"}", 'pip/24.0 {"cpu": "x86_64", "a": "b c"}', id="spaces"
        ),
        pytest.param(r"\"", '"', id="a quote"),
        pytest.param(r"a \"b\"", 'a "b"', id="at the end"),
        pytest.param(r"a \"b\" \\", 'a "b" \\', id="an escaped backslash at the end"),
        pytest.param(r"a \"b\" \x22", r'a "b" \x22', id="other escapes stay"),
        pytest.param("C:\\", "C:\\", id="a backslash at the end"),
        pytest.param(r"C:\dir\x22 \\", r"C:\dir\x22 \\", id="backslashes without quotes are plain"),
    ],
)
@pytest.mark.parametrize("form", [classic.FORMAT, alb.FORMAT], ids=["classic", "alb"])
def test_quotes_may_be_escaped_with_a_backslash(form, agent, value):
    record = parse(with_column(form, "user_agent", f'"{agent}"'))
    assert (record.fields("original")["UserAgent"], record.extra) == (value, [])


def test_the_reason_is_that_of_the_plain_reading():
    with pytest.raises(
        LineParseError, match="column 13: found text directly after the closing quote, expected a space"
    ):
        parse(with_column(classic.FORMAT, "user_agent", r'"a \"b'))


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("GET http://h:80/a HTTP/1.1 ", ("GET", "http://h:80/a", "HTTP/1.1")),
        ("GET http://h:80/a b", ("GET", "http://h:80/a b", None)),
        ("- http://h:80- ", (None, "http://h:80-", None)),
        ("GET http://h:80/a b HTTP/1.1  ", ("GET", "http://h:80/a b", "HTTP/1.1")),
        ("GET http://h:80/a b -", ("GET", "http://h:80/a b", None)),
        ("GET http://h:80/a ", ("GET", "http://h:80/a", None)),
        ("GET http://h:80/a b/1", ("GET", "http://h:80/a b/1", None)),
        ("GET http://h:80/a HTTP/1.1x", ("GET", "http://h:80/a HTTP/1.1x", None)),
        ("OPTIONS / RTSP/1.0", ("OPTIONS", "/", "RTSP/1.0")),
        ("get / http/1.0", ("get", "/", "http/1.0")),
        ("GET HTTP/1.1", ("GET", None, "HTTP/1.1")),
        ("GET", (None, "GET", None)),
        (" ", (None, None, None)),
    ],
)
def test_the_last_word_of_a_request_is_a_protocol_if_it_looks_like_one(text, parts):
    found = fields(with_column(classic.FORMAT, "request", f'"{text}"'))
    assert found["FullRequest"] == text
    assert (found["RequestMethod"], found["RequestUrl"], found["RequestProtocol"]) == parts


@each_format
def test_quotes_may_be_where_none_are_expected_and_missing_where_they_are(form):
    texts = columns(form)
    whole = fields(" ".join(texts))
    changed = 0
    for number, text in enumerate(texts):
        bare = text.strip('"')
        other = bare if text.startswith('"') else f'"{text}"'
        if '"' not in bare and " " not in bare:
            assert fields(" ".join([*texts[:number], other, *texts[number + 1 :]])) == whole, form.columns[number].name
            changed += 1
    assert changed > len(texts) / 2


def test_a_line_that_quotes_tear_apart_is_not_taken_for_one_with_columns_to_come():
    """Raw quotes in an agent, and a request without any, give too many columns, and values in the wrong ones."""
    for name, text in {"user_agent": '"a" "b"', "request": "GET / HTTP/1.1"}.items():
        with pytest.raises(
            LineParseError, match=r"found (no )?quotes, expected (some|none), and 1[67] columns, expected"
        ):
            parse(with_column(classic.FORMAT, name, text))


@each_format
@pytest.mark.parametrize("blanks", [" ", "   ", "\t", " \t "])
def test_blanks_behind_a_line_are_ignored(form, blanks):
    assert fields(FULL[form.name] + blanks) == fields(FULL[form.name])


@each_format
def test_a_byte_order_mark_before_a_log_is_ignored(form):
    line = FULL[form.name].encode()
    marked = encode(b"\xef\xbb\xbf" + line + b"\n" + line)
    plain = encode(line + b"\n" + line)
    for event in marked + plain:
        event.pop("EventId")
    assert marked == plain


@each_format
def test_quotes_without_a_text_are_nothing_as_a_dash_is(form):
    for column in form.columns:
        try:
            nothing = fields(with_column(form, column.name, '"-"'))
        except LineParseError:
            continue  # a column that is always there
        found = fields(with_column(form, column.name, '""'))
        differing = {name for name in found if found[name] != nothing[name]}
        assert differing <= {"FullRequest", "LoadBalancerName", "LogVersion"}, column.name  # which are as in the log


@pytest.mark.parametrize(
    ("form", "name", "text", "expected"),
    [
        (alb.FORMAT, "matched_rule_priority", "-1", {"RulePriority": -1}),
        (alb.FORMAT, "matched_rule_priority", "-", {"RulePriority": None}),
        (alb.FORMAT, "matched_rule_priority", "0", {"RulePriority": 0}),
        (nlb.FORMAT, "incoming_tls_alert", "46", {"IncomingTlsAlert": 46}),
        (nlb.FORMAT, "incoming_tls_alert", "-", {"IncomingTlsAlert": None}),
        (nlb.FORMAT, "tls_connection_creation_time", "-", {"RequestCreationTime": None}),
        (nlb.FORMAT, "alpn_client_preference_list", '"h2"', {"AlpnClientPreferences": ["h2"]}),
        (classic.FORMAT, "client:port", "[2001:db8::9]:443", {"PublicIp": "2001:db8::9", "PublicPort": 443}),
        (classic.FORMAT, "client:port", "::ffff:192.0.2.1:443", {"PublicIp": "::ffff:192.0.2.1", "PublicPort": 443}),
        (connection.FORMAT, "client_ip", "[2001:db8::9]", {"PublicIp": "2001:db8::9"}),
        (classic.FORMAT, "request_processing_time", "0.1234567", {"TimeToForwardRequest": 123.4567}),
        (classic.FORMAT, "request_processing_time", "0.123456789012", {"TimeToForwardRequest": 123.456789012}),
        (classic.FORMAT, "request_processing_time", "7", {"TimeToForwardRequest": 7000.0}),
        (alb.FORMAT, "target_processing_time", "0.000043", {"TimeTaken": 0.043}),
        (classic.FORMAT, "timestamp", "2026-03-02T08:00:00.1Z", {"EventReceivedTime": "2026-03-02T08:00:00.1Z"}),
        (classic.FORMAT, "timestamp", "2024-02-29T23:59:59Z", {"EventReceivedTime": "2024-02-29T23:59:59Z"}),
    ],
)
def test_values_that_look_unusual_and_are_right(form, name, text, expected):
    found = fields(with_column(form, name, text))
    assert expected.items() <= found.items()
    assert "Unparsed" not in found


IMPOSSIBLE = [
    (classic.FORMAT, "client:port", "192.0.2.1:65536", {"PublicIp": "192.0.2.1", "PublicPort": None}),
    (classic.FORMAT, "client:port", "192.0.2.1:123456", {"PublicIp": "192.0.2.1", "PublicPort": None}),
    (classic.FORMAT, "client:port", "999.0.2.1:80", {"PublicIp": None, "PublicPort": 80}),
    (classic.FORMAT, "client:port", "192.0.2:80", {"PublicIp": None, "PublicPort": 80}),
    (classic.FORMAT, "client:port", "client.example:80", {"PublicIp": None, "PublicPort": 80}),
    (classic.FORMAT, "client:port", "fe80::1%eth0:80", {"PublicIp": None, "PublicPort": 80}),
    (classic.FORMAT, "client:port", "2001:db8::g:80", {"PublicIp": None, "PublicPort": 80}),
    (classic.FORMAT, "client:port", "192.0.2.\u0661:80", {"PublicIp": None, "PublicPort": 80}),
    (alb.FORMAT, "target:port", "10.0.0.1:99999", {"InternalIp": "10.0.0.1", "InternalPort": None}),
    (alb.FORMAT, "ip_address", "node", {"NodeIp": None}),
    (connection.FORMAT, "client_ip", "192.0.2.256", {"PublicIp": None}),
    (connection.FORMAT, "client_port", "70000", {"PublicPort": None}),
    (connection.FORMAT, "listener_port", "70000", {"ListenerPort": None}),
    *[
        (classic.FORMAT, "timestamp", f"{text}Z", {"EventReceivedTime": None})
        for text in (
            "2026-02-29T08:00:00",
            "2100-02-29T08:00:00",
            "2026-13-01T08:00:00",
            "2026-00-01T08:00:00",
            "2026-04-31T08:00:00",
            "2026-04-00T08:00:00.123456",
            "2026-04-01T24:00:00",
            "2026-04-01T08:60:00",
            "2026-04-01T08:00:60",
            "1969-12-31T23:59:59",
            "2262-01-01T00:00:00",
        )
    ],
    (alb.FORMAT, "request_creation_time", "2026-02-30T08:00:00.000000Z", {"RequestCreationTime": None}),
    (nlb.FORMAT, "tls_connection_creation_time", "2026-02-30T08:00:00", {"RequestCreationTime": None}),
]


@pytest.mark.parametrize(("form", "name", "text", "expected"), IMPOSSIBLE)
def test_what_an_index_would_refuse_is_kept_as_a_text(form, name, text, expected):
    line = with_column(form, name, text)
    found = fields(line)
    assert expected.items() <= found.items()
    assert found["Unparsed"] == [f"{name}: {text}"]
    assert fields(line, "aws")["unparsed"] == fields(line, "ecs")["aws.elb.unparsed"] == found["Unparsed"]
    (event,) = encode(line.encode())
    event.pop("EventId")
    assert "tags" not in event
    assert found.items() <= event.items()


@each_format
def test_an_event_of_ecs_without_a_possible_time_has_that_of_its_arrival(form):
    """A data stream refuses an event without one."""
    arrival = "2026-03-02T09:00:00Z"
    line = with_column(form, form.columns[form.time].name, "2026-02-30T08:00:00Z").encode()
    encoder = Encoder(Context("c", "e", "a"), Options(naming="ecs"), arrival=arrival)
    event = json.loads(encoder.encode(Block(line, 0)).data)
    assert event["@timestamp"] == arrival
    assert event["aws"]["elb"]["unparsed"] == [f"{form.columns[form.time].name}: 2026-02-30T08:00:00Z"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("request_processing_time", "inf"),
        ("request_processing_time", "-2"),
        ("request_processing_time", "1e400"),
        ("received_bytes", "9223372036854775808"),
        ("elb_status_code", "200.5"),
        ("timestamp", "2026-03-02T08:00:00.1234567890Z"),
    ],
)
def test_what_does_not_have_the_columns_form_makes_the_line_raw(name, text):
    with pytest.raises(LineParseError, match=rf"\({name}\): '{text}' is not a"):
        parse(with_column(classic.FORMAT, name, text))


@each_naming
def test_a_name_has_one_type_in_all_formats(naming):
    found: dict[str, set[str]] = {}
    for form in FORMATS:
        for column in form.columns:
            for name, kind in zip(column.names(naming), types(column), strict=True):
                found.setdefault(name or "", set()).add(kind)
    del found[""]
    assert {name: kinds for name, kinds in found.items() if len(kinds) > 1} == {}


def is_of(kind, value) -> bool:
    """Whether an index takes it for a field of this type; told by other means than the parser's."""
    return {
        "text": lambda: isinstance(value, str),
        "list": lambda: all(isinstance(text, str) for text in value),
        "integer": lambda: isinstance(value, int) and -(2**63) <= value < 2**63,
        "number": lambda: isinstance(value, float) and 0 <= value < 1e300,
        "time": lambda: value.endswith("Z") and 1970 <= datetime.fromisoformat(value).year < 2262,
        "address": lambda: bool(ipaddress.ip_address(value)) and "%" not in value,
    }[kind]()


def assert_types(line: str) -> None:
    try:
        record = parse(line)
    except LineParseError:
        return
    for column, values in zip(record.format.columns, record.values, strict=False):
        for kind, value in zip(types(column), values, strict=True):
            assert value is None or is_of(kind, value), (column.name, kind, value)


@pytest.mark.parametrize("line", LINES)
def test_values_have_the_types_of_their_columns(line):
    assert_types(line)


@given(
    st.sampled_from(FORMATS).flatmap(lambda form: st.tuples(st.just(form), st.sampled_from(form.columns))),
    st.from_regex(r"\A[-0-9.:TZ\[\]]{1,24}\Z")
    | st.from_regex(r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?Z?\Z")
    | st.from_regex(r"\A(\[?[0-9a-f:.%]{2,20}\]?|[0-9]{1,3}(\.[0-9]{1,3}){3}):[0-9]{1,6}\Z")
    | st.text(min_size=1, max_size=8)
    | st.sampled_from(NOTHING),
)
def test_no_text_gets_into_a_field_that_can_not_hold_it(chosen, text):
    form, column = chosen
    assert_types(with_column(form, column.name, f'"{text}"'))
    assert_types(with_column(form, column.name, text))
