"""A fake Logstash with a broker's inputs, and the monitor as a process of its own beside it."""

import json
import os
import signal
import socket
import subprocess
import sys
import tarfile
import threading
import urllib.error
import urllib.request
from pathlib import Path

import monitor_world
import pytest
from fake_logstash.build import build_archive
from free_port import free_port
from waiting import wait_for

PATIENCE = 60
ROOT = Path(__file__).resolve().parents[3]
PROGRAM = ROOT / "roles/logstash_monitor/files"

PIPELINE = """
input {
  tcp { id => "broker_tcp" port => %(tcp)d host => "127.0.0.1" codec => json_lines }
  http { id => "broker_http" port => %(http)d host => "127.0.0.1" }
}
filter { if "_elk_canary" in [tags] { drop { id => "canaries" } } }
output { http { id => "out" url => "http://127.0.0.1:%(receiver)d" http_method => "post" format => "json" } }
"""


@pytest.fixture(scope="session")
def home(tmp_path_factory):
    """A fake Logstash, unpacked and not to be changed."""
    folder = tmp_path_factory.mktemp("logstash")
    with tarfile.open(build_archive("8.5.3", folder)) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    return next((folder / "unpacked").iterdir())


class Receiver:
    """Takes events by HTTP, until it hangs: then it takes connections and says nothing."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.events = []
        self.hanging = threading.Event()
        self._going_on = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def go_on(self):
        self.hanging.clear()
        self._going_on.set()

    def close(self):
        self._going_on.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            with connection, connection.makefile("rb") as stream:
                while stream.readline():
                    length = 0
                    while (line := stream.readline()) not in (b"\r\n", b""):
                        name, _, value = line.decode().partition(":")
                        if name.lower() == "content-length":
                            length = int(value)
                    body = json.loads(stream.read(length))
                    if self.hanging.is_set():
                        self._going_on.wait(PATIENCE)
                    self.events.append(body)
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        except (OSError, ValueError):
            return


class Node:
    """One host: Logstash, and its monitor."""

    def __init__(self, home: Path, folder: Path) -> None:
        self.home, self.folder = home, folder
        self.receiver = Receiver()
        self.ports = {name: free_port() for name in ("tcp", "http", "api", "monitor")}
        self.changes: dict = {}
        self.environment: dict[str, str] = {}
        self._processes: list[subprocess.Popen] = []

    def start_logstash(self) -> subprocess.Popen:
        settings = self.folder / "settings"
        settings.mkdir(exist_ok=True)
        (settings / "log4j2.properties").write_text("status = error\n")
        source = self.folder / "broker.conf"
        source.write_text(PIPELINE % {**self.ports, "receiver": self.receiver.port})
        values = {
            "path.data": str(self.folder / "data"),
            "path.logs": str(self.folder / "logs"),
            "api.http.port": self.ports["api"],
        }
        (settings / "logstash.yml").write_text(json.dumps(values))
        pipelines = [{"pipeline.id": "broker", "path.config": str(source), "queue.type": "persisted"}]
        (settings / "pipelines.yml").write_text(json.dumps(pipelines))
        process = self._start([self.home / "bin/logstash", "--path.settings", settings], "logstash.out")
        wait_for(lambda: "Pipelines running" in self.output("logstash.out"), "Logstash that runs", interval=0.05)
        return process

    def config(self) -> Path:
        own = {
            "interval": 1,
            "api": {"url": f"http://127.0.0.1:{self.ports['api']}"},
            "listen": {"address": "127.0.0.1", "port": self.ports["monitor"]},
            "inputs": [
                monitor_world.tcp_input(port=self.ports["tcp"]),
                monitor_world.http_input(port=self.ports["http"]),
            ],
            "canary": {"interval": 1, "timeout": 1, "max_age": 4},
        }
        return monitor_world.write(self.folder, **{**own, **self.changes})

    def start_monitor(self) -> subprocess.Popen:
        process = self._start(self.command("run"), "monitor.out")
        wait_for(lambda: self.get("/ready") or process.poll() is not None, "monitor that answers", interval=0.05)
        return process

    def command(self, name: str, *more: str) -> list:
        return [os.environ.get("ELK_MONITOR_PYTHON", sys.executable), "-B", "-m", "logstash_monitor", name, "--config", self.config(), *more]

    def run(self, name: str, *more: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            self.command(name, *more),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
            env=self._environment(),
        )

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(PROGRAM),
            "LS_JAVA_OPTS": f"-Djava.io.tmpdir={self.folder}",
            **self.environment,
        }

    def _start(self, command: list, output: str) -> subprocess.Popen:
        with open(self.folder / output, "wb") as stream:
            process = subprocess.Popen(
                command, stdout=stream, stderr=stream, stdin=subprocess.DEVNULL, env=self._environment(), cwd="/"
            )
        self._processes.append(process)
        return process

    def output(self, name: str = "monitor.out") -> str:
        return (self.folder / name).read_text()

    def get(self, path: str, seconds: float = PATIENCE):
        """(status, content), or nothing where nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.ports['monitor']}{path}", timeout=seconds) as response:
                status, body = response.status, response.read()
        except urllib.error.HTTPError as error:
            status, body = error.code, error.read()
        except OSError:
            return None
        return status, body.decode() if path == "/metrics" else json.loads(body)

    def until_ready(self, status: int) -> list[str]:
        """Waits for the status of /ready, and gives its reasons."""
        return wait_for(lambda: (found := self.get("/ready"))[0] == status and found, f"{status}", interval=0.05)[1][
            "reasons"
        ]

    def verdict(self) -> str:
        return self.get("/status")[1]["pipelines"][0]["verdict"]

    def send(self, count: int) -> None:
        """Events by TCP, as a shipper sends them."""
        with socket.create_connection(("127.0.0.1", self.ports["tcp"]), timeout=PATIENCE) as link:
            link.sendall(
                b"".join(json.dumps({"message": f"event {number}"}).encode() + b"\n" for number in range(count))
            )

    def end(self) -> None:
        self.receiver.close()
        for process in self._processes:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
                process.wait()


@pytest.fixture
def node(home, open_path):
    made = Node(home, open_path)
    yield made
    made.end()
