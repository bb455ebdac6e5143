"""Runs a playbook of the checkout on the hosts of a molecule scenario, as a user would."""

import json
import os
import subprocess
from pathlib import Path

from ansible_process import ROOT, process
from waiting import wait_for

__all__ = ["ROOT"]


def command(playbook: str, variables: dict, folder: Path, arguments: tuple[str, ...] = ()) -> dict:
    """What `subprocess` starts such a run with."""
    path = folder / "variables.json"
    path.write_text(json.dumps(variables))
    words = ("-i", os.environ["MOLECULE_INVENTORY_FILE"], playbook, "-e", f"@{path}", *arguments)
    return process("ansible-playbook", *words)


class Run:
    """A run that has ended: `code`, `output`, the same in one line as `text`, and `ok`, tasks run on a host."""

    def __init__(self, playbook: str, variables: dict, folder: Path, arguments: tuple[str, ...] = ()) -> None:
        ended = subprocess.run(**command(playbook, variables, folder, arguments), capture_output=True, check=False)
        self.code = ended.returncode
        self.output = ended.stdout + ended.stderr
        self.text = " ".join(self.output.split())
        recap = [line for line in ended.stdout.partition("PLAY RECAP")[2].splitlines() if " ok=" in line]
        self.ok = {line.split()[0]: int(line.split(" ok=")[1].split()[0]) for line in recap}


def plan(playbook: str, variables: dict, folder: Path) -> dict:
    """What `make plan` would write for such a run: its JSON."""
    started = command(playbook, variables, folder, ("--check", "--diff"))
    path = folder / "plan.json"
    started["env"] |= {"ANSIBLE_STDOUT_CALLBACK": "elk.deploy.plan", "ELK_PLAN_FILE": str(path)}
    ended = subprocess.run(**started, capture_output=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return json.loads(path.read_text())


def pipelines(folder: Path, texts: dict[str, str], ports: list[int]) -> dict:
    """The role's variables for pipelines {id: text}, whose templates are written to a folder, with these inputs."""
    for name, text in texts.items():
        (folder / f"{name}.conf").write_text(text)
    return {
        "logstash_template_path": str(folder),
        "logstash_pipelines": [{"id": name, "templates": [f"{name}.conf"]} for name in texts],
        "logstash_input_ports": list(ports),
    }


def service(host) -> dict:
    """What a failed run must not change, or must restore: the process, the live release, and what serves."""
    stats = json.loads(host.run("curl -s localhost:9600/_node/stats").stdout or "{}")
    # Before 6.0 there is one pipeline, whose name is not told.
    pipelines = stats.get("pipelines") or ({"main": {}} if stats.get("pipeline") else {})
    return {
        "pid": host.run("systemctl show --value --property MainPID logstash").stdout.strip(),
        "release": host.run("readlink /etc/logstash/current").stdout.strip(),
        "version": stats.get("version", ""),
        "pipelines": list(pipelines),
    }


def event_arrives(host, message: str, file: str) -> bool:
    """Waits until a line that is sent to the TCP input turns up in the output's file."""
    line = json.dumps({"message": message})
    send = f"exec 3<>/dev/tcp/127.0.0.1/5000; printf '%s\\n' '{line}' >&3"
    # After a restart the input may not listen yet.
    wait_for(lambda: host.run("bash -c %s", send).rc == 0, "input that takes an event")
    return wait_for(lambda: host.run("grep -F %s %s", message, file).rc == 0, f"event {message} in {file}")
