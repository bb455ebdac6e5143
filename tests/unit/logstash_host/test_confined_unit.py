"""The unit of the test has the properties of the files that will be live, and nothing of what they run."""

import os
import pwd

import pytest
from ansible_collections.elk.deploy.plugins.module_utils.logstash_host import confined_unit, service_manager

UNIT = "logstash.service"
OF_PACKAGE = """[Unit]
Description=logstash
OnFailure=alarm.service

[Service]
Type=simple
User=logstash
EnvironmentFile=-/etc/default/logstash
ExecStart=/usr/share/logstash/bin/logstash \\
  "--path.settings" "/etc/logstash"
Restart=always
WorkingDirectory=/
Nice=19
LimitNOFILE=16384

[Install]
WantedBy=multi-user.target
"""


@pytest.fixture
def root(tmp_path):
    """A host with a unit, the role's drop-in and one of somebody else's, on which systemd runs."""
    (tmp_path / "run/systemd/system").mkdir(parents=True)
    files = {
        "usr/lib/systemd/system/logstash.service": OF_PACKAGE,
        "etc/systemd/system/logstash.service.d/elk-deploy.conf": "[Service]\nProtectSystem=full\n",
        "etc/systemd/system/logstash.service.d/own.conf": "[Service]\nExecStop=/x\nMemoryMax=4G\nRuntimeDirectory=y\n",
        "staged/unit.systemd": "# note\n[Service]\nProtectSystem=strict\nReadWritePaths=-/srv\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def collected(root, **more):
    """The properties in their order."""
    files = confined_unit.service_files(root, UNIT, root / "staged/unit.systemd", **more)
    return [line for text in files for line in confined_unit.properties(text)]


def test_properties_are_those_that_will_be_live(root):
    assert collected(root) == [
        "WorkingDirectory=/",
        "LimitNOFILE=16384",
        "ProtectSystem=strict",
        "ReadWritePaths=-/srv",
        "MemoryMax=4G",
    ]


def test_without_a_staged_drop_in_the_live_one_counts(root):
    files = confined_unit.service_files(root, UNIT)
    assert "ProtectSystem=full" in files[1]


def test_drop_in_counts_on_the_first_run_too(root):
    (root / "etc/systemd/system/logstash.service.d/elk-deploy.conf").unlink()
    assert "ProtectSystem=strict" in collected(root)


def test_unit_of_an_archive_counts_by_its_new_text(root):
    """The one on the host is that of the last run, or goes where a package comes back."""
    own = root / "etc/systemd/system/logstash.service"
    own.write_text("# Written by Ansible (elk.deploy.logstash): x\n[Service]\nLimitNOFILE=1\n")
    assert "LimitNOFILE=16384" in collected(root)
    assert "LimitNOFILE=2" in collected(root, of_archive="[Service]\nLimitNOFILE=2\n")


def test_unit_in_the_place_of_the_packages_counts(root):
    (root / "etc/systemd/system/logstash.service").write_text("[Service]\nLimitNOFILE=7\n")
    assert "LimitNOFILE=7" in collected(root)


@pytest.mark.parametrize(
    ("release", "change", "said"),
    [
        ("systemd 252 (252.38-1)", lambda root: (root / "run/systemd/system").rmdir(), "systemd does not run"),
        ("systemd 219\n+PAM", lambda root: None, "its systemd 219 is older than 236"),
        ("", lambda root: None, "of unknown release"),
    ],
)
def test_host_without_confined_units_is_told_why(root, release, change, said):
    change(root)
    with pytest.raises(confined_unit.NoConfinementError, match=said):
        confined_unit.ConfinedUnit(lambda _: (0, release, ""), [], pwd.getpwuid(os.getuid()), 10, root)


def test_host_without_the_unit_is_told_so(root):
    (root / "usr/lib/systemd/system/logstash.service").unlink()
    with pytest.raises(confined_unit.NoConfinementError, match=r"no unit logstash\.service"):
        collected(root)


class Systemctl:
    """Runs nothing; notes what it is asked for, and what the files of a unit are at its start."""

    def __init__(self, root):
        self.root, self.calls, self.files, self.modes, self.shown, self.printed = root, [], {}, set(), "", "said\n"

    def __call__(self, command):
        self.calls.append(command[1:])
        if command[1] == "show":
            return 0, self.shown, ""
        if command[1] == "start":
            place = self.root / "run/elk-deploy" / command[2]
            self.files = {"unit": (self.root / "run/systemd/system" / command[2]).read_text()}
            self.files["environment"] = (place / "environment").read_text()
            self.modes = {path.stat().st_mode & 0o077 for path in [place, *place.iterdir()]}
            (place / "output").write_text(self.printed)
            return (1 if self.shown else 0), "", "systemctl's own words\n"
        return 0, "systemd 252 (252.38-1)", ""


@pytest.fixture
def systemctl(root):
    return Systemctl(root)


@pytest.fixture
def unit(root, systemctl):
    files = confined_unit.service_files(root, UNIT, root / "staged/unit.systemd")
    return confined_unit.ConfinedUnit(systemctl, files, pwd.getpwnam("nobody"), 330, root)


def test_unit_has_the_properties_and_runs_the_program(root, unit, systemctl):
    with unit:
        assert unit.run(["p", 'a"$b%'], {"SECRET": 'a"b'}, [root / "da ta%", root / "logs"]) == (0, "said\n")
    lines = systemctl.files["unit"].splitlines()
    assert {"ProtectSystem=strict", "MemoryMax=4G", "User=nobody", "TimeoutStartSec=330", "Type=oneshot"} <= set(lines)
    assert f'ReadWritePaths="{root}/da ta%%"' in lines
    command = [line for line in lines if line.startswith("ExecStart")]
    assert len(command) == 1
    assert command[0].endswith('"sh" "p" "a\\"$$b%%"')
    assert "OnFailure" not in systemctl.files["unit"]


def test_secrets_are_for_root_alone_and_everything_is_gone_afterwards(root, unit, systemctl):
    with unit:
        unit.run(["p"], {"SECRET": 'a"b'}, [])
    assert systemctl.files["environment"] == 'SECRET="a\\"b"\n'
    assert "SECRET" not in systemctl.files["unit"]
    assert systemctl.modes == {0}
    assert list((root / "run/systemd/system").iterdir()) == []
    assert list((root / "run/elk-deploy").iterdir()) == []


@pytest.mark.parametrize(
    ("shown", "status"),
    [
        ("Result=exit-code\nExecMainCode=1\nExecMainStatus=7\n", 7),
        ("Result=signal\nExecMainCode=2\nExecMainStatus=9\n", 137),
        ("Result=timeout\nExecMainCode=2\nExecMainStatus=15\n", 124),
    ],
)
def test_status_is_that_of_the_program(unit, systemctl, shown, status):
    systemctl.shown = shown
    with unit:
        assert unit.run(["p"], {}, []) == (status, "said\n")
    assert ["reset-failed", unit.name] in systemctl.calls


def test_unit_that_systemd_refuses_is_a_failure_in_its_words(unit, systemctl):
    systemctl.shown, systemctl.printed = "Result=success\nExecMainCode=0\nExecMainStatus=0\n", ""
    with unit:
        assert unit.run(["p"], {}, []) == (1, "systemctl's own words\n")


def test_what_a_killed_run_left_is_stopped_and_removed(root, unit, systemctl):
    name = f"{confined_unit.PREFIX}0123.service"
    (root / "run/systemd/system" / name).write_text("[Service]\n")
    (root / "run/elk-deploy" / name).mkdir(parents=True)
    (root / "run/elk-deploy/logstash.lock").write_text("of this run")
    with unit:
        pass
    assert list((root / "run/systemd/system").iterdir()) == []
    assert [path.name for path in (root / "run/elk-deploy").iterdir()] == ["logstash.lock"]
    assert ["stop", f"{confined_unit.PREFIX}*.service"] in systemctl.calls


def test_names_differ(root, unit, systemctl):
    other = confined_unit.ConfinedUnit(systemctl, [], pwd.getpwnam("nobody"), 1, root)
    assert other.name != unit.name


def test_end_of_systemds_own_is_explained(unit):
    assert "(226/NAMESPACE)" in unit.why_not_started(226)
    assert unit.why_not_started(1) == ""


# What is known of the host


@pytest.mark.parametrize(
    ("number", "capabilities", "has"),
    [
        ("63000\n", "000001ffffffffff", True),
        ("0\n", "000001ffffffffff", False),
        (None, "000001ffffffffff", False),
        ("63000\n", "00000000a82425fb", False),  # of a container with SYS_ADMIN, but not SYS_PTRACE
        ("63000\n", None, False),
    ],
)
def test_user_namespaces(tmp_path, number, capabilities, has):
    (tmp_path / "proc/sys/user").mkdir(parents=True)
    (tmp_path / "proc/1").mkdir()
    if number:
        (tmp_path / "proc/sys/user/max_user_namespaces").write_text(number)
    if capabilities:
        (tmp_path / "proc/1/status").write_text(f"Name:\tsystemd\nCapEff:\t{capabilities}\nCapBnd:\t0\n")
    assert service_manager.has_user_namespaces(tmp_path) == has


@pytest.mark.parametrize(("content", "port"), [("0\n", 0), ("1024\n", 1024), (None, 1024)])
def test_first_port_for_everybody(tmp_path, content, port):
    if content:
        (tmp_path / "proc/sys/net/ipv4").mkdir(parents=True)
        (tmp_path / "proc/sys/net/ipv4/ip_unprivileged_port_start").write_text(content)
    assert service_manager.first_open_port(tmp_path) == port
