"""Values that hold JSON: read the way the reference's library (Newtonsoft.Json) does, and printed as it prints them.

Beyond JSON, names may be unquoted, names and texts may be in single quotes, there may be comments (``/* */`` and
``//``) and a comma behind the last item. What looks like a date stays the text that it is.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache

from .doubles import double_text

# The reference's own limit; text that is nested deeper is not read as JSON.
MAX_DEPTH = 64

_IGNORED = re.compile(r"(?:\s++|/\*.*?\*/|//[^\n\r]*+)*+", re.DOTALL)
_NUMBER = re.compile(r"-?(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?(?![\w$.])")
_WORD = re.compile(r"(true|false|null)(?![\w$])")
_NAME = re.compile(r"[\w$]+")
_PLAIN = {'"': re.compile(r'[^"\\]++'), "'": re.compile(r"[^'\\]++")}
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|([\"'\\/bfnrt]))")
_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_WORDS = {"true": True, "false": False, "null": None}

Container = dict[str, "Json"] | list["Json"]
Json = Container | str | int | float | bool | None


def looks_like_json(text: str) -> bool:
    """Whether ``text`` may be an object or an array; cheap, and never wrong when it says no."""
    return text.lstrip()[:1] in ("{", "[", "/")


def parse_json(text: str) -> Container | None:
    """The object or array that ``text`` holds; None when it holds neither."""
    if not looks_like_json(text):
        return None
    return _parse_short(text) if len(text) <= _SHORT else _parse(text)


# What is kept is many times as large as its text.
_SHORT = 10_000


def _parse(text: str) -> Container | None:
    try:
        value = _Reader(text).document()
    except _NoJson:
        return None
    return value if isinstance(value, dict | list) else None


_parse_short = lru_cache(maxsize=256)(_parse)


def json_property(document: Container, name: str) -> str | None:
    """The text of one property or item. Empty when there is none; None when ``name`` can't be an index of a list.

    Names of properties compare with case.
    """
    if isinstance(document, dict):
        return json_text(document.get(name))
    index = re.fullmatch(r"\s*\+?([0-9]{1,10})\s*", name)
    if index is None:
        return None
    number = int(index.group(1))
    return json_text(document[number]) if number < len(document) else ""


def json_text(value: Json) -> str:
    """A JSON value as the text that templates see: objects and arrays compact, numbers in their shortest form."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return double_text(value)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return str(value)  # True and False, whole numbers


class _NoJson(Exception):  # noqa: N818 - control flow
    """The text is not JSON."""


class _Reader:
    """Recursive descent over ``text``; every method takes an offset and returns ``(value, offset behind it)``."""

    def __init__(self, text: str) -> None:
        self.text = text

    def document(self) -> Json:
        value, at = self.value(self.blank(0), 0)
        if self.blank(at) != len(self.text):
            raise _NoJson
        return value

    def value(self, at: int, depth: int) -> tuple[Json, int]:
        first = self.text[at : at + 1]
        if first in ("{", "["):
            if depth == MAX_DEPTH:
                raise _NoJson
            return self.object(at + 1, depth + 1) if first == "{" else self.array(at + 1, depth + 1)
        if first in ('"', "'"):
            return self.string(at)
        if word := _WORD.match(self.text, at):
            return _WORDS[word.group(1)], word.end()
        if number := _NUMBER.match(self.text, at):
            return _number(number.group()), number.end()
        raise _NoJson

    def object(self, at: int, depth: int) -> tuple[dict[str, Json], int]:
        members: dict[str, Json] = {}
        while True:
            at = self.blank(at)
            if self.text.startswith("}", at):
                return members, at + 1
            name, at = self.name(at)
            at = self.expect(":", self.blank(at))
            members[name], at = self.value(self.blank(at), depth)
            at = self.separator("}", at)

    def array(self, at: int, depth: int) -> tuple[list[Json], int]:
        items: list[Json] = []
        while True:
            at = self.blank(at)
            if self.text.startswith("]", at):
                return items, at + 1
            item, at = self.value(at, depth)
            items.append(item)
            at = self.separator("]", at)

    def separator(self, closing: str, at: int) -> int:
        """Behind a comma, or at ``closing``."""
        at = self.blank(at)
        return at if self.text.startswith(closing, at) else self.expect(",", at)

    def name(self, at: int) -> tuple[str, int]:
        if self.text.startswith(('"', "'"), at):
            return self.string(at)
        word = _NAME.match(self.text, at)
        if word is None:
            raise _NoJson
        return word.group(), word.end()

    def string(self, at: int) -> tuple[str, int]:
        quote, parts = self.text[at], []
        at += 1
        while not self.text.startswith(quote, at):
            if plain := _PLAIN[quote].match(self.text, at):
                parts.append(plain.group())
                at = plain.end()
            elif escape := _ESCAPE.match(self.text, at):
                code, sign = escape.groups()
                parts.append(chr(int(code, 16)) if code else _ESCAPED.get(sign, sign))
                at = escape.end()
            else:
                raise _NoJson
        text = "".join(parts)
        if any("\ud800" <= one <= "\udfff" for one in text):  # pairs of escapes are one character
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return text, at + 1

    def blank(self, at: int) -> int:
        """The offset behind white space and comments."""
        return _IGNORED.match(self.text, at).end()  # type: ignore[union-attr]  # it matches nothing, too

    def expect(self, sign: str, at: int) -> int:
        if not self.text.startswith(sign, at):
            raise _NoJson
        return at + 1


def _number(text: str) -> int | float:
    if text.lstrip("-").isdigit() and len(text) <= 4000:  # Python refuses to convert longer ones
        return int(text)
    return float(text)
