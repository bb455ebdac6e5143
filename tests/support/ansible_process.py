"""Ansible's programs as processes of their own, as a user of the checkout starts them: written here alone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(os.environ.get("MOLECULE_PROJECT_DIRECTORY", Path(__file__).resolve().parents[2]))
# Beside the interpreter: a virtual environment's folder of programs need not be on PATH.
BIN = Path(sys.executable).parent
# The checkout's configuration and collection, wherever the run starts; output that can be compared, on long lines.
ENVIRONMENT = {
    "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
    "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections"),
    "ANSIBLE_FORCE_COLOR": "0",
    "ANSIBLE_NOCOLOR": "1",
    "ANSIBLE_LOCALHOST_WARNING": "0",
    "AWS_EC2_METADATA_DISABLED": "true",
    "COLUMNS": "500",
}


def process(program: str, *words: object, cwd: Path = ROOT, environment: Mapping[str, str] | None = None) -> dict:
    """What `subprocess` starts such a program with; `environment` is added to ENVIRONMENT, and wins.

    Whoever runs the tests may have an account of AWS, which no test is to reach.
    """
    callers = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {
        "args": [str(BIN / program), *map(str, words)],
        "cwd": cwd,
        "env": {**callers, **ENVIRONMENT, **(environment or {})},
        "text": True,
    }


def run(
    program: str, *words: object, cwd: Path = ROOT, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs a program to its end."""
    started = process(program, *words, cwd=cwd, environment=environment)
    return subprocess.run(**started, capture_output=True, check=False)
