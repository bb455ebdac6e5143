"""HTTP with JSON arrays or ndjson: Logstash's ``http`` input, whose answer says that the events are in its queue.

Anything but a complete 2xx answer is a failure, and the request is sent again: at least once, and since the body is the
same, so are the events' ids. One connection is kept for all requests, logs and invocations. While the receiver works on
a request the next one is being made, but no two are under way.
"""

import base64
import contextlib
import io
import re
import time
import zlib
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from ..aws import secrets
from ..errors import DeliveryError
from ..events import Batch
from .connections import Connection, Connector, Incoming, is_open, reason
from .headers import is_value
from .oversized import MAX_OVERSIZED, OversizedEvent, OversizedEventsError
from .receiver import Receiver
from .responses import Response, ResponseError, read_response
from .retry_budget import AttemptError, RemainingSeconds, RetryBudget

_TOO_LARGE = 413
_UNAUTHORISED = (401, 403)
_TRANSIENT = (408, 425, 429)
_MAY_ASK_FOR_TIME = (429, 503)
_TRIES_OF_REFUSED = 3
"""Of a request that the receiver calls wrong. Once is not enough: a proxy may say so while the receiver starts."""

_CONTENT_TYPES = {"json_array": "application/json", "ndjson": "application/x-ndjson"}


class _RequestError(AttemptError):
    """A request that was sent, or tried to be. ``unanswered`` says that the connection was lost before any answer."""

    unanswered = False


