"""Brokers with LogTls and LogUser take events from shippers alone: the rendered pipelines, run, and attacked."""

import json
import os
import signal
import subprocess
import sys
import uuid

import pytest
from certificates.authority import Authority
from free_port import free_port
from inventory_runs import render
from strangers import ATTACKS, Sender, refused
from waiting import wait_for

USER, PASSWORD = "elb", "only for this test"


class Process:
    """The fake with one pipeline, whose sources are a rendered host's."""

    def __init__(self, home, folder, pipeline, sources, environment):
        folder.mkdir()
        (folder / "log4j2.properties").write_text("status = error\n")
        settings = {"path.data": f"{folder}/data", "path.logs": f"{folder}/logs", "api.http.port": free_port()}
        settings |= {"allow_superuser": True} if "9.5" in str(home) else {}
        (folder / "logstash.yml").write_text(json.dumps(settings))
        config = folder / "pipeline"
        config.mkdir()
        for number, source in enumerate(sources):
            (config / f"{number}.conf").write_text(source)
        (folder / "pipelines.yml").write_text(
            json.dumps([{"pipeline.id": pipeline, "path.config": f"{config}/*.conf", "pipeline.workers": 1}])
        )
        self.output = folder / "output"
        with self.output.open("wb") as stream:
            self.process = subprocess.Popen(
                [home / "bin/logstash", "--path.settings", folder],
                env={"PATH": os.environ["PATH"], "LS_JAVA_OPTS": f"-Djava.io.tmpdir={folder}", **environment},
                stdout=stream,
                stderr=subprocess.STDOUT,
            )
        wait_for(lambda: "Pipelines running" in self.output.read_text(), "the pipeline")

    def end(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


class Stack:
    """A broker, and what its clients need."""

    def __init__(self, folder):
        self.folder = folder
        self.tcp, self.http = free_port(), free_port()
        self.events = folder / "events.jsonl"
        self.authority, self.other = Authority(folder / "tls"), Authority(folder / "other")
        self.authority.issue("broker", ("localhost",))
        self.shipper = self.authority.issue("shipper")
        self.sender = Sender(
            "127.0.0.1", {"tcp": self.tcp, "http": self.http}, "localhost", self.authority.path, f"{USER}:{PASSWORD}"
        )
        self.sender.good, self.sender.bad = self.shipper, self.other.issue("shipper")
        self.environment = {"LOGSTASH_TLS_PATH": f"{folder}/tls", "LOG_PASSWORD": PASSWORD}

    def variables(self, **more):
        files = [f"{name}.{kind}" for name in ("broker", "shipper") for kind in ("crt", "key")]
        values = {
            "LogTls": "true",
            "LogUser": USER,
            "LogHost": "localhost",
            "LogTcpPort": self.tcp,
            "LogHttpPort": self.http,
            "LogTcpAddress": "127.0.0.1",
            "LogHttpAddress": "127.0.0.1",
            "EventsFile": str(self.events),
            "ApplicationLogs": f"{self.folder}/in/*.log",
            "ShipperStatePath": str(self.folder),
        }
        return json.dumps(
            {
                "octopus_variables": values,
                "broker_output": "file",
                "monitored": False,
                "elb_log_shipper_secret_arns": ["arn:aws:ssm:eu-west-1:123456789012:parameter/elb"],
                "shipper_files": ["application"],
                "logstash_tls_files": [
                    {"name": name, "src": f"{self.folder}/tls/{name}"} for name in [*files, "ca.crt"]
                ],
                **more,
            }
        )

    def arrived(self, text):
        return self.events.exists() and text in self.events.read_text()


def sources(folder, host, pipeline):
    return [path.read_text() for path in sorted((folder / host / "pipelines" / pipeline).glob("*.conf"))]


@pytest.fixture(scope="module")
def stacks(tmp_path_factory, installed):
    """stacks(version) -> the stack with that release, which runs until the end."""
    made = {}

    def running(version):
        if version not in made:
            made[version] = start(version, Stack(tmp_path_factory.mktemp("stack")), installed)
        return made[version]

    yield running
    for stack in made.values():
        stack.broker.end()


# Not of the module: in random order, such a fixture with parameters is made anew whenever they change.
@pytest.fixture(params=["8.5.3", "9.5.2"])
def stack(request, stacks):
    return stacks(request.param)


def start(version, made, installed):
    """Renders the stack's hosts and starts its broker -> the stack."""
    options = made.variables(logstash_version=version)
    folder = render("staging", made.folder / "rendered", "-e", options, "--limit", "brokers:shippers")
    made.installed, made.version, made.rendered = installed(version), version, folder
    pipeline = sources(folder, "broker-1.staging.example.com", "broker")
    broker = made.broker = Process(made.installed, made.folder / "broker", "broker", pipeline, made.environment)
    # As with the real one, inputs begin to listen after "Pipelines running".
    for kind in ("tcp", "http"):
        wait_for(lambda kind=kind: f"Starting {kind} input listener" in broker.output.read_text(), f"{kind} input")
    return made


@pytest.mark.parametrize("attack", ATTACKS)
def test_stranger_gets_no_event_in(stack, attack):
    name = uuid.uuid4().hex
    assert refused(attack, stack.sender, f"evil {name}")
    # What comes after it has arrived, so that it would have, too.
    stack.sender.http(f"good {name}", stack.sender.tls(stack.shipper))
    wait_for(lambda: stack.arrived(f"good {name}"), "the good event")
    assert not stack.arrived(f"evil {name}")


@pytest.mark.parametrize("transport", ["tcp", "http"])
def test_shipper_with_its_certificate_and_password_gets_events_in(stack, transport):
    name = uuid.uuid4().hex
    (stack.folder / "in").mkdir(exist_ok=True)
    (stack.folder / "in" / f"{name}.log").write_text(f"line {name}\n")
    folder = stack.rendered
    if transport == "http":
        options = stack.variables(logstash_version=stack.version, log_transport=transport)
        folder = render("staging", stack.folder / "rendered-http", "-e", options, "--limit", "shippers")
    pipeline = sources(folder, "shipper-1.staging.example.com", "shipper")
    shipper = Process(stack.installed, stack.folder / transport, "shipper", pipeline, stack.environment)
    try:
        wait_for(lambda: stack.arrived(f"line {name}"), "the shipper's line")
    finally:
        shipper.end()


@pytest.mark.parametrize("transport", ["tcp", "http"])
def test_function_with_its_certificate_gets_events_in_and_without_none(stack, transport, tmp_path):
    """The function's own code, as its command line runs it."""
    log = tmp_path / "elb.log"
    line = (
        "2026-03-02T08:00:00.123456Z {name} 198.51.100.23:49152 10.0.1.15:8080 0.000043 0.001337 0.000057 200 200 0 "
        '5120 "GET https://www.example.com:443/ HTTP/1.1" "agent" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2\n'
    )
    good, evil = f"good-{uuid.uuid4().hex}", f"evil-{uuid.uuid4().hex}"
    (tmp_path / "password").write_text(PASSWORD)
    to = f"tls://localhost:{stack.tcp}" if transport == "tcp" else f"https://localhost:{stack.http}/"
    user = [] if transport == "tcp" else ["--user", USER, "--password-file", str(tmp_path / "password")]
    ca = ["--ca", str(stack.authority.path), "--retry", "0"]
    certificate, key = map(str, stack.shipper)

    def ship(name, *options):
        log.write_text(line.format(name=name))
        command = [sys.executable, "-m", "elb_log_shipper", "ship", str(log), "--to", to, *ca, *user, *options]
        return subprocess.run(command, cwd="lambda", capture_output=True, text=True, check=False)

    assert ship(evil).returncode != 0
    ended = ship(good, "--client-certificate", certificate, "--client-key", key)
    assert ended.returncode == 0, ended.stderr
    wait_for(lambda: stack.arrived(good), "the good event")
    assert not stack.arrived(evil)
