"""What the texts of files tell: private keys, known secrets, keys of AWS, and who the machine was that baked."""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..logstash_host import untrusted_paths
from ..masking.known import forms, is_maskable
from .leftovers import HOMES, Place

# A shorter secret may be any word, and would be found everywhere.
LEAST_SECRET = 8
# How much of a file is read at once, and how much of it again with the next block: more than a key takes.
BLOCK, OVERLAP = 16 << 20, 64 << 10

# A whole key, not a text about keys: at least a line of Base64 follows, also where a JSON text has it in one line.
_PRIVATE_KEY = re.compile(
    rb"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----(?:\s|\\n|\\r)+(?:[A-Za-z-]+: [^\n]*\n|\s)*[A-Za-z0-9+/=]{40}"
)
# Each begins with a literal, which Python searches for ten times as fast as for anything else.
_AWS_KEYS = tuple(re.compile(rb"%s[A-Z0-9]{16}(?![A-Za-z0-9/+=])" % prefix) for prefix in (b"AKIA", b"ASIA"))
_AWS_SECRETS = tuple(
    re.compile(rb"%s[\"']?\s*[=:]\s*[\"']?([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+])" % name)
    for name in (b"secret_access_key", b"SECRET_ACCESS_KEY", b"ecretAccessKey", b"secret_key")
)
_OF_BASE64 = re.compile(rb"[A-Za-z0-9/+]\Z")
# AWS marks the keys of its documentation so.
_EXAMPLE = b"EXAMPLE"
# What Packer calls the key that it made for the bake, and takes out again at the end.
_PACKER = re.compile(r"packer_\S+$")

SECRET, NAME, KEY = "image_secret", "image_names_machine", "image_key_authorized"


@dataclass(frozen=True)
class Find:
    """Something in a file: its path in the image, the line, a code of messages, and what it is."""

    path: str
    line: int
    code: str
    what: str


def search(places: Iterable[str], secrets: Iterable[str], place: Place) -> list[Find]:
    """What is in the files below ``places``, each kind once a file, sorted by path.

    :param secrets: texts that are known to be secret; they are found in every form that a program may give them.
    """
    known = _known(secrets)
    return [find for path, descriptor in _files(places, place) for find in _in_file(path, descriptor, known, place)]


def authorized_keys(place: Place) -> Iterator[Find]:
    """The keys that may log in, but for the one that Packer made for the bake."""
    for home in HOMES:
        for path in sorted(place.root.glob(f"{home[1:]}/.ssh/authorized_keys*")):
            lines = untrusted_paths.read_file(str(path)).decode("utf-8", "replace").splitlines()
            for number, line in enumerate(lines, 1):
                text = line.strip()
                if text and not text.startswith("#") and not _PACKER.search(text):
                    yield Find(place.name(path), number, KEY, f"a key with the comment {text.split()[-1]!r}")


def _known(secrets: Iterable[str]) -> Mapping[bytes, None]:
    either = (form for secret in set(secrets) if is_maskable(secret) for form in forms(secret))
    return dict.fromkeys(form.encode("utf-8", "surrogatepass") for form in either if len(form) >= LEAST_SECRET)


def _files(places: Iterable[str], place: Place) -> Iterator[tuple[str, int]]:
    """(path in the image, descriptor) of the regular files below, each once, sorted; no link is followed."""
    roots = sorted({os.path.normpath(path) for path in places})
    for number, root in enumerate(roots):
        if any(root.startswith(f"{above}/") for above in roots[:number]):
            continue
        try:
            above = untrusted_paths.open_directory(str(place.at(root)))
        except FileNotFoundError:
            continue
        with above:
            for folder, name, status in untrusted_paths.walk(above):
                path = place.name(Path(folder.place(name)))
                if stat.S_ISREG(status.st_mode) and not place.is_own(path) and path not in place.mounted:
                    with contextlib.suppress(FileNotFoundError):
                        yield path, folder.open_file(name)


def _in_file(path: str, descriptor: int, known: Mapping[bytes, None], place: Place) -> Iterator[Find]:
    """Takes over the descriptor. The file is read in blocks that overlap, since it may be of any size."""
    try:
        told, offset, lines = set(), 0, 1
        while block := os.pread(descriptor, BLOCK + OVERLAP, offset):
            for start, code, what in _in_text(block, known, place):
                if what not in told:
                    told.add(what)
                    yield Find(path, lines + block[:start].count(b"\n"), code, what)
            offset += BLOCK
            lines += block[:BLOCK].count(b"\n")
    finally:
        os.close(descriptor)


def _in_text(text: bytes, known: Mapping[bytes, None], place: Place) -> Iterator[tuple[int, str, str]]:
    """(place, code, what) of each kind that is in a text."""
    key = _PRIVATE_KEY.search(text)
    if key:
        yield key.start(), SECRET, "a private key"
    starts = [start for start in map(text.find, known) if start >= 0]
    if starts:
        yield min(starts), SECRET, "a value that the variables have as a secret"
    for found in (one for pattern in _AWS_KEYS for one in pattern.finditer(text)):
        if _EXAMPLE not in found[0] and not _OF_BASE64.search(text, max(0, found.start() - 1), found.start()):
            yield found.start(), SECRET, f"an AWS access key, {found[0][:4].decode()}..."
    for found in (one for pattern in _AWS_SECRETS for one in pattern.finditer(text)):
        if _EXAMPLE not in found[1]:
            yield found.start(), SECRET, "an AWS secret access key"
    named = place.machine.find_in(text)
    if named:
        yield named.start(), NAME, f"{named[0].decode('utf-8', 'replace')!r}, a name or an address of this machine"
