"""Whether Logstash in an image is what was asked for, and its service waits for the first boot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..logstash_host import service_manager
from ..logstash_host.installed_plugins import PluginSet
from ..logstash_host.service_manager import Run
from ..messages import coded
from .leftovers import Place

SERVICE = "image_service_wrong"
LOGSTASH = "image_logstash_wrong"
_PROPERTIES = ("LoadState", "ActiveState", "UnitFileState", "ExecMainStartTimestampMonotonic")


def service_faults(run: Run, service: str, condition: str, place: Place) -> Iterator[str]:
    """What is wrong with the service; ``condition`` is the file that keeps it stopped until there are settings."""
    found = service_manager.show(run, service, *_PROPERTIES)
    if found.get("LoadState") != "loaded":
        yield coded(
            SERVICE,
            f"{service} is {found.get('LoadState', 'unknown')!r} to systemd; expected a unit that is loaded. Install "
            "Logstash by the entry point bake of role logstash.",
        )
        return
    if found.get("UnitFileState") != "enabled":
        yield coded(
            SERVICE,
            f"{service} is {found.get('UnitFileState', '')!r}; expected it enabled, so that an instance starts it. "
            f"Enable it, or take off what masks it.",
        )
    if found.get("ActiveState") not in ("inactive", "failed"):
        yield coded(
            SERVICE,
            f"{service} is {found.get('ActiveState', '')!r}; expected it stopped. Find out what started it: what it "
            "has written belongs to this machine.",
        )
    elif found.get("ExecMainStartTimestampMonotonic", "0") not in ("", "0"):
        yield coded(
            SERVICE,
            f"{service} has run since this machine was booted; expected that it was never started. Bake again, from "
            "the base image; what started it is in the journal.",
        )
    if not place.at(condition).is_file():
        yield coded(
            SERVICE,
            f"{condition} is not there; expected the condition that keeps {service} stopped until a deployment has "
            "made settings live. Bake by the entry point bake of role logstash.",
        )


def logstash_faults(
    installed: str, version: str, home: str, plugins: Iterable[Mapping[str, Any]], place: Place
) -> Iterator[str]:
    """What is not as asked for.

    :param installed: the version that the package database has, or the archive.
    :param plugins: those that are wanted, each with `name`, and with `version` and `state` where it says so.
    """
    if installed != version:
        yield coded(
            LOGSTASH,
            f"the image has Logstash {installed or '(none)'}; expected {version}. Correct logstash_version, or the "
            "package that it comes from.",
        )
    found = PluginSet(place.at(home)).installed()
    for plugin in plugins:
        name, wanted = plugin["name"], plugin.get("version") or ""
        there = found.get(name, "")
        absent = plugin.get("state") == "absent"
        if bool(there) == absent or (wanted and not absent and there != wanted):
            expected = "it absent" if absent else wanted or "any version of it"
            yield coded(
                LOGSTASH,
                f"logstash_plugins has {name}, and the image has {there or 'no version'} of it; expected {expected}. "
                "Bake again; what the plugin manager said is in its task.",
            )
