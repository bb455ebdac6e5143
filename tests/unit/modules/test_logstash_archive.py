"""An archive appears whole beside the versions that are there, or not at all; what is still needed stays."""

import io
import os
import tarfile

import pytest
from ansible_collections.elk.deploy.plugins.modules import logstash_archive


@pytest.fixture
def archive(tmp_path):
    """archive(version, config={}) -> a tar.gz with a program and settings files."""

    def make(version, config=None, program="bin/logstash"):
        path = tmp_path / f"{version}.tar.gz"
        files = {program: "#!/bin/sh\n", **{f"config/{name}": text for name, text in (config or {}).items()}}
        with tarfile.open(path, "w:gz") as packed:
            for name, text in files.items():
                member = tarfile.TarInfo(f"logstash-{version}/{name}")
                member.size = len(text)
                packed.addfile(member, io.BytesIO(text.encode()))
        return path

    return make


@pytest.fixture
def unpack(run_module, tmp_path):
    """unpack(file, version, **options) -> the module's result, on a root and a settings directory of the test."""
    for name in ("root", "settings"):
        (tmp_path / name).mkdir()

    def run(file, version, check=False, **options):
        return run_module(
            logstash_archive,
            check=check,
            file=str(file),
            version=version,
            root=str(tmp_path / "root"),
            settings=str(tmp_path / "settings"),
            environment=str(tmp_path / "etc/default/logstash"),
            exclude=["logstash.yml"],
            origin="logstash_package_url x",
            **{"user": "root", "group": "root", **options},
        )

    return run


@pytest.fixture
def names(tmp_path):
    return lambda: sorted(path.name for path in (tmp_path / "root").iterdir())


def test_version_is_unpacked_beside_the_others(unpack, archive, names):
    unpack(archive("8.19.5"), "8.19.5")
    assert unpack(archive("9.5.2"), "9.5.2")["changed"]
    assert names() == ["logstash-8.19.5", "logstash-9.5.2"]


def test_same_again_needs_no_archive_and_changes_nothing(unpack, archive):
    file = archive("9.5.2", {"jvm.options": "-Xmx1g"})
    unpack(file, "9.5.2")
    assert not file.exists()
    assert not unpack(file, "9.5.2")["changed"]


def test_check_mode_changes_nothing(unpack, archive, names):
    assert unpack(archive("9.5.2"), "9.5.2", check=True)["changed"]
    assert names() == []


def test_archive_of_another_version_is_refused(unpack, archive, names):
    result = unpack(archive("9.5.1"), "9.5.2")
    assert result["failed"]
    assert "logstash_version is \"9.5.2\", but logstash_package_url x holds 'logstash-9.5.1'" in result["msg"]
    assert names() == []


def test_archive_without_the_program_is_refused(unpack, archive, names):
    assert unpack(archive("9.5.2", program="bin/other"), "9.5.2")["failed"]
    assert names() == []


def test_cut_off_archive_leaves_nothing(unpack, archive, names):
    file = archive("9.5.2", {"big": "x" * 100000})
    file.write_bytes(file.read_bytes()[:200])
    result = unpack(file, "9.5.2")
    assert result["failed"]
    assert "could not be unpacked" in result["msg"]
    assert names() == []


def test_directory_of_a_killed_run_is_replaced(unpack, archive, tmp_path, names):
    (tmp_path / "root/.logstash-9.5.2.part/logstash-9.5.1").mkdir(parents=True)
    assert not unpack(archive("9.5.2"), "9.5.2").get("failed")
    assert names() == ["logstash-9.5.2"]


def test_version_that_runs_and_the_last_good_one_stay(unpack, archive, names, tmp_path):
    for version in ("7.17.29", "8.19.4", "8.19.5"):
        unpack(archive(version), version, keep=["7.17.29", "8.19.4"])
    (tmp_path / "root/current").symlink_to("logstash-8.19.4")
    assert unpack(archive("9.5.2"), "9.5.2", keep=["7.17.29"])["removed"] == ["8.19.5"]
    assert names() == ["current", "logstash-7.17.29", "logstash-8.19.4", "logstash-9.5.2"]


def test_the_one_before_stays_once_the_new_one_runs(unpack, archive, names, tmp_path):
    for number, version in enumerate(("7.17.29", "8.19.5", "9.5.2")):
        unpack(archive(version), version, keep=["7.17.29"])
        os.utime(tmp_path / f"root/logstash-{version}", (number, number))
    (tmp_path / "root/current").symlink_to("logstash-9.5.2")
    assert unpack("unused", "9.5.2")["removed"] == ["7.17.29"]
    assert not unpack("unused", "9.5.2")["changed"]


def test_settings_are_brought_where_there_are_none(unpack, archive, tmp_path):
    result = unpack(archive("9.5.2", {"jvm.options": "-Xmx1g", "logstash.yml": "a: b"}), "9.5.2")
    assert result["settings"] == ["jvm.options"]
    assert (tmp_path / "settings/jvm.options").read_text() == "-Xmx1g"
    assert not (tmp_path / "settings/logstash.yml").exists()


def test_unchanged_settings_follow_the_version_and_changed_ones_stay(unpack, archive, tmp_path):
    settings = tmp_path / "settings"
    unpack(archive("8.19.5", {"jvm.options": "old", "log4j2.properties": "old"}), "8.19.5")
    (settings / "log4j2.properties").write_text("edited")
    result = unpack(archive("9.5.2", {"jvm.options": "new", "log4j2.properties": "new"}), "9.5.2")
    assert result["settings"] == ["jvm.options"]
    assert (settings / "jvm.options").read_text() == "new"
    assert (settings / "log4j2.properties").read_text() == "edited"


def test_settings_that_are_links_are_somebody_elses(unpack, archive, tmp_path):
    (tmp_path / "settings/jvm.options").symlink_to("not-there-yet")
    assert unpack(archive("9.5.2", {"jvm.options": "new"}), "9.5.2")["settings"] == []


def test_what_a_package_creates_is_there_afterwards(unpack, archive, tmp_path):
    shown = unpack(archive("9.5.2"), "9.5.2")["diff"]["after"].splitlines()
    assert shown[-2:] == [f"file {tmp_path}/etc/default/logstash", "version 9.5.2"]
    assert (tmp_path / "etc/default/logstash").read_text() == "# Environment of the service logstash.\n"
    assert (tmp_path / "etc/default").stat().st_mode & 0o777 == 0o755
    (tmp_path / "etc/default/logstash").write_text("OWN=1\n")
    (tmp_path / "settings").chmod(0o700)
    assert unpack("unused", "9.5.2")["diff"]["after"] == f"directory {tmp_path}/settings\n"
    assert (tmp_path / "etc/default/logstash").read_text() == "OWN=1\n"


@pytest.mark.parametrize("check", [False, True])
def test_user_and_group_are_created_where_they_are_missing(unpack, archive, monkeypatch, tmp_path, check):
    commands = []
    monkeypatch.setattr(
        logstash_archive.AnsibleModule,
        "run_command",
        lambda _module, command, **_options: commands.append(command) or (9, "", "useradd: no space"),
    )
    result = unpack(archive("9.5.2"), "9.5.2", check=check, user="elk-nobody", group="root")
    if check:
        assert (commands, result["diff"]["after"].splitlines()[0]) == ([], "user elk-nobody")
        return
    assert result["codes"] == ["account_missing"]
    assert "The user elk-nobody could not be created: useradd: no space" in result["msg"]
    assert commands[0][0] == "useradd"
    assert {"--gid=root", "--system", f"--home-dir={tmp_path}/root"} < set(commands[0])
