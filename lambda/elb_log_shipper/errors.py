"""The errors that a caller may want to tell apart. Each message says what failed, where, and the way out."""


class ShipperError(Exception):
    """Base of every error of this package."""


class SettingsError(ShipperError):
    """The settings file is missing, malformed or holds a value that can't be used."""


class InputError(ShipperError):
    """The log itself can't be read to its end: corrupt or truncated gzip, an unreadable file."""


class FetchError(ShipperError):
    """The log can't be fetched now; another try may read all of it."""


class DeliveryError(ShipperError):
    """Events may not have reached the receiver: the batch has to be sent again."""


class EventError(ShipperError):
    """The invocation's event is not one that this function understands."""
