"""The instances of the emulated EC2 as containers: one for each instance whose image stands for a container image.

An image (AMI) does so by its tag `elk:container-image`. The container has the instance's private address and host name,
and `/etc/elk/environment`, which leads AWS's clients on it to the emulator. It runs as long as the instance is running,
is stopped and started with it, and is shut down and removed when the instance is terminated. What is to be known of an
instance afterwards is saved, as EC2 keeps the console's output: the results that the instance wrote, and its journal.
"""

import io
import subprocess
import tarfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

IMAGE_TAG = "elk:container-image"
LABEL = "elk.instances"
# EC2 shuts an instance down like a computer whose power button is pressed, and waits some minutes.
SHUTDOWN_SECONDS = 120
SAVED_FILES = ("/var/lib/elk/first-boot.json", "/var/lib/elk/termination.json", "/etc/elk/image.json")
UNITS = ("elk-first-boot.service", "elk-termination.service", "logstash.service")


def docker(*arguments: str, data: bytes | None = None) -> bytes:
    """The output of a docker command. Raises CalledProcessError."""
    return subprocess.run(["docker", *arguments], input=data, capture_output=True, check=True).stdout


def keep(path: Path, content: bytes) -> None:
    """Writes a file that others wait for: it is there as a whole or not at all."""
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(content)
    part.replace(path)


@dataclass
class Containers:
    """The containers of one emulator."""

    network: str  # of Docker; its subnet is that of the instances
    prefix: str  # of the containers' names
    label: str  # by which those of this emulator are found
    environment: dict[str, str]  # what /etc/elk/environment has
    saved: Path  # directory for what is kept of instances that are gone
    busy: dict[str, threading.Thread] = field(default_factory=dict)

    def look(self, instances: list[dict[str, Any]]) -> None:
        """Compares the containers with the instances, each with the names of `Facts`, and acts."""
        self.busy = {name: thread for name, thread in self.busy.items() if thread.is_alive()}
        there = self.there()
        known = {one["id"]: one for one in instances}
        for one in instances:
            running = there.get(one["id"])
            if one["state"] in ("pending", "running") and one["container_image"]:
                if running is None:
                    self.beside(one["id"], self.start, one)
                elif running == "exited" and one["state"] == "running":
                    self.beside(one["id"], docker, "start", self.name(one["id"]))
            elif one["state"] in ("stopping", "stopped") and running == "running":
                self.beside(one["id"], docker, "stop", f"--time={SHUTDOWN_SECONDS}", self.name(one["id"]))
        for instance in there:
            if instance not in known or known[instance]["state"] in ("shutting-down", "terminated"):
                self.beside(instance, self.remove, instance)

    def beside(self, instance: str, work: Any, *arguments: Any) -> None:
        """Does one thing at a time with an instance, and holds no other up. The next look tries again what failed."""
        if instance in self.busy:
            return

        def run() -> None:
            try:
                work(*arguments)
            except subprocess.CalledProcessError as error:
                print(f"containers: {instance}: {error.stderr.decode(errors='replace').strip()}", flush=True)

        self.busy[instance] = threading.Thread(target=run, name=instance, daemon=True)
        self.busy[instance].start()

    def name(self, instance: str) -> str:
        """The container's name."""
        return f"{self.prefix}-{instance}"

    def there(self) -> dict[str, str]:
        """The state of each container (running, exited ...) by the instance."""
        form = '{{.Label "' + LABEL + '.instance"}} {{.State}}'
        lines = docker("ps", "--all", "--filter", f"label={LABEL}={self.label}", "--format", form).decode().splitlines()
        return dict(line.split() for line in lines)

    def start(self, instance: dict[str, Any]) -> None:
        """Makes and starts the container of an instance."""
        own_tree = docker("info", "--format", "{{.CgroupVersion}}").strip() == b"2"
        name = self.name(instance["id"])
        docker(
            "create", f"--name={name}", f"--hostname={instance['name']}",
            f"--network={self.network}", f"--ip={instance['address']}",
            f"--label={LABEL}={self.label}", f"--label={LABEL}.instance={instance['id']}",
            "--cap-add=SYS_ADMIN", "--cap-add=SYS_PTRACE",
            "--security-opt=seccomp=unconfined", "--security-opt=apparmor=unconfined",
            "--tmpfs=/run", "--tmpfs=/tmp", "--stop-signal=SIGRTMIN+3",
            # systemd needs a cgroup tree of its own to write on a v2 host, and only to read the host's on a v1 host.
            f"--cgroupns={'private' if own_tree else 'host'}",
            f"--volume=/sys/fs/cgroup:/sys/fs/cgroup:{'rw' if own_tree else 'ro'}",
            instance["container_image"], "/lib/systemd/systemd",
        )  # fmt: skip
        try:
            docker("cp", "-", f"{name}:/etc", data=self.environment_file())
            docker("start", name)
        except BaseException:
            docker("rm", "--force", "--volumes", name)
            raise
        print(f"containers: {name} runs ({instance['container_image']}, {instance['address']})", flush=True)

    def environment_file(self) -> bytes:
        """/etc/elk/environment as a tar that is unpacked in /etc."""
        text = "".join(f"{name}={value}\n" for name, value in self.environment.items()).encode()
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            entry = tarfile.TarInfo("elk/environment")
            entry.size, entry.mode = len(text), 0o644
            tar.addfile(entry, io.BytesIO(text))
        return buffer.getvalue()

    def remove(self, instance: str) -> None:
        """Saves what is to be known of an instance, shuts it down, and removes its container."""
        name = self.name(instance)
        self.save(instance)
        docker("stop", f"--time={SHUTDOWN_SECONDS}", name)
        docker("rm", "--force", "--volumes", name)
        print(f"containers: {name} is gone", flush=True)

    def save(self, instance: str) -> None:
        """Keeps the results and the journal of an instance."""
        folder = self.saved / instance
        folder.mkdir(parents=True, exist_ok=True)
        for path in SAVED_FILES:
            command = ["docker", "exec", self.name(instance), "cat", path]
            found = subprocess.run(command, capture_output=True, check=False)
            if found.returncode == 0:
                keep(folder / Path(path).name, found.stdout)
        units = [f"--unit={unit}" for unit in UNITS]
        journal = ["docker", "exec", self.name(instance), "journalctl", "--no-pager", "--output=short-iso", *units]
        found = subprocess.run(journal, capture_output=True, check=False)
        keep(folder / "journal.txt", found.stdout)

    def remove_all(self) -> None:
        """Removes every container, without shutting any down."""
        for instance in self.there():
            docker("rm", "--force", "--volumes", self.name(instance))
