"""What must not leave: parts of clients' addresses, values in query strings.

An address of IPv4 loses its last 8 bits, one of IPv6 its last 80: what is left names a network. A value in a query
string becomes ``***``. Columns are masked before they are converted, so that no value that is made of them tells more.
Raw lines and unknown columns are masked as texts, and rather too much than too little.
"""

import re
import socket
from collections.abc import Callable, Collection
from functools import partial

from .formats import EXTRA, Column, Record, convert_tokens
from .formats.columns import NOTHING, Token, split_protocol, without_brackets

ALL_KEYS = "*"
MASKED = "***"

_URLS = frozenset(["redirect_url", "transformed_uri"])
_ADDRESS = re.compile(
    r"(?<![0-9a-zA-Z.:])(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*:[0-9a-fA-F:.]*)"
)
# A query string may stand in a value of another one, where its characters are encoded, and encoded again: & is %26 and
# %2526. A key ends where the next may begin: else each of many ? would look through all the rest.
_BEFORE_KEY = r"[?&;#%](?:(?<!%)|(?:25)*+(?:3F|26|3B|23))"  # begins with a set of characters: quick to be searched for
_ANY_KEY = r"(?:[^?&;#=%]|%(?!(?:25)*+(?:3F|26|3B|23|3D)))*+"
_BEFORE_VALUE = r"(?:=|%(?:25)*+3D)"
_BLANK = r"(?:[ +]|%(?:25)*+2[0B])"
# A value ends where the next key of the outermost query string begins, not at an encoded one: it may be part of it.
_VALUE = r"[^&#]*+"
# In a line, also where a quoted column ends.
_VALUE_IN_LINE = r'(?:[^&#"]|"(?! |$))*+'
_CUT_VALUE, _CUT_ADDRESS = re.compile(_VALUE_IN_LINE), re.compile(r"[0-9a-fA-F:.]*")

Mask = Callable[[str], str]


class Masking:
    """:param keys: of query strings, compared decoded and without regard to case; ``*`` is all of them."""

    def __init__(self, addresses: bool, keys: Collection[str]) -> None:
        self._addresses = addresses
        self._in_urls = self._in_lines = None
        if keys:
            names = _ANY_KEY if ALL_KEYS in keys else "|".join(map(_in_any_spelling, keys))
            key = f"({_BEFORE_KEY}{_BLANK}*+(?:{names}){_BLANK}*+{_BEFORE_VALUE})"
            self._in_urls = re.compile(key + _VALUE, re.IGNORECASE)
            self._in_lines = re.compile(key + _VALUE_IN_LINE, re.IGNORECASE)

    def record(self, record: Record) -> Record:
        """The record of the line with its columns masked."""
        known = len(record.values)
        texts = [
            mask(token.text) if (mask := self._mask_for(column)) else token.text
            for column, token in zip(record.format.columns, record.tokens, strict=False)
        ]
        texts += [self.text(token.text) for token in record.tokens[known:]]
        tokens = [Token(text, token.quoted) for text, token in zip(texts, record.tokens, strict=True)]
        return convert_tokens(record.format, tokens)

    def column(self, column: Column) -> Column:
        """The column with what masks its texts."""
        return column._replace(mask=self._mask_for(column))

    def _mask_for(self, column: Column) -> Mask | None:
        if self._addresses and column.name == "client:port":
            return _mask_endpoint
        if self._addresses and column.name == "client_ip":
            return _mask_address
        if self._in_urls and column.name == "request":
            return partial(_mask_request, self._in_urls)
        if self._in_urls and column.name in _URLS:
            return partial(_mask_values, self._in_urls)
        return self.text if column is EXTRA else None

    def text(self, text: str, *, cut: bool = False) -> str:
        """A text of any form, such as a line that could not be parsed.

        :param cut: whether it is the rest of a text, which may begin inside a value.
        """
        if cut:
            text = (_CUT_VALUE if self._in_lines else _CUT_ADDRESS).sub(MASKED, text, count=1)
        if self._in_lines:
            text = _mask_values(self._in_lines, text)
        if self._addresses:
            text = _ADDRESS.sub(lambda match: _mask_anything(match[0]), text)
        return text


def _in_any_spelling(key: str) -> str:
    """A regular expression for a key, each of whose characters may be encoded, any number of times.

    Without the blanks around it, which are ignored.
    """
    return "".join(_BLANK if character in " +" else _encoded_or_not(character) for character in key.strip(" +"))


def _encoded_or_not(character: str) -> str:
    encodings = {
        "".join(f"%(?:25)*+{byte:02X}" for byte in form.encode("utf-8", "surrogateescape"))
        for form in (character, character.lower(), character.upper())
    }
    if character == "%":
        encodings = {"%(?:25)++"}
    return f"(?:{'|'.join([re.escape(character), *sorted(encodings)])})"


def _mask_request(in_urls: re.Pattern[str], text: str) -> str:
    """A URL may have spaces in it; so has a value, up to the protocol."""
    if not in_urls.search(text):
        return text
    request, protocol = split_protocol(text)
    return _mask_values(in_urls, request) + protocol


def _mask_values(keys: re.Pattern[str], text: str) -> str:
    """:param keys: a key, which is its group, and its value."""
    parts = keys.split(text)  # as pattern.sub() would, in half of the time
    parts[1::2] = [key + MASKED for key in parts[1::2]]
    return "".join(parts)


def mask_address(address: str) -> str:
    """The address of the network; what is no address becomes ``***``."""
    address = without_brackets(address)
    family, kept = (socket.AF_INET6, 6) if ":" in address else (socket.AF_INET, 3)
    try:
        packed = socket.inet_pton(family, address)
    except (OSError, ValueError):
        return MASKED
    return socket.inet_ntop(family, packed[:kept] + bytes(len(packed) - kept))


def _mask_address(text: str) -> str:
    """A column that holds one, or nothing."""
    return text if text in NOTHING else mask_address(text)


def _mask_endpoint(text: str) -> str:
    if text in NOTHING:
        return text
    address, _separator, port = text.rpartition(":")
    return f"{mask_address(address)}:{port}"


def _mask_anything(text: str) -> str:
    """An address, an address with a port, or something that only looks like one, such as a time of day."""
    if re.fullmatch(r"[0-9]{1,2}(:[0-9]{2}){2}[0-9.]*", text):
        return text
    masked = mask_address(text)
    return _mask_endpoint(text) if masked == MASKED and ":" in text else masked
