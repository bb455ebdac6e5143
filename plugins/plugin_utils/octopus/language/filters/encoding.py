"""Text as bytes: filters ``ToBase64`` and ``FromBase64``, and what hashes need of it."""

from __future__ import annotations

import base64
import re

from ...errors import FilterError
from .arguments import takes, unexpected
from .registry import register

# .NET's names of encodings, and Python's.
ENCODINGS = {"utf8": "utf-8", "utf-8": "utf-8", "unicode": "utf-16-le"}
_BLANKS = re.compile("[ \t\r\n]+")
_FORM = f"one of {', '.join(ENCODINGS)}, or no argument"


def well_formed(text: str) -> str:
    """``text`` with U+FFFD for each half of a surrogate pair that stands alone, as .NET encodes it."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def encoded(text: str, encoding: str) -> bytes:
    """``text`` in one of :data:`ENCODINGS`."""
    return well_formed(text).encode(ENCODINGS[encoding])


def from_base64(text: str) -> bytes:
    """``text``, decoded to bytes. Blanks, tabs and line ends in it are ignored; padding is required.

    :raises ValueError: ``text`` is not base64.
    """
    return base64.b64decode(_BLANKS.sub("", text), validate=True)


@register("ToBase64")
@takes(_FORM, 0, 1)
def _to_base64(text: str, encoding: str = "utf8") -> str:
    if encoding.lower() not in ENCODINGS:
        raise unexpected(_FORM, encoding)
    return base64.b64encode(encoded(text, encoding.lower())).decode("ascii")


@register("FromBase64")
@takes(_FORM, 0, 1)
def _from_base64(text: str, encoding: str = "utf8") -> str:
    if encoding.lower() not in ENCODINGS:
        raise unexpected(_FORM, encoding)
    try:
        content = from_base64(text)
    except ValueError:
        # The value is not shown: it may be a secret.
        raise FilterError("the value is not base64 (A-Z a-z 0-9 + / with padding =)") from None
    return content.decode(ENCODINGS[encoding.lower()], "replace")
