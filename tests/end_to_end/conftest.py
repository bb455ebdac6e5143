"""Environment local, brought up by the users' own command, under names of its own beside a `local` that may run."""

import os
import shutil
import signal
import subprocess
import uuid
from dataclasses import dataclass
from pathlib import Path

import ansible_process
import boto3
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Environment:
    """One instance of environment local."""

    instance: str
    inventory: Path

    @property
    def variables(self):
        """What the deployment wrote for the inventory."""
        return yaml.safe_load((self.inventory / "group_vars/all/generated.yml").read_text())

    @property
    def broker(self):
        """The name of the broker's container."""
        return f"{self.instance}-broker-1"

    def start(self, script):
        """A process of one of the users' scripts, in a group of its own so that all of it can be killed."""
        return subprocess.Popen(
            [ROOT / "scripts" / script, "local"],
            env={
                **os.environ,
                "ELK_INSTANCE": self.instance,
                "ELK_INVENTORY": str(self.inventory),
                "REMOVE_IMAGES": "false",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, script):
        """Runs a script to its end -> its output. Shows the stages while it works."""
        process = self.start(script)
        output = []
        for line in process.stdout:
            output.append(line)
            if line.startswith("=="):
                print(f"    {line.strip()}", flush=True)
        assert process.wait() == 0, "".join(output[-80:])
        return "".join(output)

    def playbook(self, name, *options):
        """Runs a playbook with the instance's inventory -> the ended process."""
        return ansible_process.run("ansible-playbook", "-i", self.inventory, f"playbooks/{name}", *options)

    def inside(self, *command):
        """Runs a command in the broker's container -> its standard output."""
        return subprocess.run(
            ["docker", "exec", self.broker, *command], capture_output=True, text=True, check=True
        ).stdout

    def aws(self, service):
        """A client of the instance's emulator."""
        return boto3.client(
            service,
            endpoint_url=self.variables["aws_endpoint_url"],
            region_name="eu-west-1",
            aws_access_key_id="emulator",
            aws_secret_access_key="emulator",  # noqa: S106 - the emulator takes any
        )


@pytest.fixture(scope="session")
def environment(tmp_path_factory):
    """The instance; nothing is deployed yet. Whatever the tests did, it is removed at the end."""
    instance = os.environ.get("ELK_TEST_ID", f"elk-test-{uuid.uuid4().hex[:8]}") + "-e2e"
    folder = tmp_path_factory.mktemp("inventories")
    shutil.copytree(ROOT / "inventories", folder, symlinks=True, dirs_exist_ok=True)
    (folder / "local/group_vars/all/generated.yml").unlink(missing_ok=True)
    made = Environment(instance, folder / "local")
    yield made
    made.run("destroy.sh")


@pytest.fixture(scope="session")
def killed_attempt(environment):
    """A first deployment that was killed, with all its processes, while it deployed Logstash -> the stage it was in."""
    process = environment.start("deploy.sh")
    stage = ""
    for line in process.stdout:
        if line.startswith("=="):
            stage = line.strip("= \n")
            print(f"    {line.strip()}", flush=True)
        if "Ensure that Logstash's directories exist" in line:
            break
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    return stage


@pytest.fixture(scope="session")
def deployed(environment, killed_attempt):
    """The output of the deployment after the killed attempt."""
    assert killed_attempt.startswith("3/5")
    return environment.run("deploy.sh")
