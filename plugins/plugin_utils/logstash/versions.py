"""Versions of Logstash, and what differs between them beside the settings."""

from __future__ import annotations

import re

Version = tuple[int, int, int]

# The releases that settings.csv was read from.
FIRST_KNOWN: Version = (5, 2, 0)
LAST_KNOWN: Version = (9, 5, 2)

API_RENAMED: Version = (7, 16, 0)
PIPELINES_YML: Version = (6, 0, 0)
DEAD_LETTER_QUEUE: Version = (5, 5, 0)


def parse(text: str) -> Version:
    """The three numbers that a version begins with; what a rebuilt package adds to them does not count.

    :raises ValueError: it does not begin with three numbers.
    """
    numbers = re.match(r"(\d+)\.(\d+)\.(\d+)", str(text))
    if not numbers:
        raise ValueError(f"{text!r} does not begin with three numbers such as 9.5.2")
    return int(numbers[1]), int(numbers[2]), int(numbers[3])


def shown(version: Version) -> str:
    """A version as people write it."""
    return ".".join(map(str, version))


def facts(version: Version) -> dict[str, object]:
    """What the role's own files have to respect, by the names that its templates use."""
    api = "api.http" if version >= API_RENAMED else "http"
    return {
        "api_host": f"{api}.host",
        "api_port": f"{api}.port",
        "pipelines_yml": version >= PIPELINES_YML,
        "dead_letter_queue": version >= DEAD_LETTER_QUEUE,
    }
