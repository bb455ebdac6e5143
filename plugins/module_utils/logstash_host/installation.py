"""Which Logstash is on a host, from the package database and from archives, and whether the running one is older."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from ..logstash import packages
from . import service_manager

PREFIX = "logstash-"


def started_at(pid: int, proc: Path = Path("/proc")) -> float | None:
    """When a process was started, in seconds of the wall clock; None when there is no such process."""
    try:
        # The program's name, in brackets, may hold anything; the fields after it may not.
        ticks = int((proc / str(pid) / "stat").read_text().rpartition(")")[2].split()[19])
    except OSError:
        return None
    booted = next(line for line in (proc / "stat").read_text().splitlines() if line.startswith("btime "))
    return int(booted.split()[1]) + ticks / os.sysconf("SC_CLK_TCK")


def is_outdated(started: float | None, installed: float, now: float) -> bool:
    """Whether a process runs what was there before. An installation in the future says only that the clock was set."""
    # The start is known to the second: the moment of the boot, which it is counted from, has no fractions.
    return started is not None and started + 1 < installed <= now


def is_of_archive(unit: Path) -> bool:
    """Whether a unit is the one for archives. Before 8.0 the packages write theirs to the same place."""
    return unit.is_file() and packages.UNIT_OF_ARCHIVE in unit.read_text(encoding="utf-8", errors="replace")


class RunsPrograms(Protocol):
    """A module, as far as it is needed here."""

    run_command: Callable[..., tuple[int, str, str]]
    run_command_environ_update: dict[str, str]


def look(module: RunsPrograms, where: Mapping[str, Any], pid: int, service: str) -> dict[str, Any]:
    """What is installed, as a dictionary.

    :param module: runs the package manager's programs.
    :param where: the keys ``manager``, ``cache``, ``archive_root``, ``archive`` and ``unit``, as the options of
        logstash_host.
    :param pid: the service's main process, 0 for none.
    :param service: its unit.
    """
    found = packages.Installed()
    if where["manager"] in packages.MANAGERS:
        manager = packages.MANAGERS[where["manager"]](module.run_command)
        module.run_command_environ_update = dict(manager.environment)
        found = packages.look(manager, where["cache"])

    root = Path(where["archive_root"])
    link = root / "current"
    current = os.readlink(link) if link.is_symlink() else ""
    since = found.since
    if where["archive"]:
        since = link.lstat().st_mtime if current else 0.0
    return {
        "package": found.version if found.sound or (where["archive"] and found.whole) else "",
        "missing": list(found.missing),
        "held": found.held,
        "archives": sorted(path.name[len(PREFIX) :] for path in root.glob(PREFIX + "*") if path.is_dir()),
        "current": current[len(PREFIX) :] if current.startswith(PREFIX) else "",
        "has_archive_unit": is_of_archive(Path(where["unit"])),
        "outdated": is_outdated(started_at(pid) if pid else None, since, time.time()),
        "serves": service_manager.serves(module.run_command, service),
        "system_call_groups": service_manager.version(module.run_command) >= service_manager.SYSTEM_CALL_GROUPS,
        "user_namespaces": service_manager.has_user_namespaces(),
    }
