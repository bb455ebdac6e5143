"""Events of the style ecs: what Elastic's integration makes of the same lines, where it is right, and what ECS says."""

import json
from pathlib import Path

import pytest
from elasticsearch_mapping import leaves
from elb_log_shipper.events import Context, Encoder, Options
from elb_log_shipper.events.encoder import ECS_VERSION
from elb_log_shipper.events.formats import FORMATS, ecs, field_names
from elb_log_shipper.events.lines import Block

DATA = Path(__file__).parent / "data"
TEMPLATES = Path(__file__).parents[3] / "templates/elasticsearch"
# Name and type of the fields that events have, as the Elastic Common Schema publishes them (generated/csv/fields.csv).
ECS = json.loads((DATA / "ecs_fields.json").read_text())
CATEGORIES = {"web": {"access", "error", "info"}, "network": {"access", "connection", "end", "info", "start"}}


def encode(line: bytes | str, **options) -> dict:
    """The event of a line without what is null, which an index leaves out."""
    data = line if isinstance(line, bytes) else line.encode()
    (event,) = (
        Encoder(Context("c", "e", "a"), Options(naming="ecs", ids=False, **options))
        .encode(Block(data, 0))
        .data.splitlines()
    )
    return without_nulls(json.loads(event))


def without_nulls(value):
    if isinstance(value, dict):
        kept = {name: without_nulls(inner) for name, inner in value.items()}
        return {name: inner for name, inner in kept.items() if inner is not None and inner != {}}
    return value


def line_of(name: str, number: int = 0) -> bytes:
    return (DATA / f"{name}.log").read_bytes().split(b"\n")[number]


COMMON = {
    "ecs": {"version": "8.11.0"},
    "cloud": {"provider": "aws"},
    "service": {"name": "c", "environment": "e"},
    "labels": {"application": "a"},
}
EVENT = {"kind": "event", "module": "aws", "dataset": "aws.elb_logs"}


def test_a_request_to_an_application_balancer():
    group = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/shop/73e2d6bc24d8a067"
    certificate = "arn:aws:acm:eu-west-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
    trace = "Root=1-58337281-1d84f3d73c47ec4e58577259"
    assert encode(line_of("alb")) == {
        **COMMON,
        "@timestamp": "2026-03-02T08:00:00.186641Z",
        "event": {
            **EVENT,
            "category": ["web"],
            "type": ["access"],
            "outcome": "success",
            "start": "2026-03-02T08:00:00.015000Z",
            "end": "2026-03-02T08:00:00.186641Z",
            "duration": 171_641_000,
        },
        "source": {"address": "192.0.2.131", "ip": "192.0.2.131", "port": 2817},
        "destination": {"address": "10.0.0.1", "ip": "10.0.0.1", "port": 80, "domain": "www.example.com"},
        "network": {"protocol": "http", "transport": "tcp"},
        "http": {
            "version": "1.1",
            "request": {"method": "GET", "bytes": 12},
            "response": {"status_code": 200, "bytes": 57},
        },
        "url": {
            "original": "https://www.example.com:443/",
            "scheme": "https",
            "domain": "www.example.com",
            "port": 443,
            "path": "/",
        },
        "user_agent": {"original": "curl/8.5.0"},
        "tls": {
            "cipher": "ECDHE-RSA-AES128-GCM-SHA256",
            "version": "1.2",
            "version_protocol": "tls",
            "client": {"server_name": "www.example.com"},
        },
        "trace": {"id": trace},
        "aws": {
            "elb": {
                "name": "app/shop/50dc6c495c0c9188",
                "type": "https",
                "protocol": "http",
                "log_kind": "access",
                "backend": {"ip": "10.0.0.1", "port": "80", "http": {"response": {"status_code": 201}}},
                "request_processing_time": {"sec": 0.086},
                "backend_processing_time": {"sec": 0.048},
                "response_processing_time": {"sec": 0.037},
                "ssl_cipher": "ECDHE-RSA-AES128-GCM-SHA256",
                "ssl_protocol": "TLSv1.2",
                "target_group": {"arn": group},
                "trace_id": trace,
                "chosen_cert": {"arn": certificate},
                "matched_rule_priority": "1",
                "action_executed": ["authenticate", "forward"],
                "target_port": ["10.0.0.1:80"],
                "target_status_code": ["200"],
                "conn_trace_id": "TID_1234abcd5678ef90",
            }
        },
    }


