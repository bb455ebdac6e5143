"""What was on a host before the first change is kept whole, and comes back whole."""

import json
import os
import socket
import stat
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from ansible_collections.elk.deploy.plugins.module_utils.logstash import debian_rebuild, packages
from ansible_collections.elk.deploy.plugins.module_utils.logstash_host import kept_files, listening, running_service
from ansible_collections.elk.deploy.plugins.modules import logstash_existing_setup

SERVES = {
    "running": True,
    "ports": [5000, 9600],
    "api": "http://127.0.0.1:9600",
    "version": "9.5.2",
    "pipelines": ["a"],
}


def tree(root):
    """{path: (kind, mode, link, content)} of everything below a folder."""
    found = {}
    for path in sorted(root.rglob("*")):
        kind, _uid, _gid, mode, link = kept_files.describe(path)
        found[str(path)] = (kind, mode, link, path.read_bytes() if stat.S_ISREG(kind) else b"")
    return found


@pytest.fixture
def place(tmp_path):
    """A folder with files, modes, links and an empty folder, as somebody may have made it."""
    root = tmp_path / "live"
    (root / "conf.d/empty").mkdir(parents=True)
    (root / "conf.d/main.conf").write_text("input { }")
    (root / "key").write_text("secret")
    (root / "key").chmod(0o600)
    (root / "link").symlink_to("conf.d/main.conf")
    (root / "nowhere").symlink_to("/nowhere")
    (root / "conf.d").chmod(0o2750)
    return root


def test_all_that_is_changed_added_and_removed_comes_back(place, tmp_path):
    before = tree(place)
    kept_files.keep(tmp_path / "copies", [place])
    (place / "conf.d/main.conf").unlink()
    (place / "conf.d/main.conf").mkdir()
    (place / "conf.d/empty").rmdir()
    (place / "key").chmod(0o644)
    (place / "link").unlink()
    (place / "link").write_text("a file now")
    (place / "new").mkdir()
    (place / "new/file").write_text("new")
    (place / "conf.d").chmod(0o755)
    assert kept_files.bring_back(tmp_path / "copies", [place])
    assert tree(place) == before
    assert kept_files.bring_back(tmp_path / "copies", [place]) == []


def test_what_is_equal_is_not_touched(place, tmp_path):
    kept_files.keep(tmp_path / "copies", [place])
    before = {path: path.lstat().st_ino for path in place.rglob("*")}
    (place / "new").write_text("new")
    assert kept_files.bring_back(tmp_path / "copies", [place]) == [f"{place}/new"]
    assert {path: path.lstat().st_ino for path in place.rglob("*")} == before


def test_skipped_paths_are_neither_kept_nor_touched(place, tmp_path):
    kept_files.keep(tmp_path / "copies", [place], skip=[f"{place}/key"])
    assert not (kept_files.place(tmp_path / "copies", place) / "key").exists()
    (place / "key").write_text("other")
    assert kept_files.bring_back(tmp_path / "copies", [place], skip=[f"{place}/key"]) == []
    assert (place / "key").read_text() == "other"


def test_folder_that_was_not_there_goes_save_for_what_is_skipped(place, tmp_path):
    kept_files.bring_back(tmp_path / "copies", [place], skip=[f"{place}/key"])
    assert [path.name for path in place.iterdir()] == ["key"]
    kept_files.bring_back(tmp_path / "copies", [place])
    assert not place.exists()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, ""),
        ({"ports": [5000, 5044, 9600]}, ""),
        ({"running": False}, "it does not run"),
        ({"ports": [9600]}, "does not listen on port 5000"),
        ({"api": ""}, "does not answer at http://127.0.0.1:9600"),
        ({"version": "9.4.0"}, "its version is 9.4.0, not 9.5.2"),
        ({"pipelines": []}, "does not show pipeline a"),
    ],
)
def test_what_the_service_lacks(change, expected):
    assert expected in running_service.lacks({**SERVES, **change}, SERVES)
    assert bool(running_service.lacks({**SERVES, **change}, SERVES)) == bool(expected)


def test_service_that_stood_still_has_to_stand_still():
    stopped = {**SERVES, "running": False, "ports": [], "api": "", "version": "", "pipelines": []}
    assert running_service.lacks(stopped, stopped) == ""
    assert running_service.lacks(SERVES, stopped)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("0100007F", "127.0.0.1"),
        ("00000000000000000000000001000000", "::1"),
        ("0000000000000000FFFF00000100007F", "127.0.0.1"),
        ("00000000000000000000000000000000", "::"),
    ],
)
def test_addresses_of_proc(text, address):
    assert listening.address_of(text) == address


