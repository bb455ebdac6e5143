"""HTTP with JSON arrays: Logstash's ``http`` input, whose answer says that the events are in its queue.

Anything but a complete 2xx answer is a failure. One connection is kept for all batches and logs.
"""

import http.client

from ..errors import DeliveryError
from ..events import Batch
from .addresses import reason, url

_BODY_EXCERPT = 200


class HttpSink:
    """Posts batches of at most ``batch_events`` events and ``batch_bytes`` bytes; a larger event goes alone.

    :param connect_timeout: seconds, for each address of the host.
    :param timeout: seconds for one write or read.
    """

    def __init__(  # noqa: PLR0913 - the settings of a receiver
        self,
        host: str,
        port: int,
        *,
        path: str = "/",
        connect_timeout: float = 5.0,
        timeout: float = 30.0,
        batch_events: int = 500,
        batch_bytes: int = 1024 * 1024,
    ) -> None:
        self._path = path
        self._url = url("http", host, port, path)
        self._connect_timeout = connect_timeout
        self._timeout = timeout
        self._batch_events = batch_events
        self._batch_bytes = batch_bytes
        self._batch: list[bytes] = []
        self._size = 2  # the brackets
        self._connection = http.client.HTTPConnection(host, port)

    def send(self, batch: Batch) -> None:
        for event in batch.data.split(b"\n")[:-1]:
            if self._batch and self._size + len(event) > self._batch_bytes:
                self._post()
            self._batch.append(event)
            self._size += len(event) + 1  # and a comma
            if len(self._batch) >= self._batch_events:
                self._post()

    def commit(self) -> None:
        if self._batch:
            self._post()

    def abort(self) -> None:
        self._clear()
        self._connection.close()

    def close(self) -> None:
        self._connection.close()

    def _clear(self) -> None:
        self._batch = []
        self._size = 2

    def _post(self) -> None:
        body = b"[" + b",".join(self._batch) + b"]"
        reused = self._connection.sock is not None
        try:
            try:
                status, phrase, answer = self._exchange(body)
            except ConnectionError:
                # A receiver may close a kept connection at any time, also just before this request. Once more, on a
                # new connection; should the first have been taken after all, its events arrive twice, never not.
                if not reused:
                    raise
                self._connection.close()
                status, phrase, answer = self._exchange(body)
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise DeliveryError(
                f"POST {self._url}: no complete answer: {reason(error)}. See the receiver's log, then send again"
            ) from error
        if not 200 <= status <= 299:
            self._connection.close()
            excerpt = answer[:_BODY_EXCERPT].decode("utf-8", "replace")
            raise DeliveryError(
                f"POST {self._url}: {status} {phrase}: {excerpt!r}. The batch of {len(self._batch)} events "
                f"({len(body)} bytes) was not accepted: see the receiver's log, then send again"
            )
        self._clear()

    def _exchange(self, body: bytes) -> tuple[int, str, bytes]:
        """One request and its whole answer: status, reason phrase, body."""
        if self._connection.sock is None:
            self._connect()
        self._connection.request("POST", self._path, body=body, headers={"Content-Type": "application/json"})
        with self._connection.getresponse() as response:
            return response.status, response.reason, response.read()

    def _connect(self) -> None:
        self._connection.timeout = self._connect_timeout
        try:
            self._connection.connect()
        except (OSError, UnicodeError) as error:
            self._connection.close()
            raise DeliveryError(
                f"no connection to {self._url}: {reason(error)}. Check that the receiver listens there, that host and "
                "port are right, and that the network lets this side through"
            ) from error
        self._connection.sock.settimeout(self._timeout)
