"""Containers of Debian with systemd as their first process, for tests and benchmarks that deploy to a real host."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator

IMAGE = os.environ.get("ELK_BASE_IMAGE", "elk-deploy/systemd:12")
SECONDS_TO_BOOT = 60


def docker(*words: str) -> str:
    """The output of a docker command that has to succeed."""
    return subprocess.run(["docker", *words], check=True, capture_output=True, text=True).stdout


def start(name: str) -> None:
    """Starts a container; one of that name that an earlier run left is removed first."""
    remove(name)
    own_tree = docker("info", "--format", "{{.CgroupVersion}}").strip() == "2"
    docker(
        "run", "--detach", f"--name={name}", f"--hostname={name}", "--cap-add=SYS_ADMIN",
        "--security-opt=seccomp=unconfined", "--security-opt=apparmor=unconfined", "--tmpfs=/run", "--tmpfs=/tmp",
        f"--cgroupns={'private' if own_tree else 'host'}",
        f"--volume=/sys/fs/cgroup:/sys/fs/cgroup:{'rw' if own_tree else 'ro'}",
        IMAGE, "/lib/systemd/systemd",
    )  # fmt: skip


def wait(name: str) -> None:
    """Waits until systemd has started what starts with the host."""
    command = ["docker", "exec", name, "systemctl", "is-system-running"]
    for _ in range(SECONDS_TO_BOOT * 2):
        state = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
        if state in ("running", "degraded"):
            return
        time.sleep(0.5)
    raise RuntimeError(f"systemd of container {name} did not start within {SECONDS_TO_BOOT} s; it says {state!r}.")


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
