"""Versions of Logstash, and the table of what differs between them.

Three tables have all that is known of versions; no other code compares one with a number. Here is what modules need on
hosts, and the role for its own files. plugin_utils/logstash/settings.csv has the settings of logstash.yml, and
plugin_settings.csv the options of plugins.
"""

from __future__ import annotations

import re

Version = tuple[int, int, int]

# The releases that settings.csv was read from.
FIRST_KNOWN: Version = (5, 2, 0)
LAST_KNOWN: Version = (9, 5, 2)

# What is taken for the version where none is given: newer than any release.
NEWEST: Version = (999, 0, 0)

# The first releases with something.
DEAD_LETTER_QUEUE: Version = (5, 5, 0)
PIPELINES_YML: Version = (6, 0, 0)
KEYSTORE: Version = (6, 2, 0)
# api.http.host for http.host, and what else begins so.
API_RENAMED: Version = (7, 16, 0)
# 7.x knows LS_JAVA_HOME in its later releases only, and looks at JAVA_HOME in all; from this one on it does not count.
JAVA_HOME_IGNORED: Version = (8, 0, 0)
# `logstash-keystore add` takes several names, and values with blanks.
KEYSTORE_SEVERAL_NAMES: Version = (8, 12, 0)
KEYSTORE_BLANKS: Version = (8, 18, 0)


def parse(text: str) -> Version:
    """The three numbers that a version begins with; what a rebuilt package adds to them does not count.

    :raises ValueError: it does not begin with three numbers.
    """
    numbers = re.match(r"(\d+)\.(\d+)\.(\d+)", str(text))
    if not numbers:
        raise ValueError(f"{text!r} does not begin with three numbers such as 9.5.2")
    return int(numbers[1]), int(numbers[2]), int(numbers[3])


def parse_or_newest(text: str) -> Version:
    """The same, and what is newer than any release for what is no version: whoever takes versions says so."""
    try:
        return parse(text)
    except ValueError:
        return NEWEST


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
