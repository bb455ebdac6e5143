"""What a host runs on, as far as role logstash has to know, without Ansible's facts."""

from __future__ import annotations

import contextlib
import shlex
from pathlib import PurePosixPath

# The package managers that a host may have, the more likely one first where a distribution is of no known family.
PROGRAMS = {
    "/usr/bin/apt-get": "apt",
    "/usr/bin/dnf": "dnf",
    "/usr/bin/yum": "yum",
    "/usr/bin/zypper": "zypper",
    "/usr/bin/pacman": "pacman",
    "/sbin/apk": "apk",
}
# What families of distributions have beside others, by the IDs of os-release.
FAMILIES = {"debian": ["/usr/bin/apt-get"], "fedora": ["/usr/bin/dnf", "/usr/bin/yum"]}
SYSTEMD = "/run/systemd/system"
SCRIPT = """cat /etc/os-release; echo
for path in %s; do
    if [ -e "$path" ]; then echo "$path $(readlink -f "$path")"; fi
done"""
COMMAND = ["sh", "-c", SCRIPT % " ".join([*PROGRAMS, SYSTEMD])]


def parse(output: str) -> dict[str, str]:
    """`distribution`, `distribution_version`, `pkg_mgr` and `service_mgr`, as Ansible's facts of these names, from what
    COMMAND printed. A package manager or service manager that is not known is `unknown`.
    """
    release: dict[str, str] = {}
    programs: dict[str, str] = {}
    for line in output.splitlines():
        name, is_setting, value = line.partition("=")
        if line.startswith("/"):
            path, _separator, target = line.partition(" ")
            programs[path] = target
        elif is_setting:
            # The file is a shell's; a line that is wrong says nothing.
            with contextlib.suppress(ValueError):
                release[name] = " ".join(shlex.split(value))
    return {
        "distribution": release.get("NAME", "an unknown distribution"),
        "distribution_version": release.get("VERSION_ID", ""),
        "pkg_mgr": _package_manager(release, programs),
        "service_mgr": "systemd" if SYSTEMD in programs else "unknown",
    }


def _package_manager(release: dict[str, str], programs: dict[str, str]) -> str:
    families = {release.get("ID", ""), *release.get("ID_LIKE", "").split()}
    usual = [path for family, paths in FAMILIES.items() if family in families for path in paths]
    path = next((path for path in [*usual, *PROGRAMS] if path in programs), "")
    # Version 5 of dnf is another program.
    return "dnf5" if PurePosixPath(programs.get(path, "")).name == "dnf5" else PROGRAMS.get(path, "unknown")
