"""The emulator's management program: what it does without starting one."""

import argparse
import http.server
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import replace

import pytest
from emulator import emulator
from emulator.emulator import EmulatorError, Instance, State, Wanted
from free_port import free_port

WANTED = Wanted(port=free_port(), gateway="192.0.2.1", network="net", function_image="image")


@pytest.fixture
def state(tmp_path):
    state = State(tmp_path / "state")
    state.directory.mkdir()
    return state


@pytest.fixture
def sleeper():
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    yield process
    process.kill()
    process.wait()


@pytest.fixture
def healthy_server():
    """Answers like a healthy emulator."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = json.dumps({"services": {}}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


def instance_of(pid, **changes):
    started = emulator.process_start_time(pid)
    values = {"port": 14566, "gateway": "127.0.0.1", "network": "net", "function_image": "image"} | changes
    return Instance(**({"pid": pid, "started": started, "boot": emulator.boot_id()} | values))


def installed(tmp_path):
    python = tmp_path / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    return tmp_path / "venv"


def no_containers(*_arguments):
    return ""


# --- install


@pytest.fixture
def fake_install(monkeypatch):
    """Counts installations instead of doing them; ends with `exit_code`."""
    calls = []

    class FakeInstall:
        exit_code = 0

        @staticmethod
        def run(process, _progress):
            process.wait()
            calls.append(process.args)
            return FakeInstall.exit_code

    class FakeBuilder:
        def __init__(self, **_options):
            pass

        def create(self, directory):
            (directory / "bin").mkdir(parents=True, exist_ok=True)
            (directory / "bin" / "python").unlink(missing_ok=True)
            (directory / "bin" / "python").symlink_to("/bin/true")
            (directory / "pyvenv.cfg").touch()

    monkeypatch.setattr(emulator.venv, "EnvBuilder", FakeBuilder)
    monkeypatch.setattr(emulator, "_wait_with_progress", FakeInstall.run)
    FakeInstall.calls = calls
    return FakeInstall


@pytest.fixture
def requirements(tmp_path):
    file = tmp_path / "requirements.txt"
    file.write_text(
        "one==1 \\\n    --hash=sha256:aa\nsetuptools==80.9.0 \\\n    --hash=sha256:bb \\\n    --hash=sha256:cc\n"
    )
    return file


def test_install_does_nothing_the_second_time(tmp_path, requirements, fake_install):
    assert emulator.install(tmp_path / "venv", requirements) is True
    assert len(fake_install.calls) == 2
    assert emulator.install(tmp_path / "venv", requirements) is False
    assert len(fake_install.calls) == 2


def test_install_again_when_the_pins_change(tmp_path, requirements, fake_install):
    emulator.install(tmp_path / "venv", requirements)
    requirements.write_text(requirements.read_text().replace("one==1", "one==2"))
    assert emulator.install(tmp_path / "venv", requirements) is True


def test_install_heals_one_that_was_cut_off(tmp_path, requirements, fake_install):
    fake_install.exit_code = 1
    with pytest.raises(EmulatorError, match="pip install"):
        emulator.install(tmp_path / "venv", requirements)
    fake_install.exit_code = 0
    assert emulator.install(tmp_path / "venv", requirements) is True


def test_install_checks_hashes_and_builds_with_pinned_tools(tmp_path, requirements, fake_install):
    emulator.install(tmp_path / "venv", requirements)
    assert all("--require-hashes" in call for call in fake_install.calls)
    assert "--no-build-isolation" in fake_install.calls[1]


def test_install_leaves_a_foreign_directory_alone(tmp_path, requirements, fake_install):
    foreign = tmp_path / "documents"
    foreign.mkdir()
    (foreign / "letter.txt").touch()
    with pytest.raises(EmulatorError, match="not a virtual environment"):
        emulator.install(foreign, requirements)
    assert (foreign / "letter.txt").exists()


def test_pins_have_hashes_and_no_address():
    text = emulator.REQUIREMENTS.read_text()
    assert "localstack-core==4.9.2" in text
    assert "://" not in text
    pins = [line for line in text.splitlines() if "==" in line]
    assert all(line.endswith("\\") for line in pins)


def test_the_build_tool_is_pinned_too():
    block = emulator.pinned_block(emulator.REQUIREMENTS.read_text(), "setuptools")
    assert block.startswith("setuptools==")
    assert block.count("--hash=sha256:") == 2
    with pytest.raises(EmulatorError, match="does not pin nothing"):
        emulator.pinned_block("one==1\n", "nothing")


# --- state


def test_state_survives_and_a_broken_one_counts_as_none(state):
    instance = instance_of(os.getpid())
    state.save(instance)
    assert state.load() == instance
    state.file.write_text('{"pid": 1')
    assert state.load() is None


def test_a_process_is_known_by_its_start_time(sleeper):
    instance = instance_of(sleeper.pid)
    assert instance.alive
    assert not replace(instance, started=instance.started - 1).alive
    assert not replace(instance, boot="of another day").alive
    sleeper.kill()
    sleeper.wait()
    assert not instance.alive


def test_labels_of_two_states_differ(tmp_path):
    assert State(tmp_path / "a").label != State(tmp_path / "b").label


# --- start


def test_start_says_when_it_runs_already(state, tmp_path, healthy_server, capsys):
    state.save(instance_of(os.getpid(), port=healthy_server))
    emulator.start(installed(tmp_path), state, Wanted(healthy_server, "127.0.0.1", "net", "image"))
    assert "already running" in capsys.readouterr().out


@pytest.mark.parametrize("change", [{"port": 15000}, {"network": "other"}, {"function_image": "other"}])
def test_start_refuses_to_run_with_other_values(state, tmp_path, healthy_server, change):
    state.save(instance_of(os.getpid(), port=healthy_server))
    wanted = replace(Wanted(healthy_server, "127.0.0.1", "net", "image"), **change)
    with pytest.raises(EmulatorError, match=next(iter(change)).replace("_", "-") + ".*Stop it first"):
        emulator.start(installed(tmp_path), state, wanted)


def test_start_needs_an_installation(state, tmp_path):
    with pytest.raises(EmulatorError, match="install"):
        emulator.start(tmp_path / "nothing", state, WANTED)


def test_start_names_a_taken_port(state, tmp_path, monkeypatch):
    monkeypatch.setattr(emulator, "docker", no_containers)
    with socket.create_server(("127.0.0.1", 0)) as server:
        wanted = replace(WANTED, port=server.getsockname()[1], gateway="127.0.0.1")
        with pytest.raises(EmulatorError, match=f"--port: 127.0.0.1:{wanted.port} is taken"):
            emulator.start(installed(tmp_path), state, wanted)


def test_start_names_a_gateway_that_is_not_of_this_machine(state, tmp_path, monkeypatch):
    monkeypatch.setattr(emulator, "docker", no_containers)
    with pytest.raises(EmulatorError, match=r"--gateway: 192\.0\.2\.1 is not an address of this machine"):
        emulator.start(installed(tmp_path), state, WANTED)


@pytest.mark.parametrize(
    ("missing", "message"),
    [("network", "--network: there is no Docker network"), ("image", "--function-image: there is no local image")],
)
def test_start_names_what_is_missing(state, tmp_path, monkeypatch, missing, message):
    answers = {"network": "127.0.0.1", "image": "sha256:1", "ps": ""} | {missing: None}
    monkeypatch.setattr(emulator, "docker", lambda *arguments: answers[arguments[0]])
    with pytest.raises(EmulatorError, match=message):
        emulator.start(installed(tmp_path), state, replace(WANTED, gateway="127.0.0.1"))


def test_start_shows_the_log_when_the_emulator_ends_at_once(state, tmp_path, monkeypatch):
    answers = {"network": "127.0.0.1", "image": "sha256:1", "ps": ""}
    monkeypatch.setattr(emulator, "docker", lambda *arguments: answers[arguments[0]])
    environment = installed(tmp_path)
    emulator.python_of(environment).write_text("#!/bin/sh\necho cannot go on\nexit 3\n")
    emulator.python_of(environment).chmod(0o755)
    with pytest.raises(EmulatorError, match="ended while it was starting") as raised:
        emulator.start(environment, state, replace(WANTED, gateway="127.0.0.1"))
    assert "cannot go on" in str(raised.value)


def test_start_clears_the_state_of_one_that_is_gone(state, tmp_path, monkeypatch, capsys):
    state.save(instance_of(os.getpid(), started=1))
    (state.data / "old").mkdir(parents=True)
    removed = []
    answers = {"network": "127.0.0.1", "image": None, "ps": "c1 c2"}
    monkeypatch.setattr(
        emulator, "docker", lambda *arguments: removed.append(arguments) or answers.get(arguments[0], "")
    )
    with pytest.raises(EmulatorError, match="--function-image"):
        emulator.start(installed(tmp_path), state, replace(WANTED, gateway="127.0.0.1"))
    assert ("rm", "--force", "--volumes", "c1", "c2") in removed
    assert not state.data.exists()
    assert "no longer runs" in capsys.readouterr().out


# --- the emulator's environment


def test_it_listens_where_it_was_told_only(state):
    environment = emulator.settings(state, WANTED, {})
    assert environment["GATEWAY_LISTEN"] == f"127.0.0.1:{WANTED.port},192.0.2.1:{WANTED.port}"
    assert environment["DNS_ADDRESS"] == "0"
    assert "0.0.0.0" not in " ".join(environment.values())  # noqa: S104


def test_it_gets_nothing_of_the_callers_account(state):
    inherited = {"PATH": "/bin", "AWS_PROFILE": "production", "AWS_SECRET_ACCESS_KEY": "x", "LOCALSTACK_API_KEY": "x"}
    environment = emulator.settings(state, WANTED, inherited)
    assert environment["PATH"] == "/bin"
    assert not [name for name in environment if name.startswith("AWS_") or name == "LOCALSTACK_API_KEY"]


def test_it_writes_below_its_state_only(state):
    environment = emulator.settings(state, WANTED, {"HOME": "/root", "TMPDIR": "/var/tmp"})  # noqa: S108
    for name in ("FILESYSTEM_ROOT", "HOME", "CONFIG_DIR", "XDG_CACHE_HOME", "TMPDIR"):
        assert environment[name].startswith(str(state.directory))


def test_the_init_program_is_in_place_and_executable(state):
    program = emulator.place_init_program(state)
    assert os.access(program, os.X_OK)
    assert program.read_bytes() == emulator.INIT_PROGRAM.read_bytes()


# --- stop and status


def test_stop_ends_the_process_and_removes_its_containers(state, sleeper, monkeypatch):
    calls = []
    monkeypatch.setattr(emulator, "docker", lambda *arguments: calls.append(arguments) or "c1")
    state.save(instance_of(sleeper.pid))
    threading.Thread(target=sleeper.wait, daemon=True).start()
    emulator.stop(state)
    assert sleeper.wait() == -signal.SIGTERM
    assert f"label={emulator.LABEL}={state.label}" in calls[0]
    assert ("rm", "--force", "--volumes", "c1") in calls
    assert not state.file.exists()


def test_stop_leaves_another_process_of_the_same_number_alone(state, sleeper, monkeypatch, capsys):
    monkeypatch.setattr(emulator, "docker", no_containers)
    state.save(replace(instance_of(sleeper.pid), started=1))
    emulator.stop(state)
    assert sleeper.poll() is None
    assert "not running" in capsys.readouterr().out


def test_stop_without_a_state_makes_none(tmp_path):
    emulator.stop(State(tmp_path / "nothing"))
    assert not (tmp_path / "nothing").exists()


def test_status_tells_by_its_exit_code(state, sleeper, healthy_server, monkeypatch):
    monkeypatch.setattr(emulator, "docker", no_containers)
    assert emulator.status(state) == 1
    state.save(instance_of(sleeper.pid, port=healthy_server))
    assert emulator.status(state) == 0
    state.save(instance_of(sleeper.pid, port=1))
    assert emulator.status(state) == 2


# --- command line


@pytest.mark.parametrize("text", ["0", "80", "65536", "-1", "http", ""])
def test_ports_that_are_none(text):
    with pytest.raises(argparse.ArgumentTypeError, match="1024 to 65535"):
        emulator.port_number(text)


def test_errors_are_one_line_and_an_exit_code(tmp_path, capsys):
    arguments = ["start", "--venv", str(tmp_path / "v"), "--state", str(tmp_path / "s"), "--port", "14566"]
    arguments += ["--gateway", "127.0.0.1", "--network", "n", "--function-image", "i"]
    assert emulator.main(arguments) == 1
    assert capsys.readouterr().err.startswith("emulator: --venv:")