def test_a_request_to_a_classic_balancer_has_the_bytes_of_bodies():
    event = encode(line_of("classic_elb"))
    assert event["http"] == {
        "version": "1.1",
        "request": {"method": "GET", "body": {"bytes": 0}},
        "response": {"status_code": 200, "body": {"bytes": 5120}},
    }
    assert event["event"] == {
        **EVENT,
        "category": ["web"],
        "type": ["access"],
        "outcome": "success",
        "start": "2026-03-02T08:00:00.123456Z",  # the log's time is that of the request
        "end": "2026-03-02T08:00:00.124893Z",
        "duration": 1_437_000,
    }
    assert event["aws"]["elb"]["protocol"] == event["network"]["protocol"] == "http"
    assert "bytes" not in event["source"]


def test_a_connection_to_a_classic_balancer_has_the_bytes_of_both_directions():
    line = next(line for line in (DATA / "classic_elb.log").read_bytes().split(b"\n") if b'"- - - "' in line)
    event = encode(line)
    assert event["source"].keys() == {"address", "ip", "port", "bytes"}
    assert event["destination"].keys() == {"address", "ip", "port", "bytes"}
    assert (event["event"]["category"], event["event"]["type"]) == (["network"], ["connection", "end"])
    assert event["aws"]["elb"]["protocol"] == event["network"]["transport"] == "tcp"
    assert event.keys() & {"http", "url", "user_agent"} == set()
    assert "outcome" not in event["event"]


def test_a_connection_to_a_network_balancer():
    event = encode(line_of("nlb"))
    assert event["event"] == {
        **EVENT,
        "category": ["network"],
        "type": ["connection", "end"],
        "start": "2026-03-02T07:59:50Z",
        "end": "2026-03-02T08:00:00Z",
        "duration": 5_000_000,
    }
    assert event["source"] == {"address": "192.0.2.10", "ip": "192.0.2.10", "port": 51341, "bytes": 98}
    assert event["destination"]["bytes"] == 246
    assert event["network"] == {"protocol": "tls", "transport": "tcp"}
    assert event["tls"] == {
        "cipher": "ECDHE-RSA-AES128-SHA",
        "version": "1.2",
        "version_protocol": "tls",
        "next_protocol": "h2",
        "client": {"server_name": "my.example.com"},
    }
    assert event["aws"]["elb"]["alpn_client_preference_list"] == ["h2", "http/1.1"]
    assert event["aws"]["elb"]["connection_time"] == {"ms": 5}


def test_a_connection_to_an_application_balancer():
    event = encode(line_of("connection"))
    assert event["source"] == event["client"] == {"address": "203.0.113.1", "ip": "203.0.113.1", "port": 36280}
    assert event["destination"] == {"port": 443}
    assert event["tls"] == {
        "cipher": "ECDHE-RSA-AES128-GCM-SHA256",
        "version": "1.2",
        "version_protocol": "tls",
        "client": {
            "subject": "CN=amazondomains.com,O=endEntity,L=Seattle,ST=Washington,C=US",
            "not_before": "2026-01-21T22:43:12Z",
            "not_after": "2027-01-20T22:43:12Z",
            "x509": {"serial_number": "FEF257372D5C14D4"},
        },
    }
    assert event["event"]["outcome"] == "success"
    elb = event["aws"]["elb"]
    assert (elb["listener"], elb["tls_verify_status"], elb["tls_handshake_latency"]) == ("443", "Success", 4.036)
    failed = encode(line_of("connection", 1))
    assert failed["event"]["outcome"] == "failure"
    assert failed["aws"]["elb"]["tls_verify_status"] == "Failed"
    assert failed["aws"]["elb"]["tls_error_code"] == "ClientCertUntrusted"


