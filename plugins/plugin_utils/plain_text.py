"""What a path, a name or an address must not hold, since it is written into units, repository files and environments.

The one place of this rule. In such files a line end begins another line, and a quote or a backslash has a meaning that
each program defines differently. So these are refused; all else is written as it is, or escaped where it is written, as
``%`` and ``$`` in a unit.
"""

from __future__ import annotations

import re

# Also what only some programs take for the end of a line.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_IN_PATH = re.compile(r"""["'\\]""")
_IN_ADDRESS = re.compile(r"""["'\\\s]""")

PATH = "without control characters, quotes and backslashes"
ADDRESS = "without control characters, quotes, backslashes and blanks"


def control_character(text: str) -> str:
    """The first control character as ``the control character U+000A``; empty where there is none."""
    found = _CONTROL.search(text)
    return f"the control character U+{ord(found[0]):04X}" if found else ""


def unfit_for_path(text: str) -> str:
    """What in ``text`` no path may have, in words; empty where it is fit."""
    return control_character(text) or _first(_IN_PATH, text)


def unfit_for_address(text: str) -> str:
    """What in ``text`` no address may have, in words; empty where it is fit."""
    return control_character(text) or _first(_IN_ADDRESS, text)


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return {'"': "a double quote", "'": "a single quote", "\\": "a backslash"}.get(found[0], "a blank") if found else ""
