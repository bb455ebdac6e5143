"""The playbooks that reach no host, for many hosts: how their time compares with what Ansible itself needs for a task.

ELK_BENCH_MANY_HOSTS=10 measures another number of hosts than 100.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[2]
LAYERS = ("brokers", "indexers", "shippers")
# One task that looks at one variable of each host: no playbook can do with less.
EMPTY = [
    {
        "hosts": ":".join(LAYERS),
        "gather_facts": False,
        "tasks": [{"name": "Look at a variable", "ansible.builtin.assert": {"that": "octopus_environment is defined"}}],
    }
]


@dataclass(frozen=True)
class Measured:
    """Seconds by the clock, and of both cores' work, in one run."""

    elapsed: float
    work: float


def run() -> None:
    """Measures and prints."""
    count = int(os.environ.get("ELK_BENCH_MANY_HOSTS", "100"))
    with tempfile.TemporaryDirectory() as folder:
        inventory = _inventory(Path(folder), count)
        empty = Path(folder, "empty.yml")
        empty.write_text(yaml.safe_dump(EMPTY), encoding="utf-8")
        target = str(Path(folder, "rendered"))
        playbooks: dict[str, Callable[[], Measured]] = {
            "one task of Ansible's": lambda: _play(inventory, empty),
            "preflight": lambda: _play(
                inventory, ROOT / "playbooks/preflight.yml", "-e", '{"notification_subscribers_required": []}'
            ),
            "preflight and render": lambda: _play(
                inventory, ROOT / "playbooks/render.yml", "-e", f"render_to={target}"
            ),
        }
        measured = {name: play() for name, play in playbooks.items()}
    base = measured["one task of Ansible's"]
    table = Table(title=f"Playbooks that reach no host, for {count} hosts", title_justify="left")
    for name in ("playbook", "seconds", "processor seconds", "times one task"):
        table.add_column(name, justify="left" if name == "playbook" else "right")
    for name, one in measured.items():
        table.add_row(name, f"{one.elapsed:.1f}", f"{one.work:.1f}", f"{one.work / base.work:.1f}")
    Console(width=100).print(table)


def _inventory(folder: Path, count: int) -> Path:
    """Environment staging with ``count`` hosts in its layers."""
    # What its links and its variables lead to.
    shutil.copytree(ROOT / "inventories/staging", folder / "inventories/staging", symlinks=True)
    shutil.copytree(ROOT / "inventories/shared", folder / "inventories/shared")
    shutil.copytree(ROOT / "variables", folder / "variables")
    hosts = {layer: {"hosts": {}} for layer in LAYERS}
    for number in range(count):
        layer = LAYERS[number % len(LAYERS)]
        hosts[layer]["hosts"][f"{layer[:-1]}-{number}.staging.example.com"] = {"ansible_host": f"198.51.100.{number}"}
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    control = {"hosts": {"localhost": local}}
    inventory = folder / "inventories/staging"
    (inventory / "hosts.yml").write_text(
        yaml.safe_dump({"all": {"children": {"control": control, **hosts}}}), encoding="utf-8"
    )
    return inventory


def _play(inventory: Path, playbook: Path, *options: str) -> Measured:
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-m", "ansible", "playbook", "-i", str(inventory), str(playbook), *options],
        cwd=ROOT,
        env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")},
        capture_output=True,
        text=True,
        check=False,
    )
    elapsed, after = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    if ended.returncode:
        sys.exit(f"{playbook.name} failed:\n{ended.stdout[-3000:]}{ended.stderr}")
    return Measured(elapsed, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
