"""Runs Ansible's programs with the project's own inventories, which reach no host."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REAL = ["ci", "staging", "production", "scratch"]

_BIN = Path(sys.executable).parent


def run(program: str, *arguments: str | Path) -> subprocess.CompletedProcess:
    """One of Ansible's programs, run to its end in the checkout."""
    return subprocess.run(
        [_BIN / program, *arguments],
        cwd=ROOT,
        env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "AWS_EC2_METADATA_DISABLED": "true"},
        capture_output=True,
        text=True,
        check=False,
    )


def render(environment: str, folder: Path, *options: str) -> Path:
    """Renders every host of an environment to a folder -> the folder."""
    ended = run(
        *("ansible-playbook", "-i", f"inventories/{environment}", "playbooks/render.yml"),
        *("-e", f"render_to={folder}", *options),
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return folder
