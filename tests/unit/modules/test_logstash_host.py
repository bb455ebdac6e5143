"""One look at a host: what is there, and all that is wrong with it at once."""

import grp
import json
import os
import pwd
import subprocess
import sys

import pytest
from ansible_collections.elk.deploy.plugins.module_utils.logstash_host import listening, service_manager
from ansible_collections.elk.deploy.plugins.modules import logstash_host

WHERE = {"manager": "none", "cache": "/none", "archive_root": "/none", "archive": False, "unit": "/none"}
PLATFORM = {"distribution": "Debian 12", "source": "archive", "service_manager": "systemd"}
# Listens on a port of its own choice, says which, and lives until its input ends.
LISTENER = (
    "import socket, sys; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True); "
    "sys.stdin.read()"
)


@pytest.fixture
def main_pid(monkeypatch):
    """main_pid(number) has systemd name a process; systemctl says nothing else."""
    found = {"pid": 0}

    def run(_module, command, **_options):
        return (0, f"MainPID={found['pid']}\n", "") if "--property=MainPID" in command else (0, "", "")

    monkeypatch.setattr(logstash_host.AnsibleModule, "run_command", run)
    return lambda pid: found.update(pid=pid)


@pytest.fixture
def look(run_module, main_pid):
    main_pid(0)

    def run(check=False, installation=WHERE, **options):
        return run_module(logstash_host, check=check, host="web-1", installation=installation, **options)

    return run


