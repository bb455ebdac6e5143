"""Packages: what is installed, and the move to another version, on package programs that a test plays."""

import os
from pathlib import Path

import pytest
from ansible_collections.elk.deploy.plugins.module_utils import waiting
from ansible_collections.elk.deploy.plugins.module_utils.logstash import packages
from ansible_collections.elk.deploy.plugins.module_utils.logstash_host import installation
from ansible_collections.elk.deploy.plugins.modules import logstash_host, logstash_package

FAILED = """Reading package lists...
The following NEW packages will be installed:
  logstash
Selecting previously unselected package logstash.
Preparing to unpack .../logstash.deb ...
Unpacking logstash (1:9.5.2-1) ...
Setting up logstash (1:9.5.2-1) ...
Unable to install system startup script for Logstash.
  no space left on the device
dpkg: error processing package logstash (--configure):
 installed logstash package post-installation script subprocess returned error exit status 3
Errors were encountered while processing:
 logstash
"""


DNF_FAILED = """Dependencies resolved.
Installing:
 logstash         x86_64         1:9.5.2-1           @commandline         111 k
Running transaction check
Running transaction
  Preparing        :                                                        1/1
  Running scriptlet: logstash-1:9.5.2-1.x86_64                              1/1
no disk
  at all
warning: %post(logstash-1:9.5.2-1.x86_64) scriptlet failed, exit status 3

  Verifying        : logstash-1:9.5.2-1.x86_64                              1/1
New leaves:
  logstash.x86_64

Installed:
  logstash-1:9.5.2-1.x86_64

Complete!
Error in POSTIN scriptlet in rpm package logstash
"""


class Host:
    """A host whose package is what the tests say, behind the programs of one family."""

    def __init__(self, monkeypatch, family):
        self.version, self.status, self.held = "", "installed", False
        self.offered, self.commands, self.broken = [], [], {}
        self.family, self.missing, self.missing_after, self.said, self.hash = family, [], [], "", "0" * 64
        monkeypatch.setattr(packages, "missing", lambda: iter(self.missing))
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
        if "--remove" in command:
            self.version = ""

    def do_apt_cache(self, command, cwd):
        if command[1] == "show":
            return 0, f"Package: logstash\nVersion: 1:9.5.2-1\nSHA256: {self.hash}\n", ""
        return 0, "".join(f" logstash | 1:{version}-1 | file:/r stable/main\n" for version in self.offered), ""

    def do_apt_mark(self, command, cwd):
        self.held = command[1] == "hold"

    def do_apt_get(self, command, cwd):
        if command[1] == "download":
            version = command[-1].partition("=")[2]
            (Path(cwd) / "logstash_1%3a9.deb").write_text(f"logstash {version}")
        elif command[1] == "install":
            self.version, self.status = packages.Apt.release(Path(command[-1]).read_text().split()[1]), "installed"
            self.missing = self.missing_after
            return 0, self.said, ""
        return None

    def fails_in_postinst(self):
        """The post-installation script fails, as dpkg tells it: the package is there, and half configured."""
        self.do_apt_get_whole, self.do_apt_get = self.do_apt_get, self._half

    def _half(self, command, cwd):
        if command[1] != "install":
            return self.do_apt_get_whole(command, cwd)
        self.do_apt_get_whole(command, cwd)
        self.status = "half-configured"
        return 100, FAILED, "E: Sub-process /usr/bin/dpkg returned an error code (1)\n"


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
    monkeypatch.setattr(waiting.time, "sleep", lambda _seconds: host.broken.clear())
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