def test_a_health_check():
    event = encode(line_of("health_check", 1))
    assert event["event"] == {
        **EVENT,
        "category": ["network"],
        "type": ["info"],
        "outcome": "failure",
        "reason": "RequestTimedOut",
        "start": "2026-03-02T08:00:05.000001Z",
        "end": "2026-03-02T08:00:10.000403123Z",
        "duration": 5_000_402_123,
    }


def test_a_function_as_target_keeps_its_name():
    arn = "arn:aws:lambda:eu-west-1:123456789012:function:shop"
    event = encode(line_of("alb").replace(b" 10.0.0.1:80 ", f" {arn} ".encode()))
    assert event["destination"] == {"address": arn, "domain": "www.example.com"}
    assert event["aws"]["elb"]["backend"].keys() == {"http"}


def test_what_is_impossible_stays_as_a_text():
    event = encode(line_of("alb").replace(b" 192.0.2.131:2817 ", b" nobody:2817 "))
    assert event["source"] == {"port": 2817}
    assert event["aws"]["elb"]["unparsed"] == ["client:port: nobody:2817"]


def test_a_raw_line():
    event = encode(b"what")
    assert event["event"] == {**EVENT, "kind": "pipeline_error"}
    assert (event["message"], event["tags"]) == ("what", ["_elbparsefailure"])


def test_masks_reach_what_is_derived():
    line = line_of("alb").replace(b"443/ ", b"443/a?token=secret ")
    event = encode(line, mask_addresses=True, mask_query=("token",))
    assert event["url"]["query"] == "token=***"
    assert event["source"]["address"] == event["source"]["ip"] == "192.0.2.0"
    assert "secret" not in json.dumps(event)


@pytest.mark.parametrize(
    ("request_text", "expected"),
    [
        (
            "GET https://www.example.com:443/a/b.min.js?x=1&y HTTP/2.0",
            {
                "version": "2.0",
                "scheme": "https",
                "domain": "www.example.com",
                "port": 443,
                "path": "/a/b.min.js",
                "query": "x=1&y",
                "extension": "js",
            },
        ),
        (
            "GET http://h/a b#c HTTP/1.1",
            {"version": "1.1", "scheme": "http", "domain": "h", "path": "/a b", "fragment": "c"},
        ),
        (
            "GET https://[2001:db8::1]:8443/ HTTP/1.1",
            {"version": "1.1", "scheme": "https", "domain": "[2001:db8::1]", "port": 8443, "path": "/"},
        ),
        (
            "GET http://user:pass@h:80/ HTTP/1.1",
            {"version": "1.1", "scheme": "http", "domain": "h", "port": 80, "path": "/"},
        ),
        ("- http://h:80- ", {"scheme": "http", "domain": "h", "port": 80}),
        ("GET http://h:99999/ HTTP/1.1", {"version": "1.1", "scheme": "http", "domain": "h", "path": "/"}),
        ("GET /a?b=http://c/d HTTP/1.0", {"version": "1.0", "path": "/a", "query": "b=http://c/d"}),
        ("OPTIONS * HTTP/1.1", {"version": "1.1", "path": "*"}),
        ("DESCRIBE rtsp://h/ RTSP/1.0", {"other": "RTSP/1.0", "scheme": "rtsp", "domain": "h", "path": "/"}),
        (
            "GET http://h/.well-known/x.y/ HTTP/1.1",
            {"version": "1.1", "scheme": "http", "domain": "h", "path": "/.well-known/x.y/"},
        ),
        ("- - - ", {}),
        ("", {}),
    ],
)
def test_the_parts_of_a_request(request_text, expected):
    names = ["version", "other", "scheme", "domain", "port", "path", "query", "fragment", "extension"]
    found = dict(zip(names, ecs.request_parts(request_text), strict=True))
    assert {name: value for name, value in found.items() if value is not None} == expected


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (ecs.duration("2026-02-28T23:59:59.999999Z", "2026-03-01T00:00:00.000001Z"), (2000,)),
        (ecs.duration("2026-03-02T08:00:00Z", "2026-03-02T08:00:00.1Z"), (100_000_000,)),
        (ecs.duration("2026-03-02T08:00:01Z", "2026-03-02T08:00:00Z"), (None,)),
        (ecs.duration("-", "2026-03-02T08:00:00Z"), (None,)),
        (ecs.duration("2026-02-30T08:00:00Z", "2026-03-02T08:00:00Z"), (None,)),
        (ecs.end_and_duration("2026-12-31T23:59:59.999999Z", "0.000001"), ("2027-01-01T00:00:00.000000Z", 1000)),
        (ecs.end_and_duration("2026-03-02T08:00:00Z", "0.5", "-1", "0.1"), (None, None)),
        (ecs.end_and_duration("9999-12-31T23:59:59Z", "5"), (None, 5_000_000_000)),
        (ecs.tls("TLSv1.3"), ("1.3", "tls")),
        (ecs.tls("tlsv13"), ("1.3", "tls")),
        (ecs.tls("TLSv1"), ("1.0", "tls")),
        (ecs.tls("SSLv3"), ("3.0", "ssl")),
        (ecs.tls("-"), (None, None)),
        (ecs.outcome("399"), ("success",)),
        (ecs.outcome("400"), ("failure",)),
        (ecs.outcome("-"), (None,)),
        (ecs.text("-1"), ("-1",)),
        (ecs.words("10.0.0.1:80 10.0.0.2:80"), (["10.0.0.1:80", "10.0.0.2:80"],)),
        (ecs.endpoint_parts("2001:db8::1:443"), ("2001:db8::1", "443")),
        (ecs.endpoint_parts("[2001:db8::9]:443"), ("2001:db8::9", "443")),
        (ecs.validity("NotBefore=2026-13-21T22:43:12Z;NotAfter=2027-01-20T22:43:12Z"), (None, None)),
    ],
)
def test_derived_values(made, expected):
    assert made == expected


