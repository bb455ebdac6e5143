"""Containers of Debian with systemd as their first process, for tests and benchmarks that deploy to a real host."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator

from waiting import wait_for

IMAGE = os.environ.get("ELK_BASE_IMAGE", "elk-deploy/systemd:12")


def docker(*words: str) -> str:
    """The output of a docker command that has to succeed."""
    return subprocess.run(["docker", *words], check=True, capture_output=True, text=True).stdout


def start(name: str) -> None:
    """Starts a container; one of that name that an earlier run left is removed first."""
    remove(name)
    own_tree = docker("info", "--format", "{{.CgroupVersion}}").strip() == "2"
    docker(
        "run", "--detach", f"--name={name}", f"--hostname={name}", "--cap-add=SYS_ADMIN", "--cap-add=SYS_PTRACE",
        "--security-opt=seccomp=unconfined", "--security-opt=apparmor=unconfined", "--tmpfs=/run", "--tmpfs=/tmp",
        f"--cgroupns={'private' if own_tree else 'host'}",
        f"--volume=/sys/fs/cgroup:/sys/fs/cgroup:{'rw' if own_tree else 'ro'}",
        IMAGE, "/lib/systemd/systemd",
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
