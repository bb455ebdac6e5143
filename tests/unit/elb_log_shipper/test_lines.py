"""Inflating and cutting: nothing depends on where the chunks were cut, and memory stays flat."""

import gzip
import io
import itertools
import struct
import tracemalloc
import zlib

import pytest
from elb_log_shipper import native
from elb_log_shipper.errors import InputError
from elb_log_shipper.events.lines import CHUNK_BYTES, Block, blocks, decompress, read_chunks
from hypothesis import given
from hypothesis import strategies as st

LIMIT = 12


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    """Chunks of the given sizes, repeated as often as needed."""
    chunks = []
    for size in itertools.cycle(sizes):
        if not data:
            return chunks
        chunks.append(data[:size])
        data = data[size:]
    return chunks


def whole_lines(found: list[Block]) -> list[bytes]:
    """The lines again, with the parts of long ones put together."""
    lines: list[bytes] = []
    for block in found:
        if block.part == 0:
            lines += block.data.split(b"\n")
        elif block.part == 1:
            lines.append(block.data)
        else:
            lines[-1] += block.data
    return lines


@pytest.fixture(params=["isal", "zlib"], scope="module")
def inflating(request):
    """Inflates with one module, then with the other. Of the whole module, as hypothesis wants it."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "zlib":
            patch.setattr(native, "isal_zlib", None)
        assert native.in_use()[0] == request.param, "install requirements.txt"
        yield


sizes_strategy = st.lists(st.integers(1, LIMIT), min_size=1, max_size=5)
text_strategy = st.binary(max_size=120) | st.text("a\n", max_size=120).map(str.encode)


@given(text_strategy, sizes_strategy)
def test_the_cutting_of_chunks_changes_nothing(data, sizes):
    lines = data.split(b"\n")
    if lines[-1] == b"":
        lines.pop()  # the end of the last line, or an empty log
    found = list(blocks(cut(data, sizes), LIMIT))
    assert whole_lines(found) == lines
    assert all(len(block.data) <= LIMIT for block in found if block.part)
    in_parts = [line for line in lines if len(line) > LIMIT]
    assert sum(block.part == 1 for block in found) == len(in_parts)


@given(text_strategy, sizes_strategy, st.integers(0, 9))
def test_each_block_knows_where_it_lies(data, sizes, offset):
    log = b"x" * offset + data
    for block in blocks(cut(data, sizes), LIMIT, offset=offset):
        assert log[block.offset : block.offset + len(block.data)] == block.data
        assert block.part or log[block.offset + len(block.data) :][:1] in (b"", b"\n")


def test_only_the_newline_ends_a_line():
    line = "a\x85b\x1cc\u2028d\re\x0bf\x0cg".encode()
    assert list(blocks([line + b"\n", line])) == [Block(line, 0, 0), Block(line, 0, len(line) + 1)]


def test_a_long_line_comes_in_parts_and_the_next_line_is_whole():
    found = list(blocks([b"short\n0123456789", b"0123456789", b"0123456\nnext\nlast\n"], LIMIT))
    assert found == [
        Block(b"short", 0, 0),
        Block(b"012345678901", 1, 6),
        Block(b"234567890123", 2, 18),
        Block(b"456", 3, 30),
        Block(b"next\nlast", 0, 34),
    ]


@pytest.mark.usefixtures("inflating")
@given(st.lists(st.binary(max_size=80), min_size=1, max_size=4), sizes_strategy, st.integers(0, 3))
def test_gzip_of_several_members_and_padding(members, sizes, padding):
    data = b"".join(gzip.compress(member) for member in members) + b"\0" * padding
    assert b"".join(decompress(cut(data, sizes))) == b"".join(members)


def member_with(flags: int, content: bytes) -> bytes:
    """A member of gzip with the optional fields that the flags of RFC 1952 stand for."""
    head = b"\x1f\x8b\x08%c\0\0\0\0\0\xff" % flags
    if flags & 4:
        head += b"\x06\0extra!"
    if flags & 8:
        head += b"a.log\0"
    if flags & 16:
        head += b"a comment\0"
    if flags & 2:
        head += struct.pack("<H", zlib.crc32(head) & 0xFFFF)
    body = zlib.compress(content, wbits=-15)
    return head + body + struct.pack("<II", zlib.crc32(content), len(content))


@pytest.mark.usefixtures("inflating")
@pytest.mark.parametrize("flags", range(0, 32, 2))
@pytest.mark.parametrize("size", [1, 4, 7, 1000])
def test_headers_of_any_kind_in_pieces(flags, size):
    data = member_with(flags, b"line 1\n") + member_with(flags, b"line 2\n")
    assert b"".join(decompress(cut(data, [size]))) == b"line 1\nline 2\n"


@pytest.mark.usefixtures("inflating")
@given(st.binary(min_size=1, max_size=300), st.integers(0, 10_000), st.integers(1, 255), sizes_strategy)
def test_any_changed_byte_behind_the_header_is_noticed(content, place, change, sizes):
    data = bytearray(member_with(0, content))
    data[10 + place % (len(data) - 10)] ^= change
    found = b""
    try:
        for chunk in decompress(cut(bytes(data), sizes)):
            found += chunk
    except InputError:
        return
    assert found == content  # a bit of padding that means nothing


@given(st.binary(max_size=80).filter(lambda data: not data.startswith(b"\x1f\x8b")), sizes_strategy)
def test_anything_else_passes_through(data, sizes):
    assert b"".join(decompress(cut(data, sizes))) == data


@pytest.mark.usefixtures("inflating")
def test_a_truncated_member_gives_what_is_there_and_then_fails():
    data = gzip.compress(b"".join(b"line %d\n" % number for number in range(2000)))
    found = []
    with pytest.raises(InputError, match="truncated"):
        found.extend(decompress(cut(data[:-200], [100])))
    assert b"".join(found).startswith(b"line 0\nline 1\n")


@pytest.mark.usefixtures("inflating")
@pytest.mark.parametrize("cut_off", [1, 7, 8, 9])
def test_a_missing_trailer_is_noticed(cut_off):
    with pytest.raises(InputError, match="truncated"):
        list(decompress([gzip.compress(b"line\n")[:-cut_off]]))


@pytest.mark.usefixtures("inflating")
@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda data: data[:-6] + b"\xff" + data[-5:], id="wrong checksum"),
        pytest.param(lambda data: data[:-2] + b"\1" + data[-1:], id="wrong length"),
        pytest.param(lambda data: data[:12] + b"\xff\xff\xff\xff" + data[16:], id="wrong data"),
        pytest.param(lambda data: data + b"trailing", id="something behind the end"),
        pytest.param(lambda data: data + b"\0\0trailing", id="something behind padding"),
        pytest.param(lambda data: data + b"longer than a header of gzip", id="much behind the end"),
        pytest.param(lambda data: data + b"\x1f\x8b\x07" + data[3:], id="unknown method"),
        pytest.param(lambda data: data + data[:12] + b"\xff\xff\xff\xff" + data[16:], id="second member"),
    ],
)
def test_corrupt_gzip_is_noticed(damage):
    with pytest.raises(InputError, match="corrupt"):
        list(decompress([damage(gzip.compress(b"line 1\nline 2\n"))]))


@pytest.mark.usefixtures("inflating")
def test_memory_stays_flat_when_a_small_object_inflates_a_thousandfold():
    stream = io.BytesIO(gzip.compress(b"\0" * 64_000_000))
    tracemalloc.start()
    total = sum(len(block.data) for block in blocks(decompress(read_chunks(stream.read))))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert total == 64_000_000
    assert peak < 8_000_000


def test_chunks_are_read_in_the_size_that_memory_allows():
    asked = []

    def read(size):
        asked.append(size)
        return b"" if len(asked) == 3 else b"x"

    assert list(read_chunks(read)) == [b"x", b"x"]
    assert asked == [CHUNK_BYTES] * 3
