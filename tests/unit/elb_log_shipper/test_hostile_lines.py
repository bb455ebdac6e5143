"""Clients choose what stands in a line: the time for it grows with its length, whatever it is made of."""

from pathlib import Path

import pytest
from elb_log_shipper.events import Context, Encoder, Options
from elb_log_shipper.events.lines import Block
from elb_log_shipper.events.masking import Masking
from growth import assert_linear

DATA = Path(__file__).parent / "data"
LINES = {path.stem: path.read_bytes().partition(b"\n")[0] for path in sorted(DATA.glob("*.log"))}
ALB = next(line for line in (DATA / "alb.log").read_bytes().split(b"\n") if line.startswith(b"https "))
# What the patterns look for, alone and mixed with what ends it.
PIECES = [
    "?",
    ";",
    "&",
    "#",
    "=",
    "?a",
    ";a=",
    "?=",
    "??a",
    "? ",
    ":",
    "1:",
    "a.",
    "1.1.1.1",
    '"',
    '" "',
    '","',
    " ",
    "\t",
]
OPTIONS = {
    "plain": {},
    "masks": {"mask_addresses": True, "mask_query": ("*",)},
    "keys": {"mask_query": ("a", "token")},
    "filters": {"include": {"UserAgent": ("*a*b*c*", "*?:?*")}, "sampling": {"2xx": 0.5}},
}


def encode(*blocks: bytes, **options) -> None:
    encoder = Encoder(Context("c", "e", "a"), Options(**options), "log")
    for block in blocks:
        encoder.encode(Block(block, 0))


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize("keys", [("*",), ("a", "token")])
def test_masks_of_any_text(keys, piece):
    masking = Masking(True, keys)
    assert_linear(lambda size: masking.text(f"x {piece * size} y"), 2000)


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_a_request_and_an_agent(options, piece):
    def line(size):
        hostile = (piece.replace('"', "") * size).encode()
        request = ALB.replace(b"https://www.example.com:443/", b"https://www.example.com:443/?" + hostile)
        assert request != ALB
        return request.replace(b'"Mozilla', b'"' + hostile + b"Mozilla")

    assert_linear(lambda size: encode(line(size), **options), 2000)


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_a_line_that_no_format_fits(options, piece):
    assert_linear(lambda size: encode(f"h2 {piece * size}".encode(), **options), 4000)


@pytest.mark.parametrize("piece", ["\n", "a\n", "a:1\n", '"\n', ' "\n', '"a" "\n', "a \n"])
@pytest.mark.parametrize("name", LINES)
def test_many_short_lines_behind_lines_of_a_format(name, piece):
    """The expression for whole lines may look beyond the end of one; it must not do so for each of them."""
    assert_linear(lambda size: encode(LINES[name], (piece * size).encode()), 4000)


def test_a_key_is_masked_whatever_stands_before_it():
    masking = Masking(False, ("*",))
    assert masking.text("/a?b?c=1") == "/a?b?c=***"
    assert masking.text("/a??=1") == "/a??=***"
    assert masking.text("/a?;;b=1&c=2") == "/a?;;b=***&c=***"
