"""Packages: what is installed, and the move to another version, on package programs that a test plays."""

import os
from pathlib import Path

import pytest
from ansible_collections.elk.deploy.plugins.module_utils.logstash import packages
from ansible_collections.elk.deploy.plugins.modules import logstash_installed, logstash_package


class Host:
    """A host whose package is what the tests say, behind the programs of one family."""

    def __init__(self, monkeypatch, family):
        self.version, self.status, self.held = "", "installed", False
        self.offered, self.commands, self.broken = [], [], {}
        self.family = family
        monkeypatch.setattr(family, "__init__", lambda manager, _run: packages.Programs.__init__(manager, self.run))

    def run(self, command, cwd=None):
        self.commands.append(" ".join(command))
        for text, answer in self.broken.items():
            if text in " ".join(command):
                return answer
        return getattr(self, "do_" + Path(command[0]).name.replace("-", "_"))(command, cwd) or (0, "", "")

    def do_dpkg_query(self, command, cwd):
        wanted = "hold" if self.held else "install"
        return (0, f"{wanted} {self.status} 1:{self.version}-1", "") if self.version else (1, "", "no packages found")

    def do_dpkg_deb(self, command, cwd):
        return 0, Path(command[-1]).read_text(), ""

    def do_dpkg(self, command, cwd):
        pass

    def do_apt_cache(self, command, cwd):
        return 0, "".join(f" logstash | 1:{version}-1 | file:/r stable/main\n" for version in self.offered), ""

    def do_apt_mark(self, command, cwd):
        self.held = command[1] == "hold"

    def do_apt_get(self, command, cwd):
        if command[1] == "download":
            version = command[-1].partition("=")[2]
            (Path(cwd) / "logstash_1%3a9.deb").write_text(f"logstash {version}")
        elif command[1] == "install":
            self.version, self.status = packages.Apt.release(Path(command[-1]).read_text().split()[1]), "installed"


@pytest.fixture
def host(monkeypatch):
    return Host(monkeypatch, packages.Apt)


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


@pytest.fixture
def install(run_module, cache):
    def run(version, check=False, **options):
        return run_module(
            logstash_package,
            check=check,
            manager="apt",
            version=version,
            cache=str(cache),
            origin="the file",
            **options,
        )

    return run


@pytest.fixture
def put(cache):
    """put(version, text) -> a package file in the cache."""

    def write(version, text=None):
        cache.mkdir(exist_ok=True)
        file = cache / f"logstash-{version}.deb"
        file.write_text(text or f"logstash 1:{version}-1")
        return file

    return write


@pytest.mark.parametrize(
    ("package", "release"),
    [("1:9.5.2-1", "9.5.2"), ("9.5.2", "9.5.2"), ("1:5.4.1+acme.1-1", "5.4.1+acme.1"), ("1:8.0.0~rc1-1", "8.0.0~rc1")],
)
def test_version_of_the_package_is_told_from_that_of_logstash(package, release):
    assert packages.Apt.release(package) == release


def test_file_is_installed_and_held(install, host, put):
    put("9.5.2")
    result = install("9.5.2")
    assert (result["changed"], host.version, host.held) == (True, "9.5.2", True)
    assert result["previous"] == ""


def test_same_again_changes_nothing(install, host, put):
    host.version, host.held = "9.5.2", True
    result = install("9.5.2")
    assert not result["changed"]
    assert not [command for command in host.commands if "apt" in command]


def test_check_mode_says_so_and_changes_nothing(install, host):
    host.version = "8.19.5"
    result = install("9.5.2", check=True)
    assert (result["changed"], host.version) == (True, "8.19.5")
    assert result["diff"] == {"before": "logstash 8.19.5\n", "after": "logstash 9.5.2 (held)\n"}


def test_downgrade_and_held_version_are_moved(install, host, put):
    host.version, host.held = "9.5.2", True
    put("8.19.5")
    install("8.19.5")
    command = next(command for command in host.commands if "apt-get install" in command)
    assert host.version == "8.19.5"
    assert "--allow-downgrades" in command
    assert "--allow-change-held-packages" in command
    assert "--force-confold" in command


