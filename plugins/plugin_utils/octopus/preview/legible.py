"""Any text, made safe to look at: values are arbitrary, and may be written to deceive a terminal or a reader."""

from __future__ import annotations

import re

# Longer values are cut: a value may have 16 million characters.
MAX_SHOWN = 10_000

# Control characters (a terminal obeys them, HTML forbids most), characters that reverse or hide what stands around
# them, and halves of surrogate pairs, which cannot be encoded. Line ends and tabs stay, and the joiners that many
# scripts need.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)


def legible(text: str) -> str:
    """``text`` with unsafe characters as ``\\x1b`` or ``\\u202e``, and without what is beyond :data:`MAX_SHOWN`."""
    left_out = len(text) - MAX_SHOWN
    if left_out > 0:
        text = f"{text[:MAX_SHOWN]}… ({left_out} more characters)"
    return _UNSAFE.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
