"""Installs, starts and stops the emulator of EC2 and what goes with it: one process for each --state directory.

    instances.py install --venv DIR
    instances.py network --name NAME
    instances.py start --venv DIR --state DIR --network NAME [--port PORT]
    instances.py status --state DIR
    instances.py stop --state DIR

`network` makes a Docker network with a subnet of its own, if there is none of that name. Everything that an emulator
writes is below its --state directory; `emulator.json` there says where it listens. Standard library only.
"""

import argparse
import contextlib
import ipaddress
import json
import os
import random
import signal
import subprocess
import sys
import time
import urllib.request
from dataclasses import asdict, dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Its own folder is on the path as well, with a module of another emulator's name.
sys.path.insert(0, str(HERE.parent))

from emulator.emulator import (  # noqa: E402 - found through the line above
    EmulatorError,
    State,
    boot_id,
    docker,
    install,
    process_start_time,
    python_of,
    tail,
)
from free_port import free_port  # noqa: E402

REQUIREMENTS = HERE / "requirements.txt"
LABEL = "elk.instances"
START_LIMIT_SECONDS = 120.0
STOP_LIMIT_SECONDS = 60.0
# Networks of containers and machines are hardly ever here. A subnet of EC2 has from 16 to 65,536 addresses.
SUBNETS = ipaddress.ip_network("10.224.0.0/12")
SUBNET_PREFIX = 24


def say(message: str) -> None:
    """A line for the user."""
    print(f"instances: {message}", flush=True)


@dataclass(frozen=True)
class Running:
    """One running emulator, as its state file names it."""

    pid: int
    started: int  # start time of the process: tells it from a later one with the same number
    boot: str
    port: int
    metadata_port: int
    network: str
    gateway: str
    subnet: str

    @property
    def alive(self) -> bool:
        """Whether the process is still the one that was started."""
        return boot_id() == self.boot and process_start_time(self.pid) == self.started

    @property
    def healthy(self) -> bool:
        """Whether moto and the metadata service answer."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        urls = [f"http://{address}:{self.port}/moto-api/data.json" for address in ("127.0.0.1", self.gateway)]
        try:
            for url in [*urls, f"http://127.0.0.1:{self.metadata_port}/health"]:
                with opener.open(url, timeout=5):
                    pass
        except OSError:
            return False
        return True


def load(state: State) -> Running | None:
    """The emulator of a state directory. None where there is none, or where its file was cut off."""
    try:
        return Running(**json.loads(state.file.read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def subnet_of(network: str) -> tuple[str, str]:
    """Subnet and gateway of a Docker network. Raises EmulatorError."""
    form = "{{with index .IPAM.Config 0}}{{.Subnet}} {{.Gateway}}{{end}}"
    found = docker("network", "inspect", "--format", form, network)
    if not found:
        raise EmulatorError(
            f"--network: there is no Docker network '{network}', or Docker does not answer; make it with: "
            f"instances.py network --name {network}"
        )
    subnet, gateway = found.split()
    return subnet, gateway


def make_network(name: str) -> None:
    """Makes a Docker network in which a container's address can be chosen. Raises EmulatorError."""
    if docker("network", "inspect", name) is not None:
        say(f"network {name} is there already")
        return
    subnets = list(SUBNETS.subnets(new_prefix=SUBNET_PREFIX))
    for subnet in random.SystemRandom().sample(subnets, 20):
        # Docker refuses a subnet that overlaps with another network, or with a route of this machine.
        options = [f"--subnet={subnet}", f"--gateway={subnet[1]}", f"--label=elk.instance={name}"]
        if docker("network", "create", *options, name) is not None:
            say(f"network {name} was made, with {subnet}")
            return
    raise EmulatorError(
        f"--name: Docker could make no network '{name}' with a subnet of {SUBNETS}; remove networks that nobody uses "
        "(docker network prune)"
    )


