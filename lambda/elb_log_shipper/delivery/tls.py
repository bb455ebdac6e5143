"""TLS over a connected socket."""

import contextlib
import socket
import ssl
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_RECORDS_BYTES = 65536


class TlsConnection:
    """Like ``ssl.SSLSocket``, but notices an alert at the end. Has the methods of ``socket.socket`` that are used here.

    ``SSLSocket.unwrap()`` succeeds even if the receiver answers with a fatal alert, since OpenSSL treats that as the
    end of the connection. With TLS 1.3 the client's handshake is complete before the receiver has checked the client's
    certificate, so the alert that rejects it may come after the last event. Here ``shutdown`` sends the end, and
    ``recv`` reads the answer and raises for an alert.
    """

    def __init__(self, connection: socket.socket, context: ssl.SSLContext, host: str) -> None:
        """Does the handshake; the socket's timeout is the limit for each step.

        :raises OSError: the receiver speaks no TLS, or its certificate is not trusted (``ssl.SSLError``).
        """
        self._socket = connection
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._handshake()
        self.settimeout = connection.settimeout
        self.setblocking = connection.setblocking
        self.getsockopt = connection.getsockopt
        self.close = connection.close

    def sendall(self, data: bytes) -> None:
        view = memoryview(data)
        for start in range(0, len(view), _RECORDS_BYTES):
            self._tls.write(view[start : start + _RECORDS_BYTES])
            self._flush()

    def recv(self, most_bytes: int) -> bytes:
        """``b""`` at the end, whether the receiver ends TLS or only TCP, which means as much as it does without TLS."""
        while True:
            try:
                return self._tls.read(most_bytes)
            except ssl.SSLWantReadError:
                self._fill()
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return b""

    def recv_into(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer)
        data = self.recv(len(view))
        view[: len(data)] = data
        return len(data)

    def shutdown(self, _how: int) -> None:
        """Tell the receiver that nothing more follows, as ``SHUT_WR`` does. Read what was received first."""
        with contextlib.suppress(ssl.SSLWantReadError):
            self._tls.unwrap()
        self._flush()

    def _handshake(self) -> None:
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self._fill()
            except ssl.SSLError:
                with contextlib.suppress(OSError):
                    self._flush()  # the receiver logs why
                raise
            else:
                self._flush()
                return

    def _flush(self) -> None:
        if records := self._outgoing.read():
            self._socket.sendall(records)

    def _fill(self) -> None:
        if self._socket.gettimeout() != 0:  # a non-blocking send may take only a part
            self._flush()
        data = self._socket.recv(_RECORDS_BYTES)
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()
