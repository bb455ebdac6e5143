"""Exceptions of structured configuration."""

from __future__ import annotations


class StructuredFileError(Exception):
    """A file cannot be read in any format that it may have. The message is ``file:line:column: what, expected``."""


class NotParsed(Exception):  # noqa: N818 - not an error yet: another format may fit
    """A text is not in the format that it was read in; ``at`` is the offset where reading stopped."""

    def __init__(self, at: int, reason: str) -> None:
        self.at = at
        self.reason = reason
        super().__init__(reason)
