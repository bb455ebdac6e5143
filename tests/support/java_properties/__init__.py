"""Reads a properties file as ``java.util.Properties.load(InputStream)`` is documented to, for machines without Java.

Written from the class's documentation alone, and apart from the code that it judges. ``Load.java`` is the real
thing; a test holds both together where there is Java.
"""

from __future__ import annotations

BLANK = " \t\f"
ENDS = "\r\n"
ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}


def load(content: bytes) -> dict[str, str]:
    """Keys and values; bytes are Latin-1.

    :raises ValueError: a backslash and ``u`` without four hexadecimal digits.
    """
    found = {}
    for line in logical_lines(content.decode("latin-1")):
        key, value = split(line)
        found[unescaped(key)] = unescaped(value)
    return found


def logical_lines(text: str) -> list[str]:
    """Natural lines without comments and blank ones; one that ends in an odd number of backslashes goes on."""
    lines, pending, goes_on = [], "", False
    for natural in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        line = natural.lstrip(BLANK)
        if not pending and (not line or line[0] in "#!"):
            goes_on = False
            continue
        backslashes = len(line) - len(line.rstrip("\\"))
        goes_on = backslashes % 2 == 1
        pending += line[:-1] if goes_on else line
        if not goes_on:
            lines += [pending] * bool(pending)
            pending = ""
    return [*lines, pending] if goes_on else lines  # a backslash alone at the file's end is an empty key


def split(line: str) -> tuple[str, str]:
    """A key ends at the first blank, ``:`` or ``=`` that is not escaped; one of the signs may be behind the blanks."""
    at = 0
    while at < len(line) and line[at] not in BLANK + ":=":
        at += 2 if line[at] == "\\" else 1
    key, rest = line[:at], line[at:].lstrip(BLANK)
    if rest[:1] in (":", "="):
        rest = rest[1:].lstrip(BLANK)
    return key, rest


def unescaped(text: str) -> str:
    parts, at = [], 0
    while at < len(text):
        sign = text[at]
        at += 1
        if sign == "\\":
            sign = text[at : at + 1]
            at += 1
            if sign == "u":
                digits = text[at : at + 4]
                if len(digits) < 4 or not all(digit in "0123456789abcdefABCDEF" for digit in digits):
                    raise ValueError("Malformed \\uxxxx encoding.")
                sign = chr(int(digits, 16))
                at += 4
            sign = ESCAPES.get(sign, sign) if text[at - 2 : at - 1] == "\\" else sign
        parts.append(sign)
    # Java's characters are UTF-16 units: two escapes may be one character.
    return "".join(parts).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
