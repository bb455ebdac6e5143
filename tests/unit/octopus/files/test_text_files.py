"""Encodings of files, as tables that read like the rules.

Marks in the names: [T] the reference's own tests assert it, [S] read in its source, [I] inferred from how .NET behaves.
"""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.files.text_files import (
    BinaryFileError,
    TextFile,
    TextFileError,
    decode,
    encode,
    read,
)
from hypothesis import given
from hypothesis import strategies as st

READ = [
    # rule, content, encoding, mark, text
    ("[S] plain ASCII is UTF-8 without mark", b"a", "utf-8", b"", "a"),
    ("[S] an empty file is UTF-8 without mark", b"", "utf-8", b"", ""),
    ("[S] valid UTF-8 without mark", b"\xc3\xa9", "utf-8", b"", "é"),
    ("[S] UTF-8 with mark", b"\xef\xbb\xbf\xc3\xa9", "utf-8", b"\xef\xbb\xbf", "é"),
    ("[S] UTF-16 little-endian", b"\xff\xfea\0", "utf-16-le", b"\xff\xfe", "a"),
    ("[S] UTF-16 big-endian", b"\xfe\xff\0a", "utf-16-be", b"\xfe\xff", "a"),
    ("[S] UTF-32 little-endian, not UTF-16", b"\xff\xfe\0\0a\0\0\0", "utf-32-le", b"\xff\xfe\0\0", "a"),
    ("[S] UTF-32 big-endian", b"\0\0\xfe\xff\0\0\0a", "utf-32-be", b"\0\0\xfe\xff", "a"),
    ("[S] neither mark nor UTF-8: windows-1252", b"\xe9\x80", "windows-1252", b"", "é€"),
    (
        "[I] undefined bytes of windows-1252 are controls",
        b"\x81\x8d\x8f\x90\x9d",
        "windows-1252",
        b"",
        "\x81\x8d\x8f\x90\x9d",
    ),
    ("[S] one wrong byte makes all of it windows-1252", b"\xc3\xa9\xe9", "windows-1252", b"", "Ã©é"),
    ("[S] line ends are text: CRLF, LF, lone CR, mixed", b"a\r\nb\nc\rd\n\r", "utf-8", b"", "a\r\nb\nc\rd\n\r"),
    ("only the first mark is one", b"\xef\xbb\xbf\xef\xbb\xbfa", "utf-8", b"\xef\xbb\xbf", "\ufeffa"),
    ("a zero character in UTF-16 is text", b"\xff\xfea\0\0\0", "utf-16-le", b"\xff\xfe", "a\0"),
]


@pytest.mark.parametrize(
    ("content", "encoding", "mark", "text"), [row[1:] for row in READ], ids=[row[0] for row in READ]
)
def test_reading(content: bytes, encoding: str, mark: bytes, text: str) -> None:
    assert decode(content) == TextFile(text, encoding, mark)


@pytest.mark.parametrize("content", [row[1] for row in READ], ids=[row[0] for row in READ])
def test_an_unchanged_text_gives_the_same_bytes(content: bytes) -> None:
    file = decode(content)
    assert encode(file, file.text) == (content, "")


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_or_come_back(content: bytes) -> None:
    try:
        file = decode(content)
    except TextFileError:
        return
    assert encode(file, file.text) == (content, "")


WRITTEN = [
    # rule, file it was, text, content, warning
    ("[T] UTF-8 with mark keeps the mark", b"\xef\xbb\xbfa", "é", b"\xef\xbb\xbf\xc3\xa9", ""),
    ("[T] ASCII becomes UTF-8 without mark", b"a", "é€", b"\xc3\xa9\xe2\x82\xac", ""),
    ("[T] UTF-16 stays", b"\xff\xfea\0", "é", b"\xff\xfe\xe9\0", ""),
    ("[T] windows-1252 stays", b"\xe9", "é€", b"\xe9\x80", ""),
    ("[T] not representable: UTF-8 without mark, and a warning", b"\xe9", "é\nЖ", "é\nЖ".encode(), "line 2"),
    ("an empty result keeps the mark", b"\xef\xbb\xbfa", "", b"\xef\xbb\xbf", ""),
]


