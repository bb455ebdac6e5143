"""An environment on this machine: monitors that answer what tests give them, and hosts over the local connection."""

from __future__ import annotations

import json
import sys
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import ansible_process
import pytest
import yaml
from ansible_process import ROOT

# Nobody listens there.
NOWHERE = 1


@dataclass
class Environment:
    """Hosts by their layer, each with its variables."""

    path: Path
    layers: dict[str, dict[str, dict]] = field(default_factory=dict)
    servers: list[ThreadingHTTPServer] = field(default_factory=list)

    def add(self, layer: str, name: str, found: dict | None = None, **variables: object) -> None:
        """A host; ``found`` is what its monitor and its journal say, as host_status returns it."""
        journal = self.path / f"{name}.jsonl"
        port = NOWHERE
        if found:
            journal.write_text("".join(f"{json.dumps(line)}\n" for line in found["deployments"]))
            if found["status"]:
                port = self._monitor(found)
        own = {"deployment_journal": str(journal), "logstash_monitor_port": port, **variables}
        self.layers.setdefault(layer, {})[name] = own

    def run(self, playbook: str, *words: str, **variables: object):
        """A playbook as scripts/show.sh runs it. Alarms are none unless the test gives some."""
        everywhere = {
            "octopus_environment": "staging",
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "ansible_become": False,
            "monitored": True,
            "alarms": [],
            "broker_output": "redis",
            "aws_region": "eu-west-1",
        }
        groups = {name: {"hosts": hosts} for name, hosts in self.layers.items()}
        groups["control"] = {"hosts": {"localhost": None}}
        inventory = self.path / "hosts.yml"
        inventory.write_text(yaml.safe_dump({"all": {"vars": everywhere, "children": groups}}))
        return ansible_process.run(
            *("ansible-playbook", ROOT / f"playbooks/{playbook}.yml", "-i", inventory, *words),
            *("-e", json.dumps({"page": str(self.path / "page.html"), **variables})),
            environment={"ANSIBLE_STDOUT_CALLBACK": "elk.deploy.report", "COLUMNS": "160"},
        )

    def _monitor(self, found: dict) -> int:
        answers = {"/status": found["status"], "/history": found["history"]}

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                content = json.dumps(answers[self.path]).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.servers.append(server)
        return int(server.server_address[1])


@pytest.fixture
def environment(tmp_path):
    made = Environment(tmp_path)
    yield made
    for server in made.servers:
        server.shutdown()
        server.server_close()
