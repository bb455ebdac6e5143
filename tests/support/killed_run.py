"""Runs a playbook and kills it at a named place, as a control node or a host that dies there would."""

from __future__ import annotations

import dataclasses
import subprocess
import time
from pathlib import Path

import process_tree
import systemd_host
from playbook_run import command

TASK = "TASK [elk.deploy.logstash : "


@dataclasses.dataclass(frozen=True)
class Kill:
    """Where a run dies, and what dies with it.

    phase    the name of an include of the role's main.yml
    task     a task in it: the run dies as soon as it is announced, or `after` so many seconds
    process  or a process on the host, by its command line: the run dies while that one is in the middle of its work
    dies     control: what the run had started on the host goes on without it; processes: that dies too; host: all of it
    """

    phase: str
    task: str = ""
    process: str = ""
    after: float = 0
    dies: str = "control"

    def __str__(self) -> str:
        return f"{self.phase}, {self.task or self.process}: {self.dies}"


def kill_run(host: str, kill: Kill, variables: dict, folder: Path) -> None:
    """Starts a run against a container and returns once it is dead, and the host, where it died too, up again."""
    started = subprocess.Popen(
        **command("playbooks/logstash.yml", variables, folder), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        frozen = _wait(host, kill, started)
    finally:
        process_tree.kill_tree(started.pid)
        started.wait()
        started.stdout.close()
    if kill.dies == "host":
        systemd_host.docker("kill", host)
        systemd_host.docker("start", host)
        systemd_host.wait(host)
    elif frozen:
        _on_host(host, "kill" if kill.dies == "processes" else "resume", frozen)


def _wait(host: str, kill: Kill, started: subprocess.Popen) -> str:
    """Returns when the run is where it is to die; second, the number of the process that was stopped there."""
    seen = []
    in_phase = False
    for line in started.stdout:
        seen.append(line)
        if line.startswith(f"{TASK}{kill.phase}]"):
            in_phase = True
            if kill.process:
                return _on_host(host, "freeze", kill.process).strip()
        elif in_phase and line.startswith(f"{TASK}{kill.task}]"):
            time.sleep(kill.after)
            return ""
    raise AssertionError(f"The run ended before {kill}\n{''.join(seen)}")


def _on_host(host: str, *arguments: str) -> str:
    return systemd_host.docker("exec", host, "python3", "-c", Path(process_tree.__file__).read_text(), *arguments)
