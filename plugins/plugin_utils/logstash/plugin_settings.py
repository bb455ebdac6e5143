"""The table of plugins' settings, plugin_settings.csv: what each release calls those that differ between releases.

It was read from the sources of the plugins that each release bundles. ``purpose`` is what a setting is for, by one
name in all releases; ``value`` is set where the purpose asks for one value, which may be another in another release.
"""

from __future__ import annotations

import csv
import functools
from dataclasses import dataclass
from pathlib import Path

from ...module_utils.logstash.versions import FIRST_KNOWN, Version, parse, shown


@dataclass(frozen=True, slots=True)
class PluginSetting:
    """One row: from the release ``first`` on, until the release ``gone``."""

    plugin: str
    purpose: str
    setting: str
    value: str
    first: Version
    gone: Version | None

    def known_to(self, version: Version) -> bool:
        """Whether a release has it."""
        return self.first <= version and (self.gone is None or version < self.gone)


@functools.cache
def rows() -> tuple[PluginSetting, ...]:
    """All rows of the table."""
    with open(Path(__file__).with_name("plugin_settings.csv"), encoding="utf-8", newline="") as stream:
        return tuple(
            PluginSetting(
                plugin=row["plugin"],
                purpose=row["purpose"],
                setting=row["setting"],
                value=row["value"],
                first=parse(row["first_seen"]),
                gone=parse(row["gone_in"]) if row["gone_in"] else None,
            )
            for row in csv.DictReader(stream)
        )


@functools.cache
def of(version: Version) -> dict[str, dict[str, str]]:
    """``{"TcpInput": {"Key": "ssl_key", "Tls": "ssl_enabled", "TlsValue": "true", ...}, ...}`` of a release.

    Each purpose has the name of the setting, and where it asks for one value this as well, as a pipeline writes it.
    What a release has no setting for is empty.
    """
    found: dict[str, dict[str, str]] = {}
    for row in rows():
        found.setdefault(row.plugin, {}).setdefault(row.purpose, "")
        if row.known_to(version):
            found[row.plugin][row.purpose] = row.setting
            if row.value:
                found[row.plugin][f"{row.purpose}Value"] = row.value
    return found


def releases(plugin: str, purpose: str) -> str:
    """Which releases have a setting for it, such as ``5.6.0 to before 6.0.0, and from 6.2.0 on``."""
    spans: list[tuple[Version, Version | None]] = []
    for row in rows():
        if (row.plugin, row.purpose) == (plugin, purpose):
            if spans and spans[-1][1] == row.first:
                spans[-1] = (spans[-1][0], row.gone)
            else:
                spans.append((row.first, row.gone))
    return ", and ".join(_span(first, gone) for first, gone in spans)


def _span(first: Version, gone: Version | None) -> str:
    if gone is None:
        return f"from {shown(first)} on"
    return f"before {shown(gone)}" if first == FIRST_KNOWN else f"{shown(first)} to before {shown(gone)}"