class _Request:
    """The events of one request, as the batches that they came in: putting them together would be another copy."""

    def __init__(self, *batches: Batch) -> None:
        self.batches = list(batches)
        self.events = sum(batch.events for batch in batches)
        self.size = sum(len(batch.data) for batch in batches)

    def add(self, batch: Batch) -> None:
        self.batches.append(batch)
        self.events += batch.events
        self.size += len(batch.data)

    def halves(self) -> tuple["_Request", "_Request"]:
        """Of two events or more."""
        if len(self.batches) > 1:
            middle = len(self.batches) // 2
            return _Request(*self.batches[:middle]), _Request(*self.batches[middle:])
        (batch,) = self.batches
        middle = batch.data.find(b"\n", len(batch.data) // 2) + 1
        if middle == len(batch.data):  # the last event is the larger half
            middle = batch.data.rfind(b"\n", 0, -1) + 1
        first, second = batch.cut(middle)
        return _Request(first), _Request(second)


class HttpSink:
    """Posts requests of at most ``batch_events`` events and ``batch_bytes`` bytes; a larger event goes alone."""

    def __init__(self, receiver: Receiver, budget: RetryBudget | None = None) -> None:
        self._receiver = receiver
        self._budget = budget or RetryBudget(receiver.retry_seconds)
        self._connector = Connector(receiver, self._budget)
        self._batch_bytes = receiver.batch_bytes
        self._waiting = _Request()  # the next one
        self._sent: _Request | None = None  # its answer was not read yet
        self._oversized: list[OversizedEvent] = []
        self._unsent: OSError | None = None  # why the last request was not sent as a whole
        self._socket: Connection | None = None
        self._stream: BinaryIO = _nothing()  # what comes on the socket
        self._head = b""
        self._answered = False  # something was accepted on this connection

    @property
    def retries(self) -> int:
        return self._budget.retries

    def limit(self, remaining_seconds: RemainingSeconds | None) -> None:
        self._budget.limit(remaining_seconds)

    def send(self, batch: Batch) -> None:
        for piece in _pieces(batch, self._receiver.batch_events, self._batch_bytes):
            if self._waiting.events and not self._fits(piece):
                self._flush()
            self._waiting.add(piece)

    def commit(self) -> None:
        self._flush()
        self._await_response()
        if self._oversized:
            oversized, self._oversized = self._oversized, []
            raise OversizedEventsError(oversized)

    def abort(self) -> None:
        self._oversized = []
        self._waiting = _Request()
        self._sent = None
        self._disconnect()

    def close(self) -> None:
        self._disconnect()

    def _fits(self, piece: Batch) -> bool:
        return (
            self._waiting.events + piece.events <= self._receiver.batch_events
            and self._waiting.size + len(piece.data) < self._batch_bytes  # the array has one byte more
        )

    def _flush(self) -> None:
        """Send what is waiting; on an open connection without waiting for the answer."""
        self._await_response()
        if not self._waiting.events:
            return
        request, self._waiting = self._waiting, _Request()
        if connection := self._open_connection():
            self._write(connection, request)
            self._sent = request
        else:
            self._deliver(request)

    def _await_response(self) -> None:
        """Return when the request that was sent is accepted."""
        if self._sent is not None:
            request, self._sent = self._sent, None
            self._deliver(request, sent=True)

    def _deliver(self, request: _Request, *, sent: bool = False) -> None:
        """Try one request until it is accepted. ``sent`` says that it was, and only the answer is to be read."""
        tries = self._budget.tries()
        failed = 0
        while True:
            try:
                if not sent:
                    self._write(self._open_connection() or self._connect(), request)
                answer = self._read(request)
                break
            except _RequestError as error:
                # A receiver may close a kept connection at any time, also just when a request is on its way. Then
                # once more without a wait; should the first have been taken, its events come twice, with equal ids.
                again = self._answered and error.unanswered
                self._disconnect()
                if not again:
                    self._connector.leave()
                    failed += 1
                tries.wait(error, at_once=again or failed % self._connector.addresses != 0)
            except AttemptError as error:
                tries.wait(error)
            sent = False
        if answer.status == _TOO_LARGE:
            self._halve(request, answer)

    def _halve(self, request: _Request, answer: Response) -> None:
        """Send a request that is too large in parts; an event that is too large alone is left for ``commit``."""
        if request.events == 1:
            self._oversized.append(OversizedEvent(request.batches[0], self._refusal(request, answer)))
            if len(self._oversized) > MAX_OVERSIZED:
                raise OversizedEventsError(self._oversized)
            return
        halves = request.halves()
        for half in halves:
            self._deliver(half)
        # What was too large once would be so again.
        self._batch_bytes = min(self._batch_bytes, max(half.size for half in halves) + 1)

    def _write(self, connection: Connection, request: _Request) -> None:
        """Send one request. Whatever becomes of it, the answer comes next: a receiver may refuse before it has read."""
        timeout = self._budget.bound(self._receiver.timeout)
        body, length = self._body(request)
        self._unsent = None
        try:
            connection.settimeout(timeout)
            connection.sendall(b"".join((b"%b%d\r\n\r\n" % (self._head, length), *body)))
        except OSError as error:
            self._unsent = error

    def _read(self, request: _Request) -> Response:
        """The answer to the request: 2xx, or 413.

        :raises _RequestError: any other, or none that is complete.
        """
        if isinstance(self._unsent, TimeoutError):
            raise self._failure("timed out while sending", "Find out why the receiver is slow, or raise the timeout")
        try:
            answer = read_response(self._stream)
        except TimeoutError:
            raise self._failure("timed out", "Find out why the receiver is slow, or raise the timeout") from None
        except (ResponseError, OSError) as error:
            failure = self._failure(reason(self._unsent or error))
            failure.unanswered = not getattr(error, "begun", False)
            raise failure from error
        if answer.is_success and self._unsent:
            raise self._failure(reason(self._unsent))
        if not answer.kept or not answer.is_success:
            self._disconnect()
        if answer.is_success or answer.status == _TOO_LARGE:
            self._answered = True
            return answer
        if answer.status in _UNAUTHORISED:
            secrets.forget()
        final = 400 <= answer.status <= 499 and answer.status not in _TRANSIENT
        raise _RequestError(
            f"{self._refusal(request, answer)}: see the receiver's log, then send again",
            most_tries=_TRIES_OF_REFUSED if final else None,
            retry_after=retry_after(answer.headers) if answer.status in _MAY_ASK_FOR_TIME else 0.0,
        )

    def _failure(self, why: str, hint: str = "See the receiver's log, then send again") -> _RequestError:
        return _RequestError(f"POST {self._connector.url}: no complete answer: {why}. {hint}")

    def _refusal(self, request: _Request, answer: Response) -> str:
        excerpt = answer.body.decode("utf-8", "replace")
        return (
            f"POST {self._connector.url}: {answer.status} {answer.phrase}: {excerpt!r}. The batch of {request.events} "
            f"events ({request.size} bytes) was not accepted"
        )

    def _body(self, request: _Request) -> tuple[list[bytes | memoryview], int]:
        """The body in parts, and its length in bytes."""
        parts: list[bytes | memoryview] = [batch.data for batch in request.batches]
        length = request.size
        if self._receiver.format == "json_array":
            parts = [batch.data.replace(b"\n", b",") for batch in request.batches]
            parts[-1] = memoryview(parts[-1])[:-1]
            parts, length = [b"[", *parts, b"]"], length + 1
        if self._receiver.gzip:
            body = zlib.compress(b"".join(parts), 1, wbits=31)
            parts, length = [body], len(body)
        return parts, length

    def _open_connection(self) -> "Connection | None":
        """The connection, unless the receiver has closed it. No request is pending on it."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                if is_open(self._socket, self._receiver.timeout):
                    return self._socket
            self._disconnect()
        return None

    def _connect(self) -> Connection:
        self._socket = connection = self._connector.open()
        self._stream = io.BufferedReader(Incoming(connection, self._receiver.timeout, self._budget))
        self._answered = False
        self._head = self._make_head()
        return connection

    def _make_head(self) -> bytes:
        """Everything before the body but its length, which comes last.

        :raises DeliveryError: a secret can't be fetched, or can't be sent in a header.
        """
        receiver = self._receiver
        headers = {
            "Host": self._connector.authority,
            "User-Agent": "elb_log_shipper",
            "Content-Type": _CONTENT_TYPES[receiver.format],
        }
        if receiver.gzip:
            headers["Content-Encoding"] = "gzip"
        if receiver.user is not None:
            credentials = f"{receiver.user}:{secrets.text(receiver.password or '')}"
            headers["Authorization"] = f"Basic {base64.b64encode(credentials.encode()).decode()}"
        given = {name.lower() for name, _unused in receiver.headers}  # such as another User-Agent
        lines = [f"POST {receiver.path} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in headers.items() if name.lower() not in given]
        lines += [f"{name}: {_header_value(name, value)}" for name, value in receiver.headers]
        lines.append("Content-Length: ")
        return "\r\n".join(lines).encode()

    def _disconnect(self) -> None:
        stream, self._stream = self._stream, _nothing()
        with contextlib.suppress(OSError):
            stream.close()
        connection, self._socket = self._socket, None
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.close()


def _nothing() -> BinaryIO:
    """What comes on no connection."""
    return io.BytesIO()


def _header_value(name: str, value: str) -> str:
    found = secrets.text(value)
    if not is_value(found):
        secrets.forget()
        raise DeliveryError(
            f"LogHeaders {name}: what it refers to is no header's value. Store printable ASCII, without a line break "
            "at its end"
        )
    return found


def _pieces(batch: Batch, most_events: int, most_bytes: int) -> Iterator[Batch]:
    """A batch, in pieces that are within the limits; a larger event alone."""
    if batch.events <= most_events and len(batch.data) < most_bytes:
        yield batch
        return
    while batch.events:
        place = size = events = 0
        while events < min(most_events, batch.events):
            size = batch.data.index(b"\n", place) + 1
            if events and size >= most_bytes:
                break
            place, events = size, events + 1
        piece, batch = batch.cut(place)
        yield piece


def retry_after(headers: Mapping[str, str]) -> float:
    """The seconds that ``Retry-After`` asks for, as a number or a date (RFC 9110, 10.2.3); 0 without it."""
    value = headers.get("retry-after", "")
    if re.fullmatch(r"[0-9]{1,9}", value):
        return float(value)
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - hardly ever needed

    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, OverflowError):
        return 0.0
