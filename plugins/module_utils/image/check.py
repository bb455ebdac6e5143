"""All that is wrong with an image, in messages."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping
from typing import Any

from ..logstash_host.service_manager import Run
from ..messages import coded
from . import contents, leftovers, state, table
from .contents import Find
from .leftovers import Leftover, Place

LEFTOVER, DEPLOYED = "image_leftover", "image_deployed"
_NONE = "that there is no such path"
_EXPECTED = {
    table.REMOVE: _NONE,
    table.EMPTY: _NONE,
    table.REFUSE: _NONE,
    table.TRUNCATE: "an empty file",
    table.BLANK: "an empty file",
    table.LINES: "no line with a name or an address of this machine",
}
_HINTS = {
    contents.SECRET: "Keep it out of what the bake writes: secrets come to an instance at its first boot",
    contents.NAME: "Remove it from the file, or from what writes it",
    contents.KEY: "Remove it from the base image: whoever has its private key could log in to every instance",
}
_WANTED = {
    contents.SECRET: "no secret in an image",
    contents.NAME: "nothing of the machine that baked",
    contents.KEY: "no key but Packer's own, which it removes",
}
_ALLOW = "or name the file in image_allowed_files if it is meant to be there."


def faults(run: Run, wanted: Mapping[str, Any], installed: str, place: Place) -> list[str]:
    """All messages; empty for a fit image.

    :param wanted: the options of the module image_check, with `secrets`.
    :param installed: the version of Logstash that is there.
    :raises SharedDirectoryError: of table.rows.
    """
    rows = table.rows(wanted["home"], wanted["directories"])
    allowed = wanted["allowed"]
    there = [found for found in leftovers.find(rows, place) if not _is_allowed(found.path, allowed)]
    # What is to go anyway is told once, and not searched.
    gone = {found.path for found in there}
    places = [*wanted["places"], *wanted["directories"]]
    finds = [*contents.search(places, wanted["secrets"], place), *contents.authorized_keys(place)]
    told = [found for found in finds if not _is_allowed(found.path, allowed) and not _is_below(found.path, gone)]
    return [
        *map(_leftover, there),
        *map(_find, told),
        *state.logstash_faults(installed, wanted["version"], wanted["home"], wanted["plugins"], place),
        *state.service_faults(run, wanted["service"], wanted["condition"], place),
    ]


def _is_allowed(path: str, allowed: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in allowed)


def _is_below(path: str, others: Iterable[str]) -> bool:
    return any(path == other or path.startswith(f"{other}/") for other in others)


def _leftover(found: Leftover) -> str:
    if found.row.action == table.REFUSE:
        return coded(DEPLOYED, f"{found.path} is {found.seen}; expected {_NONE}: {found.row.why}.")
    return coded(
        LEFTOVER,
        f"{found.path} is {found.seen}; expected {_EXPECTED[found.row.action]}: {found.row.why}. Find out what "
        f"wrote it after image_clean, {_ALLOW}",
    )


def _find(found: Find) -> str:
    return coded(
        found.code,
        f"{found.path}:{found.line} has {found.what}; expected {_WANTED[found.code]}. {_HINTS[found.code]}, {_ALLOW}",
    )
