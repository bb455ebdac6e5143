"""Single events that are larger than the receiver takes. They must neither be lost nor keep the others back."""

from typing import NamedTuple

from ..errors import DeliveryError
from ..events import Batch

MOST_REFUSALS = 20
"""Of one log. With more the receiver's limit is wrong for all of them, and the log fails at once."""


class Refusal(NamedTuple):
    """``batch`` has the event alone. ``text`` is what the receiver said."""

    batch: Batch
    text: str


class RefusedError(DeliveryError):
    """Events are larger than the receiver accepts. It accepted all others."""

    code = "events_too_large"

    def __init__(self, refusals: list[Refusal]) -> None:
        more = f" (and {len(refusals) - 1} more)" if len(refusals) > 1 else ""
        super().__init__(f"{refusals[0].text}: one event is larger than the receiver takes. Raise its limit{more}")
        self.refusals = refusals
