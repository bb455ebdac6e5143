"""Filters ``ToBase64``, ``FromBase64`` and those that give a digest."""

from __future__ import annotations

import base64
import hashlib

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.errors import FilterError, NoResult
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.language import filters
from hypothesis import given
from hypothesis import strategies as st

FOX = "The quick brown fox jumps over the lazy dog"
FOX64 = "VGhlIHF1aWNrIGJyb3duIGZveCBqdW1wcyBvdmVyIHRoZSBsYXp5IGRvZw=="
FOX_MD5 = "9e107d9d372bb6826bd81d3542a419d6"
EMPTY_MD5 = "d41d8cd98f00b204e9800998ecf8427e"

RESULTS = [
    ("[T] ToBase64", "Foo Bar", ("ToBase64",), "Rm9vIEJhcg=="),
    ("[T] ToBase64 in an encoding, any case", "é", ("ToBase64", "UTF-8"), "w6k="),
    ("[T] unicode is UTF-16, little end first", "é", ("ToBase64", "unicode"), "6QA="),
    ("[I] half a surrogate pair is U+FFFD", "\ud83d", ("ToBase64",), "77+9"),
    ("[T] FromBase64", "Rm9vIEJhcg==", ("FromBase64",), "Foo Bar"),
    ("[T] FromBase64 in an encoding", "6QA=", ("FromBase64", "unicode"), "é"),
    ("[I] FromBase64 ignores blanks and line ends", " Rm9v\r\n\tIEJhcg== ", ("FromBase64",), "Foo Bar"),
    ("[I] bytes that are no text are U+FFFD", "/w==", ("FromBase64",), "\ufffd"),
    ("[T] Md5", FOX, ("Md5",), FOX_MD5),
    ("[T] Md5 of nothing", "", ("Md5",), EMPTY_MD5),
    ("[T] Sha1", FOX, ("Sha1",), "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12"),
    ("[T] Sha256", FOX, ("Sha256",), "d7a8fbb307d7809469ca9abcb0082e4f8d5651e46d3cdb762d02d0bf37c9e592"),
    ("[T] Sha384", FOX, ("Sha384", "16"), "ca737f1014a48f4c0b6dd43cb177b0af"),
    ("[T] Sha512", FOX, ("Sha512", "16"), "07e547d9586f6a73f73fbac0435ed769"),
    ("[T] so many bytes", FOX, ("Md5", "3"), "9e107d"),
    ("[T] more bytes than there are", FOX, ("Md5", "800"), FOX_MD5),
    ("[T] utf8", FOX, ("Md5", "utf8"), FOX_MD5),
    ("[T] utf-8, any case", FOX, ("Md5", "UTF-8"), FOX_MD5),
    ("[T] unicode", FOX, ("Md5", "unicode"), "b0986ae6ee1eefee8a4a399090126837"),
    ("[T] base64", FOX64, ("Md5", "base64"), FOX_MD5),
    ("[T] bytes, then encoding", "", ("Md5", "4", "utf8"), "d41d8cd9"),
    ("[T] encoding, then bytes", "", ("Md5", "utf8", "4"), "d41d8cd9"),
]

NO_RESULTS = [
    ("[T] another encoding", "a", ("ToBase64", "ascii"), 'one of utf8, utf-8, unicode, or no argument, seen "ascii"'),
    ("[T] another encoding back", "YQ==", ("FromBase64", "ascii"), 'seen "ascii"'),
    ("[S] two arguments", "a", ("ToBase64", "utf8", "utf8"), 'seen "utf8" "utf8"'),
    ("[T] bytes below zero", "bar", ("Md5", "-1"), 'bytes from 1 and one of utf8, utf-8, unicode, base64.*seen "-1"'),
    ("[T] no bytes", "bar", ("Sha1", "0"), 'seen "0"'),
    ("[T] another word", "bar", ("Sha256", "bar"), 'seen "bar"'),
    ("[T] no bytes behind an encoding", "bar", ("Md5", "utf8", "0"), 'seen "utf8" "0"'),
    ("[T] another word behind bytes", "bar", ("Md5", "12", "bar"), 'seen "12" "bar"'),
    ("[S] bytes twice", "bar", ("Md5", "12", "12"), 'seen "12" "12"'),
    ("[S] encoding twice", "bar", ("Md5", "utf8", "unicode"), 'seen "utf8" "unicode"'),
    ("[T] three arguments", "bar", ("Md5", "utf8", "12", "extra"), 'seen "utf8" "12" "extra"'),
    ("[T] a value that is not base64", "bar", ("Md5", "base64"), "the value is not base64"),
]


@pytest.mark.parametrize(("rule", "text", "call", "outcome"), RESULTS, ids=[row[0] for row in RESULTS])
def test_result(rule: str, text: str, call: tuple[str, ...], outcome: str) -> None:
    assert filters.apply(call[0], text, call[1:]) == outcome


@pytest.mark.parametrize(("rule", "text", "call", "reason"), NO_RESULTS, ids=[row[0] for row in NO_RESULTS])
def test_no_result(rule: str, text: str, call: tuple[str, ...], reason: str) -> None:
    with pytest.raises(NoResult, match=reason):
        filters.apply(call[0], text, call[1:])


@pytest.mark.parametrize("text", ["x", "Rm9v!", "Rm9vIEJhcg", "Rm9vIEJhcg=", "=", "Rm9=vIEJ", "é", "Rm9v\u00a0"])
def test_bad_base64_ends_the_evaluation_and_is_not_shown(text: str) -> None:
    """[T]"""
    with pytest.raises(FilterError, match=r"the value is not base64 \(A-Z a-z 0-9 \+ / with padding =\)$"):
        filters.apply("FromBase64", text, ())


@given(text=st.text(max_size=50), encoding=st.sampled_from([(), ("utf8",), ("unicode",)]))
def test_base64_comes_back(text: str, encoding: tuple[str, ...]) -> None:
    there = filters.apply("ToBase64", text, encoding)
    assert base64.b64decode(there).decode("utf-16-le" if encoding == ("unicode",) else "utf-8") == text
    assert filters.apply("FromBase64", there, encoding) == text


@given(text=st.text(max_size=50), name=st.sampled_from(["Md5", "Sha1", "Sha256", "Sha384", "Sha512"]))
def test_digests_are_those_of_the_library(text: str, name: str) -> None:
    assert filters.apply(name, text, ()) == hashlib.new(name.lower(), text.encode()).hexdigest()
