"""The key of a repository: fetched by content, read, and explained when a package manager refuses it."""

import base64
import contextlib
import functools
import http.server
import os
import threading
from pathlib import Path

import pytest
from ansible_collections.elk.deploy.plugins.module_utils.logstash.repository_keys import (
    BEGIN,
    END,
    KeyFileError,
    armored,
    explain_refusal,
    read_keys,
)
from ansible_collections.elk.deploy.plugins.modules import repository_key
from growth import assert_linear

DATA = Path(__file__).parent / "data"
# Made in 2024; in 2013, with SHA-1; and in 2020, for one year.
A, B, C = ((DATA / f"key_{name}.asc").read_bytes() for name in "abc")
FINGERPRINT_A = "C91864AD271AEED195F304897673EAA4E3579CB9"


@pytest.fixture
def server(tmp_path):
    """A folder, and the address that a server which knows If-Modified-Since serves it at."""
    folder = tmp_path / "served"
    folder.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            """Nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder)) as running:
        threading.Thread(target=running.serve_forever, args=(0.02,), daemon=True).start()
        yield folder, f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()


@pytest.fixture
def fetch(run_module, server, tmp_path):
    """fetch(content) -> the module's result, where the server holds that content, with a date long ago."""
    folder, address = server

    def run(content, check=False, url=None, **options):
        if content is not None:
            (folder / "key").write_bytes(content)
            os.utime(folder / "key", (1000, 1000))
        place = {"url": url or f"{address}/key", "path": str(tmp_path / "keys/key.asc")}
        return run_module(repository_key, check=check, **place, **options)

    return run


def test_right_key_that_is_older_replaces_the_wrong_one(fetch, tmp_path):
    assert fetch(C)["changed"]
    result = fetch(A)
    assert result["changed"]
    assert (tmp_path / "keys/key.asc").read_bytes() == A
    assert result["diff"]["before"].startswith("BEBDAA23")
    assert result["diff"]["after"].startswith(FINGERPRINT_A)
    assert not fetch(A)["changed"]


def test_check_mode_tells_the_truth_and_writes_nothing(fetch, tmp_path):
    assert fetch(A, check=True)["changed"]
    assert not (tmp_path / "keys").exists()
    fetch(A)
    assert not fetch(A, check=True)["changed"]
    assert fetch(C, check=True)["changed"]
    assert (tmp_path / "keys/key.asc").read_bytes() == A


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<html><body>Sign in</body></html>", "a page, which begins '<html>"),
        (b"", "an empty file"),
        (b"-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQ==\n", "a private key"),
        (A[:200], "cut off"),
        (A.replace(b"mDME", b"!!!!"), "damaged"),
        (b"not found\n", "'not found"),
        (b"\xd1\x01", "expected an OpenPGP public key"),
        (b"\x99\x00\xff\x04", "cut off"),
    ],
)
def test_what_is_no_key_is_refused_and_the_key_that_is_there_stays(fetch, tmp_path, content, words):
    fetch(A)
    result = fetch(content)
    assert result["failed"]
    assert words in result["msg"]
    assert (tmp_path / "keys/key.asc").read_bytes() == A


def test_address_that_does_not_answer(fetch, server):
    assert "could not be fetched: HTTP Error 404" in fetch(None, url=f"{server[1]}/none")["msg"]
    assert "could not be fetched" in fetch(None, url="file:///nowhere/key")["msg"]
    assert "could not be fetched" in fetch(None, url="key.asc")["msg"]


def test_file_and_key_without_armor(fetch, tmp_path):
    """apt goes by the ending of the file's name, and rpm takes text only."""
    binary = armored_bytes(A)
    (tmp_path / "key.gpg").write_bytes(binary)
    assert fetch(None, url=f"file://{tmp_path}/key.gpg")["changed"]
    written = (tmp_path / "keys/key.asc").read_bytes()
    assert written == A
    assert not fetch(None, url=f"file://{tmp_path}/key.gpg")["changed"]


