"""Affected versions as texts, such as ">=1.22,<2.6.3", "==1.4.1" or "*".

Bounds are compared as versions are sorted, pre-releases included. The specifiers of requirements would leave 2.6.3rc1
out of "<2.6.3", where an advisory means it.
"""

import operator
import re
from collections.abc import Iterable

from packaging.version import InvalidVersion, Version

COMPARE = {">=": operator.ge, "<": operator.lt, "<=": operator.le, "==": operator.eq}
EVERY = "*"


def bounds(text: str) -> list[tuple[str, Version]]:
    """Operator and version of each bound. A ValueError says what is wrong with the text."""
    if text == EVERY:
        return []
    found = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(>=|<=|==|<)\s*(\S+)\s*", part)
        try:
            if match is None:
                raise InvalidVersion(part)
            found.append((match[1], Version(match[2])))
        except InvalidVersion as error:
            raise ValueError(
                f"'{text}' is no range of versions; expected is a form such as '>=1.22,<2.6.3'."
            ) from error
    return found


def holds(text: str, version: Version) -> bool:
    """Whether the version lies in the range."""
    return all(COMPARE[sign](version, bound) for sign, bound in bounds(text))


def first_fixed(ranges: Iterable[str], version: Version) -> Version | None:
    """The lowest version above that lies in no range, as far as the ranges name one; None where nothing is fixed."""
    ranges = list(ranges)
    ends = {bound for text in ranges for sign, bound in bounds(text) if sign == "<" and bound > version}
    return min((end for end in ends if not any(holds(text, end) for text in ranges)), default=None)


def from_events(events: list[dict[str, str]]) -> list[str]:
    """The ranges that the events of an OSV record mean: introduced, fixed, last_affected, in any order."""
    marks = []
    for event in events:
        for kind, value in event.items():
            if kind in ("introduced", "fixed", "last_affected"):
                marks.append((Version(value), kind != "introduced", kind, value))
    marks.sort()
    found, begun = [], None
    for _, _, kind, value in marks:
        if kind == "introduced":
            begun = value if begun is None else begun
        elif begun is not None:
            found.append(_written(begun, ("<" if kind == "fixed" else "<=") + value))
            begun = None
    if begun is not None:
        found.append(_written(begun, ""))
    return found


def _written(begun: str, end: str) -> str:
    parts = [f">={begun}"] if begun != "0" else []
    return ",".join([*parts, *([end] if end else [])]) or EVERY
