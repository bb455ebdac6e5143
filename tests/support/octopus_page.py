"""docs/octopus.md for its tests: what a test is for is quoted from the page, and has to be there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

PAGE = Path(__file__).parents[2] / "docs" / "octopus.md"
_Test = TypeVar("_Test", bound=Callable[..., None])


def _one_line(text: str) -> str:
    return " ".join(text.split())


def says(*quotes: str) -> Callable[[_Test], _Test]:
    """Marks the test of sentences of the page. Fails where the page does not say that (any more)."""
    text = _one_line(PAGE.read_text(encoding="utf-8"))
    for quote in quotes:
        assert _one_line(quote) in text, f"docs/octopus.md does not say: {quote}"
    return lambda test: test
