"""Installs, starts and stops the AWS emulator (LocalStack) of environment `local` and of the tests.

    emulator.py install --venv DIR
    emulator.py start --venv DIR --state DIR --port PORT --gateway IP --network NAME --function-image TAG
    emulator.py status --state DIR
    emulator.py stop --state DIR

The emulator listens on loopback, and on the gateway address of one Docker network for the containers that functions
run in. Everything that an instance writes is below its --state directory, so that instances with different states,
ports and networks don't touch one another. Standard library only.
"""

import argparse
import contextlib
import errno
import fcntl
import hashlib
import json
import os
import platform
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import venv
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
REQUIREMENTS = HERE / "requirements.txt"
LAUNCHER = HERE / "run_localstack.py"
INIT_PROGRAM = HERE.parent / "function_runtime" / "init.py"

OLDEST_PYTHON = (3, 11)
RUNTIME = "python3.11"
LABEL = "elk.emulator"
INIT_RELEASE = "elk-deploy"  # the name under which the emulator finds the init program instead of downloading one
START_LIMIT_SECONDS = 180.0
STOP_LIMIT_SECONDS = 20.0
PROGRESS_SECONDS = 10.0
LOG_TAIL_LINES = 25
# The first retry of a failed asynchronous invocation comes after this time, the second after twice as long; on AWS
# after one and two minutes.
RETRY_SECONDS = 5
# Function containers without work are removed after this time.
KEEPALIVE_MILLISECONDS = 300_000


class EmulatorError(Exception):
    """Something that the user can act on; the message says what."""


def say(message: str) -> None:
    print(f"emulator: {message}", flush=True)


# --- install ---


def pins_identity(requirements: Path) -> str:
    """What an installation is made from: the pins and the Python."""
    digest = hashlib.sha256(requirements.read_bytes())
    digest.update(f"{sys.version_info.major}.{sys.version_info.minor} {platform.machine()}".encode())
    return digest.hexdigest()


def pinned_block(text: str, package: str) -> str:
    """The lines of one package in a compiled requirements file."""
    match = re.search(rf"^{re.escape(package)}==.*\n(?:\s+--hash=.*\n?)*", text, re.MULTILINE)
    if not match:
        raise EmulatorError(f"{REQUIREMENTS.name} does not pin {package}; compile it again from requirements.in")
    return match[0]


def install(directory: Path, requirements: Path = REQUIREMENTS) -> bool:
    """Make the emulator's virtual environment. False when it was up to date."""
    identity = pins_identity(requirements)
    marker = directory / ".installed-pins"
    if marker.is_file() and marker.read_text().strip() == identity and python_of(directory).exists():
        return False
    if directory.exists() and not (directory / "pyvenv.cfg").exists() and any(directory.iterdir()):
        raise EmulatorError(
            f"--venv: {directory} exists and is not a virtual environment; choose another directory or remove it"
        )
    packages = len(re.findall(r"^\S+==", requirements.read_text(), re.MULTILINE))
    say(f"installing {packages} pinned packages into {directory} (one to two minutes)")
    venv.EnvBuilder(clear=True, with_pip=True, symlinks=True).create(directory)
    log = directory / "install.log"
    # A few packages come as sources only; they are built with a pinned setuptools and not with whatever is newest.
    build_pins = directory / "build-pins.txt"
    build_pins.write_text(pinned_block(requirements.read_text(), "setuptools"))
    pip = [str(python_of(directory)), "-m", "pip", "install", "--disable-pip-version-check", "--no-deps"]
    pip += ["--require-hashes", "--progress-bar", "off"]
    for arguments in ([*pip, "-r", str(build_pins)], [*pip, "--no-build-isolation", "-r", str(requirements)]):
        with log.open("a") as output:
            process = subprocess.Popen(arguments, stdout=output, stderr=subprocess.STDOUT)
        exit_code = _wait_with_progress(process, lambda: _progress(log))
        if exit_code != 0:
            raise EmulatorError(
                f"pip install of {requirements.name} failed with exit code {exit_code}. Check that a package index can "
                f"be reached (pip's own settings apply).\n{tail(log)}"
            )
    marker.write_text(identity + "\n")
    return True


def python_of(directory: Path) -> Path:
    return directory / "bin" / "python"


