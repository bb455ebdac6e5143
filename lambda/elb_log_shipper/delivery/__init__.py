"""The sinks: where encoded events go.

A sink is used for one log at a time: ``send`` as often as needed, then ``commit``; or ``abort`` after any error.
``commit`` returning is the only sign of success. Sinks connect when there is something to send.
"""

from typing import Protocol

from ..events import Batch
from .oversized import OversizedEventsError
from .receiver import Address, Receiver, Tls
from .retry_budget import RemainingSeconds, RetryBudget

__all__ = [
    "Address",
    "OversizedEventsError",
    "Receiver",
    "ReceiverSink",
    "RemainingSeconds",
    "RetryBudget",
    "Sink",
    "Tls",
    "make_sink",
]


class Sink(Protocol):
    def send(self, batch: Batch) -> None:
        """Take events over, to be sent now or at ``commit``.

        :raises DeliveryError: the receiver can't be reached or refuses.
        """

    def commit(self) -> None:
        """Send what is left and make as sure as the transport allows that all arrived.

        :raises OversizedEventsError: all arrived but single events that are larger than the receiver accepts.
        :raises DeliveryError: it did not.
        """

    def abort(self) -> None:
        """Forget what was not sent and close the connection. Never raises."""

    def close(self) -> None:
        """The last call: close the connection. Never raises."""


class ReceiverSink(Sink, Protocol):
    """A sink that sends to a receiver: it tries again, within the time that there is."""

    @property
    def retries(self) -> int:
        """The tries after each first one, since the sink was made."""

    def limit(self, remaining_seconds: RemainingSeconds | None) -> None:
        """From now on no call returns later than when this says 0; ``None`` takes the limit away."""


def make_sink(receiver: Receiver) -> ReceiverSink:
    """The sink for a receiver. It connects when there is something to send."""
    if receiver.transport == "tcp":  # only the one that is used: the function's start takes long enough
        from .tcp import TcpSink  # noqa: PLC0415

        return TcpSink(receiver)
    from .http import HttpSink  # noqa: PLC0415

    return HttpSink(receiver)
