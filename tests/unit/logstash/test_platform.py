"""What a host runs on, from what one command prints."""

import subprocess
from pathlib import Path

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.logstash import platform

SYSTEMD = "/run/systemd/system /run/systemd/system\n"
DEBIAN = 'PRETTY_NAME="Debian GNU/Linux 12"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nID=debian\n'
ROCKY = 'NAME="Rocky Linux"\nVERSION_ID="9.4"\nID="rocky"\nID_LIKE="rhel centos fedora"\n'
AMAZON = 'NAME="Amazon Linux"\nVERSION_ID="2023"\nID="amzn"\nID_LIKE="fedora"\n'
CENTOS_7 = 'NAME="CentOS Linux"\nVERSION_ID="7"\nID="centos"\nID_LIKE="rhel fedora"\n'
UBUNTU = 'NAME="Ubuntu"\nVERSION_ID="24.04"\nID=ubuntu\nID_LIKE=debian\n'
APT = "/usr/bin/apt-get /usr/bin/apt-get\n"
DNF = "/usr/bin/dnf /usr/bin/dnf-3\n"
YUM = "/usr/bin/yum /usr/bin/dnf-3\n"


@pytest.mark.parametrize(
    ("release", "programs", "expected"),
    [
        (DEBIAN, APT, ("Debian GNU/Linux", "12", "apt")),
        (DEBIAN, APT + DNF, ("Debian GNU/Linux", "12", "apt")),
        (UBUNTU, APT, ("Ubuntu", "24.04", "apt")),
        (ROCKY, DNF + YUM, ("Rocky Linux", "9.4", "dnf")),
        (ROCKY, APT + DNF, ("Rocky Linux", "9.4", "dnf")),
        (AMAZON, DNF, ("Amazon Linux", "2023", "dnf")),
        (CENTOS_7, "/usr/bin/yum /usr/bin/yum\n", ("CentOS Linux", "7", "yum")),
        ("NAME=Fedora\nID=fedora\n", "/usr/bin/dnf /usr/bin/dnf5\n", ("Fedora", "", "dnf5")),
        ("ID=alpine\nNAME='Alpine Linux'\n", "/sbin/apk /sbin/apk\n", ("Alpine Linux", "", "apk")),
        ("", "", ("an unknown distribution", "", "unknown")),
        ("NAME='half\nno setting\n", DNF, ("an unknown distribution", "", "dnf")),
    ],
)
def test_families(release, programs, expected):
    found = platform.parse(f"{release}\n{programs}{SYSTEMD}")
    assert (found["distribution"], found["distribution_version"], found["pkg_mgr"]) == expected
    assert found["service_mgr"] == "systemd"


def test_host_without_systemd():
    assert platform.parse(f"{DEBIAN}\n{APT}")["service_mgr"] == "unknown"


def test_command_prints_what_is_read():
    ended = subprocess.run(platform.COMMAND, capture_output=True, text=True, check=True)
    release = dict(line.partition("=")[::2] for line in Path("/etc/os-release").read_text().splitlines())
    assert platform.parse(ended.stdout)["distribution"] == release["NAME"].strip('"')
