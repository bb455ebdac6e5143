"""The kernel and the careful parser agree: on real lines, on lines that were changed somewhere, and on any bytes."""

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from elb_log_shipper.events import NAMINGS, Context, Counts, Encoder, Options, kernel, kinds
from elb_log_shipper.events import encoder as encoder_module
from elb_log_shipper.events.formats import FORMATS, LineParseError, parse
from elb_log_shipper.events.formats.columns import (
    endpoint,
    integer,
    request,
    seconds,
    text_or_none,
    timestamp,
    timestamp_without_zone,
)
from elb_log_shipper.events.kinds import KINDS
from elb_log_shipper.events.lines import Block, blocks
from hypothesis import example, given, settings
from hypothesis import strategies as st

CONTEXT = Context('bal"ancer\\', "tést", "shop")
DATA = Path(__file__).parent / "data"
LINES = [line for path in sorted(DATA.glob("*.log")) for line in path.read_bytes().split(b"\n") if line]
PLAIN = [line for line in LINES if line.isascii()]
CLASSIC = next(line for line in PLAIN if b" 5120 " in line)
NLB = next(line for line in PLAIN if line.startswith(b"tls ") and b" tlsv12 " in line)
SHORT_NLB = b"tls 2.0 2022-03-02T08:00:00 net/n/1 l1 192.0.2.1:2817 10.0.0.1:443 5 2 98 246 - - - - tlsv12 - h -"
ALB = next(line for line in PLAIN if line.startswith(b"https ") and b"TID_" in line)


@pytest.fixture(autouse=True, scope="module")
def _the_kernel_takes_few_lines_too():
    """Otherwise the few lines of a property test would be a case for the careful parser only."""
    before, encoder_module._MANY = encoder_module._MANY, 1
    yield
    encoder_module._MANY = before


def encoded(encoder: Encoder, found: Iterable[Block]) -> tuple[bytes, int, Counts]:
    """The events, how many they are, and what the encoder has counted."""
    batches = [encoder.encode(block) for block in found]
    return b"".join(batch.data for batch in batches), sum(batch.events for batch in batches), encoder.counts


def encode(data: bytes, *, fast: bool, sizes: int | None = None, **options) -> tuple[bytes, int, Counts]:
    encoder = Encoder(CONTEXT, Options(**options), "s3://logs/a.log", fast=fast)
    if sizes is None:
        return encoded(encoder, [Block(data, 0, 17)])
    return encoded(encoder, blocks(data[place : place + sizes] for place in range(0, len(data), sizes)))


def assert_agree(data: bytes, naming: str = "original", **options) -> None:
    """The same events as JSON is read, which says no more of a number than its value: 1.5 may be 0.0015e3."""
    block = Block(data, 0, 17)
    careful = encode(data, fast=False, naming=naming, **options)
    encoder = Encoder(CONTEXT, Options(naming=naming, **options), "s3://logs/a.log", fast=True)
    assert_same(encoded(encoder, [block]), careful)
    # Now the kernel has seen the lines, and so is there when the block begins.
    encoder.counts, encoder._last_start = Counts(), -1
    assert_same(encoded(encoder, [block]), careful)


def assert_same(fast: tuple[bytes, int, Counts], careful: tuple[bytes, int, Counts]) -> None:
    if fast[0] != careful[0]:
        assert [read(event) for event in lines_of(fast[0])] == [read(event) for event in lines_of(careful[0])]
    assert fast[1:] == careful[1:]


def lines_of(events: bytes) -> list[bytes]:
    assert not events or events.endswith(b"\n")
    return events.split(b"\n")[:-1]


def read(event: bytes):
    """With the order of the fields, and with numbers and texts of each kind told apart: 1 is not 1.0."""
    return json.loads(event, object_pairs_hook=list, parse_float=lambda text: ("float", float(text)))


