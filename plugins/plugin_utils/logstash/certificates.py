"""What is wrong with certificates and keys in PEM, before a host gets them. No message has anything of a key.

Files without PEM, such as Java's key stores, are not judged; nor are encrypted keys, whose passphrase only Logstash
knows.
"""

from __future__ import annotations

import contextlib
import datetime
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

# ansible-core brings it; only its sanity tests import this file without it.
with contextlib.suppress(ImportError):
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

VARIABLE = "logstash_tls_files"
# Ends soon: long enough for a calm replacement.
WARNED = datetime.timedelta(days=30)
KEY = re.compile(rb"-----BEGIN (?P<kind>[A-Z ]*)PRIVATE KEY-----.*?-----END (?P=kind)PRIVATE KEY-----", re.DOTALL)
CERTIFICATE = b"-----BEGIN CERTIFICATE-----"


def faults(files: Mapping[str, bytes], now: datetime.datetime) -> list[str]:
    """Everything that is wrong, as lines: which file, what it has, what is expected, and a hint."""
    certificates, found = {}, []
    for name, content in files.items():
        if CERTIFICATE in content:
            try:
                certificates[name] = x509.load_pem_x509_certificates(content)
            except ValueError:
                found.append(
                    f"{VARIABLE}: {name} has a certificate that cannot be read; expected PEM, whole. Copy it again "
                    "from "
                    "its authority."
                )
    for name, chain in certificates.items():
        found += _times(name, chain, now)
    return found + [line for name, content in files.items() for line in _key(name, content, certificates)]


def warnings(files: Mapping[str, bytes], now: datetime.datetime) -> list[str]:
    """Certificates that end soon. Takes only files without faults."""
    return [
        f"{VARIABLE}: {name}: the certificate of {_subject(one)} ends on {_day(one.not_valid_after_utc)}. Replace "
        "it before."
        for name, content in files.items()
        if CERTIFICATE in content
        for one in x509.load_pem_x509_certificates(content)
        if one.not_valid_after_utc - now < WARNED
    ]


def _times(name: str, chain: Sequence[x509.Certificate], now: datetime.datetime) -> Iterator[str]:
    for one in chain:
        if one.not_valid_after_utc <= now:
            yield (
                f"{VARIABLE}: {name}: the certificate of {_subject(one)} ended on {_day(one.not_valid_after_utc)}; "
                "expected "
                "one that is valid. Put a new one in its place, with its key."
            )
        elif one.not_valid_before_utc > now:
            yield (
                f"{VARIABLE}: {name}: the certificate of {_subject(one)} begins on {_day(one.not_valid_before_utc)} "
                "only; expected one that is valid now. Take the one before it until then, or correct the control "
                "node's clock."
            )


def _key(name: str, content: bytes, certificates: Mapping[str, Sequence[x509.Certificate]]) -> Iterator[str]:
    found = KEY.search(content)
    if not found or found["kind"] == b"ENCRYPTED " or b"Proc-Type: 4,ENCRYPTED" in found[0]:
        return
    try:
        key = _public(serialization.load_pem_private_key(found[0], password=None).public_key())
    except (ValueError, TypeError):
        yield f"{VARIABLE}: {name} has a key that cannot be read; expected PEM, whole. Copy it again."
        return
    keys = {of: _public(chain[0].public_key()) for of, chain in certificates.items()}
    stem = PurePosixPath(name).stem
    namesakes = [of for of in keys if PurePosixPath(of).stem == stem]
    if namesakes and all(keys[of] != key for of in namesakes):
        yield (
            f"{VARIABLE}: {name} is not the key of {' or '.join(namesakes)}; expected the pair. Use the "
            "certificate and the key from the same request, or rename the one that belongs to another."
        )
    elif not namesakes and keys and key not in keys.values():
        yield (
            f"{VARIABLE}: {name} is the key of no certificate there ({', '.join(keys)}); expected one. Use "
            "the certificate and the key from the same request."
        )


def kinds_of_keys(files: Mapping[str, bytes]) -> dict[str, tuple[bool, str]]:
    """Name of each file with a key to (whether it is in PKCS#8, its algorithm: ``RSA``, ``other`` or empty)."""
    kinds = {}
    for name, content in files.items():
        if found := KEY.search(content):
            try:
                key = serialization.load_pem_private_key(found[0], password=None)
                algorithm = "RSA" if isinstance(key, rsa.RSAPrivateKey) else "other"
            except (ValueError, TypeError):
                algorithm = ""
            kinds[name] = (found["kind"] in (b"", b"ENCRYPTED "), algorithm)
    return kinds


def _public(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _subject(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string() or "(no name)"


def _day(time: datetime.datetime) -> str:
    return time.date().isoformat()
