"""What all parsers of the language share: how one says that nothing matches, and how deep text may be nested."""

from __future__ import annotations

# Deeper nesting of arguments, brackets or blocks is a syntax error, and a deeper lookup is literal text, so that no
# text can exhaust the stack.
MAX_DEPTH = 60


class Mismatch(Exception):  # noqa: N818 - not an error: it makes the parser try the next alternative
    """Nothing matches at ``at``. ``resume`` is where later tokens may still be looked for."""

    def __init__(self, at: int, reason: str, resume: int | None = None) -> None:
        super().__init__(reason)
        self.at = at
        self.reason = reason
        self.resume = at if resume is None else resume
