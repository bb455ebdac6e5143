"""The transient unit has the properties of the files that will be live, and nothing of what they run."""

import os
import pwd

import pytest
from ansible_collections.elk.deploy.plugins.module_utils.logstash_host import service_manager, transient_unit

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
    files = transient_unit.service_files(root, UNIT, root / "staged/unit.systemd", **more)
    return [line for text in files for line in transient_unit.properties(text)]


def test_properties_are_those_that_will_be_live(root):
    assert collected(root) == [
        "WorkingDirectory=/",
        "LimitNOFILE=16384",
        "ProtectSystem=strict",
        "ReadWritePaths=-/srv",
        "MemoryMax=4G",
    ]


def test_without_a_staged_drop_in_the_live_one_counts(root):
    files = transient_unit.service_files(root, UNIT)
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
def test_host_without_transient_units_is_told_why(root, release, change, said):
    change(root)
    with pytest.raises(transient_unit.NoConfinementError, match=said):
        transient_unit.TransientUnit(lambda _: (0, release, ""), [], pwd.getpwuid(os.getuid()), 10, root)


def test_host_without_the_unit_is_told_so(root):
    (root / "usr/lib/systemd/system/logstash.service").unlink()
    with pytest.raises(transient_unit.NoConfinementError, match=r"no unit logstash\.service"):
        collected(root)


@pytest.fixture
def unit(root):
    """A unit of that host, and the commands that it ran."""
    calls = []

    def run(command):
        calls.append(command)
        return 0, "systemd 252 (252.38-1)", ""

    files = transient_unit.service_files(root, UNIT, root / "staged/unit.systemd")
    made = transient_unit.TransientUnit(run, files, pwd.getpwnam("nobody"), 330, root)
    made.calls = calls
    return made


def test_files_are_for_root_alone_and_gone_afterwards(root, unit):
    with unit:
        unit.write({"SECRET": 'a"b'}, root / "environment", [root / 'da"ta%', root / "logs"])
        folder = root / f"run/systemd/system/{unit.name}.d"
        texts = [path.read_text() for path in sorted(folder.iterdir())]
        modes = {path.stat().st_mode & 0o077 for path in [root / "environment", folder, *folder.iterdir()]}
    assert modes == {0}
    assert (root / "environment").read_text() == 'SECRET="a\\"b"\n'
    last = texts[-1].splitlines()
    assert {"User=nobody", f"EnvironmentFile={root}/environment", "RuntimeMaxSec=330"} <= set(last)
    assert f'ReadWritePaths="{root}/da\\"ta%%"' in last
    assert not any("SECRET" in text or "ExecStart" in text for text in texts)
    assert ["systemctl", "daemon-reload"] in unit.calls
    assert list((root / "run/systemd/system").iterdir()) == []


def test_what_a_killed_run_left_is_stopped_and_removed(root, unit):
    left = root / f"run/systemd/system/{transient_unit.PREFIX}0123.service.d"
    left.mkdir()
    (left / "000.conf").write_text("[Service]\n")
    with unit:
        assert not left.exists()
    assert ["systemctl", "stop", f"{transient_unit.PREFIX}*.service"] in unit.calls


def test_names_differ(root, unit):
    other = transient_unit.TransientUnit(lambda _: (0, "systemd 252", ""), [], pwd.getpwnam("nobody"), 1, root)
    assert other.name != unit.name


def test_end_of_systemds_own_is_explained(unit):
    assert "(226/NAMESPACE)" in unit.why_not_started(226)
    assert unit.why_not_started(1) == ""


# What is known of the host


@pytest.mark.parametrize(("content", "has"), [("63000\n", True), ("0\n", False), (None, False)])
def test_user_namespaces(tmp_path, content, has):
    if content:
        (tmp_path / "proc/sys/user").mkdir(parents=True)
        (tmp_path / "proc/sys/user/max_user_namespaces").write_text(content)
    assert service_manager.has_user_namespaces(tmp_path) == has


@pytest.mark.parametrize(("content", "port"), [("0\n", 0), ("1024\n", 1024), (None, 1024)])
def test_first_port_for_everybody(tmp_path, content, port):
    if content:
        (tmp_path / "proc/sys/net/ipv4").mkdir(parents=True)
        (tmp_path / "proc/sys/net/ipv4/ip_unprivileged_port_start").write_text(content)
    assert service_manager.first_open_port(tmp_path) == port
