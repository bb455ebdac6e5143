"""The package: its layout, owner of files, control data, and that it is built the same every time."""

import hashlib
import re
import subprocess
import tarfile
from pathlib import Path

import pytest
from fake_logstash import build


@pytest.fixture(scope="module")
def package(tmp_path_factory) -> Path:
    return build.build_package("8.5.3", tmp_path_factory.mktemp("package"))


def field(package: Path, name: str) -> str:
    return subprocess.run(["dpkg-deb", "-f", package, name], check=True, capture_output=True, text=True).stdout.strip()


def contents(package: Path) -> dict[str, str]:
    listing = subprocess.run(["dpkg-deb", "-c", package], check=True, capture_output=True, text=True).stdout
    return {line.split()[5].lstrip("."): " ".join(line.split()[:2]) for line in listing.splitlines()}


def test_the_name_version_and_file_are_those_of_the_genuine_package(package):
    assert package.name == "logstash-8.5.3-amd64.deb"
    assert field(package, "Package") == "logstash"
    assert field(package, "Version") == "1:8.5.3-1"
    assert field(package, "Architecture") == "amd64"
    assert field(package, "Depends") == "python3 (>= 3.11), adduser"


def test_the_description_says_that_it_is_a_stand_in(package):
    assert "fake Logstash" in field(package, "Description")
    assert "This is NOT Logstash" in field(package, "Description")


def test_the_same_version_gives_the_same_bytes(package, tmp_path):
    again = build.build_package("8.5.3", tmp_path)
    assert hashlib.sha256(again.read_bytes()).digest() == hashlib.sha256(package.read_bytes()).digest()


def test_the_layout_is_the_genuine_one(package):
    files = contents(package)
    for path in (
        "/usr/share/logstash/bin/logstash",
        "/usr/share/logstash/bin/logstash-plugin",
        "/etc/logstash/logstash.yml",
        "/etc/logstash/pipelines.yml",
        "/etc/logstash/jvm.options",
        "/etc/logstash/log4j2.properties",
        "/etc/logstash/startup.options",
        "/etc/logstash/conf.d/",
        "/etc/default/logstash",
        "/lib/systemd/system/logstash.service",
        "/var/log/logstash/",
    ):
        assert path in files
    assert files["/usr/share/logstash/bin/logstash"] == "-rwxr-xr-x root/root"


def test_it_owns_only_the_data_directory_itself(package):
    assert [path for path in contents(package) if path.startswith("/var/lib/logstash")] == ["/var/lib/logstash/"]


def test_the_settings_files_are_conffiles(package, tmp_path):
    subprocess.run(["dpkg-deb", "-e", package, tmp_path / "control"], check=True)
    conffiles = (tmp_path / "control/conffiles").read_text().split()
    assert "/etc/logstash/logstash.yml" in conffiles
    assert "/etc/default/logstash" in conffiles


def test_the_unit_is_a_simple_one_that_restarts_for_ever(unpack):
    unit = (unpack("8.5.3") / "lib/systemd/system/logstash.service").read_text().splitlines()
    for line in (
        "Type=simple",
        "User=logstash",
        "Group=logstash",
        "EnvironmentFile=-/etc/default/logstash",
        "EnvironmentFile=-/etc/sysconfig/logstash",
        'ExecStart=/usr/share/logstash/bin/logstash "--path.settings" "/etc/logstash"',
        "Restart=always",
        "WorkingDirectory=/",
        "LimitNOFILE=16384",
        "TimeoutStopSec=infinity",
    ):
        assert line in unit


def test_installing_neither_starts_nor_enables_the_service():
    postinst = (build.HERE / "package/postinst").read_text()
    assert "systemctl enable" not in postinst
    assert "systemctl start" not in postinst


def test_pipelines_yml_exists_from_6_0(unpack):
    assert (unpack("6.0.0") / "etc/logstash/pipelines.yml").exists()
    older = unpack("5.6.16") / "etc/logstash"
    assert not (older / "pipelines.yml").exists()
    assert "path.config: /etc/logstash/conf.d/*.conf" in (older / "logstash.yml").read_text()


def test_every_release_has_its_own_set_of_plugins():
    assert "logstash-input-log4j" in build.bundled((5, 6, 16))
    assert "logstash-input-log4j" not in build.bundled((8, 5, 3))
    assert "logstash-integration-snmp" in build.bundled((9, 5, 2))


@pytest.mark.parametrize("version", ["8.5", "5.1.9", "9.6.0", "latest"])
def test_a_version_outside_the_tables_is_refused(version, tmp_path):
    with pytest.raises(build.BuildError):
        build.build_package(version, tmp_path)


def names(archive: Path) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(archive) as packed:
        return {member.name: member for member in packed}


@pytest.mark.parametrize("kind", ["archive", "rpm-source"])
def test_the_other_formats_are_the_same_bytes_every_time_and_roots(kind, tmp_path):
    first = build.BUILDERS[kind]("8.5.3", tmp_path / "first")
    assert first.read_bytes() == build.BUILDERS[kind]("8.5.3", tmp_path / "second").read_bytes()
    assert {(member.uname, member.gname) for member in names(first).values()} == {("root", "root")}


def test_the_archive_is_one_directory_with_the_settings_in_config(tmp_path):
    archive = build.build_archive("8.5.3", tmp_path)
    assert archive.name == "logstash-8.5.3-linux-x86_64.tar.gz"
    found = names(archive)
    assert {name.split("/")[0] for name in found} == {"logstash-8.5.3"}
    assert found["logstash-8.5.3/bin/logstash"].mode & 0o777 == 0o755
    for name in ("jvm.options", "log4j2.properties", "logstash.yml", "pipelines.yml", "startup.options"):
        assert f"logstash-8.5.3/config/{name}" in found
    assert not [name for name in found if "systemd" in name or "default" in name]


def test_the_program_runs_from_where_the_archive_is_unpacked(tmp_path):
    archive = build.build_archive("8.5.3", tmp_path)
    subprocess.run(["tar", "-xzf", archive, "-C", tmp_path], check=True)
    command = [
        tmp_path / "logstash-8.5.3/bin/logstash",
        "--version",
        "--path.settings",
        tmp_path / "logstash-8.5.3/config",
    ]
    assert "logstash 8.5.3" in subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_the_rpm_is_made_from_the_same_files_and_keeps_changed_settings(tmp_path):
    source = build.build_rpm_source("5.4.1", tmp_path)
    found = names(source)
    assert "logstash-5.4.1-rpm/root/usr/share/logstash/bin/logstash" in found
    with tarfile.open(source) as packed:
        spec = packed.extractfile("logstash-5.4.1-rpm/logstash.spec").read().decode()
    assert "Epoch: 1\nVersion: 5.4.1\n" in spec
    kept = re.findall(r"^%config\(noreplace\) (.*)$", spec, re.MULTILINE)
    assert "/etc/default/logstash" in kept
    assert "/etc/logstash/pipelines.yml" not in kept
    assert set(kept) <= {"/" + name.partition("/root/")[2] for name in found}


def test_the_command_line_prints_the_path_and_the_checksum(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["build.py", "--version", "8.5.3", "--output", str(tmp_path)])
    assert build.main() == 0
    path, checksum = capsys.readouterr().out.split()
    assert hashlib.sha256(Path(path).read_bytes()).hexdigest() == checksum