def test_fields_have_the_names_and_types_of_ecs():
    """Whatever is not of ECS lies where ECS leaves room: below the vendor's name, and in labels."""
    assert ECS["version"] == ECS_VERSION
    mapped = leaves(json.loads((TEMPLATES / "mappings-ecs.json").read_text())["template"]["mappings"])
    others = mapped.keys() - ECS["fields"].keys()
    assert {name for name in others if not name.startswith("aws.")} == {"labels.application"}
    assert {name: mapped[name] for name in ECS["fields"]} == ECS["fields"]


def test_each_column_with_a_name_of_ecs_has_that():
    """What Elastic's integration calls aws.elb.x as well has the same value under ECS's name."""
    both = {
        "aws.elb.ssl_cipher": "tls.cipher",
        "aws.elb.ssl_protocol": "tls.version",
        "aws.elb.trace_id": "trace.id",
        "aws.elb.tls_named_group": "tls.curve",
        "aws.elb.alpn_fe_protocol": "tls.next_protocol",
        "aws.elb.leaf_client_cert_subject": "tls.client.subject",
        "aws.elb.leaf_client_cert_serial_number": "tls.client.x509.serial_number",
        "aws.elb.leaf_client_cert_not_before": "tls.client.not_before",
        "aws.elb.leaf_client_cert_not_after": "tls.client.not_after",
        "aws.elb.backend.ip": "destination.ip",
        "aws.elb.backend.port": "destination.port",
        "aws.elb.health_check.reason": "event.reason",
    }
    assert field_names("ecs").issuperset({*both, *both.values()})


def test_categories_are_those_of_ecs():
    seen = {
        (tuple(fields["event.category"]), tuple(fields["event.type"]))
        for fields in map(dict, (form.ecs for form in FORMATS))
        if "event.category" in fields
    }
    seen |= {tuple(map(tuple, ecs.listener(status)[:2])) for status in ("200", "-")}
    assert seen
    for (category,), kinds in seen:
        assert CATEGORIES[category].issuperset(kinds)
