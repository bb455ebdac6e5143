"""What must not leave: parts of clients' addresses, values in query strings.

An address of IPv4 loses its last 8 bits, one of IPv6 its last 80: what is left names a network. A value in a query
string becomes ``***``. Raw lines and unknown columns are masked as texts, and rather too much than too little.
"""

import re
from collections.abc import Callable, Collection, Sequence
from functools import partial

from .formats import Column, Format, Record, Value

ALL_KEYS = "*"
MASKED = "***"

_URLS = frozenset(["redirect_url", "transformed_uri"])
_ADDRESS = re.compile(
    r"(?<![0-9a-zA-Z.:])(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*:[0-9a-fA-F:.]*)"
)


class Masking:
    """:param keys: of query strings, without regard to case; ``*`` is all of them."""

    def __init__(self, addresses: bool, keys: Collection[str]) -> None:
        self._addresses = addresses
        self._in_requests = self._in_urls = self._in_texts = None
        if keys:
            # A key ends where the next may begin: else each of many `?` would look through all the rest.
            names = "[^=&#?;]*" if ALL_KEYS in keys else "|".join(map(re.escape, keys))
            key = rf"([?&;](?:{names})=)"
            # A URL may have spaces in it; the last one of a request stands before the protocol.
            self._in_requests = re.compile(rf"{key}[^&#]*?(?=[&#]|\s\S*$|$)", re.IGNORECASE)
            self._in_urls = re.compile(rf"{key}[^&#]*", re.IGNORECASE)
            self._in_texts = re.compile(rf'{key}[^&#"]*', re.IGNORECASE)

    def record(self, record: Record) -> Record:
        """The record with its values masked."""
        columns = record.format.columns
        texts = tuple(self._masked(column, text) for column, text in zip(columns, record.texts, strict=False))
        values = [
            found if text is masked else column.convert(masked)
            for column, found, text, masked in zip(columns, record.values, record.texts, texts, strict=False)
        ]
        return record._replace(texts=texts, values=values, extra=[self.text(text) for text in record.extra])

    def format(self, form: Format) -> Format:
        """The format with functions that mask."""
        columns = {column.name: column for column in form.columns}
        return form._replace(
            columns=tuple(
                column._replace(convert=partial(self._convert, column)) if self._mask_for(column) else column
                for column in form.columns
            ),
            derived=tuple(
                derived._replace(make=partial(self._derive, derived.make, [columns[name] for name in derived.inputs]))
                if any(self._mask_for(columns[name]) for name in derived.inputs)
                else derived
                for derived in form.derived
            ),
        )

    def _convert(self, column: Column, text: str) -> tuple[Value, ...]:
        return column.convert(self._masked(column, text))

    def _derive(
        self, make: Callable[..., tuple[Value, ...]], columns: Sequence[Column], *texts: str
    ) -> tuple[Value, ...]:
        return make(*map(self._masked, columns, texts))

    def _masked(self, column: Column, text: str) -> str:
        """The text of a column, the same one where it says nothing."""
        mask = self._mask_for(column)
        return mask(text) if mask and column.convert(text)[0] is not None else text

    def _mask_for(self, column: Column) -> Callable[[str], str] | None:
        if self._addresses and column.name == "client:port":
            return _mask_endpoint
        if self._addresses and column.name == "client_ip":
            return mask_address
        if self._in_requests and column.name == "request":
            return partial(self._in_requests.sub, rf"\1{MASKED}")
        if self._in_urls and column.name in _URLS:
            return partial(self._in_urls.sub, rf"\1{MASKED}")
        return None

    def text(self, text: str) -> str:
        """A text of any form, such as a line that could not be parsed."""
        if self._in_texts:
            text = self._in_texts.sub(rf"\1{MASKED}", text)
        if self._addresses:
            text = _ADDRESS.sub(lambda match: _mask_anything(match[0]), text)
        return text


def mask_address(address: str) -> str:
    """The address of the network; what is no address becomes ``***``."""
    import ipaddress  # noqa: PLC0415 - not needed without masks

    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return MASKED
    kept = 24 if parsed.version == 4 else 48
    return str(ipaddress.ip_network((parsed, kept), strict=False).network_address)


def _mask_endpoint(text: str) -> str:
    address, _separator, port = text.rpartition(":")
    return f"{mask_address(address)}:{port}"


def _mask_anything(text: str) -> str:
    """An address, an address with a port, or something that only looks like one, such as a time of day."""
    if re.fullmatch(r"[0-9]{1,2}(:[0-9]{2}){2}[0-9.]*", text):
        return text
    masked = mask_address(text)
    return _mask_endpoint(text) if masked == MASKED and ":" in text else masked