@st.composite
def mutated(draw) -> bytes:
    """A few lines, some of them the same, with some bytes replaced, inserted or removed."""
    lines = draw(st.lists(st.sampled_from(LINES), min_size=1, max_size=3)) * draw(st.integers(1, 2))
    data = bytearray(b"\n".join(lines))
    piece = st.sampled_from(
        [
            b"",
            b'"',
            b'""',
            b" ",
            b"  ",
            b"\n",
            b"\r",
            b"\0",
            b"-",
            b"-1",
            b":",
            b"\\",
            b"\\x22",
            b"0",
            b"007",
            b"\xff",
            b"\xc3\xa9",
            *[b"\x7f", b"\x1f", b"9" * 20, b'","', b' "-" ', b" HTTP/1.1", b"e5", b"+1", b"_"],
        ]
    ) | st.binary(max_size=3)
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(data)))
        data[start : start + draw(st.integers(0, 2))] = draw(piece)
    return bytes(data)


@settings(max_examples=1500)
@given(mutated(), st.sampled_from(NAMINGS))
def test_they_agree_on_changed_lines(data, naming):
    assert_agree(data, naming)


OPTIONS = [
    {"include": {"Status": ("2*", "-")}},
    {"include": {"PublicIp": ("198.*",)}, "exclude": {"RequestUrl": ("*a*",), "NoSuchField": ("*",)}},
    {"sampling": {"2xx": 0.5, "404": 0}},
    {"exclude": {"SslCipher": ("-",)}, "ids": False},
    {"mask_addresses": True},
    {"mask_query": ("*",)},
    {"naming": "ecs", "mask_addresses": True, "mask_query": ("*",)},
    {"naming": "ecs", "include": {"url.domain": ("www*", "-")}, "exclude": {"event.outcome": ("failure",)}},
    {"mask_addresses": True, "mask_query": ("a", "token"), "include": {"RequestUrl": ("*=1*",)}},
]


@settings(max_examples=800)
@given(mutated(), st.sampled_from(OPTIONS))
def test_they_agree_on_what_is_left_out_and_masked(data, options):
    assert_agree(data, **options)


def test_a_filter_sees_what_is_masked_in_the_event():
    data = b"\n".join([CLASSIC, CLASSIC.replace(b"443/", b"443/?token=1")] * 3)
    options = {"mask_query": ("token",), "include": {"RequestUrl": ("*token=1",)}}
    assert_agree(data, **options)
    events, count, _ = encode(data, fast=True, **options)
    assert count == events.count(b'token=***"') == 3


@pytest.mark.parametrize("options", OPTIONS[:-1], ids=str)
def test_filters_and_masks_are_a_case_for_the_kernel(options, monkeypatch):
    data = b"\n".join([CLASSIC, CLASSIC.replace(b" 200 200 ", b" 404 404 "), CLASSIC.replace(b"443/", b"443/?a=1")] * 9)
    assert_agree(data, **options)
    encoder = Encoder(CONTEXT, Options(**options))
    encoder.encode(Block(data, 0))
    encoder.counts = Counts()
    monkeypatch.setattr(Encoder, "_encode_line", None)
    assert encoder.encode(Block(data, 0)).events + encoder.counts.left_out == 27


@st.composite
def changed_column(draw) -> bytes:
    """The same line several times; one column of one of them, or of all, has another text."""
    line = draw(st.sampled_from(PLAIN))
    count = draw(st.integers(1, 3))
    columns = line.split(b" ")
    number = draw(st.integers(0, len(columns) - 1))
    text = draw(
        st.from_regex(rb"\A[-0-9.:TZ]{0,12}\Z")
        | st.binary(max_size=6)
        | st.sampled_from(columns)
        | st.sampled_from(
            [b"-", b"-1", b"-1.0", b"-1.", b"", b'"-"', b'""', b'"- - - "', b'"GET"', b'"GET /"', b'"A B C D"']
        )
    )
    changed = b" ".join([*columns[:number], text, *columns[number + 1 :]])
    lines = draw(st.permutations([changed] * draw(st.integers(1, 2)) + [line] * count))
    return b"\n".join(lines)


@settings(max_examples=1500)
@given(changed_column(), st.sampled_from(NAMINGS))
def test_they_agree_on_changed_columns(data, naming):
    assert_agree(data, naming)


@settings(max_examples=300)
@given(st.binary(max_size=300) | st.text('ab-1:"\\ \n\r\0.TZ', max_size=300).map(str.encode))
@example(b"")
@example(b"\n")
def test_they_agree_on_any_bytes(data):
    assert_agree(data)