class TestFailedScript:
    """A script of the package fails, or leaves the package without what the service needs."""

    def test_its_words_are_told_and_a_new_package_is_taken_off(self, install, host, put):
        put("9.5.2")
        host.fails_in_postinst()
        result = install("9.5.2")
        assert (
            "The post-installation script of the package ended with 3. It said: Unable to install system startup "
            "script for Logstash.\n  no space left on the device\n" in result["msg"]
        )
        assert "The package was taken off the host again, which had none before" in result["msg"]
        assert "Reading package lists" not in result["msg"]
        assert host.version == ""
        assert "the next run reinstalls the package" in result["hint"]

    def test_one_that_was_there_stays_for_the_way_back(self, install, host, put):
        host.version = "8.19.5"
        put("9.5.2")
        host.fails_in_postinst()
        assert "The host has 9.5.2, half installed" in install("9.5.2")["msg"]
        assert host.version == "9.5.2"

    def test_next_run_installs_it_anew(self, install, host, put):
        host.version, host.status, host.held = "9.5.2", "half-configured", True
        put("9.5.2")
        assert install("9.5.2")["changed"]
        assert not install("9.5.2")["changed"]

    def test_package_without_its_unit_is_an_error_with_what_the_script_said(self, install, host, put):
        put("9.5.2")
        host.missing_after = ["the unit logstash.service"]
        host.said = "Setting up logstash (1:9.5.2-1) ...\nUnable to install system startup script for Logstash.\n"
        result = install("9.5.2")
        assert "It is installed, but without the unit logstash.service" in result["msg"]
        assert "It said: Unable to install system startup script for Logstash." in result["msg"]

    def test_package_whose_unit_went_is_installed_anew_although_its_version_is_right(self, install, host, put):
        host.version, host.held, host.missing = "9.5.2", True, ["the unit logstash.service"]
        put("9.5.2")
        assert install("9.5.2", check=True)["changed"]
        assert install("9.5.2")["changed"]
        assert not install("9.5.2")["changed"]

    @pytest.mark.parametrize("status", ["half-installed", "unpacked", "half-configured", "triggers-pending"])
    def test_state_of_dpkg_that_is_not_installed_is_not(self, host, cache, status):
        host.version, host.status = "9.5.2", status
        assert not packages.look(packages.Apt(None), cache).sound

    def test_note_of_an_installation_that_did_not_end_well(self, install, host, put, cache):
        """rpm takes a package whose scripts failed for installed: the role keeps a note of its own."""
        put("9.5.2")
        host.fails_in_postinst()
        host.version = "8.19.5"
        install("9.5.2")
        host.status = "installed"
        assert not packages.look(packages.Apt(None), cache).sound
        host.version = "8.19.5"
        assert packages.look(packages.Apt(None), cache).sound
        host.version = "9.5.2"
        host.do_apt_get = host.do_apt_get_whole
        assert install("9.5.2")["changed"]
        assert packages.look(packages.Apt(None), cache).sound

    def test_what_is_missing_is_seen_on_the_host(self, tmp_path, monkeypatch):
        monkeypatch.setattr(packages.pwd, "getpwnam", {}.__getitem__)
        assert list(packages.missing(tmp_path)) == [
            "the program /usr/share/logstash/bin/logstash", "the unit logstash.service", "the user logstash"
        ]  # fmt: skip
        monkeypatch.setattr(packages.pwd, "getpwnam", str)
        program, unit = tmp_path / packages.PROGRAM[1:], tmp_path / "etc/systemd/system/logstash.service"
        for path in (program, unit):
            path.parent.mkdir(parents=True)
        program.touch()
        unit.write_text("# Written by Ansible (elk.deploy.logstash): the unit of the packages\n[Unit]\n")
        assert list(packages.missing(tmp_path)) == ["the unit logstash.service"]
        assert installation.is_of_archive(unit)
        # Before 8.0 the package's own is at this place.
        unit.write_text("[Unit]\n")
        assert list(packages.missing(tmp_path)) == []
        assert not installation.is_of_archive(unit)

    def test_unit_of_the_role_is_known_by_its_head(self):
        root = Path(__file__).parents[3]
        assert packages.UNIT_OF_ARCHIVE in (root / "roles/logstash/templates/logstash.service.j2").read_text()

    @pytest.mark.parametrize(
        "output",
        [
            "no disk\n  at all\nwarning: %post(logstash-1:9.5.2-1.x86_64) scriptlet failed, exit status 3\n",
            DNF_FAILED,
        ],
    )
    def test_rpm_goes_on_after_a_script_that_failed_and_the_run_does_not(self, monkeypatch, output):
        dnf = packages.Dnf(lambda *_, **__: (0, output, ""))
        with pytest.raises(
            packages.PackageError, match=r"post-installation script of the package.*It said: no disk\n  at all$"
        ):
            dnf.install("/logstash.rpm", packages.Installed())


class TestFileOfTheRepository:
    """A package file in the cache, when the repository has another one of that version by now."""

    def test_other_one_is_fetched(self, install, host, put):
        file = put("9.5.2", "logstash 1:9.5.2-1 rebuilt")
        host.offered = ["9.5.2"]
        install("9.5.2", download=True, refresh=True)
        assert file.read_text() == "logstash 1:9.5.2-1"

    def test_same_one_is_not_fetched(self, install, host, put):
        file = put("9.5.2")
        host.hash = packages.digest(file, "sha256")
        install("9.5.2", download=True, refresh=True)
        assert not [command for command in host.commands if "apt-get download" in command]
        assert host.version == "9.5.2"

    def test_repository_that_is_down_is_no_reason_to_stop(self, install, host, put):
        put("9.5.2")
        host.broken["apt-get update"] = (100, "", "E: Could not connect")
        result = install("9.5.2", download=True, refresh=True)
        assert result["changed"]
        assert "cannot be reached: apt-get update ended with 100: E: Could not connect" in str(result["warnings"])


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
    assert installation.is_outdated(started, installed, now=1000) is outdated


def test_start_of_a_process_is_read_from_proc(tmp_path):
    (tmp_path / "7").mkdir()
    fields = " ".join(str(number) for number in range(3, 53))
    (tmp_path / "7/stat").write_text(f"7 (a (b) c) {fields}\n")
    (tmp_path / "stat").write_text("cpu 1 2\nbtime 1700\n")
    ticks = 22 / os.sysconf("SC_CLK_TCK")
    assert installation.started_at(7, tmp_path) == 1700 + ticks
    assert installation.started_at(8, tmp_path) is None


def test_archives_are_listed_and_the_link_read(run_module, host, tmp_path, monkeypatch):
    for version in ("8.19.5", "9.5.2"):
        (tmp_path / f"logstash-{version}").mkdir()
    (tmp_path / "current").symlink_to("logstash-9.5.2")
    monkeypatch.setattr(logstash_host.AnsibleModule, "run_command", lambda *_, **__: (0, "0\n", ""))
    where = {"manager": "apk", "cache": str(tmp_path), "archive_root": str(tmp_path), "archive": True, "unit": "/none"}
    found = run_module(logstash_host, host="a", installation=where)["installed"]
    assert (found["archives"], found["current"]) == (["8.19.5", "9.5.2"], "9.5.2")
    assert (found["package"], found["held"], found["has_archive_unit"]) == ("", False, False)


def test_version_that_is_not_there_is_left_where_only_its_hold_counts(host, install, put):
    host.version = "9.4.0"
    put("9.5.2")
    result = install("9.5.2", only_if_installed=True)
    assert (result["changed"], result["installs"], host.version) == (False, False, "9.4.0")
    host.version = "9.5.2"
    assert install("9.5.2", only_if_installed=True)["changed"]
    assert host.held


def test_whether_it_would_be_installed_is_told(host, install, put):
    put("9.5.2")
    assert install("9.5.2", check=True)["installs"]
    install("9.5.2")
    assert not install("9.5.2", check=True)["installs"]
