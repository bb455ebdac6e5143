"""Filters that give a digest: ``Md5``, ``Sha1``, ``Sha256``, ``Sha384``, ``Sha512``."""

from __future__ import annotations

import hashlib

from ...errors import NoResult
from .arguments import takes, unexpected, whole_number
from .encoding import ENCODINGS, encoded, from_base64
from .registry import register

_FORM = f"a number of bytes from 1 and one of {', '.join(ENCODINGS)}, base64, each at most once"


def _options(arguments: tuple[str, ...]) -> tuple[int | None, str]:
    """How many bytes of the digest are wanted (None: all), and how the text is read; in any order."""
    sizes = [number for number in map(whole_number, arguments) if number is not None and number > 0]
    encodings = [one.lower() for one in arguments if one.lower() in (*ENCODINGS, "base64")]
    if len(sizes) + len(encodings) != len(arguments) or len(sizes) > 1 or len(encodings) > 1:
        raise unexpected(_FORM, *arguments)
    return (sizes[0] if sizes else None), (encodings[0] if encodings else "utf8")


def _digest(name: str) -> None:
    @register(name)
    @takes(_FORM, 0, 2)
    def run(text: str, *arguments: str) -> str:
        size, encoding = _options(arguments)
        try:
            content = from_base64(text) if encoding == "base64" else encoded(text, encoding)
        except ValueError:
            raise NoResult("the value is not base64, as the argument base64 says") from None
        return hashlib.new(name.lower(), content, usedforsecurity=False).digest()[:size].hex()


for _name in ("Md5", "Sha1", "Sha256", "Sha384", "Sha512"):
    _digest(_name)
