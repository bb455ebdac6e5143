"""Exceptions of the package."""

from __future__ import annotations


class EvaluationError(Exception):
    """The evaluation of a whole text was aborted; there is no result."""


class FilterError(EvaluationError):
    """A filter was given what it cannot work with at all, such as a regular expression with a syntax error."""


class BudgetExceeded(EvaluationError):  # noqa: N818 - what was exceeded is the name
    """An evaluation needs more work or memory than a text may.

    ``offset`` is the token's in the outermost text. ``within`` says what was being done, such as ``in the value of A``.
    """

    offset: int | None = None
    within: str = ""


class NoResult(Exception):  # noqa: N818 - not an error: the token is echoed, with the reason that this carries
    """A filter gives no result; the message says why, for people."""


class CircularReference(EvaluationError):  # noqa: N818 - the name is part of the stable interface
    """A variable's value leads back to itself.

    ``chain`` holds the paths as they are spelled in the values; the first and the last name the same variable.
    """

    def __init__(self, chain: tuple[str, ...]) -> None:
        self.chain = chain
        super().__init__(f"a variable refers to itself ({' -> '.join(chain)})")


class VariableError(Exception):
    """The variables that were given cannot be used; the message says what to change."""


class VariableFileError(VariableError):
    """A variable file cannot be used. The message lists every fault as ``file:line: what, seen, expected``."""