@pytest.mark.parametrize(
    ("content", "text", "written", "warning"), [row[1:] for row in WRITTEN], ids=[row[0] for row in WRITTEN]
)
def test_writing(content: bytes, text: str, written: bytes, warning: str) -> None:
    encoded = encode(decode(content), text)
    assert encoded.content == written
    assert bool(encoded.warning) == bool(warning)
    assert warning in encoded.warning


NAMED = [
    # rule, name, content of "é"
    ("[T] utf-8 has a mark", "utf-8", b"\xef\xbb\xbf\xc3\xa9"),
    ("[S] utf-16 is little-endian with mark", "utf-16", b"\xff\xfe\xe9\0"),
    ("[S] unicode is UTF-16", "Unicode", b"\xff\xfe\xe9\0"),
    ("[S] big-endian", "utf-16BE", b"\xfe\xff\0\xe9"),
    ("[S] utf-32", "utf-32", b"\xff\xfe\0\0\xe9\0\0\0"),
    ("[S] iso-8859-1", "ISO-8859-1", b"\xe9"),
    ("[S] windows-1252", "windows-1252", b"\xe9"),
    ("[S] us-ascii has no é: UTF-8 without mark", "us-ascii", b"\xc3\xa9"),
    ("nothing keeps the encoding", None, b"\xc3\xa9"),
    ("the empty text keeps it too", "", b"\xc3\xa9"),
]


@pytest.mark.parametrize(("name", "content"), [row[1:] for row in NAMED], ids=[row[0] for row in NAMED])
def test_encodings_by_name(name: str | None, content: bytes) -> None:
    encoded = encode(decode(b"a").in_encoding(name), "é")
    assert encoded.content == content
    assert bool(encoded.warning) == (name == "us-ascii")


@pytest.mark.parametrize("name", ["utf8mb4", "rot13", "punycode", "unicode_escape", "iso-8859-12", "utf-7", "../x"])
def test_an_unknown_encoding_is_refused(name: str) -> None:
    with pytest.raises(TextFileError, match=rf"no encoding '{name}'; expected a name such as utf-8"):
        decode(b"a").in_encoding(name)


REFUSED = [
    # what, content, exception, message
    ("a zero byte", b"ab\0c", BinaryFileError, "byte 3 is zero"),
    ("a zero byte behind a mark of UTF-8", b"\xef\xbb\xbf\0", BinaryFileError, "byte 4 is zero"),
    ("a zero byte among windows-1252", b"\xe9\0", BinaryFileError, "byte 2 is zero"),
    ("UTF-16 without mark", "ab".encode("utf-16-le"), BinaryFileError, "need a byte order mark"),
    ("half a character of UTF-16", b"\xff\xfea", TextFileError, "byte 3 is not valid utf-16-le"),
    ("a mark of UTF-8 and no UTF-8", b"\xef\xbb\xbfa\xe9", TextFileError, "byte 5 is not valid utf-8"),
]


@pytest.mark.parametrize(
    ("content", "exception", "message"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_what_is_no_text(content: bytes, exception: type[Exception], message: str) -> None:
    with pytest.raises(exception, match=message):
        decode(content)


def test_half_a_surrogate_pair_cannot_be_written() -> None:
    with pytest.raises(TextFileError, match=r"line 2 of the result is half of a surrogate pair \(U\+D800\)"):
        encode(TextFile("", "utf-16-le", codecs.BOM_UTF16_LE), "\n\ud800")


def test_reading_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\0")
    (tmp_path / "text").write_bytes(b"a\r\n")
    assert read(str(tmp_path / "text"), "text") == TextFile("a\r\n")
    with pytest.raises(BinaryFileError, match="shown name: byte 1 is zero"):
        read(str(tmp_path / "binary"), "shown name")
    with pytest.raises(TextFileError, match="shown name: cannot read this file: No such file"):
        read(str(tmp_path / "none"), "shown name")
    with pytest.raises(TextFileError, match="shown name: cannot read this file: Is a directory"):
        read(str(tmp_path), "shown name")
