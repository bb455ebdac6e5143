"""The encoding that an XML file declares: it is tried first for reading, and changed when another is written."""

from __future__ import annotations

import re

from ..files.text_files import UTF_8, Encoded, TextFile, TextFileError, encode

_DECLARED = re.compile(r"""(<\?xml\s[^>]*?\sencoding\s*=\s*["'])([A-Za-z0-9._-]+)""")


def as_declared(file: TextFile) -> TextFile:
    """``file``, read in the encoding that it declares, unless that is unknown or its bytes do not fit it.

    Unicode encodings are recognised without declaration.
    """
    declared = _DECLARED.match(file.text)
    if declared is None or file.byte_order_mark:
        return file
    try:
        encoding = TextFile("").in_encoding(declared.group(2))
        if encoding.byte_order_mark:
            return file
        return TextFile(encode(file, file.text).content.decode(encoding.encoding), encoding.encoding)
    except (TextFileError, UnicodeDecodeError):
        return file


def encode_xml(file: TextFile, text: str, output_encoding: str | None) -> Encoded:
    """``text`` as bytes; its declaration tells the encoding that they are in, if it told one.

    :raises TextFileError: as :func:`..files.text_files.encode`.
    """
    target = file.in_encoding(output_encoding)
    if target.encoding != file.encoding:
        text = _declare(text, target.encoding)
    encoded = encode(target, text)
    if not encoded.warning:
        return encoded
    return Encoded(_declare(text, UTF_8).encode(UTF_8), encoded.warning)


def _declare(text: str, encoding: str) -> str:
    return _DECLARED.sub(rf"\g<1>{encoding.removesuffix('-le').removesuffix('-be')}", text, count=1)