@settings(max_examples=200)
@given(st.lists(st.sampled_from(LINES), min_size=1, max_size=20), st.integers(1, 900))
def test_the_cutting_of_blocks_changes_nothing(lines, size):
    data = b"\n".join(lines) + b"\n"
    whole = encode(data, fast=False, sizes=len(data))
    parts = encode(data, fast=True, sizes=size)
    assert_same(parts, whole)


@pytest.mark.parametrize("naming", NAMINGS)
@pytest.mark.parametrize("line", PLAIN, ids=range(len(PLAIN)))
def test_they_agree_on_each_line_alone_and_repeated(line, naming):
    assert_agree(line, naming)
    assert_agree(b"\n".join([line] * 3), naming)


def format_of(line: bytes):
    try:
        return parse(line.decode()).format
    except LineParseError:
        return None


@pytest.mark.parametrize(
    ("convert", "text"),
    [
        (timestamp, "2026-03-02T08:00:00.123456Z"),
        (timestamp_without_zone, "2026-03-02T08:00:00"),
        (seconds, "0.000043"),
        (seconds, "12.345678"),
        (seconds, "0.086"),
        (seconds, "-1"),
        (integer, "5120"),
        (integer, "0"),
        (integer, "-"),
        (endpoint, "198.51.100.23:49152"),
        (endpoint, "2001:db8::1:49152"),
        (endpoint, "-"),
        (request, "GET https://www.example.com:443/ HTTP/1.1"),
        (request, "- - - "),
        (text_or_none, "Root=1-58337281-1d84f3d73c47ec4e58577259"),
    ],
)
def test_usual_texts_are_done_as_a_whole(convert, text):
    """Without it they would be right all the same, and slow."""
    others = {timestamp: "2026-03-02T08:00:01.000000Z", seconds: "0.001", endpoint: "198.51.100.7:1"}
    assert KINDS[convert]([text, others.get(convert, text)]) is not None


@pytest.mark.parametrize("number", [0, 1, 9, 10, 59999, 60000, 64999, 65499, 65529, 65530, 65535, 65536, 65540, 99999])
def test_the_kernel_takes_no_port_that_is_none(number):
    usual = KINDS[endpoint]([f"198.51.100.1:{number}", "198.51.100.2:1"])
    assert (usual is not None) == (0 < number < 65536)


@pytest.mark.parametrize("address", ["256.1.1.1", "1.1.1.256", "01.1.1.1", "1.1.1", "1.1.1.1.1", "1.1.1.1 ", "", "::g"])
def test_the_kernel_takes_no_address_that_is_none(address):
    assert KINDS[endpoint]([f"{address}:1", "198.51.100.2:1"]) is None


@pytest.mark.parametrize("chosen", FORMATS, ids=lambda chosen: chosen.name)
def test_plain_lines_of_every_format_are_a_case_for_the_kernel(chosen, monkeypatch):
    """Without it the other tests would compare the careful parser with itself."""
    line = next(line for line in PLAIN if format_of(line) is chosen and b'","' not in line)
    encoder, block = Encoder(CONTEXT), Block(b"\n".join([line] * 20), 0)
    encoder.encode(block)
    monkeypatch.setattr(Encoder, "_encode_line", None)
    assert encoder.encode(block).events == 20


