"""Keys that sign repositories: whether a file is one, whose it is, and why a package manager refuses it.

Reads OpenPGP (RFC 4880 and 9580) as far as a message needs it, so that hosts without gpg can tell.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

BEGIN, END = "-----BEGIN PGP PUBLIC KEY BLOCK-----", "-----END PGP PUBLIC KEY BLOCK-----"
# Up to the next dashes: with a look beyond them for each of many beginnings, time would grow with their square.
BLOCK = re.compile(rf"{BEGIN}([^-]*(?:-(?!----)[^-]*)*){END}")
LINE = 64
SIGNATURE, PUBLIC_KEY, USER_ID, PUBLIC_SUBKEY = 2, 6, 13, 14
# What an exported key is made of: also the trust in it, and pictures.
PARTS_OF_A_KEY = (SIGNATURE, PUBLIC_KEY, 12, USER_ID, PUBLIC_SUBKEY, 17)
# By which a key is bound to its names, to itself and to its subkeys.
BINDING_TYPES = (0x10, 0x11, 0x12, 0x13, 0x18, 0x1F)
CREATED, KEY_EXPIRES = 2, 9
OPEN_LENGTH = "expected an OpenPGP public key, found a packet whose length is left open, which no key has"
HASHES = {1: "MD5", 2: "SHA-1", 3: "RIPEMD-160"}


class KeyFileError(Exception):
    """The file is no public key, or somebody else's (``is_foreign``); the message says what it is instead."""

    is_foreign = False


class ForeignKeyError(KeyFileError):
    """The file is a key, and not one that was asked for."""

    is_foreign = True


class Key(NamedTuple):
    """A public key. `expires` and `created` are seconds since 1970, `expires` 0 for never; `weak` names the hash of
    its own signatures where that is one that newer systems refuse."""

    fingerprint: str
    name: str
    created: int
    expires: int
    weak: str

    def __str__(self) -> str:
        words = [f"made {day(self.created)}"]
        if self.expires:
            words.append(f"{'expired' if self.expires < time.time() else 'expires'} {day(self.expires)}")
        if self.weak:
            words.append(f"bound to its names by {self.weak}")
        return f"{self.fingerprint} ({', '.join(filter(None, [self.name, *words]))})"


def day(seconds: float) -> str:
    """A date for a message."""
    return time.strftime("%Y-%m-%d", time.gmtime(seconds))


def read_keys(content: bytes) -> list[Key]:
    """The keys in the bytes of a file, with or without armor. Raises KeyFileError."""
    packets = list(_packets(_unarmor(content)))
    starts = [number for number, (tag, _unused) in enumerate(packets) if tag == PUBLIC_KEY]
    if not starts or starts[0] != 0:
        raise KeyFileError(f"expected an OpenPGP public key, found {_looks_like(content)}")
    return [_read_key(packets[start:end]) for start, end in zip(starts, [*starts[1:], len(packets)], strict=True)]


def fingerprint(text: str) -> str:
    """A fingerprint as people write it, in the form that keys have it; nothing for what is none, such as a short id."""
    plain = re.sub(r"[\s:]|^0x", "", text).upper()
    return plain if re.fullmatch(r"[0-9A-F]{40}|[0-9A-F]{64}", plain) else ""


def check_fingerprints(content: bytes, keys: Iterable[Key], wanted: Collection[str]) -> None:
    """Refuses a file with a key whose fingerprint is not among those that are wanted. Raises KeyFileError.

    Nothing that is wanted means any key.
    """
    if not wanted:
        return
    allowed = {fingerprint(one) for one in wanted}
    if "" in allowed:
        none = ", ".join(one for one in wanted if not fingerprint(one))
        raise ForeignKeyError(f"{none} is not a fingerprint; expected 40 or 64 hex digits, and no short id")
    foreign = [str(key) for key in keys if key.fingerprint not in allowed]
    if foreign:
        raise ForeignKeyError(
            f"it holds {'; '.join(foreign)}, and only {', '.join(sorted(allowed))} is expected. Compare it with "
            "what the vendor publishes in another place before you trust it"
        )
    # What is not read here, an installer may read.
    has_more = content.count(b"-----BEGIN") not in (0, len(BLOCK.findall(content.decode("latin-1"))))
    if has_more or any(tag not in PARTS_OF_A_KEY for tag, _unused in _packets(_unarmor(content))):
        raise ForeignKeyError("it holds more than public keys")