def test_hold_alone_is_put_right_in_both_directions(install, host):
    host.version = "9.5.2"
    assert install("9.5.2")["changed"]
    assert host.held
    assert install("9.5.2", hold=False)["changed"]
    assert not host.held


def test_half_installed_package_counts_as_none(install, host, put):
    host.version, host.status = "9.5.2", "half-configured"
    put("9.5.2")
    assert install("9.5.2")["changed"]
    assert (host.version, host.status) == ("9.5.2", "installed")


def test_package_that_was_cut_off_while_it_was_unpacked_goes_to_dpkg_first(install, host, put):
    host.version, host.status = "9.5.2", "half-installed"
    put("9.4.0")
    assert install("9.4.0")["changed"]
    commands = [command.split()[0] for command in host.commands if "--install" in command or "get install" in command]
    assert commands == ["dpkg", "apt-get"]
    assert host.version == "9.4.0"


def test_what_dpkg_did_not_finish_is_finished_before_apt_is_asked(install, host, put):
    host.version = "9.5.2"
    put("9.4.0")
    install("9.4.0")
    (pending,) = [number for number, command in enumerate(host.commands) if "--configure --pending" in command]
    (installed,) = [number for number, command in enumerate(host.commands) if "apt-get install" in command]
    assert pending < installed


def test_repository_is_asked_and_the_file_kept(install, host, cache):
    host.offered = ["9.5.1", "9.5.2"]
    result = install("9.5.2", download=True)
    assert result["file"] == str(cache / "logstash-9.5.2.deb")
    assert [path.name for path in cache.iterdir()] == ["logstash-9.5.2.deb"]
    assert host.version == "9.5.2"


def test_kept_file_needs_no_network(install, host, put):
    put("9.5.2")
    host.broken["apt-get update"] = (100, "", "E: Could not connect")
    assert install("9.5.2", download=True)["changed"]


def test_version_that_is_not_offered_is_an_error_that_lists_the_others(install, host):
    host.version, host.offered = "8.19.5", ["9.5.10", "9.5.9"]
    result = install("9.9.9", download=True)
    assert "no such version. Versions that there are: 9.5.9, 9.5.10" in result["msg"]
    assert host.version == "8.19.5"


def test_server_that_is_down_is_an_error_with_its_words(install, host):
    host.broken["apt-get update"] = (100, "", "E: Failed to fetch http://x  Could not connect")
    assert "Could not connect" in install("9.5.2", download=True)["msg"]


def test_lock_of_another_program_is_waited_for(install, host, put, monkeypatch):
    put("9.5.2")
    host.broken["apt-get install"] = (100, "", "E: Could not get lock /var/lib/dpkg/lock-frontend")
    monkeypatch.setattr(packages.time, "sleep", lambda _seconds: host.broken.clear())
    assert install("9.5.2")["changed"]


@pytest.mark.parametrize("content", ["logstash 1:9.5.1-1", "kibana 9.5.2"])
def test_file_of_something_else_is_refused_and_thrown_away(install, host, put, content):
    file = put("9.5.2", content)
    result = install("9.5.2")
    assert 'logstash_version is "9.5.2", but the file holds' in result["msg"]
    assert not file.exists()
    assert not [command for command in host.commands if "apt-get install" in command]


def test_file_that_is_no_package_is_refused(install, host, put):
    put("9.5.2")
    host.broken["dpkg-deb"] = (2, "", "dpkg-deb: error: not a Debian format archive")
    assert "dpkg-deb: error" in install("9.5.2")["msg"]


def test_failed_installation_says_what_the_host_has(install, host, put):
    host.version = "8.19.5"
    put("9.5.2")
    host.broken["apt-get install"] = (100, "", "No space left on device")
    result = install("9.5.2")
    assert "No space left on device" in result["msg"]
    assert "The host has 8.19.5" in result["msg"]