def test_what_is_remembered_is_bounded_and_forgetting_changes_nothing(monkeypatch):
    monkeypatch.setattr(kernel, "_REMEMBERED", 3)
    data = b"\n".join(ALB.replace(b"https ", kind, 1) for kind in (b"h2 ", b"http ", b"https ", b"ws ", b"wss ") * 9)
    assert_agree(data)


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([ALB, ALB.replace(b'"Root=1-58337281-1d84f3d73c47ec4e58577259"', b'"-"')], id="no trace"),
        pytest.param([ALB, ALB.replace(b"https ", b"gopher ", 1)], id="unknown type"),
        pytest.param([ALB, ALB.replace(b"https ", b"tls ", 1)], id="type of another balancer"),
        pytest.param(
            [CLASSIC.replace(b"443/ HTTP/1.1", b"443/"), CLASSIC.replace(b"443/ ", b"443/ a ")], id="2 and 4 parts"
        ),
        pytest.param([CLASSIC.removesuffix(b" TLSv1.2"), CLASSIC + b" more"], id="14 and 16 columns"),
        pytest.param([CLASSIC, CLASSIC.replace(b":49152 ", b":09152 ")], id="port with a zero"),
        pytest.param([CLASSIC, CLASSIC.replace(b" 5120 ", b" 05120 ")], id="number with a zero"),
        pytest.param([CLASSIC, CLASSIC.replace(b" 0.001337 ", b" 337 ")], id="whole seconds"),
        pytest.param([CLASSIC, CLASSIC.replace(b"198.51.100.23:", b"2001:db8::1:")], id="IPv6"),
        pytest.param([CLASSIC, CLASSIC.replace(b" web-prod ", b"  ")], id="nothing between two spaces"),
        pytest.param([CLASSIC, CLASSIC.replace(b" web-prod ", b" web\nprod ")], id="end of a line in a column"),
        pytest.param([CLASSIC, CLASSIC.replace(b"Gecko", b"Ge\ncko")], id="end of a line in quotes"),
        pytest.param([CLASSIC, CLASSIC + b"\r"], id="end of a line as Windows has it"),
        pytest.param([CLASSIC, CLASSIC.replace(b"Gecko", b"\\x22\rGecko")], id="backslash and carriage return"),
        pytest.param([CLASSIC, CLASSIC.replace(b"/ HTTP", b"/\x1f HTTP")], id="control character"),
        pytest.param([CLASSIC, CLASSIC.replace(b"T08:00:00.", b"T08:61:00.")], id="impossible minute"),
        pytest.param([CLASSIC, CLASSIC.replace(b"T08:00:00.", b"T08:00:61.")], id="impossible second"),
        pytest.param([CLASSIC, CLASSIC.replace(b"T08:00:00.", b"T24:00:00.")], id="impossible hour"),
        pytest.param([CLASSIC, CLASSIC.replace(b" HTTP/1.1", b" there")], id="no protocol in three parts"),
        pytest.param([NLB, NLB.replace(b" tlsv12 ", b' "a","b" ')], id="a list in another column"),
        pytest.param(
            [NLB.replace(b" tlsv12 ", quoted) for quoted in (b' "tlsv12" ', b' "a","b" ')],
            id="a list in another column in quotes",
        ),
        pytest.param(
            [SHORT_NLB + end for end in (b" - -", b' - ","-', b' ","- -', b' "a","b" -')], id="a list without quotes"
        ),
        pytest.param([CLASSIC, CLASSIC.rpartition(b' "')[0], b""], id="two lines that have as many quotes as one"),
        pytest.param([CLASSIC, CLASSIC.replace(b" HTTP/1.1", b" ")], id="no protocol behind a space"),
        pytest.param([CLASSIC, CLASSIC.replace(b'"GET ', b'"- ').replace(b" HTTP/1.1", b" ")], id="only a URL"),
        pytest.param(
            [CLASSIC, CLASSIC.replace(b"https://www.example.com:443/ HTTP/1.1", b"HTTP/1.1 ")],
            id="a protocol instead of the URL",
        ),
    ],
)
def test_they_agree_where_only_one_check_tells(lines):
    assert lines[0] != lines[1]
    assert_agree(b"\n".join(lines))
    assert_agree(b"\n".join(lines[::-1] + lines))


def test_hour_24_is_impossible_to_any_python(monkeypatch):
    """Python 3.13 and those before it refuse it, newer ones take it for the midnight that ends the day."""
    lenient = SimpleNamespace(fromisoformat=lambda text: datetime.fromisoformat(text.replace("T24", "T00")))
    monkeypatch.setattr(kinds, "datetime", lenient)
    lines = [CLASSIC.replace(b"T08:00:00.", time) for time in (b"T08:00:00.", b"T24:00:00.", b"T09:00:00.")]
    assert_agree(b"\n".join(lines))