@pytest.fixture
def api():
    """A node API of this process, and another port that counts who connects to it: (port, other port, counter)."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            answer = (
                {"pipelines": {"a": {}}}
                if "pipelines" in self.path
                else {"version": "9.5.2", "jvm": {"pid": os.getpid()}}
            )
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_arguments):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    with socket.create_server(("127.0.0.1", 0)) as other:
        other.settimeout(0.01)
        yield server.server_port, other, asked
    server.shutdown()
    server.server_close()


def test_own_ports_and_node_api_are_found_and_no_input_is_asked(api, tmp_path):
    port, other, _asked = api
    (tmp_path / "logstash.yml").write_text(f"api.http.port: {port}\n")
    state = f"ActiveState=active\nMainPID={os.getpid()}\n"
    found = running_service.observe(lambda _command: (0, state, ""), "x", str(tmp_path / "logstash.yml"))
    assert {port, other.getsockname()[1]} <= set(found["ports"])
    assert (found["running"], found["version"], found["pipelines"]) == (True, "9.5.2", ["a"])
    assert found["api"] == f"http://127.0.0.1:{port}"
    with pytest.raises(TimeoutError):
        other.accept()


def test_ports_that_the_system_gives_away_count_only_where_the_settings_name_them(tmp_path, monkeypatch):
    (tmp_path / "range").write_text("32768\t60999\n")
    monkeypatch.setattr(logstash_existing_setup, "EPHEMERAL", tmp_path / "range")
    (tmp_path / "main.conf").write_text("input { tcp { port => 50001 } }")
    assert logstash_existing_setup.lasting_ports([5000, 50001, 50002], tmp_path) == [5000, 50001]


class Manager:
    """A package manager with one installed version, which offers what the test says."""

    suffix = ".deb"

    def __init__(self, folder, found=(), offered=False, rebuilt=False):
        self.folder, self._found, self.offered, self.rebuilt = folder, list(found), offered, rebuilt

    def describe(self, file):
        name, _, version = Path(file).read_text().partition(" ")
        return name, version

    def find(self, _version):
        return self._found

    def _make(self, directory, possible, text):
        if not possible:
            raise packages.PackageError(text)
        (Path(directory) / "x.deb").write_text("logstash 9.5.2")
        return Path(directory) / "x.deb"

    def download_again(self, _version, directory):
        return self._make(directory, self.offered, "no repository has it")

    def rebuild(self, directory):
        return self._make(directory, self.rebuilt, "it cannot be made")


@pytest.mark.parametrize("way", ["kept", "found", "offered", "rebuilt"])
def test_package_file_comes_from_wherever_it_is_to_be_had(tmp_path, way):
    (tmp_path / "archives").mkdir()
    (tmp_path / "archives/old.deb").write_text("logstash 9.4.0")
    found = [tmp_path / "archives/old.deb"]
    cache = tmp_path / "cache"
    if way == "kept":
        cache.mkdir()
        (cache / "logstash-9.5.2.deb").write_text("logstash 9.5.2")
    if way == "found":
        (tmp_path / "archives/new.deb").write_text("logstash 9.5.2")
        found.append(tmp_path / "archives/new.deb")
    manager = Manager(tmp_path, found, offered=way == "offered", rebuilt=way == "rebuilt")
    packages.obtain(manager, cache, "9.5.2")
    assert [path.name for path in cache.iterdir()] == ["logstash-9.5.2.deb"]
    assert (cache / "logstash-9.5.2.deb").read_text() == "logstash 9.5.2"


def test_package_file_that_is_not_to_be_had_is_an_error_that_says_what_was_tried(tmp_path):
    with pytest.raises(packages.PackageError, match="no repository has it; it cannot be made"):
        packages.obtain(Manager(tmp_path), tmp_path / "cache", "9.5.2")
    assert list((tmp_path / "cache").iterdir()) == []


def test_deb_is_made_of_what_is_installed(tmp_path):
    """With the settings file as it is now, without the one that somebody removed, and with the package's script."""
    host = tmp_path / "host"
    (host / "bin").mkdir(parents=True)
    (host / "bin/program").write_text("program")
    (host / "bin/program").chmod(0o755)
    (host / "bin/link").symlink_to("program")
    (host / "changed.yml").write_text("changed")
    (tmp_path / "info").mkdir()
    (tmp_path / "info/logstash.postinst").write_text("#!/bin/sh\n")
    status = (
        "Package: logstash\nStatus: hold ok installed\nMaintainer: x <x@localhost>\nArchitecture: all\n"
        f"Version: 1:9.5.2-1\nConffiles:\n {host}/changed.yml 0123\n {host}/gone.yml 0123\n /old.yml 01 obsolete\n"
        "Description: short\n long\n"
    )
    listed = [*reversed([str(path) for path in (host / "bin/program").parents]), *map(str, sorted(host.rglob("*")))]
    listed.append(f"{host}/gone.yml")

    def run(command):
        if command[0] == "dpkg-query":
            return status if command[1] == "--status" else "\n".join(["/.", *listed])
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    file = debian_rebuild.build(run, "logstash", tmp_path / "work", database=tmp_path / "info")
    assert packages.Apt(lambda command, cwd=None: (0, run(command), "")).describe(file) == ("logstash", "9.5.2")
    run(["dpkg-deb", "--raw-extract", str(file), str(tmp_path / "out")])
    out = tmp_path / "out"
    assert (out / "DEBIAN/conffiles").read_text() == f"{host}/changed.yml\n"
    assert os.access(out / "DEBIAN/postinst", os.X_OK)
    assert "Status" not in (out / "DEBIAN/control").read_text()
    inside = out / str(host).lstrip("/")
    assert (inside / "changed.yml").read_text() == "changed"
    assert os.access(inside / "bin/program", os.X_OK)
    assert os.readlink(inside / "bin/link") == "program"


