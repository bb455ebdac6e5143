"""The errors that a caller may want to tell apart. Each message says what failed, where, and what to do.

``code`` is in the function's log and in brackets before a message of the command line. It stays the same when the
message is reworded; docs/reference/messages.md lists all codes with the docstrings from here.
"""


class ShipperError(Exception):
    """Something failed that no other code describes."""

    code = "shipper_failed"

    def coded(self) -> str:
        """The message with its code."""
        return f"[{self.code}] {self}"


class SettingsError(ShipperError):
    """The settings file is missing, malformed or holds a value that can't be used."""

    code = "settings_invalid"


class InputError(ShipperError):
    """The log itself can't be read to its end: corrupt or truncated gzip, an unreadable file."""

    code = "log_unreadable"


class FetchError(ShipperError):
    """The log can't be fetched now; another try may read all of it."""

    code = "log_unavailable"


class DeliveryError(ShipperError):
    """Events may not have reached the receiver: the batch has to be sent again."""

    code = "delivery_failed"


class EventError(ShipperError):
    """The invocation's event is not one that this function understands."""

    code = "event_unknown"
