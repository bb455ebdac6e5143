"""What must not leave: parts of clients' addresses, values in query strings.

An address of IPv4 loses its last 8 bits, one of IPv6 its last 80: what is left names a network. A value in a query
string becomes ``***``. Columns are masked before they are converted, so that no value that is made of them tells more.
Raw lines and unknown columns are masked as texts, and rather too much than too little.
"""

import re
from collections.abc import Callable, Collection

from .formats import Column, Format, Record, Value, convert_tokens
from .formats.columns import NOTHING, Token, split_protocol, without_brackets

ALL_KEYS = "*"
MASKED = "***"

_URLS = frozenset(["redirect_url", "transformed_uri"])
_ADDRESS = re.compile(
    r"(?<![0-9a-zA-Z.:])(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*:[0-9a-fA-F:.]*)"
)
# A query string may stand in a value of another one, where its characters are encoded, and encoded again: & is %26 and
# %2526. A key ends where the next may begin: else each of many ? would look through all the rest.
_KEY = re.compile(
    r"(?:[?&;#]|%(?:25)*+(?:3[FB]|26|23))"
    r"(?P<key>(?:[^?&;#=%]|%(?!(?:25)*+(?:3[FBD]|26|23)))*+)"
    r"(?:=|%(?:25)*+3D)",
    re.IGNORECASE,
)
_ENCODED_AGAIN = re.compile(r"%(?:25)+")
# A value ends where the next key of the outermost query string begins, not at an encoded one: it may be part of it.
_VALUE = re.compile(r"[^&#]*")
# In a line, also where a quoted column ends.
_VALUE_IN_LINE = re.compile(r'(?:[^&#"]|"(?! |$))*+')
_CUT_ADDRESS = re.compile(r"[0-9a-fA-F:.]*")

Mask = Callable[[str], str]


class Masking:
    """:param keys: of query strings, compared decoded and without regard to case; ``*`` is all of them."""

    def __init__(self, addresses: bool, keys: Collection[str]) -> None:
        self._addresses = addresses
        self._all_keys = ALL_KEYS in keys
        # What _KEY finds of a key that has such characters in it, encoded.
        self._keys = frozenset(re.split("[?&;#]", _decoded(key))[-1].partition("=")[0] for key in keys)

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

    def format(self, form: Format) -> Format:
        """The format with functions that mask."""
        masks = {column.name: mask for column in form.columns if (mask := self._mask_for(column))}
        columns = [
            column._replace(convert=_masked(column.convert, masks[column.name])) if column.name in masks else column
            for column in form.columns
        ]
        derived = [
            one._replace(make=_masked(one.make, *(masks.get(name, str) for name in one.inputs)))
            if masks.keys() & set(one.inputs)
            else one
            for one in form.derived
        ]
        return form._replace(columns=tuple(columns), derived=tuple(derived))

    def _mask_for(self, column: Column) -> Mask | None:
        if self._addresses and column.name == "client:port":
            return _mask_endpoint
        if self._addresses and column.name == "client_ip":
            return _mask_address
        if self._keys and column.name == "request":
            return self._mask_request
        if self._keys and column.name in _URLS:
            return self._mask_query
        return None

    def _mask_request(self, text: str) -> str:
        request, protocol = split_protocol(text)
        return self._mask_query(request) + protocol

    def _mask_query(self, text: str, value: re.Pattern[str] = _VALUE) -> str:
        kept = []
        position = 0
        for match in _KEY.finditer(text):
            if match.start() >= position and self._is_masked(match["key"]):
                kept += [text[position : match.end()], MASKED]
                position = _end(value, text, match.end())
        return "".join([*kept, text[position:]]) if kept else text

    def _is_masked(self, key: str) -> bool:
        return self._all_keys or _decoded(key) in self._keys

    def text(self, text: str, *, cut: bool = False) -> str:
        """A text of any form, such as a line that could not be parsed.

        :param cut: whether it is the rest of a text, which may begin inside a value.
        """
        if cut and self._keys:
            text = MASKED + text[_end(_VALUE_IN_LINE, text, 0) :]
        elif cut and self._addresses:
            text = MASKED + text[_end(_CUT_ADDRESS, text, 0) :]
        if self._keys:
            text = self._mask_query(text, _VALUE_IN_LINE)
        if self._addresses:
            text = _ADDRESS.sub(lambda match: _mask_anything(match[0]), text)
        return text


def _masked(make: Callable[..., tuple[Value, ...]], *masks: Mask) -> Callable[..., tuple[Value, ...]]:
    return lambda *texts: make(*(mask(text) for mask, text in zip(masks, texts, strict=True)))


def _end(pattern: re.Pattern[str], text: str, position: int) -> int:
    match = pattern.match(text, position)
    return match.end() if match else position


def _decoded(key: str) -> str:
    """A key as it is compared, however often it is encoded."""
    if "%" in key:
        from urllib.parse import unquote  # noqa: PLC0415 - not needed without masks

        key = unquote(_ENCODED_AGAIN.sub("%", key))
    return key.replace("+", " ").strip().casefold()


def mask_address(address: str) -> str:
    """The address of the network; what is no address becomes ``***``."""
    import ipaddress  # noqa: PLC0415 - not needed without masks

    try:
        parsed = ipaddress.ip_address(without_brackets(address))
    except ValueError:
        return MASKED
    kept = 24 if parsed.version == 4 else 48
    return str(ipaddress.ip_network((parsed, kept), strict=False).network_address)


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
