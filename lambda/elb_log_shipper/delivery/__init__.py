"""The sinks: where encoded events go.

A sink is used for one log at a time: ``send`` as often as needed, then ``commit``; or ``abort`` after any error.
``commit`` returning is the only sign of success. Sinks connect when there is something to send.
"""

from typing import Protocol

from ..events import Batch
from .http import HttpSink
from .tcp import TcpSink

__all__ = ["HttpSink", "Sink", "TcpSink", "make_sink"]


class Sink(Protocol):
    def send(self, batch: Batch) -> None:
        """Take events over, to be sent now or at ``commit``.

        :raises DeliveryError: the receiver can't be reached or refuses.
        """

    def commit(self) -> None:
        """Send what is left and make as sure as the transport allows that all arrived.

        :raises DeliveryError: it did not.
        """

    def abort(self) -> None:
        """Forget what was not sent and close the connection. Never raises."""

    def close(self) -> None:
        """The last call: close the connection. Never raises."""


def make_sink(  # noqa: PLR0913 - the settings of a receiver
    transport: str,
    host: str,
    port: int,
    *,
    path: str = "/",
    connect_timeout: float = 5.0,
    timeout: float = 30.0,
    batch_events: int = 500,
    batch_bytes: int = 1024 * 1024,
) -> Sink:
    """The sink for a transport, ``tcp`` or ``http``. Times in seconds."""
    if transport == "tcp":
        return TcpSink(host, port, connect_timeout=connect_timeout, timeout=timeout)
    if transport == "http":
        return HttpSink(
            host,
            port,
            path=path,
            connect_timeout=connect_timeout,
            timeout=timeout,
            batch_events=batch_events,
            batch_bytes=batch_bytes,
        )
    raise ValueError(f"transport {transport!r}: expected tcp or http")
