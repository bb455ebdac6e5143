"""How .NET reads and writes numbers and dates in the invariant culture.

Formats and what they mean are those of Microsoft's documents on standard and custom format strings. A format string
that .NET would refuse, or that is not supported here, raises :class:`~....errors.NoResult`.
"""

from __future__ import annotations

MAX_FORMAT_LENGTH = 500  # characters; bounds time and size of what a format string can ask for