def armored_bytes(text):
    """The bytes in an armor."""
    body = text.decode().split("\n\n", 1)[1].split("\n=", 1)[0]
    return base64.b64decode(body)


def test_keys_are_read():
    (key,) = read_keys(A)
    assert (key.fingerprint, key.name, key.expires, key.weak) == (
        FINGERPRINT_A, "Repository A <a@example.com>", 0, ""
    )  # fmt: skip
    assert str(key) == f"{FINGERPRINT_A} (Repository A <a@example.com>, made 2024-01-05)"
    assert str(read_keys(B)[0]).endswith("(Repository B <b@example.com>, made 2013-09-16, bound to its names by SHA-1)")
    assert "made 2020-01-05, expired 2021-01-04" in str(read_keys(C)[0])
    assert [key.name[11] for key in read_keys(A + B)] == ["A", "B"]
    assert armored(A) == A


def test_beginning_of_a_key_is_an_error_of_its_own():
    for end in range(300):
        with contextlib.suppress(KeyFileError):
            read_keys(armored_bytes(A)[:end])


@pytest.mark.parametrize(
    ("key", "output", "reason"),
    [
        (
            B,
            "Sub-process /usr/bin/sqv returned an error code (1), error message is: Signing key on A533 is not bound:\n"
            "  No binding signature at time 2026-02-02T10:33:47Z\n  because: Policy rejected non-revocation signature "
            "(PositiveCertification) requiring second pre-image resistance\n  because: SHA1 is not considered secure "
            "since 2026-02-01T00:00:00Z",
            "does not accept SHA-1 in signatures any more, and the key is bound to its own names by a signature that",
        ),
        (
            A,
            "The following signatures were invalid: C918 uses weak digest algorithm (SHA1)",
            "does not accept SHA-1 in signatures any more, and this repository is signed with it",
        ),
        (B, "warning: Signature not supported. Hash algorithm SHA1 not available.\nkey 1 import failed.", "SHA-1"),
        (B, "error: https://r.example.com/key: key 1 import failed.", "does not accept SHA-1"),
        (A, "error: https://r.example.com/key: key 1 import failed.", "cannot be used on this system"),
        (
            A,
            "The following signatures couldn't be verified because the public key is not available: NO_PUBKEY "
            "27EE06AC4106E6F7\nE: The repository 'x InRelease' is not signed.",
            "signed with another key, 27EE06AC4106E6F7.",
        ),
        (A, "Missing key 46095ACC85, which is needed to verify signature.", "another key, 46095ACC85."),
        (A, 'The GPG keys listed for the "Logstash" repository are already installed but they are not correct for this '
            "package.", "signed with another key."),
        (C, "The following signatures were invalid: EXPKEYSIG C3FABD7C4ADE9AA0 Repository C", "The key has expired"),
        (A, "The following signatures were invalid: REVKEYSIG 1", "was revoked"),
        (A, "The following signatures were invalid: BADSIG 1", "altered on the way"),
        (A, "E: The repository 'x Release' is not signed.", "not signed at all"),
        (A, "Error: GPG check FAILED\nPackage logstash-9.5.2-1.x86_64.rpm is not signed", "not signed at all"),
    ],
)  # fmt: skip
def test_refusal_says_key_reason_and_way_out(key, output, reason):
    text, hint = explain_refusal(output, read_keys(key))
    assert text.startswith(f"The key is {read_keys(key)[0]}. ")
    assert reason in text
    assert hint.endswith(".")
    assert "logstash_" in hint


def test_what_is_no_refusal_is_not_explained():
    assert explain_refusal("E: Could not connect to 192.0.2.1", read_keys(A)) is None
    assert explain_refusal("no such version. Versions that there are: 8.19.5", read_keys(A)) is None


