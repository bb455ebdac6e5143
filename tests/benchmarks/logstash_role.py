"""Role logstash on fresh containers: first run, run without changes, one changed pipeline; one host, and ten at once.

ELK_BENCH_HOSTS=1,2 measures other numbers of hosts.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import yaml
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "local"), str(ROOT / "tests/support")]

import systemd_host  # noqa: E402 - found through the line above
from choose_package import choose  # noqa: E402

OWNER = "bench"
GOAL_TASKS = 20
PIPELINE = """\
input { http { port => 8080 } }
filter { mutate { add_field => { "round" => "ROUND" } } }
output { file { path => "/var/log/logstash/events.jsonl" } }
"""
# Each of them is a start of the JVM.
PROGRAMS = " ".join(f"/usr/share/logstash/bin/logstash{name}" for name in ("", "-plugin", "-keystore"))
LONG_AGO = "2001-01-01"


@dataclass(frozen=True)
class Measured:
    """One run: what it was, how long it took, and on the busiest host what it executed, changed and started."""

    what: str
    hosts: int
    seconds: float
    tasks: int
    changed: int
    started: bool


class Project:
    """A playbook with the role, for some containers, with one pipeline."""

    def __init__(self, folder: Path, hosts: tuple[str, ...]) -> None:
        self.folder, self.hosts = folder, hosts
        version = yaml.safe_load((ROOT / "roles/logstash/defaults/main/install.yml").read_text())["logstash_version"]
        variables = {
            "ansible_connection": "community.docker.docker",
            # With `ansible_user: root`, each task would ask docker for its version.
            "ansible_become": False,
            "octopus_environment": "bench",
            "logstash_template_path": str(folder),
            "logstash_pipelines": [{"id": "main", "templates": ["main.conf"]}],
            **choose(version, folder),
        }
        inventory = {"all": {"vars": variables, "hosts": {host: {} for host in hosts}}}
        (folder / "hosts.yml").write_text(json.dumps(inventory))
        play = {"hosts": "all", "gather_facts": False, "roles": ["elk.deploy.logstash"]}
        (folder / "play.yml").write_text(json.dumps([play]))
        self.change_pipeline("first")

    def change_pipeline(self, word: str) -> None:
        (self.folder / "main.conf").write_text(PIPELINE.replace("ROUND", word))

    def run(self, what: str) -> Measured:
        self._forget_reads()
        begun = time.monotonic()
        ended = subprocess.run(
            [sys.executable, "-m", "ansible", "playbook", "-i", "hosts.yml", "play.yml"],
            cwd=self.folder,
            env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.monotonic() - begun
        if ended.returncode:
            raise RuntimeError(f"{what} failed:\n{ended.stdout[-4000:]}{ended.stderr[-2000:]}")
        recap = re.findall(r" : ok=(\d+) +changed=(\d+) ", ended.stdout)
        tasks, changed = (max(int(host[place]) for host in recap) for place in (0, 1))
        return Measured(what, len(self.hosts), seconds, tasks, changed, self._were_read())

    def _forget_reads(self) -> None:
        """Sets the time of the last reading long ago: starting a script reads it, and looking at it does not."""
        for host in self.hosts:
            systemd_host.docker(
                "exec", host, "sh", "-c", f"for f in {PROGRAMS}; do ! [ -e $f ] || touch -a -d {LONG_AGO} $f; done"
            )

    def _were_read(self) -> bool:
        command = f"stat --format %x {PROGRAMS} 2>/dev/null || true"
        reads = [systemd_host.docker("exec", host, "sh", "-c", command).splitlines() for host in self.hosts]
        times = [line for lines in reads for line in lines]
        return any(not line.startswith(LONG_AGO) for line in times)


def measure(count: int) -> list[Measured]:
    """The three runs on this many fresh containers."""
    names = tuple(f"elk-bench-{os.getpid()}-{number}" for number in range(count))
    with tempfile.TemporaryDirectory() as folder, systemd_host.running(*names):
        project = Project(Path(folder), names)
        measured = [project.run("first run"), project.run("run without changes")]
        project.change_pipeline("second")
        measured.append(project.run("one changed pipeline"))
    return measured


def show(measured: list[Measured], counts: list[int]) -> None:
    """The table, with the goal beside what it is the goal for."""
    table = Table(title="Role logstash", title_justify="left")
    for heading in (
        "run",
        "hosts",
        "seconds",
        f"times {counts[0]} host",
        "tasks a host",
        "changed",
        "JVM started",
        "goal",
    ):
        table.add_column(heading, justify="left" if heading in ("run", "goal") else "right")
    for run in sorted(measured, key=lambda one: one.hosts):
        (base,) = (one.seconds for one in measured if (one.what, one.hosts) == (run.what, counts[0]))
        goal = []
        if run.what == "run without changes":
            goal.append(f"at most {GOAL_TASKS} tasks, no JVM: {'met' if meets_goal(run) else 'MISSED'}")
        if run.hosts != counts[0]:
            linear = run.hosts / counts[0]
            goal.append(f"below {linear:g} times: {'met' if run.seconds / base < linear else 'MISSED'}")
        table.add_row(
            run.what, str(run.hosts), f"{run.seconds:.1f}", f"{run.seconds / base:.2f}", str(run.tasks),
            str(run.changed), "yes" if run.started else "no", "; ".join(goal),
        )  # fmt: skip
    Console(width=150).print(table)


def meets_goal(run: Measured) -> bool:
    return run.tasks <= GOAL_TASKS and run.changed == 0 and not run.started


def run() -> None:
    counts = sorted(int(count) for count in os.environ.get("ELK_BENCH_HOSTS", "1,10").split(","))
    subprocess.run([ROOT / "scripts/engine.sh", "start", OWNER], check=True)
    try:
        subprocess.run([ROOT / "local/base_image/build.sh", systemd_host.IMAGE], check=True)
        show([one for count in counts for one in measure(count)], counts)
    finally:
        subprocess.run([ROOT / "scripts/engine.sh", "stop", OWNER], check=True)
