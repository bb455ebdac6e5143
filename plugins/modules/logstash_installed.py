#!/usr/bin/python
"""Says which Logstash is on a host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: logstash_installed
short_description: Find out which Logstash is on a host, and whether the running one is older
description:
  - Reads the package database, the versions that were unpacked from archives, and the start of the service's process.
  - Changes nothing.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment: [elk.deploy.masking]
options:
  manager:
    description: The host's package manager. With an unknown one, no package is known.
    type: str
    required: true
  cache:
    description: The directory on the host for package files, which also records an unfinished installation.
    type: path
    required: true
  archive_root:
    description: The directory that archives are unpacked into.
    type: path
    required: true
  archive:
    description: Whether the service runs from an archive rather than from the package.
    type: bool
    required: true
  unit:
    description: The unit file that exists only where the service runs from an archive.
    type: path
    required: true
attributes:
  check_mode:
    support: full
    description: Only reads.
"""

EXAMPLES = r"""
- name: See what is installed
  elk.deploy.logstash_installed:
    manager: apt
    cache: /var/cache/elk-deploy
    archive_root: /opt/logstash
    archive: false
    unit: /etc/systemd/system/logstash.service
  register: __logstash_installed
"""

RETURN = r"""
package:
  description:
    - The version of the package. Empty if there is none, if it is half installed, or if the program, the user or the
      unit is missing; with O(archive), the last three do not matter, since the service runs without them.
  type: str
  returned: always
missing:
  description: What the package should have installed on the host but is missing.
  type: list
  elements: str
  returned: always
held:
  description: Whether the package is held at its version.
  type: bool
  returned: always
archives:
  description: The versions that are unpacked.
  type: list
  elements: str
  returned: always
current:
  description: The version that the archives' link C(current) points to; empty if there is none.
  type: str
  returned: always
has_archive_unit:
  description: Whether the archives' unit file exists. One written by a package does not count.
  type: bool
  returned: always
outdated:
  description: Whether the service's process was started before the current installation.
  type: bool
  returned: always
system_call_groups:
  description: Whether the host's systemd knows the system call group C(@system-service).
  type: bool
  returned: always
user_namespaces:
  description: Whether the host's kernel supports user namespaces.
  type: bool
  returned: always
"""

import os
import time
from pathlib import Path

from ansible_collections.elk.deploy.plugins.module_utils.logstash import packages
from ansible_collections.elk.deploy.plugins.module_utils.logstash_host import service_manager
from ansible_collections.elk.deploy.plugins.module_utils.masking.module import AnsibleModule

PREFIX = "logstash-"


def started_at(pid, proc=Path("/proc")):
    """When a process was started, in seconds of the wall clock; None when there is no such process."""
    try:
        # The program's name, in brackets, may hold anything; the fields after it may not.
        ticks = int((proc / str(pid) / "stat").read_text().rpartition(")")[2].split()[19])
    except OSError:
        return None
    booted = next(line for line in (proc / "stat").read_text().splitlines() if line.startswith("btime "))
    return int(booted.split()[1]) + ticks / os.sysconf("SC_CLK_TCK")


def is_outdated(started, installed, now):
    """Whether a process runs what was there before. An installation in the future says only that the clock was set."""
    # The start is known to the second: the moment of the boot, which it is counted from, has no fractions.
    return started is not None and started + 1 < installed <= now


def is_of_archive(unit):
    """Whether a unit is the one for archives. Before 8.0 the packages write theirs to the same place."""
    return unit.is_file() and packages.UNIT_OF_ARCHIVE in unit.read_text(encoding="utf-8", errors="replace")


def main():
    """Runs the module."""
    module = AnsibleModule(
        argument_spec={
            "manager": {"type": "str", "required": True},
            "cache": {"type": "path", "required": True},
            "archive_root": {"type": "path", "required": True},
            "archive": {"type": "bool", "required": True},
            "unit": {"type": "path", "required": True},
        },
        facts=["package", "archives", "current"],
        supports_check_mode=True,
    )
    params = module.params
    found = packages.Installed()
    if params["manager"] in packages.MANAGERS:
        manager = packages.MANAGERS[params["manager"]](module.run_command)
        module.run_command_environ_update = dict(manager.environment)
        found = packages.look(manager, params["cache"])

    root = Path(params["archive_root"])
    link = root / "current"
    current = os.readlink(link) if link.is_symlink() else ""
    since = found.since
    if params["archive"]:
        since = link.lstat().st_mtime if current else 0.0

    _, pid, _ = module.run_command(["systemctl", "show", "--value", "--property=MainPID", "logstash.service"])
    started = started_at(pid.strip()) if pid.strip() not in ("", "0") else None
    module.exit_json(
        changed=False,
        package=found.version if found.sound or (params["archive"] and found.whole) else "",
        missing=list(found.missing),
        held=found.held,
        archives=sorted(path.name[len(PREFIX) :] for path in root.glob(PREFIX + "*") if path.is_dir()),
        current=current[len(PREFIX) :] if current.startswith(PREFIX) else "",
        has_archive_unit=is_of_archive(Path(params["unit"])),
        outdated=is_outdated(started, since, time.time()),
        system_call_groups=service_manager.version(module.run_command) >= service_manager.SYSTEM_CALL_GROUPS,
        user_namespaces=service_manager.has_user_namespaces(),
    )


if __name__ == "__main__":
    main()