@pytest.mark.parametrize(
    "fingerprint",
    [FINGERPRINT_A, FINGERPRINT_A.lower(), "C918 64AD 271A EED1 95F3  0489 7673 EAA4 E357 9CB9", f"0x{FINGERPRINT_A}"],
)
def test_the_key_of_the_fingerprint_is_taken(fetch, tmp_path, fingerprint):
    assert fetch(A, fingerprints=["0" * 40, fingerprint])["changed"]
    assert (tmp_path / "keys/key.asc").read_bytes() == A


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (C, "is not trusted: it holds BEBDAA23"),  # somebody else's, from a server that was taken over
        (A + C, "is not trusted: it holds BEBDAA23"),  # somebody else's beside the right one
        (C + A, "is not trusted: it holds BEBDAA23"),
        (A + b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDME\n", "is not trusted: it holds more than public keys"),
        (A.replace(b"-----END PGP", b"-----BEGIN PGP PRIVATE KEY BLOCK-----\n-----END PGP"), "The key http"),
    ],
)
@pytest.mark.parametrize("check", [False, True])
def test_another_key_is_not_taken_and_the_one_that_is_there_stays(fetch, tmp_path, content, words, check):
    fetch(A)
    result = fetch(content, check=check, fingerprints=[FINGERPRINT_A])
    assert result["failed"]
    assert words in result["msg"]
    assert (tmp_path / "keys/key.asc").read_bytes() == A


def hidden(key, tag):
    """A packet in two pieces, behind which other programs read a key. Its length looks like that of all the rest."""
    rest = b"\x00" + key
    return bytes([0xC0 | tag, 0xE2]) + len(rest).to_bytes(4, "big") + rest


def packet(tag, body):
    return bytes([0xC0 | tag, 0xFF]) + len(body).to_bytes(4, "big") + body


@pytest.mark.parametrize(
    ("content", "words"),
    [
        # gpgv passes over a packet of data, and takes the key behind it.
        (armored_bytes(A) + hidden(armored_bytes(C), 11), "a packet whose length is left open"),
        (armored_bytes(A) + b"\xaf" + armored_bytes(C), "a packet whose length is left open"),
        (armored_bytes(A) + packet(11, armored_bytes(C)), "it holds more than public keys"),
        (armored_bytes(A) + packet(5, armored_bytes(A)), "it holds more than public keys"),
        # Somebody else's key, whose second name is the text of the right one.
        (armored_bytes(C) + packet(13, b"\n" + A), "it holds BEBDAA23"),
    ],
)
def test_another_key_cannot_hide_from_the_fingerprint(fetch, tmp_path, content, words):
    for form in (content, armored(content)):
        result = fetch(form, fingerprints=[FINGERPRINT_A])
        assert result["failed"]
        assert words in result["msg"]
    assert not (tmp_path / "keys").exists()


@pytest.mark.parametrize(
    "piece", [BEGIN, f"{BEGIN}\n\n", f"{BEGIN}\n-", f"\n{END}", "-----", "- ", "\n\t", "=\n", "\x99\0\0"]
)
def test_a_file_of_any_text_is_read_in_time(piece):
    """As large as the module takes it, from whoever serves it."""

    def read(size):
        for start in ("", f"{BEGIN}\n"):
            with contextlib.suppress(KeyFileError):
                read_keys((start + piece * size).encode("latin-1"))

    assert_linear(read, 300)


def test_a_signature_with_absurd_dates_is_read():
    """Its parts may have any length and any number in them."""
    dates = b"\x05\x02" + b"\xff" * 4 + b"\x09\x09" + b"\xff" * 8
    signature = b"\x04\x13\x01\x08" + len(dates).to_bytes(2, "big") + dates
    (key,) = read_keys(armored_bytes(A) + packet(2, signature))
    assert FINGERPRINT_A in str(key)


@pytest.mark.parametrize("short", [FINGERPRINT_A[-16:], FINGERPRINT_A[-8:], "", "x" * 40, FINGERPRINT_A + "0"])
def test_what_is_no_fingerprint_trusts_nobody(fetch, tmp_path, short):
    result = fetch(A, fingerprints=[FINGERPRINT_A, short])
    assert result["failed"]
    assert "is not a fingerprint; expected 40 or 64 hex digits, and no short id" in result["msg"]
    assert not (tmp_path / "keys").exists()
