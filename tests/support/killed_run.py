"""Runs a playbook and kills it at a named place, as a control node or a host that dies there would."""

from __future__ import annotations

import dataclasses
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import process_tree
import systemd_host
import yaml
from playbook_run import ROOT, command

TASK = "TASK [elk.deploy.logstash : "
TASKS = ROOT / "roles/logstash/tasks"
INCLUDE, IMPORT = "ansible.builtin.include_tasks", "ansible.builtin.import_tasks"


@dataclasses.dataclass(frozen=True)
class Kill:
    """Where a run dies, and what dies with it.

    phase    the name of an include or an import of the role's main.yml
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


def phases() -> dict[str, str]:
    """The phases of the role's main.yml, in order, each with the task that Ansible announces first.

    An include is announced itself; of an import, only the tasks that come by it.
    """
    found = {}
    for task in _tasks("main.yml"):
        if INCLUDE in task:
            found[task["name"]] = task["name"]
        elif IMPORT in task:
            found[task["name"]] = next(
                inner["name"] for inner in _tasks(task[IMPORT]) if not {"block", IMPORT} & set(inner)
            )
    return found


def _tasks(file: str) -> Iterator[dict]:
    """All tasks of a file, those in blocks and in files that it imports included."""
    waiting = yaml.safe_load((TASKS / file).read_text())
    while waiting:
        task = waiting.pop(0)
        waiting[:0] = [inner for part in ("block", "rescue", "always") for inner in task.get(part, [])]
        yield task
        if file != "main.yml" and IMPORT in task:
            waiting[:0] = yaml.safe_load((TASKS / task[IMPORT]).read_text())


def kill_run(host: str, kill: Kill, variables: dict, folder: Path) -> None:
    """Starts a run against a container and returns once it is dead, and the host, where it died too, up again."""
    wanted = command("playbooks/logstash.yml", variables, folder)
    # What it starts on the host has to outlive it: only the engine's `docker exec` does that.
    wanted["env"].pop("ELK_TEST_CONTAINERS", None)
    started = subprocess.Popen(**wanted, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
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
    begin = f"{TASK}{phases()[kill.phase]}]"
    for line in started.stdout:
        seen.append(line)
        in_phase = in_phase or line.startswith(begin)
        if in_phase and kill.process:
            return _on_host(host, "freeze", kill.process).strip()
        if in_phase and kill.task and line.startswith(f"{TASK}{kill.task}]"):
            time.sleep(kill.after)
            return ""
    raise AssertionError(f"The run ended before {kill}\n{''.join(seen)}")


def _on_host(host: str, *arguments: str) -> str:
    return systemd_host.docker("exec", host, "python3", "-c", Path(process_tree.__file__).read_text(), *arguments)