def armored(content: bytes) -> bytes:
    """The bytes of a key file as text, which both apt and rpm take; one that is text already stays as it is."""
    if _is_armored(content):
        return content
    text = base64.b64encode(content).decode()
    lines = [text[start : start + LINE] for start in range(0, len(text), LINE)]
    check = base64.b64encode(_crc24(content).to_bytes(3, "big")).decode()
    return "\n".join([BEGIN, "", *lines, f"={check}", END, ""]).encode()


def _crc24(content: bytes) -> int:
    """The check of an armor, as the standard defines it."""
    value = 0xB704CE
    for byte in content:
        value ^= byte << 16
        for _turn in range(8):
            value <<= 1
            if value & 0x1000000:
                value ^= 0x1864CFB
    return value


def _looks_like(content: bytes) -> str:
    """What a file that is no key seems to be."""
    start = content[:2000].lstrip().decode(errors="replace")
    if not start:
        return "an empty file"
    if re.match(r"(?i)<(!doctype|html|\?xml)", start):
        return f"a page, which begins {start[:60]!r}"
    if BEGIN in start:
        return "the beginning of one: it is cut off"
    if "PRIVATE KEY" in start:
        return "a private key, which must not leave its owner"
    return f"{start[:60]!r}"


def _is_armored(content: bytes) -> bool:
    """Whether it is text. Bytes may have a text with a key in one of their names."""
    return BEGIN.encode() in content and not content[0] & 0x80


def _unarmor(content: bytes) -> bytes:
    blocks = BLOCK.findall(content.decode("latin-1")) if _is_armored(content) else []
    if not blocks:
        return content
    found = b""
    for block in blocks:
        # After the headers comes an empty line; the check at the end begins with =.
        body = re.split(r"\n[ \t]*\r?\n", block, maxsplit=1)[-1]
        lines = [line.strip() for line in body.splitlines()]
        try:
            found += base64.b64decode("".join(line for line in lines if not line.startswith("=")), validate=True)
        except binascii.Error:
            raise KeyFileError("expected an OpenPGP public key, found one whose text is damaged") from None
    return found


def _packets(content: bytes) -> Iterator[tuple[int, bytes]]:
    """(tag, body) of each packet. Raises KeyFileError where it is cut off or none at all.

    No packet of a key has an open length. In one that has, another program would see other packets behind it.
    """
    at = 0
    while at < len(content):
        try:
            first = content[at]
            if not first & 0x80:
                raise KeyFileError(f"expected an OpenPGP public key, found {_looks_like(content)}")
            if first & 0x40:
                tag, size, start = first & 0x3F, *_new_length(content, at + 1)
            else:
                tag, width = first >> 2 & 0x0F, (1, 2, 4, None)[first & 3]
                if width is None:
                    raise KeyFileError(OPEN_LENGTH)
                size, start = int.from_bytes(content[at + 1 : at + 1 + width], "big"), at + 1 + width
        except IndexError:
            size, start, tag = 1, len(content), 0
        if start + size > len(content):
            raise KeyFileError("expected an OpenPGP public key, found the beginning of one: it is cut off")
        yield tag, content[start : start + size]
        at = start + size


def _new_length(content: bytes, at: int) -> tuple[int, int]:
    """The length that is written at a place, and where what it is the length of begins."""
    first = content[at]
    if first < 192:
        return first, at + 1
    if first < 224:
        return (first - 192 << 8) + content[at + 1] + 192, at + 2
    if first < 255:
        raise KeyFileError(OPEN_LENGTH)
    return int.from_bytes(content[at + 1 : at + 5], "big"), at + 5


def _subpacket_length(content: bytes, at: int) -> tuple[int, int]:
    """As :func:`_new_length`; a part of a signature has no open length, and two bytes say more."""
    first = content[at]
    return ((first - 192 << 8) + content[at + 1] + 192, at + 2) if 192 <= first < 255 else _new_length(content, at)


def _read_key(packets: Sequence[tuple[int, bytes]]) -> Key:
    body = packets[0][1]
    created = int.from_bytes(body[1:5], "big")
    name, part = "", 0
    bound: dict[int, list[tuple[int, int, int]]] = {0: []}
    """Of the key and of each subkey: hash, time and validity of the signatures."""
    for tag, content in packets[1:]:
        if tag == USER_ID:
            name = name or content.decode(errors="replace")
        elif tag == PUBLIC_SUBKEY:
            part += 1
            bound[part] = []
        elif tag == SIGNATURE and content[:1] >= b"\x04" and content[1] in BINDING_TYPES:
            bound[part].append((content[3], *_read_times(content)))
    latest = max((signature for signature in bound[0]), key=lambda signature: signature[1], default=(0, 0, 0))
    weak = [hashes for hashes in ([item[0] for item in items] for items in bound.values()) if hashes]
    refused = next((hashes[0] for hashes in weak if all(number in HASHES for number in hashes)), 0)
    expires = created + latest[2] if latest[2] else 0
    return Key(_fingerprint(body), name, created, expires, HASHES.get(refused, ""))


