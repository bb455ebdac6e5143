"""Text files as bytes: which encoding they have, and back to bytes in the same one.

The encoding is found as Octopus finds it: a byte order mark decides; without one it is UTF-8 if the content is valid
UTF-8 (so plain ASCII counts as UTF-8), else windows-1252. Line ends are part of the text and never touched.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

UTF_8 = "utf-8"
WINDOWS_1252 = "windows-1252"

# UTF-32 before UTF-16: its little-endian mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, UTF_8),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

# The five bytes that windows-1252 leaves undefined are the control characters of the same number, as in .NET; without
# them such a file could not be read and written back.
_WINDOWS_1252 = "".join(
    chr(byte) if byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else bytes([byte]).decode("cp1252") for byte in range(256)
)
_TO_WINDOWS_1252 = codecs.charmap_build(_WINDOWS_1252)

# .NET's names of the Unicode encodings; each writes its byte order mark.
_UNICODE_NAMES = {
    "utf-8": (UTF_8, codecs.BOM_UTF8),
    "utf-16": ("utf-16-le", codecs.BOM_UTF16_LE),
    "utf-16le": ("utf-16-le", codecs.BOM_UTF16_LE),
    "unicode": ("utf-16-le", codecs.BOM_UTF16_LE),
    "utf-16be": ("utf-16-be", codecs.BOM_UTF16_BE),
    "unicodefffe": ("utf-16-be", codecs.BOM_UTF16_BE),
    "utf-32": ("utf-32-le", codecs.BOM_UTF32_LE),
    "utf-32le": ("utf-32-le", codecs.BOM_UTF32_LE),
    "utf-32be": ("utf-32-be", codecs.BOM_UTF32_BE),
}
# All other names that may be given. Python knows codecs beyond these that are no encodings of text, such as rot13.
_OTHER_NAMES = re.compile(r"us-ascii|iso-8859-\d{1,2}|windows-125[0-8]|koi8-[ru]|shift_jis|euc-(jp|kr)|gb18030|big5")
_EXAMPLES = "utf-8 (with a byte order mark), utf-16, utf-16be, utf-32, us-ascii, iso-8859-1 or windows-1252"


class TextFileError(Exception):
    """A file cannot be read as text, or written in the encoding that was asked for; the message says why."""


class BinaryFileError(TextFileError):
    """The content is no text at all."""


@dataclass(frozen=True, slots=True)
class TextFile:
    """The text of a file, and how it is encoded; ``byte_order_mark`` is empty when there is none."""

    text: str
    encoding: str = UTF_8
    byte_order_mark: bytes = b""

    def in_encoding(self, name: str | None) -> TextFile:
        """The same text to be written in another encoding, by its .NET name; nothing keeps the present one.

        :raises TextFileError: there is no such encoding.
        """
        if not name:
            return self
        encoding, mark = _encoding(name)
        return replace(self, encoding=encoding, byte_order_mark=mark)


class Encoded(NamedTuple):
    """A file's new content; ``warning`` is empty, or says why the content is UTF-8."""

    content: bytes
    warning: str = ""


def read_bytes(path: str, label: str) -> bytes:
    """The content of the file at ``path``; messages call it ``label``.

    :raises TextFileError: the file cannot be read.
    """
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise TextFileError(f"{label}: cannot read this file: {error.strerror}") from None


def read(path: str, label: str) -> TextFile:
    """The text of the file at ``path``; messages call it ``label``.

    :raises TextFileError: the file cannot be read, or not as text (then it may be a :class:`BinaryFileError`).
    """
    content = read_bytes(path, label)
    try:
        return decode(content)
    except TextFileError as error:
        raise type(error)(f"{label}: {error}") from None


def decode(content: bytes) -> TextFile:
    """The text in ``content``.

    :raises BinaryFileError: a zero byte, and no mark of UTF-16 or UTF-32.
    :raises TextFileError: the content is not what its byte order mark says.
    """
    mark, encoding = next((pair for pair in _MARKS if content.startswith(pair[0])), (b"", ""))
    body = content[len(mark) :]
    if encoding in ("", UTF_8) and b"\0" in body:
        raise BinaryFileError(
            f"byte {content.index(0) + 1} is zero, so this is not a text file (UTF-16 and UTF-32 need a byte order "
            "mark)"
        )
    try:
        return TextFile(body.decode(encoding or UTF_8), encoding or UTF_8, mark)
    except UnicodeDecodeError as error:
        if mark:
            raise TextFileError(
                f"byte {error.start + len(mark) + 1} is not valid {encoding}, which the file's byte order mark promises"
            ) from None
        return TextFile(codecs.charmap_decode(body, "strict", _WINDOWS_1252)[0], WINDOWS_1252)


def encode(like: TextFile, text: str) -> Encoded:
    """``text`` in the encoding of ``like``, with a byte order mark if that has one.

    What that encoding has no character for makes the whole content UTF-8 without mark, with a warning.

    :raises TextFileError: no encoding has a character for it: it is half of a surrogate pair.
    """
    try:
        return Encoded(like.byte_order_mark + _encode(text, like.encoding))
    except UnicodeEncodeError as error:
        where = f"a character of line {text.count(chr(10), 0, error.start) + 1} of the result"
        warning = f"{where} cannot be written in {like.encoding}; the result is UTF-8 without byte order mark"
    try:
        return Encoded(text.encode(UTF_8), warning)
    except UnicodeEncodeError as error:
        where = f"a character of line {text.count(chr(10), 0, error.start) + 1} of the result"
        raise TextFileError(f"{where} is half of a surrogate pair (U+{ord(text[error.start]):04X})") from None


def _encode(text: str, encoding: str) -> bytes:
    if encoding == WINDOWS_1252:
        return codecs.charmap_encode(text, "strict", _TO_WINDOWS_1252)[0]
    return text.encode(encoding)


def _encoding(name: str) -> tuple[str, bytes]:
    wanted = name.strip().lower()
    if wanted in _UNICODE_NAMES:
        return _UNICODE_NAMES[wanted]
    if _OTHER_NAMES.fullmatch(wanted):
        try:
            codecs.lookup(wanted)
        except LookupError:
            pass
        else:
            return wanted, b""
    raise TextFileError(f"there is no encoding {name!r}; expected a name such as {_EXAMPLES}")
