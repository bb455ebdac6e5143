"""No value of a masked key leaves, however its key is written and wherever it stands; nor a whole address."""

import json
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from elb_log_shipper.events import NAMINGS, Context, Encoder, Options
from elb_log_shipper.events.lines import Block
from elb_log_shipper.events.masking import Masking
from growth import assert_linear
from hypothesis import example, given, settings
from hypothesis import strategies as st

DATA = Path(__file__).parent / "data"
CLASSIC = (DATA / "classic_elb.log").read_bytes().split(b"\n")[0].decode()
ALB = (DATA / "alb.log").read_bytes().split(b"\n")[0].decode()
VALUE = "s3cr3t"


def encode(line: str, *, part: int = 0, naming: str = "original", **options) -> dict:
    encoder = Encoder(Context("c", "e", "a"), Options(naming=naming, **options), "a.log")
    (event,) = encoder.encode(Block(line.encode(), part)).data.splitlines()
    return json.loads(event)


def with_request(request: str) -> str:
    return CLASSIC.replace("GET https://www.example.com:443/ HTTP/1.1", request)


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        pytest.param("/a?%74oken=s3cr3t&b=1", "/a?%74oken=***&b=1", id="encoded key"),
        pytest.param("/a?%2574oken=s3cr3t&b=1", "/a?%2574oken=***&b=1", id="key encoded twice"),
        pytest.param("/a?%54OKEN=s3cr3t", "/a?%54OKEN=***", id="encoded capitals"),
        pytest.param("/a?my+key=s3cr3t&b=1", "/a?my+key=***&b=1", id="plus"),
        pytest.param("/a?my%20key=s3cr3t&b=1", "/a?my%20key=***&b=1", id="space"),
        pytest.param("/a?+token=s3cr3t", "/a?+token=***", id="space before the key"),
        pytest.param("/a?sch%C3%BCssel=s3cr3t", "/a?sch%C3%BCssel=***", id="not ASCII"),
        pytest.param("/a%3Ftoken%3Ds3cr3t", "/a%3Ftoken%3D***", id="encoded query"),
        pytest.param("/a%3fb%3d1%26token%3ds3cr3t", "/a%3fb%3d1%26token%3d***", id="encoded query, small letters"),
        pytest.param("/a?u=http%3A%2F%2Fh%3Ftoken%3Ds3cr3t&b=1", "/a?u=http%3A%2F%2Fh%3Ftoken%3D***&b=1", id="URL"),
        pytest.param("/a?u=%252F%253Fb%253D1%2526token%253Ds3cr3t", "/a?u=%252F%253Fb%253D1%2526token%253D***", id="2"),
        pytest.param("/a?u=http://h/?token=s3cr3t&b=1", "/a?u=http://h/?token=***&b=1", id="URL that is not encoded"),
        pytest.param("/a?u=%3Ftoken=s3cr3t%26b=1&c=2", "/a?u=%3Ftoken=***&c=2", id="to the end of the outermost value"),
        pytest.param("/a#token=s3cr3t", "/a#token=***", id="fragment"),
        pytest.param("/a?token=%26s3cr3t&b=1", "/a?token=***&b=1", id="a value with an encoded ampersand"),
        pytest.param("/a?token=token=s3cr3t", "/a?token=***", id="a value that looks like a key"),
        pytest.param("/a?mytoken=1&tokens=2&u=%3Ftoken2%3D3", "/a?mytoken=1&tokens=2&u=%3Ftoken2%3D3", id="others"),
        pytest.param("/a?100%&b=%zz", "/a?100%&b=%zz", id="no encoding"),
    ],
)
def test_a_key_is_compared_decoded_at_any_depth(url, masked):
    options = {"mask_query": ("Token", "my key", "schüssel")}
    event = encode(with_request(f"GET https://h:443{url} HTTP/1.1"), **options)
    assert event["RequestUrl"] == f"https://h:443{masked}"
    assert event["FullRequest"] == f"GET https://h:443{masked} HTTP/1.1"
    event = encode(ALB.replace('"authenticate,forward" "-"', f'"redirect" "https://h:443{url}"'), **options)
    assert event["RedirectUrl"] == f"https://h:443{masked}"
    assert VALUE not in json.dumps(encode(f'cut "GET https://h:443{url}', **options))
    assert VALUE not in json.dumps(encode(f"{ALB} - - - - {url}", **options))


@pytest.mark.parametrize(
    ("request_text", "masked"),
    [
        ("GET http://h/?token=s3cr3t and s3cr3t", "GET http://h/?token=***"),
        ("GET http://h/?token=s3cr3t HTTP/1.1 ", "GET http://h/?token=*** HTTP/1.1 "),
        ("GET http://h/?token=s3cr3t s3cr3t HTTP/1.1  ", "GET http://h/?token=*** HTTP/1.1  "),
        ("GET http://h/?token=s3cr3t  ", "GET http://h/?token=***  "),
        ("GET/?token=s3cr3t HTTP/1.1", "GET/?token=*** HTTP/1.1"),
        ("GET/?token=s3cr3t s3cr3t HTTP/1.1", "GET/?token=*** HTTP/1.1"),
        ("/?token=s3cr3t", "/?token=***"),
        ("- http://h/?token=s3cr3t -", "- http://h/?token=*** -"),
        ("- http://h:80- ", "- http://h:80- "),
        ("- - - ", "- - - "),
        ("", ""),
    ],
)
@pytest.mark.parametrize("keys", [("token",), ("*",)])
def test_a_request_of_any_form_keeps_nothing_of_a_masked_value(keys, request_text, masked):
    event = encode(with_request(request_text), mask_query=keys)
    assert event["FullRequest"] == masked
    assert VALUE not in json.dumps(event)


