"""Runs Ansible's programs with the project's own inventories, which reach no host."""

import fcntl
import hashlib
import json
from pathlib import Path

from ansible_process import ROOT, run

__all__ = ["REAL", "ROOT", "render", "render_once", "run"]
REAL = ["ci", "staging", "production", "scratch"]


def render(environment: str, folder: Path, *options: str) -> Path:
    """Renders every host of an environment to a folder -> the folder."""
    ended = run(
        *("ansible-playbook", "-i", f"inventories/{environment}", "playbooks/render.yml"),
        *("-e", f"render_to={folder}", *options),
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return folder


def render_once(root: Path, environment: str, *options: str) -> Path:
    """The same, to a folder below a root that a test run shares: what one worker has rendered, the others read."""
    folder = root / hashlib.sha256(json.dumps([environment, *options]).encode()).hexdigest()
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = folder.with_suffix(".done")
        if not done.exists():
            render(environment, folder, *options)
            done.touch()
    return folder