def _read_times(signature: bytes) -> tuple[int, int]:
    """When a signature was made, and for how many seconds it lets the key count; 0 for ever."""
    wide = 4 if signature[0] > 5 else 2
    at = 4 + wide
    end = at + int.from_bytes(signature[4 : 4 + wide], "big")
    made = valid = 0
    while at < min(end, len(signature)):
        size, at = _subpacket_length(signature, at)
        kind, value = signature[at] & 0x7F, int.from_bytes(signature[at + 1 : at + min(size, 5)], "big")
        made = value if kind == CREATED else made
        valid = value if kind == KEY_EXPIRES else valid
        at += max(size, 1)
    return made, valid


def _fingerprint(body: bytes) -> str:
    if body[:1] >= b"\x05":
        return hashlib.sha256(b"\x9b" + len(body).to_bytes(4, "big") + body).hexdigest().upper()
    # As the standard has it; it protects nothing here.
    return hashlib.sha1(b"\x99" + len(body).to_bytes(2, "big") + body, usedforsecurity=False).hexdigest().upper()


ANOTHER_KEY = (
    "Set logstash_repository_key_url to the key of this repository, or logstash_repository_url to the repository of "
    "this key; the next run fetches both anew."
)
# What apt (gpgv, sqv) and dnf (rpm) print, the reason, and a hint. The first that fits counts.
REFUSALS = (
    (
        r"SHA-?1 is not considered secure|Hash algorithm SHA-?1 not available|weak (?:digest )?algorithm \(?SHA-?1"
        r"|Policy reject(?:s|ed)",
        "This system does not accept SHA-1 in signatures any more, and {what} signed with it.",
        "Ask its owner for the key signed anew with SHA-256, and set logstash_repository_key_url to that; or use a "
        "mirror that is signed with a key of yours, or a package file (logstash_package_url and its checksum).",
    ),
    (r"EXPKEYSIG|KEYEXPIRED|[Kk]ey (?:has |is )?expired|certificate is not live", "The key has expired.", ANOTHER_KEY),
    (r"REVKEYSIG|KEYREVOKED|revoked", "The key was revoked by its owner.", ANOTHER_KEY),
    (
        r"BADSIG|Bad signature|digest.*BAD|DIGESTS? .*NOT OK",
        "The signature is not that of what the repository has: it was altered on the way, or a mirror changes now.",
        "Run again later, or set logstash_repository_url to another mirror.",
    ),
    (
        r"NO_PUBKEY (?P<id>[0-9A-F]+)|Missing key (?P<long>[0-9A-F]+)|not correct for this package|wrong key\(s\)"
        r"|Public key for \S+ is not installed|key ID (?P<short>[0-9a-fA-F]+): NOKEY",
        "The repository is signed with another key{id}.",
        ANOTHER_KEY,
    ),
    (
        r"NODATA|is not signed|not signed",
        "What the repository has is not signed at all.",
        "Set logstash_repository_url to one that is signed.",
    ),
    (r"(?:key \d+ import failed|[Kk]ey import failed)", "The key cannot be used on this system.", ANOTHER_KEY),
)


def explain_refusal(output: str, keys: Sequence[Key]) -> tuple[str, str] | None:
    """(reason, hint) of what a package manager printed when it refused a repository's signature; else None.

    `keys` are those that it was given.
    """
    weak = next((key for key in keys if key.weak), None)
    for refusal in REFUSALS:
        found = re.search(refusal[0], output)
        if not found:
            continue
        # rpm says no more of a key that it cannot use.
        _sign, reason, hint = REFUSALS[0] if weak and "mport failed" in found[0] else refusal
        number = next(filter(None, found.groupdict().values()), "")
        what = "the key is bound to its own names by a signature that is" if weak else "this repository is"
        given = ", ".join(map(str, keys)) or "none that can be read"
        text = reason.format(what=what, id=f", {number}" if number else "")
        return f"The key is {given}. {text}", hint
    return None
