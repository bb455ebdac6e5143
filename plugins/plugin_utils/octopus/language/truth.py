"""Which texts are false, in conditions and as the outcome of a run condition."""

from __future__ import annotations

import re

# No more of a long text is read than it takes to tell.
_FALSE = re.compile(r"\s*+(?:[nN][oO]|[fF][aA][lL][sS][eE])\s*+")


def is_truthy(text: str) -> bool:
    """False are the empty text, exactly ``0``, and ``no`` or ``false`` in any case with blanks around."""
    return text not in ("", "0") and not _FALSE.fullmatch(text)
