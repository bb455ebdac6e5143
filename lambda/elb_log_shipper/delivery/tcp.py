"""TCP, or TLS over it, with one JSON object a line: Logstash's ``tcp`` input with the ``json_lines`` codec.

TCP has no acknowledgement above the kernel's. The most that can be known: at the end this side closes its direction
only, and the receiver, once it has read everything, closes its own. A reset instead, an end that comes too early, or no
end within the timeout (a receiver that has stopped reading) is a failure. A receiver that dies after it has read events
and before it has stored them goes unnoticed; where that matters use HTTP.

Only the connection is tried again. Once events were sent, nobody knows which of them were read, so that the log has to
be sent again as a whole, which is what a trigger does.
"""

import contextlib
import os
import socket

from ..errors import DeliveryError
from ..events import Batch
from .connections import Connection, Connector, is_open, reason
from .receiver import Receiver
from .retry_budget import AttemptError, RemainingSeconds, RetryBudget

_DRAIN_BYTES = 4096


class TcpSink:
    """One connection a log: opened by the first ``send``, ended by ``commit``."""

    def __init__(self, receiver: Receiver, budget: RetryBudget | None = None) -> None:
        self._receiver = receiver
        self._budget = budget or RetryBudget(receiver.retry_seconds)
        self._connector = Connector(receiver, self._budget)
        self._socket: Connection | None = None

    @property
    def retries(self) -> int:
        return self._budget.retries

    def limit(self, remaining_seconds: RemainingSeconds | None) -> None:
        self._budget.limit(remaining_seconds)

    def send(self, batch: Batch) -> None:
        connection = self._connect()
        timeout = self._budget.bound(self._receiver.timeout)
        try:
            self._check_open(connection, timeout)
            connection.sendall(batch.data)
        except OSError as error:
            raise self._failure("the connection was lost while sending", error) from error

    def commit(self) -> None:
        if self._socket is None:
            return
        timeout = self._budget.bound(self._receiver.timeout)
        try:
            self._check_open(self._socket, timeout)
            self._end(self._socket)
        except TimeoutError as error:
            raise DeliveryError(
                f"{self._connector.url} did not close the connection within {timeout:g} s after the last event: it may "
                "not have read everything. Check that the receiver is not blocked, or raise the timeout"
            ) from error
        except OSError as error:
            raise self._failure("the connection was lost before the receiver had read everything", error) from error
        finally:
            self.close()

    def abort(self) -> None:
        self.close()

    def close(self) -> None:
        if self._socket is not None:
            connection, self._socket = self._socket, None
            with contextlib.suppress(OSError):
                connection.close()

    def _connect(self) -> Connection:
        if self._socket is None:
            tries = self._budget.tries()
            while self._socket is None:
                try:
                    self._socket = self._connector.open()
                except AttemptError as error:
                    tries.wait(error)
        return self._socket

    def _end(self, connection: Connection) -> None:
        """Close this direction, and wait for the receiver to close the other."""
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(_DRAIN_BYTES):  # a receiver may greet or answer; json_lines has no use for it
            connection.settimeout(self._budget.bound(self._receiver.timeout))
        # After an end and then a reset recv() reports the end only, and the socket keeps the error.
        if code := connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise OSError(code, os.strerror(code))

    def _check_open(self, connection: Connection, timeout: float) -> None:
        if not is_open(connection, timeout):
            raise ConnectionAbortedError("the receiver closed it before the last event")

    def _failure(self, what: str, error: OSError) -> DeliveryError:
        url = self._connector.url
        self._connector.leave()
        return DeliveryError(f"{url}: {what}: {reason(error)}. See the receiver's log, then send again")