@pytest.fixture
def listener():
    """A process that listens, as (its number, its port)."""
    with subprocess.Popen(
        [sys.executable, "-c", LISTENER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process.pid, int(process.stdout.readline())
        process.stdin.close()


def wanted(port):
    return [{"variable": "logstash_api_port", "port": port}]


def test_only_what_is_asked_for_is_looked_at(look):
    result = look()
    assert (result["failed"], result["changed"]) == (False, False)
    assert (result["deployment"], result["overrides"]) == ({}, {"found": [], "handling": "", "removable": []})
    assert result["installed"]["package"] == ""


def test_all_that_is_wrong_is_said_at_once(look, listener, tmp_path, monkeypatch):
    pid, port = listener
    monkeypatch.setattr(logstash_host, "ROOT", str(tmp_path))
    (tmp_path / "etc/default").mkdir(parents=True)
    (tmp_path / "etc/default/logstash").write_text("LS_OPTS=-w 2\n")
    result = look(
        platform={**PLATFORM, "source": "repository"},
        java_home=f"{tmp_path}/java",
        temporary_directory={"path": f"{tmp_path}/own", "variable": "logstash_jvm_options", "required": True},
        ports=wanted(port),
        overrides={"version": "9.5.2"},
    )
    expected = {
        "package_manager_unsupported": "Debian 12 with the package manager none; expected one of apt, dnf",
        "java_missing": f'logstash_java_home is "{tmp_path}/java"',
        "temporary_directory_unusable": f"logstash_jvm_options makes {tmp_path}/own",
        "port_taken": f"logstash_api_port has {port}, but on web-1 that port is taken by process {pid} (",
        "overrides_found": "/etc/default/logstash:1: LS_OPTS=",
    }
    assert result["codes"] == list(expected)
    for line, (code, text) in zip(result["msg"].splitlines(), expected.items(), strict=True):
        assert line.startswith(f"[{code}] ")
        assert text in line


def test_host_without_systemd_is_asked_nothing_that_systemd_would_know(look, main_pid, monkeypatch):
    def refused(*_arguments, **_options):
        raise AssertionError

    monkeypatch.setattr(logstash_host.AnsibleModule, "run_command", refused)
    result = look(platform={**PLATFORM, "service_manager": "openrc"}, java_home="/none")
    assert 'web-1 is run by "openrc"; expected systemd' in result["msg"]
    assert "logstash_java_home" in result["msg"]


@pytest.mark.parametrize(("source", "manager"), [("archive", "apk"), ("repository", "apt"), ("package", "dnf")])
def test_platforms_that_will_do(look, source, manager, monkeypatch):
    monkeypatch.setattr(logstash_host.installation, "look", lambda *_: {})
    assert not look(platform={**PLATFORM, "source": source}, installation={**WHERE, "manager": manager})["failed"]


def test_java_has_to_be_a_program(look, tmp_path):
    program = tmp_path / "bin/java"
    program.parent.mkdir()
    program.write_text("")
    program.chmod(0o644)
    assert "no program bin/java" in look(java_home=str(tmp_path))["msg"]
    program.chmod(0o755)
    assert not look(java_home=str(tmp_path))["failed"]


def test_port_of_the_services_own_process_is_not_taken(look, listener, main_pid):
    pid, port = listener
    main_pid(pid)
    assert not look(ports=wanted(port))["failed"]
    main_pid(os.getpid())
    assert f"taken by process {pid}" in look(ports=wanted(port))["msg"]


def test_port_of_a_process_that_cannot_be_seen_is_taken(look, listener, monkeypatch):
    def refused(_pid):
        raise PermissionError

    monkeypatch.setattr(listening, "open_sockets", refused)
    assert "taken by a process that cannot be seen from there. Stop" in look(ports=wanted(listener[1]))["msg"]


def test_faults_do_not_count_without_checks(look, listener):
    options = {"java_home": "/none", "ports": wanted(listener[1]), "platform": {**PLATFORM, "service_manager": "x"}}
    assert look(**options)["failed"]
    assert not look(checks=False, **options)["failed"]


def test_record_is_read_with_what_was_set_up_by_hand(look, tmp_path):
    content = {"record": {"release": "bbbb"}, "earlier": [{"release": "aaaa"}], "changing": "process"}
    (tmp_path / "proven").write_text(json.dumps(content))
    (tmp_path / "found.json").write_text('{"package": {"version": "8.5.3"}}')
    found = look(record={"path": f"{tmp_path}/proven", "found": f"{tmp_path}/found.json"})["deployment"]
    assert (found["record"], found["earlier"], found["changing"]) == (content["record"], content["earlier"], True)
    assert found["found"] == {"package": {"version": "8.5.3"}}


def test_secrets_are_masked_in_what_was_set_up_by_hand_and_not_in_the_record(look, tmp_path):
    (tmp_path / "proven").write_text('{"record": {"release": "a-word"}, "earlier": [], "changing": null}')
    (tmp_path / "found.json").write_text('{"serves": "a-word"}')
    record = {"path": f"{tmp_path}/proven", "found": f"{tmp_path}/found.json"}
    found = look(record=record, secrets=["a-word"])["deployment"]
    assert found["record"] == {"release": "a-word"}
    assert "a-word" not in str(found["found"])


def test_nothing_is_renamed_on_a_host_that_has_anything_wrong(look, tmp_path):
    former = "0123456789abcdef"
    (tmp_path / "releases" / former).mkdir(parents=True)
    record = {"path": f"{tmp_path}/proven", "settings": str(tmp_path), "key": f"{tmp_path}/key"}
    assert look(record=record, java_home="/none")["failed"]
    assert look(record=record, check=True)["renamed"] == [former]
    assert os.listdir(tmp_path / "releases") == [former]
    assert not (tmp_path / "key").exists()


def old_home(tmp_path):
    """Options for a HOME that changes, with a position in the old one."""
    settings = tmp_path / "settings"
    (tmp_path / "home").mkdir()
    (tmp_path / "home/.logstash_jdbc_last_run").write_text("--- 5\n")
    settings.mkdir()
    (settings / "logstash.yml").write_text("{}\n")
    (settings / "environment").write_text(f'HOME="{tmp_path}/home"\n')
    return {"settings": f"{settings}/logstash.yml", "paths": {"home": f"{tmp_path}/new"}, "user": "root"}


def test_what_a_changed_path_would_leave_behind_is_wrong_with_the_rest(look, tmp_path):
    wanted = old_home(tmp_path)
    lines = look(old_data=wanted, java_home="/none")["msg"].splitlines()
    assert len(lines) == 2
    assert lines[1].startswith(f"A path changes (the service's HOME from {tmp_path}/home to {tmp_path}/new), and Log")
    assert not look(old_data={**wanted, "paths": {"home": f"{tmp_path}/home"}})["failed"]


@pytest.mark.parametrize(
    ("handling", "said"), [("leave", "this stays where it is"), ("move", "this will be moved once")]
)
def test_what_is_left_or_moved_is_warned_of(look, tmp_path, handling, said):
    result = look(old_data={**old_home(tmp_path), "handling": handling})
    assert not result["failed"]
    assert said in str(result["warnings"])
    assert (tmp_path / "home/.logstash_jdbc_last_run").exists()


def test_plugins_are_those_of_the_home(look, tmp_path):
    assert look()["plugins"] == {}
    (tmp_path / "Gemfile.lock").write_text("GEM\n  specs:\n    logstash-input-http (4.0.1-java)\n    rake (13.0)\n")
    plugins = look(plugins_of=str(tmp_path))["plugins"]
    assert (plugins["installed"], plugins["sources"]) == ({"logstash-input-http": "4.0.1"}, {})
    assert plugins["fingerprint"]
    assert not plugins["interrupted"]


def test_directories_are_ready_only_once_they_are_there(look, tmp_path):
    """tests/integration/modules/test_logstash_directories.py has all that they may lack."""
    user, group = pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(os.getegid()).gr_name
    options = {"directories": [{"path": f"{tmp_path}/data", "holds": "data"}], "user": user, "group": group}
    assert not look()["directories_ready"]
    assert not look(directories=options)["directories_ready"]
    assert not (tmp_path / "data").exists()
    (tmp_path / "data").mkdir()
    (tmp_path / "data").chmod(0o750)
    assert look(directories=options)["directories_ready"] == (os.geteuid() == 0)


def test_files_that_nobody_manages_are_found_and_stay(look, tmp_path):
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d/a.conf").write_text("")
    result = look(unmanaged=[f"{tmp_path}/conf.d"])
    assert (result["unmanaged"], result["changed"]) == ([f"{tmp_path}/conf.d/a.conf"], False)
    assert (tmp_path / "conf.d/a.conf").exists()


@pytest.mark.parametrize(
    ("said", "serves"),
    [
        ("ActiveState=active\nUnitFileState=enabled\n", {"active": True, "enabled": True}),
        ("ActiveState=failed\nUnitFileState=disabled\n", {"active": False, "enabled": False}),
        ("", {"active": False, "enabled": False}),
    ],
)
def test_what_the_service_does(said, serves):
    assert service_manager.serves(lambda _command: (0, said, ""), "logstash.service") == serves
