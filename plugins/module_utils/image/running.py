"""The running system that becomes an image, as a module sees it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from . import machine
from .leftovers import Place

# What writes again what was cleared, until the machine stops: (command, why). What is not there, or does not run, is
# left out. All of it starts again at the next boot.
QUIET = (
    # On the way from /var to /run, which no image has.
    (["journalctl", "--relinquish-var"], "the journal"),
    # It would save a new seed at the shutdown.
    (["systemctl", "stop", "systemd-random-seed.service"], "the random seed"),
    (["systemctl", "stop", "syslog.socket", "rsyslog.service"], "the system's log"),
    # systemd refuses to stop it, and takes a signal that ends it for a stop.
    (["systemctl", "kill", "auditd.service"], "the audit log"),
    (["systemctl", "stop", "apt-daily.timer", "apt-daily-upgrade.timer", "dnf-makecache.timer"], "package lists"),
    (["systemctl", "stop", "systemd-tmpfiles-clean.timer", "logrotate.timer"], "files of timers"),
)


def quiet(module: Any) -> None:
    """Stops what would write again; ``module`` is the running Ansible module."""
    for command, _why in QUIET:
        program = module.get_bin_path(command[0])
        if program:
            module.run_command([program, *command[1:]])


def place(module: Any) -> Place:
    """The whole file system, without what the running module itself has on it."""
    return Place(Path("/"), own=tuple(_own(module)), mounted=frozenset(_mounted_files()), machine=machine.read())


def _own(module: Any) -> Iterator[str]:
    """Where Ansible keeps the module while it runs: below a home, and below the directory for temporary files."""
    for path in (*sys.path, *sys.argv[:1], getattr(module, "_tmpdir", None)):
        if path and os.path.isabs(path):
            found = re.match(r"(.*/(?:ansible[-_][^/]*|\.ansible_[^/]*))(?:/|$)", path)
            if found:
                yield found[1]


def _mounted_files() -> Iterator[str]:
    """Files that something is mounted on, such as the /etc/hostname that a container's engine makes."""
    try:
        lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        # The kernel writes a blank in a path as \040.
        path = re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), line.split()[4])
        if not os.path.isdir(path):
            yield path