def test_installation_that_brings_another_version_is_an_error(install, host, put):
    host.version = "8.19.5"
    put("9.5.2")
    host.broken["apt-get install"] = (0, "", "")
    assert "after its installation the host has '8.19.5'" in install("9.5.2")["msg"]


def test_files_of_other_versions_go_and_the_one_to_go_back_to_stays(install, host, put, cache):
    for version in ("7.17.29", "8.19.5", "9.5.2"):
        put(version)
    (cache / ".fetch-killed").mkdir()
    install("9.5.2", keep=["8.19.5"])
    assert sorted(path.name for path in cache.iterdir()) == ["logstash-8.19.5.deb", "logstash-9.5.2.deb"]


class TestVersionlock:
    """The list of dnf's plugin versionlock."""

    @pytest.fixture
    def dnf(self, tmp_path, monkeypatch):
        monkeypatch.setattr(packages.Dnf, "_locks", str(tmp_path / "plugins/versionlock.list"))
        return packages.Dnf(
            lambda command, cwd=None: (
                0,
                "9.5.2 1:9.5.2-1 1700000000\n" if "%{VERSION} " in command[3] else "1:9.5.2-1\n",
                "",
            )
        )

    def test_hold_is_one_line_and_other_lines_stay(self, dnf, tmp_path):
        path = tmp_path / "plugins/versionlock.list"
        path.parent.mkdir()
        path.write_text("kibana-0:9.5.2-1.*\nlogstash-1:9.4.0-1.*\n")
        assert not dnf.installed().held
        dnf.hold(True)
        assert path.read_text() == "kibana-0:9.5.2-1.*\nlogstash-1:9.5.2-1.*\n"
        assert dnf.installed().held
        dnf.hold(False)
        assert path.read_text() == "kibana-0:9.5.2-1.*\n"

    def test_two_versions_of_a_cut_off_installation_are_not_whole(self):
        found = packages.Dnf(lambda *_, **__: (0, "9.4.0 1:9.4.0-1 1\n9.5.2 1:9.5.2-1 2\n", "")).installed()
        assert (found.version, found.whole) == ("9.5.2", False)


@pytest.mark.parametrize(
    ("started", "installed", "outdated"),
    [(None, 100, False), (50, 100, True), (150, 100, False), (99.5, 100, False), (50, 10**10, False), (50, 0, False)],
)
def test_process_is_outdated_when_it_is_older_than_what_is_installed(started, installed, outdated):
    assert logstash_installed.is_outdated(started, installed, now=1000) is outdated


def test_start_of_a_process_is_read_from_proc(tmp_path):
    (tmp_path / "7").mkdir()
    fields = " ".join(str(number) for number in range(3, 53))
    (tmp_path / "7/stat").write_text(f"7 (a (b) c) {fields}\n")
    (tmp_path / "stat").write_text("cpu 1 2\nbtime 1700\n")
    ticks = 22 / os.sysconf("SC_CLK_TCK")
    assert logstash_installed.started_at(7, tmp_path) == 1700 + ticks
    assert logstash_installed.started_at(8, tmp_path) is None


def test_archives_are_listed_and_the_link_read(run_module, host, tmp_path, monkeypatch):
    for version in ("8.19.5", "9.5.2"):
        (tmp_path / f"logstash-{version}").mkdir()
    (tmp_path / "current").symlink_to("logstash-9.5.2")
    monkeypatch.setattr(logstash_installed.AnsibleModule, "run_command", lambda *_, **__: (0, "0\n", ""))
    result = run_module(
        logstash_installed, manager="apk", archive_root=str(tmp_path), archive=True, unit=str(tmp_path / "unit")
    )
    assert (result["archives"], result["current"]) == (["8.19.5", "9.5.2"], "9.5.2")
    assert (result["package"], result["held"], result["has_archive_unit"]) == ("", False, False)
