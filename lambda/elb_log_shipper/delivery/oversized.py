"""Single events that are larger than the receiver accepts. They must neither be lost nor block the others."""

from typing import NamedTuple

from ..errors import DeliveryError
from ..events import Batch

MAX_OVERSIZED = 20
"""Of one log. With more the receiver's limit is wrong for all of them, and the log fails at once."""


class OversizedEvent(NamedTuple):
    """``batch`` has the event alone. ``text`` is what the receiver said."""

    batch: Batch
    text: str


class OversizedEventsError(DeliveryError):
    """Events are larger than the receiver accepts. It accepted all others."""

    code = "events_too_large"

    def __init__(self, events: list[OversizedEvent]) -> None:
        more = f" (and {len(events) - 1} more)" if len(events) > 1 else ""
        super().__init__(f"{events[0].text}: one event is larger than the receiver accepts. Raise its limit{more}")
        self.events = events
