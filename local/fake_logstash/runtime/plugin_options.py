"""Which settings of TLS and credentials a plugin has, by its version: read from data/plugin_options.csv.

The table was made from the sources of the versions that releases bundle. A row counts from its version on.
"""

import csv
import functools
from pathlib import Path

DATA = Path(__file__).resolve().parent.parent / "data"
STATES = ("current", "deprecated", "obsolete")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


@functools.cache
def _rows() -> tuple[tuple[str, tuple[int, ...], dict[str, str]], ...]:
    with open(DATA / "plugin_options.csv", encoding="utf-8", newline="") as stream:
        return tuple(
            (
                row["plugin"],
                _numbers(row["from_plugin_version"]),
                {name: state for state in STATES for name in row[state].split()},
            )
            for row in csv.DictReader(stream)
        )


def of_version(plugin: str, version: str) -> dict[str, str]:
    """{setting: "current", "deprecated" or "obsolete"} of a plugin such as `input-tcp`; empty for one without a row."""
    found: dict[str, str] = {}
    for name, first, options in _rows():
        if name == plugin and first <= _numbers(version):
            found = options
    return found


@functools.cache
def ever(plugin: str) -> frozenset[str]:
    """All settings that some version of the plugin has."""
    return frozenset(option for name, _first, options in _rows() if name == plugin for option in options)
