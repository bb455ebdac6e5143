"""A project folder of its own for real ansible-playbook runs of the collection on the local connection."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml
from ansible_process import run


@dataclass
class Project:
    """A project folder with an inventory, variable files, templates, and one play at a time."""

    path: Path

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def play(
        self, *tasks: dict, options: tuple[str, ...] = (), **variables: object
    ) -> subprocess.CompletedProcess[str]:
        everywhere = {
            "octopus_environment": "staging",
            "octopus_variable_files": ["variables.yml"],
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            **variables,
        }
        inventory = {
            "all": {"vars": everywhere, "children": {"web": {"hosts": {"web1": None}}, "eu": {"hosts": {"web1": {}}}}}
        }
        self.write("inventory.yml", yaml.safe_dump(inventory))
        play = {"hosts": "all", "gather_facts": False, "tasks": list(tasks)}
        self.write("play.yml", yaml.safe_dump([play]))
        environment = {
            # Else a run looks for results a thousand times a second.
            "ANSIBLE_CONFIG": str(self.write("ansible.cfg", "[defaults]\ninternal_poll_interval = 0.01\n")),
            "ANSIBLE_LOCAL_TEMP": str(self.path / "local"),
            "ANSIBLE_REMOTE_TEMP": str(self.path / "remote"),
            "ANSIBLE_PIPELINING": "1",  # quicker
        }
        words = ("-i", "inventory.yml", "play.yml", *options)
        return run("ansible-playbook", *words, cwd=self.path, environment=environment)
