"""Builds the package once, unpacks it, and gives each test a node of its own to configure and run."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import waiting
from fake_logstash.build import build_package
from free_port import free_port

NOBODY = 65534
_PATIENCE = 60


def wait_for(condition, what: str):
    """The node reacts within moments, so it is asked often."""
    return waiting.wait_for(condition, what, interval=0.02)


class Node:
    """One installation's settings, data and logs, and the processes started on them."""

    def __init__(self, home: Path, root: Path) -> None:
        self.home, self.root = home, root
        self.settings_path, self.data, self.logs = root / "settings", root / "data", root / "logs"
        self.settings_path.mkdir()
        self.api_port = free_port()
        self.settings: dict = {
            "path.data": str(self.data),
            "path.logs": str(self.logs),
            "node.name": "tested",
            "pipeline.workers": 1,
            "api.http.port": self.api_port,
        }
        self.pipelines: object = []
        self.environment: dict[str, str] = {}
        (self.settings_path / "log4j2.properties").write_text("status = error\n")
        self._started: list[subprocess.Popen] = []

    def pipeline(self, name: str, source: str, **settings: object) -> None:
        """Adds a pipeline; settings are given with `_` for `.`, but for the first."""
        path = self.root / f"{name}.conf"
        path.write_text(source)
        own = {key.replace("__", "."): value for key, value in settings.items()}
        self.pipelines.append({"pipeline.id": name, "path.config": str(path), **own})

    def write(self) -> None:
        """Writes the settings files; JSON is YAML."""
        (self.settings_path / "logstash.yml").write_text(json.dumps(self.settings))
        (self.settings_path / "pipelines.yml").write_text(json.dumps(self.pipelines))

    def _command(self, arguments: tuple[str, ...]) -> list[str]:
        return [str(self.home / "bin/logstash"), "--path.settings", str(self.settings_path), *arguments]

    def _environment(self) -> dict[str, str]:
        # Not every machine lets other users than root write in /tmp.
        return {"PATH": os.environ["PATH"], "LS_JAVA_OPTS": f"-Djava.io.tmpdir={self.root}", **self.environment}

    def run(self, *arguments: str, user: int | None = None, write: bool = True) -> subprocess.CompletedProcess:
        """Runs to the end."""
        if write:
            self.write()
        return subprocess.run(
            self._command(arguments),
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
            user=user,
            group=user,
            extra_groups=[] if user else None,
            env=self._environment(),
            cwd="/",
            stdin=subprocess.DEVNULL,
        )

    def test(self, *arguments: str, user: int | None = None, write: bool = True) -> subprocess.CompletedProcess:
        """Runs `-t`."""
        return self.run("-t", *arguments, user=user, write=write)

    def start(self, *arguments: str, until: str = "Pipelines running", user: int | None = None) -> subprocess.Popen:
        """Starts it, and waits for a text in its output."""
        self.write()
        output = open(self.root / f"output-{len(self._started)}", "wb")  # noqa: SIM115 - the process keeps it
        process = subprocess.Popen(
            self._command(arguments),
            stdout=output,
            stderr=subprocess.STDOUT,
            user=user,
            group=user,
            extra_groups=[] if user else None,
            env=self._environment(),
            cwd="/",
            stdin=subprocess.DEVNULL,
        )
        output.close()
        self._started.append(process)
        wait_for(lambda: until in self.output() or process.poll() is not None, repr(until))
        assert until in self.output(), self.output()
        return process

    def output(self) -> str:
        """What the process that was started last has written."""
        return (self.root / f"output-{len(self._started) - 1}").read_text()

    def log(self) -> str:
        """The log file."""
        return (self.logs / "logstash-plain.log").read_text()

    def stop(self, process: subprocess.Popen) -> int:
        """SIGTERM, and the exit code."""
        process.send_signal(signal.SIGTERM)
        return process.wait(_PATIENCE)

    def get(self, path: str) -> tuple[int, dict]:
        """A path of the node API: status and body."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.api_port}{path}", timeout=_PATIENCE) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def end(self) -> None:
        """Ends what is still running."""
        for process in self._started:
            if process.poll() is None:
                process.kill()
                process.wait()


@contextlib.contextmanager
def _open_directory():
    """A directory that every user can enter; pytest's own are closed to all but their owner."""
    path = Path(tempfile.mkdtemp(prefix="standin-"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def unpack():
    """Builds and unpacks a version once; gives the root of its files."""
    with _open_directory() as base:
        made: dict[str, Path] = {}

        def unpacked(version: str) -> Path:
            if version not in made:
                made[version] = base / version
                package = build_package(version, base)
                subprocess.run(["dpkg-deb", "-x", package, made[version]], check=True)
                made[version].chmod(0o755)
                library = made[version] / "usr/share/logstash/lib"
                subprocess.run(["/usr/bin/python3", "-m", "compileall", "-q", library], check=True)
            return made[version]

        yield unpacked


@pytest.fixture
def make_node(unpack):
    """Makes a node of a version."""
    with contextlib.ExitStack() as stack:

        def make(version: str = "8.5.3") -> Node:
            made = Node(unpack(version) / "usr/share/logstash", stack.enter_context(_open_directory()))
            stack.callback(made.end)
            return made

        yield make


@pytest.fixture
def node(make_node) -> Node:
    """A node of 8.5.3."""
    return make_node()


@pytest.fixture
def as_other_user() -> int:
    """The id of an unprivileged user."""
    if os.geteuid() != 0:
        pytest.skip("dropping to another user needs root")
    return NOBODY


@pytest.fixture
def port() -> int:
    """A free port."""
    return free_port()


@pytest.fixture
def eventually():
    """`wait_for`, for tests."""
    return wait_for
