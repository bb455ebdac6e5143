"""What filters need to look at their arguments and to say what is wrong with them."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable

from ...errors import NoResult
from .registry import FilterFunction

_SHOWN_LENGTH = 40
_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,20}")


def takes(form: str, least: int = 0, most: int | None = 0) -> Callable[[Callable[..., str]], FilterFunction]:
    """Make a function ``(text, *arguments)`` a filter that needs an input and from ``least`` to ``most`` arguments.

    ``most`` None means any number. ``form`` says for people what the arguments are.
    """

    def decorate(function: Callable[..., str]) -> FilterFunction:
        @functools.wraps(function)
        def run(text: str | None, arguments: tuple[str, ...]) -> str | None:
            if text is None:
                return None  # the missing variable is what to report
            if len(arguments) < least or (most is not None and len(arguments) > most):
                raise unexpected(form, *arguments)
            return function(text, *arguments)

        return run

    return decorate


def unexpected(form: str, *arguments: str) -> NoResult:
    """``arguments`` are not what ``form`` describes."""
    return NoResult(f"expected {form}, seen {shown(arguments)}")


def shown(arguments: tuple[str, ...]) -> str:
    """``arguments`` for a message.

    A long or multi-line one is described and never shown in part: it may be a secret, and only a whole one is
    recognised and masked.
    """
    if not arguments:
        return "no argument"
    return " ".join(
        f'"{one}"' if len(one) <= _SHOWN_LENGTH and one.isprintable() else f"(a text of {len(one)} characters)"
        for one in arguments
    )


def whole_number(text: str) -> int | None:
    """The number that .NET's ``int.TryParse`` reads; None for other text or beyond 32 bits."""
    text = text.strip()
    if not _WHOLE_NUMBER.fullmatch(text):
        return None
    number = int(text)
    return number if -(2**31) <= number < 2**31 else None