def start(venv: Path, state: State, network: str, port: int) -> None:
    """Starts the emulator, and waits until it answers. Raises EmulatorError."""
    if not python_of(venv).exists():
        raise EmulatorError(f"--venv: no emulator in {venv}; run `instances.py install` first")
    with state.locked():
        running = load(state)
        if running and running.alive and running.healthy:
            if running.network != network:
                raise EmulatorError(
                    f"--network: the emulator of {state.directory} runs in '{running.network}'; stop it first"
                )
            say(f"already running on http://127.0.0.1:{running.port} (pid {running.pid})")
            return
        if running:
            end(running)
            clear(state)
        running = spawn(venv, state, network, port)
        began = time.monotonic()
        while not running.healthy:
            if not running.alive:
                raise EmulatorError(f"the emulator ended while it was starting\n{tail(state.log)}")
            if time.monotonic() - began > START_LIMIT_SECONDS:
                said = f"the emulator did not answer within {START_LIMIT_SECONDS:.0f} s"
                raise EmulatorError(f"{said}\n{tail(state.log)}")
            time.sleep(0.25)
    say(f"running on http://127.0.0.1:{running.port} (pid {running.pid}, log {state.log})")


def spawn(venv: Path, state: State, network: str, port: int) -> Running:
    """Starts the process. Raises EmulatorError."""
    subnet, gateway = subnet_of(network)
    port = free_port(port)
    metadata_port = free_port()
    command = [
        str(python_of(venv)), str(HERE / "run_emulator.py"), f"--port={port}", f"--metadata-port={metadata_port}",
        f"--network={network}", f"--gateway={gateway}", f"--subnet={subnet}",
        f"--prefix={network}", f"--label={state.label}", f"--saved={state.directory / 'instances'}",
    ]  # fmt: skip
    # Nothing of the caller's that would lead it to an account.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MOTO_", "PYTHON"))}
    state.data.mkdir(parents=True, exist_ok=True)
    with state.log.open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=state.data,
            env={**kept, "TMPDIR": str(state.data), "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # outlives the make that started it
        )
    started = process_start_time(process.pid) or 0
    running = Running(process.pid, started, boot_id(), port, metadata_port, network, gateway, subnet)
    state.file.write_text(json.dumps(asdict(running), indent=2) + "\n")
    return running


def end(running: Running) -> None:
    """Ends the process, which removes its containers."""
    if not running.alive:
        return
    with contextlib.suppress(ProcessLookupError):
        os.kill(running.pid, signal.SIGTERM)
    until = time.monotonic() + STOP_LIMIT_SECONDS
    while running.alive and time.monotonic() < until:
        time.sleep(0.1)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(running.pid, signal.SIGKILL)


def clear(state: State) -> None:
    """Removes what an ended emulator leaves: its containers and its state file."""
    containers = docker("ps", "--all", "--quiet", "--filter", f"label={LABEL}={state.label}")
    if containers:
        docker("rm", "--force", "--volumes", *containers.split())
    state.file.unlink(missing_ok=True)


def stop(state: State) -> None:
    """Stops the emulator and removes its instances."""
    if not state.directory.exists():
        say("not running")
        return
    with state.locked():
        running = load(state)
        if running and running.alive:
            end(running)
            say(f"stopped (pid {running.pid})")
        else:
            say("not running")
        clear(state)


def status(state: State) -> int:
    """Says what runs: 0 healthy, 1 not running, 2 running without an answer."""
    running = load(state)
    if not running or not running.alive:
        say("not running")
        return 1
    healthy = running.healthy
    where = f"http://127.0.0.1:{running.port} (pid {running.pid}, log {state.log})"
    say(f"{'healthy' if healthy else 'no answer'}: {where}")
    return 0 if healthy else 2


def main(arguments: list[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="instances.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    installing = commands.add_parser("install", help="make the emulator's virtual environment")
    networking = commands.add_parser("network", help="make the Docker network")
    starting = commands.add_parser("start", help="start in the background and wait until it answers")
    stopping = commands.add_parser("stop", help="end the emulator and remove its instances")
    asking = commands.add_parser("status", help="say what runs")
    networking.add_argument("--name", required=True)
    for command in (installing, starting):
        command.add_argument("--venv", required=True, type=Path, help="the emulator's virtual environment")
    for command in (starting, stopping, asking):
        command.add_argument("--state", required=True, type=Path, help="directory of this emulator")
    starting.add_argument("--network", required=True, help="Docker network that the instances join")
    starting.add_argument("--port", type=int, default=0, help="of the AWS API; a free one without it")
    options = parser.parse_args(arguments)
    try:
        if options.command == "install":
            say("installed" if install(options.venv, REQUIREMENTS) else f"{options.venv} is up to date")
        elif options.command == "network":
            make_network(options.name)
        elif options.command == "start":
            start(options.venv, State(options.state), options.network, options.port)
        elif options.command == "stop":
            stop(State(options.state))
        else:
            return status(State(options.state))
    except EmulatorError as error:
        print(f"instances: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
