"""The log formats, a module each, and the choice between them.

A format is a table of columns (``COLUMNS``) over the shared tokenizer and converters of ``columns.py``.
"""

from . import classic
from .columns import ParseError, Value

__all__ = ["ParseError", "Value", "parse_line"]


def parse_line(line: str) -> dict[str, Value]:
    """The fields of one line of any known format.

    :raises ParseError: no format fits; the message is the reason.
    """
    return classic.parse(line)