UNUSUAL = {
    "raw": b"unusual",
    "empty": b"",
    "extra columns": CLASSIC + b' - "x" more',
    "another age": CLASSIC.rpartition(b' "')[0],
    "another format": ALB,
    "a quote": CLASSIC.replace(b"Gecko", b'Ge"cko'),
    "two quotes": CLASSIC.replace(b"Gecko", b'Ge" "cko'),
    "a space too many": CLASSIC.replace(b" 5120 ", b"  5120 "),
    "no quotes": CLASSIC.replace(b'"', b""),
    "quotes elsewhere": CLASSIC.replace(b" 5120 ", b' "5120" '),
    "quotes moved": CLASSIC.replace(b" 5120 ", b' "5120" ').replace(
        b' "GET https://www.example.com:443/ HTTP/1.1"', b" GET"
    ),
    "no number": CLASSIC.replace(b" 5120 ", b" many "),
    "impossible date": CLASSIC.replace(CLASSIC[:10], b"2026-02-30"),
    "no address": CLASSIC.replace(b"198.51.100.23:", b"198.51.100.256:"),
    "high port": CLASSIC.replace(b":49152 ", b":65536 "),
    "not UTF-8": CLASSIC.replace(b"Gecko", b"Ge\xffcko"),
    "control character": CLASSIC.replace(b"Gecko", b"Ge\tcko"),
}


@pytest.mark.parametrize("unusual", UNUSUAL.values(), ids=UNUSUAL)
@pytest.mark.parametrize("place", [0, 1, 57, 99])
def test_an_unusual_line_is_done_alone(unusual, place, monkeypatch):
    lines = [CLASSIC.replace(b" 5120 ", b" %d " % number) for number in range(100)]
    encoder = Encoder(CONTEXT)
    encoder.encode(Block(b"\n".join(lines), 0))  # which kernel it is
    lines[place] = unusual
    data = b"\n".join(lines)
    assert_agree(data)
    assert_agree(b"\n".join([data] * 2))
    done = Encoder._encode_line
    careful: list[bytes] = []
    monkeypatch.setattr(
        Encoder, "_encode_line", lambda self, line, start: careful.append(line) or done(self, line, start)
    )
    encoder.encode(Block(data, 0, 9))
    assert set(careful) <= {unusual}


def test_characters_outside_of_ascii_cost_nothing(monkeypatch):
    data = b"\n".join(CLASSIC.replace(b"Gecko", f"Gécko\U0001f600{number}".encode()) for number in range(20))
    assert_agree(data)
    encoder = Encoder(CONTEXT)
    encoder.encode(Block(data, 0))
    monkeypatch.setattr(Encoder, "_encode_line", None)
    assert encoder.encode(Block(data, 0)).events == 20


@pytest.mark.parametrize("extra", [b" more", b' "more"', b' - "a b" 7', b' "" TID_1'])
def test_columns_that_nobody_knows_yet_are_a_case_for_the_kernel(extra, monkeypatch):
    data = b"\n".join([CLASSIC + extra] * 20)
    assert_agree(data)
    encoder = Encoder(CONTEXT)
    encoder.encode(Block(data, 0))
    monkeypatch.setattr(Encoder, "_encode_line", None)
    assert encoder.encode(Block(data, 0)).events == 20


def test_many_arrangements_in_one_log_are_each_a_case_for_the_kernel(monkeypatch):
    lines = [CLASSIC, ALB, CLASSIC + b" more", ALB + b' "more"'] * 25
    careful: list[bytes] = []
    done = Encoder._encode_line
    monkeypatch.setattr(
        Encoder, "_encode_line", lambda self, line, start: careful.append(line) or done(self, line, start)
    )
    assert Encoder(CONTEXT).encode(Block(b"\n".join(lines), 0)).events == 100
    assert len(careful) == 4
    monkeypatch.undo()
    assert_agree(b"\n".join(lines))


@given(st.lists(st.sampled_from([*LINES, b"unusual", b""]), min_size=1, max_size=40))
@settings(max_examples=200)
def test_where_the_line_of_each_event_begins_is_known(lines):
    batch = Encoder(CONTEXT, object_name="a").encode(Block(b"\n".join(lines), 0, 17))
    ids = [json.loads(event)["EventId"] for event in batch.data.splitlines()]
    assert [int(one.rpartition("-")[2]) for one in ids] == list(batch.starts)
    assert len(batch.starts) == batch.events
