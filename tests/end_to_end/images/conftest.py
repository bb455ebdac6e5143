"""EC2's emulator, and containers with SSH that stand for its instances."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import urllib.request
import uuid
from dataclasses import dataclass, field
from pathlib import Path

import bake_calls
import boto3
import pytest
from botocore.config import Config
from waiting import wait_for

ROOT = Path(__file__).resolve().parents[3]
BASE_IMAGE = "elk-deploy/systemd:12"
SSH_IMAGE = "elk-test/ssh:12"

# What EC2 lists of the distributions: moto reads them as its own.
_PUBLISHED = {
    "state": "available",
    "public": True,
    "virtualization_type": "hvm",
    "hypervisor": "xen",
    "root_device_type": "ebs",
    "root_device_name": "/dev/xvda",
    "sriov": "simple",
    "image_type": "machine",
    "image_location": "published",
    "platform": None,
    "description": "published",
}
PUBLISHED = [
    {"ami_id": "ami-00000000000000d01", "name": "debian-12-amd64-20261001-1", "owner_id": "136693071363",
     "architecture": "x86_64", "creation_date": "2026-10-01T00:00:00.000Z"},
    {"ami_id": "ami-00000000000000d02", "name": "debian-12-amd64-20261101-1", "owner_id": "136693071363",
     "architecture": "x86_64", "creation_date": "2026-11-01T00:00:00.000Z"},
    # Somebody else's, newer and of the same name.
    {"ami_id": "ami-00000000000000bad", "name": "debian-12-amd64-20261201-1", "owner_id": "666666666666",
     "architecture": "x86_64", "creation_date": "2026-12-01T00:00:00.000Z"},
    {"ami_id": "ami-00000000000000a23", "name": "al2023-ami-2023.9.20261101.0-kernel-6.1-arm64",
     "owner_id": "137112412989", "architecture": "arm64", "creation_date": "2026-11-01T00:00:00.000Z"},
]  # fmt: skip


def docker(*words, stdin=None):
    """The output of a docker command that has to succeed."""
    ended = subprocess.run(["docker", *words], input=stdin, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, f"docker {' '.join(words)}\n{ended.stdout}{ended.stderr}"
    return ended.stdout


@pytest.fixture(scope="session")
def moto_venv():
    """The virtual environment of the emulator, as environment local has it."""
    venv = Path(os.environ.get("ELK_MOTO_VENV", ROOT / "build/instances/venv"))
    if "ELK_MOTO_VENV" not in os.environ:
        subprocess.run(
            [sys.executable, ROOT / "local/instances/instances.py", "install", f"--venv={venv}"], check=True
        )  # fmt: skip
    return venv


@pytest.fixture
def endpoint(moto_venv, tmp_path):
    """The address of an emulator with an empty account, in which the distributions have their images."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    images = tmp_path / "published.json"
    images.write_text(json.dumps([_PUBLISHED | one for one in PUBLISHED]))
    with (tmp_path / "moto.log").open("w") as log:
        process = subprocess.Popen(
            [moto_venv / "bin/moto_server", "-H", "127.0.0.1", "-p", str(port)],
            env={
                "PATH": os.environ["PATH"], "MOTO_AMIS_PATH": str(images),
                "MOTO_ENABLE_RECORDING": "1", "MOTO_RECORDER_FILEPATH": str(tmp_path / bake_calls.RECORDING),
            },
            stdout=log, stderr=log,
        )  # fmt: skip

    def answers():
        assert process.poll() is None, (tmp_path / "moto.log").read_text()
        with contextlib.suppress(OSError):
            return urllib.request.urlopen(f"http://127.0.0.1:{port}/moto-api/data.json", timeout=5).status == 200
        return False

    try:
        wait_for(answers, "the emulator of EC2", interval=0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()
    bake_calls.check(tmp_path / bake_calls.RECORDING)


@pytest.fixture
def ec2(endpoint):
    """boto3's client of the emulator."""
    return boto3.client(
        "ec2", region_name="eu-west-1", endpoint_url=endpoint, aws_access_key_id="test", aws_secret_access_key="test",  # noqa: S106
        config=Config(user_agent_extra=bake_calls.OF_THE_TEST),
    )  # fmt: skip


@dataclass
class Instance:
    """A container that SSH reaches where Packer looks for its instance.

    :param key: the public key that its user lets in, once EC2 has had one, as cloud-init does it.
    """

    name: str
    port: int
    user: str
    stop: threading.Event = field(default_factory=threading.Event)
    key: str = ""

    def shell(self, command):
        """The output of a command in it."""
        return docker("exec", self.name, "sh", "-c", command)

    def take_key(self, ec2):
        """Waits for a key pair of a bake, and lets its owner in."""
        while not self.stop.wait(0.2):
            found = ec2.describe_key_pairs(
                IncludePublicKey=True, Filters=[{"Name": "tag-key", "Values": ["elk:bake"]}]
            )["KeyPairs"]
            if found and found[0]["PublicKey"] != self.key:
                self.key = found[0]["PublicKey"]
                keys = f"/home/{self.user}/.ssh/authorized_keys"
                docker("exec", "-i", self.name, "sh", "-c", f"cat >{keys}; chown {self.user}: {keys}; chmod 600 {keys}",
                       stdin=self.key)  # fmt: skip


@pytest.fixture(scope="session")
def ssh_image():
    """An image of a Debian with SSH as Debian sets it up, and the users of both distributions, who may become root."""
    if not docker("image", "ls", "--quiet", SSH_IMAGE).strip():
        subprocess.run([ROOT / "local/base_image/build.sh", BASE_IMAGE], check=True)
        docker("build", "--quiet", "--tag", SSH_IMAGE, "-", stdin=f"""
            FROM {BASE_IMAGE}
            RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \\
                openssh-server sudo && apt-get clean && rm -rf /var/lib/apt/lists/* && mkdir -p /run/sshd \\
                && for user in admin ec2-user; do useradd --create-home --shell /bin/bash $user \\
                && install --directory --mode=700 --owner=$user /home/$user/.ssh \\
                && echo "$user ALL=(ALL) NOPASSWD: ALL" >/etc/sudoers.d/$user; done
            CMD ["/usr/sbin/sshd", "-D", "-e"]
        """)  # fmt: skip
    return SSH_IMAGE


@pytest.fixture
def instance(ssh_image, ec2):
    """Starts a container for an instance with a user."""
    with contextlib.ExitStack() as ends:

        def start(user="admin"):
            name = f"{os.environ.get('ELK_TEST_ID', 'elk-test')}-{uuid.uuid4().hex[:8]}-instance"
            ends.callback(
                subprocess.run, ["docker", "rm", "--force", "--volumes", name], capture_output=True, check=False
            )
            docker("run", "--detach", f"--name={name}", "--publish=127.0.0.1::22", ssh_image)
            port = int(docker("port", name, "22").split()[0].rpartition(":")[2])
            started = Instance(name, port, user)
            thread = threading.Thread(target=started.take_key, args=(ec2,))
            thread.start()
            ends.callback(thread.join)
            ends.callback(started.stop.set)
            return started

        yield start