def test_package_whose_files_are_gone_cannot_be_made_again(tmp_path):
    answers = {"--status": "Package: logstash\nVersion: 1\n", "--listfiles": "/.\n/nowhere/bin/logstash\n"}
    with pytest.raises(debian_rebuild.RebuildError, match="/nowhere/bin/logstash"):
        debian_rebuild.build(lambda command: answers[command[1]], "logstash", tmp_path / "work")


@pytest.fixture
def found(run_module, tmp_path, monkeypatch):
    """found(state) -> result, on a host without a package manager whose unit is what found.state says."""
    commands = []

    class Run:
        state = "LoadState=loaded\nActiveState=inactive\nMainPID=0\n"
        told = commands

        def __call__(self, state, **options):
            settings = tmp_path / "settings"
            return run_module(
                logstash_existing_setup,
                state=state,
                path=str(tmp_path / "found"),
                settings=str(settings),
                service="none.service",
                **options,
            )

    run = Run()

    def run_command(_module, command, **_options):
        commands.append(" ".join(command))
        return 0, run.state if command[1] == "show" else "", ""

    monkeypatch.setattr(logstash_existing_setup.AnsibleModule, "run_command", run_command)
    # Nothing of the machine that the tests run on.
    monkeypatch.setattr(logstash_existing_setup, "kept_paths", lambda _service, settings, _also: [settings])
    return run


def test_fresh_host_has_nothing_to_keep(found, tmp_path):
    found.state = "LoadState=not-found\nActiveState=inactive\nMainPID=0\n"
    result = found("kept")
    assert (result["changed"], result["record"]) == (False, {})
    assert not (tmp_path / "found").exists()


def test_service_that_stood_still_is_stopped_again_and_its_settings_are_back(found, tmp_path):
    (tmp_path / "settings").mkdir()
    (tmp_path / "settings/own").write_text("own")
    record = found("kept")["record"]
    assert stat.S_IMODE((tmp_path / "found").stat().st_mode) == 0o700
    assert json.loads((tmp_path / "found/record.json").read_text()) == record
    (tmp_path / "settings/own").write_text("the role's")
    found.told.clear()
    assert found("restored")["files"] == [f"{tmp_path}/settings/own"]
    assert (tmp_path / "settings/own").read_text() == "own"
    assert "systemctl stop none.service" in found.told
    assert not {"systemctl start none.service", "systemctl restart none.service"} & set(found.told)


def test_service_that_does_not_come_back_is_an_error(found, tmp_path):
    (tmp_path / "settings").mkdir()
    found.state = "LoadState=loaded\nActiveState=active\nMainPID=0\n"
    assert found("kept")["record"]["serves"]["running"]
    found.state = "LoadState=loaded\nActiveState=failed\nMainPID=0\n"
    result = found("restored", timeout=0)
    assert "does not do what it did before: it does not run" in result["msg"]
    assert "systemctl restart none.service" in found.told


def test_check_mode_keeps_nothing(found, tmp_path):
    (tmp_path / "settings").mkdir()
    assert found("kept", check=True)["changed"]
    assert not (tmp_path / "found").exists()


class Missing:
    """A package manager of a host whose package nobody can have again."""

    suffix = ".deb"

    def __init__(self, _run):
        pass

    def installed(self):
        return packages.Installed("9.5.2")

    def find(self, _version):
        return []

    def download_again(self, _version, _directory):
        raise packages.PackageError("no repository has it")

    def rebuild(self, _directory):
        raise packages.PackageError("it cannot be made")


@pytest.mark.parametrize("state", ["active", "inactive"])
def test_package_that_cannot_be_had_again_stops_the_run_where_the_service_runs(found, tmp_path, monkeypatch, state):
    monkeypatch.setitem(packages.MANAGERS, "apt", Missing)
    (tmp_path / "settings").mkdir()
    found.state = f"LoadState=loaded\nActiveState={state}\nMainPID=0\n"
    options = {"manager": "apt", "version": "9.4.0", "cache": str(tmp_path / "cache"), "home": str(tmp_path)}
    result = found("kept", **options)
    assert result["failed"] == (state == "active")
    text = result["msg"] if state == "active" else str(result["warnings"])
    assert "no repository has it" in text
    assert (tmp_path / "found").exists() == (state == "inactive")
    assert not found("kept", **{**options, "version": ""})["failed"]
