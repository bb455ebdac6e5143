"""What a host has, held against what it should have: decides which phases of a deployment have work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def of_installation(installed: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, bool]:
    """Whether the wanted version is installed, is held as it should be, and is what the service's process runs.

    ``installed`` is what logstash_host returns, ``wanted`` has `version`, `source` and `hold`. A package that is half
    installed counts as none. The process is another one where somebody replaced what it runs, and where a run was cut
    off before its restart.
    """
    version = wanted["version"]
    if wanted["source"] == "archive":
        is_wanted, is_held = version in (*installed["archives"], installed["current"]), True
        is_run = installed["current"] == version
    else:
        is_wanted, is_held = installed["package"] == version, installed["held"] == wanted["hold"]
        is_run = not installed["has_archive_unit"]
    return {"is_wanted": is_wanted, "is_held": is_held, "is_current": is_run and not installed["outdated"]}


def versions_to_keep(installed: Mapping[str, Any], deployment: Mapping[str, Any], version: str) -> list[str]:
    """The versions besides ``version`` whose package files stay: what is installed, and what a rollback needs.

    The latter is what last passed the health check with another version, also where a run that was cut off is made
    good, and what was on the host before the first run.
    """
    records = [deployment.get("record") or {}, *(deployment.get("earlier") or [])]
    packages = [(record.get("package") or {}).get("version", "") for record in records]
    others = [found for found in packages if found != version][:1]
    before = ((deployment.get("found") or {}).get("package") or {}).get("version", "")
    return list(dict.fromkeys(found for found in [installed["package"], *others, before] if found))


def records(deployment: Mapping[str, Any]) -> list[dict[str, Any]]:
    """All that is kept and has passed the health check, newest first."""
    return [record for record in [deployment.get("record"), *(deployment.get("earlier") or [])] if record]


def rollback_target(deployment: Mapping[str, Any], release: str) -> dict[str, Any]:
    """The record of a release, or of the one before the last with `previous`; empty when there is none."""
    if release == "previous":
        found: Sequence[dict[str, Any]] = deployment.get("earlier") or []
    else:
        found = [record for record in records(deployment) if record["release"] == release]
    return found[0] if found else {}


def is_up_to_date(wanted: Mapping[str, Any], host: Mapping[str, Any], settings: Mapping[str, Any]) -> bool:
    """Whether all that is wanted is live and has passed the health check, so that nothing is to be restarted.

    ``wanted`` is the record that would be written, ``host`` the result of logstash_host, and ``settings`` has
    `differs`, whether the staged settings are not the live ones, and `would_stage`, whether a check run left them as
    they are.
    """
    deployment, record = host["deployment"], host["deployment"]["record"]
    same = all(record.get(name) == wanted[name] for name in ("version", "release"))
    same = same and all((record.get(name) or {}) == wanted[name] for name in ("package", "fingerprints"))
    untouched = not (deployment["changing"] or settings["differs"] or settings["would_stage"])
    return bool(same and untouched and host["installed"]["is_current"] and not gives_way(host))


def gives_way(host: Mapping[str, Any]) -> bool:
    """Whether lines that were set up by hand are to be taken out."""
    return bool(host["overrides"]["handling"] == "remove" and host["overrides"]["removable"])