def _wait_with_progress(process: "subprocess.Popen[bytes]", progress: Callable[[], str]) -> int:
    began = time.monotonic()
    try:
        while True:
            try:
                return process.wait(PROGRESS_SECONDS)
            except subprocess.TimeoutExpired:
                say(f"... {time.monotonic() - began:.0f} s, {progress()}")
    except BaseException:
        process.terminate()
        process.wait()
        raise


def _progress(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()
    if any(line.startswith("Installing collected packages") for line in lines[-3:]):
        return "writing the packages' files"
    return f"{sum(line.startswith(('Collecting ', 'Processing ')) for line in lines)} packages fetched"


# --- state ---


@dataclass(frozen=True)
class Instance:
    """One running emulator, as its state file names it."""

    pid: int
    started: int  # start time of the process: tells it from a later one with the same number
    boot: str
    port: int
    gateway: str
    network: str
    function_image: str

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def alive(self) -> bool:
        return boot_id() == self.boot and process_start_time(self.pid) == self.started


class State:
    """The directory of one instance."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory.resolve()
        self.file = self.directory / "emulator.json"
        self.log = self.directory / "emulator.log"
        self.data = self.directory / "data"

    @property
    def label(self) -> str:
        """Marks the containers of this instance: unique on the machine."""
        return hashlib.sha256(str(self.directory).encode()).hexdigest()[:16]

    def load(self) -> Instance | None:
        try:
            return Instance(**json.loads(self.file.read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None  # absent, or cut off while it was written

    def save(self, instance: Instance) -> None:
        temporary = self.file.with_suffix(".new")
        temporary.write_text(json.dumps(asdict(instance), indent=2) + "\n")
        temporary.replace(self.file)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """One start or stop at a time."""
        self.directory.mkdir(parents=True, exist_ok=True)
        with (self.directory / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def process_start_time(pid: int) -> int | None:
    """Start time of a process in clock ticks since boot. None when there is none, or only its remains."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] == "Z" else int(fields[19])


def tail(log: Path, lines: int = LOG_TAIL_LINES) -> str:
    try:
        text = log.read_text(errors="replace")
    except OSError:
        return f"(no log at {log})"
    return "\n".join([f"last lines of {log}:", *(f"  {line}" for line in text.splitlines()[-lines:])])


# --- start ---


@dataclass(frozen=True)
class Wanted:
    """What `start` was asked for."""

    port: int
    gateway: str
    network: str
    function_image: str


def healthy(instance: Instance) -> bool:
    """Whether it answers on both of its addresses."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        for address in ("127.0.0.1", instance.gateway):
            with opener.open(f"http://{address}:{instance.port}/_localstack/health", timeout=5) as response:
                if "services" not in json.load(response):
                    return False
    except (OSError, ValueError, TypeError):
        return False
    return True


def start(environment_directory: Path, state: State, wanted: Wanted) -> None:
    python = python_of(environment_directory)
    if not python.exists():
        raise EmulatorError(f"--venv: no emulator in {environment_directory}; run `emulator.py install` first")
    with state.locked():
        instance = state.load()
        if instance and instance.alive:
            _check_same(instance, wanted, state)
            if healthy(instance):
                say(f"already running on {instance.endpoint} (pid {instance.pid})")
                return
            say(f"pid {instance.pid} runs and does not answer yet")
        else:
            if instance:
                say(f"found the state of an emulator that no longer runs (pid {instance.pid}); clearing it")
            _clear(state)
            _check_requirements(wanted)
            instance = _spawn(python, state, wanted)
        _wait_until_healthy(instance, state)


def _check_same(instance: Instance, wanted: Wanted, state: State) -> None:
    for name, value in asdict(wanted).items():
        running = getattr(instance, name)
        if running != value:
            raise EmulatorError(
                f"--{name.replace('_', '-')}: the emulator of this state directory runs with '{running}', requested is "
                f"'{value}'. Stop it first: emulator.py stop --state {state.directory}"
            )


def _check_requirements(wanted: Wanted) -> None:
    for address in ("127.0.0.1", wanted.gateway):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, wanted.port))
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    raise EmulatorError(
                        f"--port: {address}:{wanted.port} is taken by another process (see `ss -ltnp`); "
                        "choose another port or stop that process"
                    ) from None
                if error.errno == errno.EADDRNOTAVAIL:
                    raise EmulatorError(
                        f"--gateway: {address} is not an address of this machine; it is the gateway of the Docker "
                        f"network '{wanted.network}', which has to exist first"
                    ) from None
                raise EmulatorError(f"--port: can't listen on {address}:{wanted.port}: {error.strerror}") from None
    gateway = docker("network", "inspect", "--format", "{{(index .IPAM.Config 0).Gateway}}", wanted.network)
    if gateway is None:
        raise EmulatorError(f"--network: there is no Docker network '{wanted.network}', or Docker does not answer")
    if gateway != wanted.gateway:
        raise EmulatorError(
            f"--gateway: {wanted.gateway} is not the gateway of network '{wanted.network}', which has {gateway}"
        )
    if docker("image", "inspect", "--format", "{{.Id}}", wanted.function_image) is None:
        raise EmulatorError(
            f"--function-image: there is no local image '{wanted.function_image}'; "
            "build it with local/function_runtime/build.py"
        )


def docker(*arguments: str) -> str | None:
    """The output of a docker command. None when it fails."""
    try:
        result = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return result.stdout.strip() if result.returncode == 0 else None


def settings(state: State, wanted: Wanted, inherited: dict[str, str]) -> dict[str, str]:
    """The emulator's environment. Nothing of the caller's that would change where it writes or whom it calls."""
    kept = {
        name: value
        for name, value in inherited.items()
        if name in ("PATH", "LANG", "DOCKER_HOST", "DOCKER_CONFIG", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY", "USER")
    }
    return kept | {
        # Where it listens, and the address of itself that it hands out: one that host and containers both reach.
        "GATEWAY_LISTEN": f"127.0.0.1:{wanted.port},{wanted.gateway}:{wanted.port}",
        "LOCALSTACK_HOST": f"{wanted.gateway}:{wanted.port}",
        "SQS_ENDPOINT_STRATEGY": "path",
        "DNS_ADDRESS": "0",
        "OVERRIDE_IN_DOCKER": "0",
        # All files below the state directory.
        "FILESYSTEM_ROOT": str(state.data),
        "HOME": str(state.data / "home"),
        "CONFIG_DIR": str(state.data / "home"),
        "XDG_CACHE_HOME": str(state.data / "home"),
        "TMPDIR": str(state.data / "temporary"),
        # Nothing is asked of the outside.
        "DISABLE_EVENTS": "1",
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        "EAGER_SERVICE_LOADING": "0",
        "PYTHONUNBUFFERED": "1",
        # Functions: our image and init program, in the network of the project, with names that tell whose they are.
        "LAMBDA_RUNTIME_EXECUTOR": "docker",
        "LAMBDA_RUNTIME_IMAGE_MAPPING": json.dumps({RUNTIME: wanted.function_image}),
        "LAMBDA_INIT_RELEASE_VERSION": INIT_RELEASE,
        "LAMBDA_DOCKER_NETWORK": wanted.network,
        "LAMBDA_DOCKER_FLAGS": f"--label {LABEL}={state.label}",
        "LAMBDA_IGNORE_ARCHITECTURE": "1",
        "LAMBDA_KEEPALIVE_MS": str(KEEPALIVE_MILLISECONDS),
        "LAMBDA_RETRY_BASE_DELAY": str(RETRY_SECONDS),
        "MAIN_CONTAINER_NAME": wanted.network,
        "HOSTNAME_FROM_LAMBDA": wanted.gateway,
    }


def place_init_program(state: State) -> Path:
    """Put the init program where the emulator looks for an installed one, so that it downloads none."""
    machine = {"amd64": "x86_64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    target = state.data / "var/lib/localstack/lib/lambda-runtime" / INIT_RELEASE / machine / "var/rapid/init"
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(INIT_PROGRAM, target)
    target.chmod(0o755)
    return target


def _spawn(python: Path, state: State, wanted: Wanted) -> Instance:
    environment = settings(state, wanted, dict(os.environ))
    for name in ("HOME", "TMPDIR"):
        Path(environment[name]).mkdir(parents=True, exist_ok=True)
    place_init_program(state)
    with state.log.open("wb") as log:
        process = subprocess.Popen(
            [str(python), str(LAUNCHER)],
            cwd=state.data,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # outlives the make that started it
        )
    instance = Instance(
        pid=process.pid,
        started=process_start_time(process.pid) or 0,
        boot=boot_id(),
        **asdict(wanted),
    )
    state.save(instance)
    say(f"starting on {instance.endpoint} (pid {instance.pid}, log {state.log})")
    return instance


def _wait_until_healthy(instance: Instance, state: State) -> None:
    began = time.monotonic()
    told = began
    while not healthy(instance):
        now = time.monotonic()
        if not instance.alive:
            raise EmulatorError(f"the emulator ended while it was starting\n{tail(state.log)}")
        if now - began > START_LIMIT_SECONDS:
            raise EmulatorError(
                f"the emulator did not become healthy within {START_LIMIT_SECONDS:.0f} s; it still runs as pid "
                f"{instance.pid} (emulator.py stop --state {state.directory})\n{tail(state.log)}"
            )
        if now - told > PROGRESS_SECONDS:
            told = now
            say(f"... waiting, {now - began:.0f} s")
        time.sleep(0.25)
    say(f"healthy after {time.monotonic() - began:.0f} s: {instance.endpoint}")


# --- stop and status ---


def stop(state: State) -> None:
    if not state.directory.exists():
        say("not running")
        return
    with state.locked():
        instance = state.load()
        if instance and instance.alive:
            _end(instance)
            say(f"stopped (pid {instance.pid})")
        else:
            say("not running")
        _clear(state)


def _end(instance: Instance) -> None:
    _signal(instance, signal.SIGTERM)
    until = time.monotonic() + STOP_LIMIT_SECONDS
    while instance.alive and time.monotonic() < until:
        time.sleep(0.1)
    # Its own session was made for it, so the group is what it started; a clean end leaves none of them.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(instance.pid, signal.SIGKILL)
    while instance.alive:
        time.sleep(0.1)


def _signal(instance: Instance, number: int) -> None:
    if instance.alive:
        with contextlib.suppress(ProcessLookupError):
            os.kill(instance.pid, number)


def _clear(state: State) -> None:
    """Remove what an ended instance leaves: its function containers, its data, its state file. The log stays."""
    containers = docker("ps", "--all", "--quiet", "--filter", f"label={LABEL}={state.label}")
    if containers:
        docker("rm", "--force", "--volumes", *containers.split())
        say(f"removed {len(containers.split())} function container(s)")
    shutil.rmtree(state.data, ignore_errors=True)
    state.file.unlink(missing_ok=True)


def status(state: State) -> int:
    """Say what runs. 0 healthy, 1 not running, 2 running without an answer."""
    instance = state.load()
    if not instance or not instance.alive:
        say("not running")
        return 1
    answers = healthy(instance)
    say(f"{'healthy' if answers else 'no answer'}: {instance.endpoint} (pid {instance.pid}, log {state.log})")
    containers = docker(
        "ps", "--filter", f"label={LABEL}={state.label}", "--format", "function container {{.Names}}, {{.Status}}"
    )
    for line in (containers or "").splitlines():
        say(line)
    return 0 if answers else 2


# --- command line ---


def port_number(text: str) -> int:
    if not text.isdecimal() or not 1024 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"'{text}' is not a port from 1024 to 65535")
    return int(text)


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="emulator.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    install_command = commands.add_parser("install", help="make the emulator's virtual environment")
    start_command = commands.add_parser("start", help="start in the background and wait until healthy")
    stop_command = commands.add_parser("stop", help="end the emulator and remove its function containers")
    status_command = commands.add_parser("status", help="say what runs")
    for command in (install_command, start_command):
        command.add_argument("--venv", required=True, type=Path, help="the emulator's virtual environment")
    for command in (start_command, stop_command, status_command):
        command.add_argument("--state", required=True, type=Path, help="directory of this instance")
    start_command.add_argument("--port", required=True, type=port_number)
    start_command.add_argument("--gateway", required=True, help="gateway address of the network")
    start_command.add_argument("--network", required=True, help="Docker network that functions join")
    start_command.add_argument("--function-image", required=True, help="local image that functions run in")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    if sys.version_info[:2] < OLDEST_PYTHON:
        print(f"emulator: needs Python 3.11 or newer, this is {platform.python_version()}", file=sys.stderr)
        return 1
    options = parse(arguments)
    try:
        if options.command == "install":
            say("installed" if install(options.venv) else f"{options.venv} is up to date")
        elif options.command == "start":
            wanted = Wanted(options.port, options.gateway, options.network, options.function_image)
            start(options.venv, State(options.state), wanted)
        elif options.command == "stop":
            stop(State(options.state))
        else:
            return status(State(options.state))
    except EmulatorError as error:
        print(f"emulator: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
