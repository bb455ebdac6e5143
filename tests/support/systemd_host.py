"""Containers of Debian with systemd as their first process, for scenarios, tests and benchmarks that deploy to a host.

As a program: `systemd_host.py start [--network NAME] CONTAINER...`, and `remove` with the same words.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
from collections.abc import Iterator

from waiting import wait_for

IMAGE = os.environ.get("ELK_BASE_IMAGE", "elk-deploy/systemd:12")


def docker(*words: str) -> str:
    """The output of a docker command that has to succeed."""
    return subprocess.run(["docker", *words], check=True, capture_output=True, text=True).stdout


def start(name: str, network: str = "", *options: str, image: str = IMAGE) -> None:
    """Starts a container, in docker's own network if none is named; one that an earlier run left is removed first.

    `options` are more of docker's; `image` is one that was made from IMAGE.
    """
    remove(name)
    own_tree = docker("info", "--format", "{{.CgroupVersion}}").strip() == "2"
    docker(
        "run", "--detach", f"--name={name}", f"--hostname={name}", "--cap-add=SYS_ADMIN", "--cap-add=SYS_PTRACE",
        "--security-opt=seccomp=unconfined", "--security-opt=apparmor=unconfined", "--tmpfs=/run", "--tmpfs=/tmp",
        f"--cgroupns={'private' if own_tree else 'host'}",
        f"--volume=/sys/fs/cgroup:/sys/fs/cgroup:{'rw' if own_tree else 'ro'}",
        *([f"--network={network}"] if network else []),
        *options, image, "/lib/systemd/systemd",
    )  # fmt: skip


def wait(name: str) -> None:
    """Waits until systemd has started what starts with the host."""
    command = ["docker", "exec", name, "systemctl", "is-system-running"]

    def has_booted() -> bool:
        state = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
        return state in ("running", "degraded")

    wait_for(has_booted, f"systemd that has started in container {name}", interval=0.5)


def remove(name: str) -> None:
    """Removes the container where there is one."""
    subprocess.run(["docker", "rm", "--force", "--volumes", name], capture_output=True, check=False)


@contextlib.contextmanager
def running(*names: str) -> Iterator[tuple[str, ...]]:
    """Running containers of these names, which are gone afterwards."""
    try:
        for name in names:
            start(name)
        for name in names:
            wait(name)
        yield names
    finally:
        for name in names:
            remove(name)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("action", choices=["start", "remove"])
    parser.add_argument("--network", default="")
    parser.add_argument("names", nargs="+")
    given = parser.parse_args()
    for name in given.names:
        remove(name)
    if given.network:
        subprocess.run(["docker", "network", "rm", given.network], capture_output=True, check=False)
    if given.action == "start":
        if given.network:
            docker("network", "create", given.network)
        for name in given.names:
            start(name, given.network)
        for name in given.names:
            wait(name)


if __name__ == "__main__":
    main()
