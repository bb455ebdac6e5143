"""The host's systemd: what it says of units, what it is told to do, and what it can do for a service's confinement.

``run(command)`` runs a program and returns (exit status, output, errors), as a module's run_command does.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

# Runs a program: its exit code, its output and its errors.
Run = Callable[[list[str]], tuple[int, str, str]]

# The first releases with these: StandardOutput=file:, and the group @system-service of SystemCallFilter.
OUTPUT_TO_FILES = 236
SYSTEM_CALL_GROUPS = 239
# Its number in capabilities(7).
CAP_SYS_PTRACE = 19


def show(run: Run, unit: str, *names: str) -> dict[str, str]:
    """Properties of a unit, as strings; those that systemd does not know are left out."""
    _code, output, _errors = run(["systemctl", "show", f"--property={','.join(names)}", unit])
    return dict(line.split("=", 1) for line in output.splitlines() if "=" in line)


def main_process(run: Run, service: str) -> int:
    """The number of a service's main process, 0 where there is none."""
    found = show(run, service, "MainPID").get("MainPID", "")
    return int(found) if found.isdigit() else 0


def control(run: Run, verb: str, *units: str) -> tuple[int, str]:
    """Has systemd do something, such as `start`; its exit status, and what it printed."""
    code, output, errors = run(["systemctl", verb, *units])
    return code, errors or output


def version(run: Run) -> int:
    """The release of the host's systemd, or 0 where it is not known."""
    _code, output, _errors = run(["systemctl", "--version"])
    found = re.match(r"systemd (\d+)", output)
    return int(found[1]) if found else 0


def is_running(root: str | Path = "/") -> bool:
    """Whether systemd is what runs the host, rather than only installed on it."""
    return (Path(root) / "run/systemd/system").is_dir()


def serves(run: Run, service: str) -> dict[str, bool]:
    """Whether a service runs, as `active`, and starts at boot, as `enabled`."""
    found = show(run, service, "ActiveState", "UnitFileState")
    return {"active": found.get("ActiveState") == "active", "enabled": found.get("UnitFileState") == "enabled"}


def has_user_namespaces(root: str | Path = "/") -> bool:
    """Whether systemd can give a service a user namespace of its own.

    Some kernels make none, some hosts set their number to 0, and in a container systemd may lack the right to look at
    the processes that it starts, without which it cannot fill in who is who in the namespace.
    """
    try:
        number = int((Path(root) / "proc/sys/user/max_user_namespaces").read_text(encoding="ascii"))
        status = (Path(root) / "proc/1/status").read_text(encoding="utf-8", errors="replace")
        found = re.search(r"^CapEff:\s*([0-9a-f]+)$", status, re.MULTILINE)
    except (OSError, ValueError):
        return False
    capabilities = int(found[1], 16) if found else 0
    return number > 0 and bool(capabilities >> CAP_SYS_PTRACE & 1)


def first_open_port(root: str | Path = "/") -> int:
    """The lowest port that every process may listen on."""
    try:
        return int((Path(root) / "proc/sys/net/ipv4/ip_unprivileged_port_start").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 1024
