"""TCP with one JSON object a line: Logstash's ``tcp`` input with the ``json_lines`` codec.

TCP has no acknowledgement above the kernel's. The most that can be known: at the end this side closes its direction
only, and the receiver, once it has read everything, closes its own. A reset instead, an end that comes too early, or no
end within the timeout (a receiver that has stopped reading) is a failure. A receiver that dies after it has read events
and before it has stored them goes unnoticed; where that matters use HTTP.
"""

import contextlib
import os
import socket

from ..errors import DeliveryError
from ..events import Batch
from .addresses import reason, url

_DRAIN_BYTES = 4096


class TcpSink:
    """One connection a log: opened by the first ``send``, ended by ``commit``.

    :param connect_timeout: seconds, for each address of the host.
    :param timeout: seconds for one write, and for the wait for the receiver's end.
    """

    def __init__(self, host: str, port: int, *, connect_timeout: float = 5.0, timeout: float = 30.0) -> None:
        self._address = (host, port)
        self._url = url("tcp", host, port)
        self._connect_timeout = connect_timeout
        self._timeout = timeout
        self._socket: socket.socket | None = None

    def send(self, batch: Batch) -> None:
        connection = self._connect()
        try:
            self._check_open(connection)
            connection.sendall(batch.data)
        except OSError as error:
            raise self._failure("the connection was lost while sending", error) from error

    def commit(self) -> None:
        if self._socket is None:
            return
        connection = self._socket
        try:
            self._check_open(connection)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(_DRAIN_BYTES):
                pass  # a receiver may greet or answer; json_lines has no use for it
            # After an end and then a reset recv() reports the end only, and the socket keeps the error.
            if code := connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                raise OSError(code, os.strerror(code))
        except TimeoutError as error:
            raise DeliveryError(
                f"{self._url} did not close the connection within {self._timeout:g} s after the last event: it may not "
                "have read everything. Check that the receiver is not blocked, or raise the timeout"
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

    def _connect(self) -> socket.socket:
        if self._socket is None:
            try:
                self._socket = socket.create_connection(self._address, timeout=self._connect_timeout)
            except (OSError, UnicodeError) as error:  # UnicodeError: a name that DNS can't carry
                raise DeliveryError(
                    f"no connection to {self._url}: {reason(error)}. Check that the receiver listens there, that host "
                    "and port are right, and that the network lets this side through"
                ) from error
            self._socket.settimeout(self._timeout)
        return self._socket

    def _check_open(self, connection: socket.socket) -> None:
        """Notice a receiver that has closed already: the kernel would accept the next write all the same."""
        connection.setblocking(False)
        try:
            while connection.recv(_DRAIN_BYTES):
                pass
        except BlockingIOError:
            return
        finally:
            connection.settimeout(self._timeout)
        raise ConnectionAbortedError("the receiver closed it before the last event")

    def _failure(self, what: str, error: OSError) -> DeliveryError:
        return DeliveryError(f"{self._url}: {what}: {reason(error)}. See the receiver's log, then send again")
