"""Which texts are false, in conditions and as the outcome of a run condition."""

from __future__ import annotations

FALSE_WORDS = ("no", "false")


def is_truthy(text: str) -> bool:
    """False are the empty text, exactly ``0``, and ``no`` or ``false`` in any case with blanks around."""
    return text not in ("", "0") and text.strip().lower() not in FALSE_WORDS