@pytest.mark.parametrize(
    "line",
    [
        'what "GET /?token=s3cr3t HTTP/1.1" "-"',
        'what "GET /?token=a"s3cr3t HTTP/1.1" "-"',
        "what GET /?token=a b s3cr3t",
        with_request('GET /?token=a"s3cr3t HTTP/1.1'),
        with_request("GET /?token=a s3cr3t HTTP/1.1").replace('"', ""),
        with_request("GET /?token=a s3cr3t HTTP/1.1").replace(" 5120 ", " a "),
    ],
)
def test_a_raw_line_and_its_reason_keep_nothing_either(line):
    event = encode(line, mask_query=("token",))
    assert "Message" in event
    assert VALUE not in json.dumps(event)
    assert event["ParseError"]


def test_a_line_in_parts_keeps_nothing_of_a_value_that_was_cut():
    options = {"mask_query": ("token",), "mask_addresses": True}
    assert encode("h2 /?token=s3c", part=1, **options)["Message"] == "h2 /?token=***"
    assert encode("r3t&b=1&token=2", part=2, **options)["Message"] == "***&b=1&token=***"
    assert encode("100.23:80 x", part=2, mask_addresses=True)["Message"] == "*** x"


@given(
    st.sampled_from(["token", "%74oken", "tok%65n", "TOKEN", "%2574oken"]),
    st.text("ab?&;#=%/+ 3FD26", max_size=12),
    st.integers(0, 2),
    st.sampled_from(["", " HTTP/1.1", " HTTP/1.1 ", " -", " "]),
    st.sampled_from(NAMINGS),
)
def test_no_style_tells_a_masked_value(key, before, depth, after, naming):
    query = f"?{key}={VALUE}"
    for _ in range(depth):
        query = quote(query)
    line = with_request(f"GET http://h/a{before}{query}{after}")
    assert VALUE not in json.dumps(encode(line, naming=naming, mask_query=("token",)))
    assert VALUE not in json.dumps(encode("cut " + line, naming=naming, mask_query=("token",)))


@settings(max_examples=500)
@given(st.text(min_size=1, max_size=8) | st.text(" +%&=;a", min_size=1, max_size=4))
@example("+")
@example(" a+b ")
@example("%")
@example("&=;")
def test_any_key_is_found_as_a_form_would_send_it(key):
    masked = Masking(False, [key]).text(f"/?x=1&{quote_plus(key)}=s3cr3t&longer_than_key=1")
    assert VALUE not in masked
    assert masked.endswith("***&longer_than_key=1") or key == "*"


@pytest.mark.parametrize("piece", ["%3F", "%25", "%253F", "%3Fa%3D", "&%74", "+"])
def test_masks_take_time_in_proportion_to_the_text(piece):
    masking = Masking(True, ["a", "token"])
    assert_linear(lambda size: masking.text(f"x ?{piece * size} y", cut=True), 2000)


@pytest.mark.parametrize(
    ("endpoint", "fields"),
    [
        ("198.51.100.23:49152", {"PublicIpAndPort": "198.51.100.0:49152", "PublicIp": "198.51.100.0"}),
        ("[2001:db8:85a3::9]:443", {"PublicIpAndPort": "2001:db8:85a3:::443", "PublicIp": "2001:db8:85a3::"}),
        ("198.51.100.23:70000", {"PublicIpAndPort": "198.51.100.0:70000", "PublicIp": "198.51.100.0"}),
        ("client-23:80", {"PublicIpAndPort": "***:80", "PublicIp": None, "Unparsed": ["client:port: ***:80"]}),
        ("-", {"PublicIpAndPort": None, "PublicIp": None}),
        ('"198.51.100.23:49152"', {"PublicIpAndPort": "198.51.100.0:49152", "PublicIp": "198.51.100.0"}),
    ],
)
def test_addresses_of_any_form_are_masked(endpoint, fields):
    event = encode(CLASSIC.replace("198.51.100.23:49152", endpoint), mask_addresses=True)
    assert fields.items() <= event.items()
    assert "00.23" not in json.dumps(event)


def test_the_address_of_a_connection_is_masked():
    line = (DATA / "connection.log").read_text(encoding="utf-8").split("\n")[0]
    assert encode(line, mask_addresses=True)["PublicIp"] == "203.0.113.0"
    event = encode(line.replace("203.0.113.1 ", "client-23 "), mask_addresses=True)
    assert (event["PublicIp"], event["Unparsed"]) == (None, ["client_ip: ***"])
