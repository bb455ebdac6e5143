"""What may be sent as a header of HTTP: RFC 9110, 5.1 and 5.5. No input or output here."""

import re

OURS = frozenset(
    {
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "expect",
        "host",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""In lower case. They say how a request is sent, so that the settings must not."""

NAME = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
VALUE = r"[!-~]([ \t!-~]*[!-~])?"


def is_name(text: str) -> bool:
    return re.fullmatch(NAME, text) is not None


def is_value(text: str) -> bool:
    """Of ASCII, and none that would end the header and begin another."""
    return re.fullmatch(VALUE, text) is not None
