"""What goes wrong while a package is built."""

from __future__ import annotations


class CustomPackageError(Exception):
    """The package cannot be built; the message says what was seen, what was expected, and a hint."""
