"""Filters that give a part of a version: ``VersionMajor``, ``VersionPreRelease`` and so on."""

from __future__ import annotations

import re
from collections.abc import Callable

from ...errors import FilterError
from .arguments import takes
from .registry import register

# A number ends where no letter or digit follows: in 1.2.3rc the pre-release is 3rc.
_VERSION = re.compile(
    r"""
    (?: v? (?P<numbers> [0-9]+(?![a-z0-9]) (?: \.[0-9]+(?![a-z0-9]) ){0,3} ) )?
    [.\-_\\]?
    (?P<prerelease> (?P<prefix> [a-z0-9]* ) (?: [.\-_\\] (?P<counter> [a-z0-9.\-_\\]* ) )? )
    (?: \+ (?P<metadata> [a-z0-9.\-_\\+]* ) )?
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_LARGEST = 2**31 - 1


def _parse(text: str) -> dict[str, str]:
    """The parts of a version; a missing number is ``0``, another missing part empty.

    :raises FilterError: ``text`` is no version.
    """
    text = text.strip()
    match = _VERSION.fullmatch(text)
    if not text or match is None:
        raise FilterError(
            "the value is no version: expected up to four numbers with dots, a pre-release and +metadata, "
            "as 1.2.3-beta.1+build.5"
        )
    numbers = [number.lstrip("0") or "0" for number in (match["numbers"] or "0").split(".")]
    if any(len(number) > 10 or int(number) > _LARGEST for number in numbers):
        raise FilterError(f"the value is no version: its numbers may be {_LARGEST} at most")
    return dict(zip(("major", "minor", "patch", "revision"), [*numbers, "0", "0", "0"], strict=False)) | {
        part: match[part] or "" for part in ("prerelease", "prefix", "counter", "metadata")
    }


def _part(part: str) -> Callable[..., str]:
    # As in the reference, arguments are ignored.
    return lambda text, *_ignored: _parse(text)[part]


for _name, _key in {
    "VersionMajor": "major",
    "VersionMinor": "minor",
    "VersionPatch": "patch",
    "VersionRevision": "revision",
    "VersionPreRelease": "prerelease",
    "VersionPreReleasePrefix": "prefix",
    "VersionPreReleaseCounter": "counter",
    "VersionMetadata": "metadata",
}.items():
    register(_name)(takes("no argument", 0, None)(_part(_key)))
