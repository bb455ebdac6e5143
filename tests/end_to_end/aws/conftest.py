"""An emulator of its own for these tests: free port, network, state; all gone afterwards."""

import contextlib
import json
import os
import re
import secrets
import socketserver
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import ansible_process
import boto3
import pytest
import recorded_calls
import yaml
from deployer_policy import not_in_policies
from free_port import free_port
from waiting import wait_for

ROOT = Path(__file__).resolve().parents[3]
LOCAL = ROOT / "local"
BASE_IMAGE = os.environ.get("ELK_BASE_IMAGE", "elk-deploy/systemd:12")
FUNCTION_IMAGE = "elk-deploy/lambda-python:3.11"
ENVIRONMENT = ROOT / "build/emulator/venv"
REGION = "eu-west-1"


def run(*arguments, check=True):
    result = subprocess.run([str(one) for one in arguments], capture_output=True, text=True, check=False)
    if check:
        assert result.returncode == 0, f"{arguments}:\n{result.stdout}\n{result.stderr}"
    return result


@dataclass
class Emulator:
    name: str
    port: int
    gateway: str
    state: Path

    run = staticmethod(run)

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.port}"

    def client(self, service, account="000000000000"):
        """Of boto3; the emulator takes the key for the account's number where it has the form of one."""
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=account if account.strip("0") else "emulator",
            aws_secret_access_key="emulator",  # noqa: S106 - the emulator takes any
        )

    def start(self, **changes):
        options = {
            "venv": ENVIRONMENT,
            "state": self.state,
            "port": self.port,
            "gateway": self.gateway,
            "network": self.name,
            "function-image": FUNCTION_IMAGE,
        } | changes
        command = [f"--{name}={value}" for name, value in options.items()]
        return run(sys.executable, LOCAL / "emulator/emulator.py", "start", *command, check=False)

    def stop(self):
        return run(sys.executable, LOCAL / "emulator/emulator.py", "stop", f"--state={self.state}", check=False)

    def containers(self):
        return run("docker", "ps", "--all", "--quiet", "--filter", f"name=^{self.name}-lambda-").stdout.split()


@pytest.fixture(scope="session")
def emulator(tmp_path_factory):
    run(sys.executable, LOCAL / "function_runtime/build.py", "--base", BASE_IMAGE, "--tag", FUNCTION_IMAGE)
    run(sys.executable, LOCAL / "emulator/emulator.py", "install", "--venv", ENVIRONMENT)
    # scripts/test.sh removes what has this id in its name, even after tests that were killed.
    name = f"{os.environ.get('ELK_TEST_ID', 'elk-test')}-aws-{secrets.token_hex(4)}"
    run("docker", "network", "create", name)
    try:
        gateway = run("docker", "network", "inspect", "--format", "{{(index .IPAM.Config 0).Gateway}}", name)
        emulator = Emulator(name, free_port(), gateway.stdout.strip(), tmp_path_factory.mktemp("state"))
        try:
            started = emulator.start()
            assert started.returncode == 0, started.stdout + started.stderr
            yield emulator
        finally:
            emulator.stop()
    finally:
        # The engine needs a moment to take the function's last containers out of it.
        wait_for(lambda: run("docker", "network", "rm", name, check=False).returncode == 0, "removal of the network")


class Sink(socketserver.ThreadingTCPServer):
    """Takes lines on the network's gateway, where the function sends them; keeps them."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address):
        self.lines = []
        sink = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                for line in self.rfile:
                    sink.lines.append(json.loads(line))

        super().__init__(address, Handler)


@pytest.fixture
def sink_port(aws):
    return aws.variables["octopus_variables"]["LogPort"]


@pytest.fixture
def sink(aws, sink_port):
    with Sink((aws.emulator.gateway, sink_port)) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.shutdown()


@dataclass
class Deployment:
    """An inventory for the emulator, and the playbooks run with it."""

    emulator: Emulator
    inventory: Path
    variables: dict

    @property
    def calls(self):
        """The file of the calls of AWS that the playbooks have made."""
        return self.inventory.with_name(f"{self.inventory.name}-calls.jsonl")

    def play(self, playbook, *arguments, **variables):
        """Run a playbook; the numbers of its recap are in `.recap`."""
        self.inventory.mkdir(exist_ok=True)
        (self.inventory / "group_vars").mkdir(exist_ok=True)
        (self.inventory / "group_vars/all.yml").write_text(yaml.safe_dump(self.variables | variables))
        control = {"localhost": {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}}
        hosts = {"all": {"children": {"control": {"hosts": control}}}}
        (self.inventory / "hosts.yml").write_text(yaml.safe_dump(hosts))
        words = ("ansible-playbook", "-i", self.inventory, f"playbooks/{playbook}", *arguments)
        result = ansible_process.run(*words, environment=recorded_calls.environment(self.calls))
        new = not_in_policies(recorded_calls.read(self.calls))
        assert new == [], "These calls are new: see 'Add a call of AWS' in CONTRIBUTING.md."
        recap = re.search(r"^localhost\s+: (.*)$", result.stdout, re.MULTILINE)
        result.recap = {name: int(number) for name, number in re.findall(r"(\w+)=(\d+)", recap[1])} if recap else {}
        return result


@pytest.fixture(scope="session")
def aws(emulator, tmp_path_factory):
    variables = {
        "octopus_environment": "test",
        "octopus_variables": {
            "LogHost": emulator.gateway,
            "LogPort": free_port(),
            "LogTransport": "tcp",
            "Component": "load-balancer",
            "Application": "shop",
        },
        "aws_region": REGION,
        "aws_endpoint_url": emulator.endpoint,
        "aws_access_key": "emulator",
        "aws_secret_key": "emulator",
        "elb_log_shipper_log_bucket": "test-elb-logs",
        "elb_log_shipper_artifact_bucket": "test-artifacts",
        # An invocation tries to deliver as long as it may.
        "elb_log_shipper_timeout": 20,
    }
    deployment = Deployment(emulator, tmp_path_factory.mktemp("inventory"), variables)
    yield deployment
    # Where the run ended badly, the log says more than the assertion.
    with contextlib.suppress(OSError):
        print((emulator.state / "emulator.log").read_text()[-4000:])
