"""Reads the answer to an HTTP request: RFC 9112. An answer that is not complete is an error.

``http.client`` does the same, but takes as long for the headers of one answer as the encoder for a hundred events, and
imports the package ``email``.
"""

import re
from typing import BinaryIO, NamedTuple

_STATUS = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9][0-9])(?: (.*))?")
_LONGEST_LINE = 65536
_MOST_HEADERS = 200
_KEPT_BODY = 200
_CHUNK = 65536


class ResponseError(Exception):
    """The answer is cut off, or not HTTP. ``begun`` is whether there is any of it."""

    def __init__(self, message: str, *, begun: bool = True) -> None:
        super().__init__(message)
        self.begun = begun


class Response(NamedTuple):
    """``headers`` by lower-case name; ``body`` is its beginning; ``kept``: the connection can be used again."""

    status: int
    phrase: str
    headers: dict[str, str]
    body: bytes
    kept: bool

    @property
    def is_success(self) -> bool:
        return 200 <= self.status <= 299


def read_response(stream: BinaryIO) -> Response:
    """The answer to a POST.

    :param stream: buffered, of the connection.
    :raises ResponseError: see there.
    :raises OSError: the connection was lost.
    """
    while True:
        version, status, phrase = _status(stream)
        headers = _headers(stream)
        if status == 101 or status >= 200:  # the others only announce the answer
            break
    body, bounded = _body(stream, status, headers)
    tokens = [token.strip().lower() for token in headers.get("connection", "").split(",")]
    kept = bounded and ("keep-alive" in tokens if version == b"0" else "close" not in tokens)
    return Response(status, phrase, headers, body, kept)


def _status(stream: BinaryIO) -> tuple[bytes, int, str]:
    line = stream.readline(_LONGEST_LINE)
    if not line:
        raise ResponseError("the receiver closed the connection without an answer", begun=False)
    found = _STATUS.fullmatch(line.rstrip(b"\r\n"))
    if not found or not line.endswith(b"\n"):
        raise ResponseError(f"not an answer of HTTP: {line[:_KEPT_BODY].decode('utf-8', 'replace')!r}")
    return found[1], int(found[2]), (found[3] or b"").decode("latin-1")


def _headers(stream: BinaryIO) -> dict[str, str]:
    headers: dict[str, str] = {}
    for _turn in range(_MOST_HEADERS):
        line = stream.readline(_LONGEST_LINE)
        if not line.endswith(b"\n"):
            raise ResponseError("the answer is cut off in its headers")
        line = line.rstrip(b"\r\n")
        if not line:
            return headers
        name, _separator, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    raise ResponseError(f"the answer has more than {_MOST_HEADERS} headers")


def _body(stream: BinaryIO, status: int, headers: dict[str, str]) -> tuple[bytes, bool]:
    """The beginning of the body, and whether its end is known without the end of the connection."""
    if status in (204, 304):
        return b"", True
    if "transfer-encoding" in headers:
        if headers["transfer-encoding"].lower() != "chunked":
            raise ResponseError(f"an answer with transfer encoding {headers['transfer-encoding']!r}")
        return _chunked(stream), True
    length = headers.get("content-length")
    if length is None:
        beginning = stream.read(_KEPT_BODY)
        while stream.read(_CHUNK):
            pass
        return beginning, False
    if not re.fullmatch(r"[0-9]{1,18}", length):
        raise ResponseError(f"an answer with Content-Length {length!r}")
    return _exactly(stream, int(length)), True


def _chunked(stream: BinaryIO) -> bytes:
    beginning = b""
    while True:
        line = stream.readline(_LONGEST_LINE)
        size = line.partition(b";")[0].strip()
        if not line.endswith(b"\n") or not re.fullmatch(rb"[0-9a-fA-F]{1,15}", size):
            raise ResponseError("the answer is cut off, or damaged, between two chunks")
        if not int(size, 16):
            _headers(stream)  # trailers
            return beginning
        beginning = (beginning + _exactly(stream, int(size, 16)))[:_KEPT_BODY]
        if stream.readline(3).strip():
            raise ResponseError("the answer is damaged after a chunk")


def _exactly(stream: BinaryIO, size: int) -> bytes:
    beginning = b""
    left = size
    while left:
        data = stream.read(min(left, _CHUNK))
        if not data:
            raise ResponseError(f"the answer is cut off: {size - left} of {size} bytes")
        beginning = (beginning + data)[:_KEPT_BODY]
        left -= len(data)
    return beginning
