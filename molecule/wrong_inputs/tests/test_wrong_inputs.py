"""A wrong input stops the run with a message that names the variable, its value and a hint; nothing live changes."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from playbook_run import Run

ROOT = Path(os.environ["MOLECULE_PROJECT_DIRECTORY"])
PACKAGE = json.loads((ROOT / "build/packages/choice.json").read_text())
TAKEN_PORT = 9700


def state(host):
    """What must not change: the process, its settings, the installed package, and that it serves."""
    return {
        "pid": host.run("systemctl show --value --property MainPID logstash").stdout,
        "settings": host.run(
            "readlink /etc/logstash/current; cat /etc/logstash/logstash.yml /etc/logstash/proven"
        ).stdout,
        "pipelines": host.run("cat /etc/logstash/pipelines.yml /etc/logstash/pipelines/*/*").stdout,
        "package": host.run("dpkg-query --show logstash").stdout,
        "running": list(json.loads(host.run("curl -s localhost:9600/_node/stats/pipelines").stdout)["pipelines"]),
    }


@pytest.fixture
def deploy_wrongly(host, tmp_path):
    """deploy_wrongly(variables) -> the output of a run that has to fail and to leave the host as it was."""

    def run(variables):
        before = state(host)
        ended = Run("playbooks/logstash.yml", variables, tmp_path)
        assert ended.code != 0, ended.output
        assert state(host) == before
        assert not host.file("/var/lib/logstash-validation").exists
        return ended.text

    return run


@pytest.fixture
def templates(tmp_path):
    """A folder of templates for one pipeline: templates(text) -> the variables that use it."""

    def write(text):
        (tmp_path / "broken.conf").write_text(text)
        return {
            "logstash_template_path": str(tmp_path),
            "logstash_pipelines": [{"id": "broker", "templates": ["broken.conf"]}],
        }

    return write


@pytest.fixture
def file_package(tmp_path):
    """A package file that is none, with its right checksum."""
    path = tmp_path / "logstash-9.5.2-amd64.deb"
    path.write_text("not a package")
    checksum = subprocess.run(["sha256sum", path], capture_output=True, text=True, check=True).stdout.split()[0]
    return {
        "logstash_version": "9.4.0",
        "logstash_package_url": str(path),
        "logstash_package_checksum": f"sha256:{checksum}",
    }


def test_version_that_is_no_version(deploy_wrongly):
    output = deploy_wrongly({"logstash_version": "latest"})
    assert 'logstash_version is "latest"; expected an exact release' in output
    assert "Set the full version number" in output


def test_version_that_the_package_does_not_have(deploy_wrongly):
    output = deploy_wrongly({"logstash_version": "9.9.9"})
    assert 'logstash_version is "9.9.9", but logstash_package_url' in output
    assert "Set the version that the package has" in output


def test_version_that_the_repository_does_not_have(deploy_wrongly):
    output = deploy_wrongly(
        {
            "logstash_version": "9.9.9",
            "logstash_package_url": "",
            "logstash_package_checksum": "",
            "logstash_repository_url": "file:///srv/nothing",
            "logstash_repository_key_url": "file:///usr/share/keyrings/debian-archive-keyring.gpg",
            "logstash_repository_key_fingerprints": [],
            "logstash_require_checksums": False,
        }
    )
    assert "Logstash 9.9.9 could not be installed from logstash_repository_url" in output
    assert "Set a version that is there, or the address of a repository that carries it" in output


def test_wrong_checksum(deploy_wrongly):
    output = deploy_wrongly({"logstash_version": "9.4.0", "logstash_package_checksum": "sha256:" + "0" * 64})
    assert f'logstash_package_checksum is "sha256:{"0" * 64}", but' in output
    assert "Fetch the package again, or correct the checksum" in output


def test_checksum_of_unknown_form(deploy_wrongly):
    output = deploy_wrongly({"logstash_package_checksum": "md5:abc"})
    assert 'logstash_package_checksum is "md5:abc"; expected sha256:<64 hex digits>' in output


def test_package_that_is_not_there(deploy_wrongly):
    output = deploy_wrongly({"logstash_package_url": "/nowhere/logstash.deb"})
    assert 'logstash_package_url is "/nowhere/logstash.deb": there is no such file' in output
    assert "Correct the path" in output


def test_package_that_is_no_package(deploy_wrongly, file_package):
    output = deploy_wrongly(file_package)
    assert 'logstash_version is "9.4.0", but logstash_package_url' in output
    assert "dpkg-deb: error" in output


def test_port_that_another_program_holds(deploy_wrongly, host):
    host.run(f"systemd-run --unit squatter python3 -m http.server {TAKEN_PORT}")
    try:
        output = deploy_wrongly({"logstash_api_port": TAKEN_PORT})
    finally:
        host.run("systemctl stop squatter")
    assert f"logstash_api_port has {TAKEN_PORT}" in output
    assert "taken by process" in output
    assert "Stop that program, or set another port" in output


@pytest.fixture
def noexec(host):
    """A directory on a file system that is mounted noexec."""
    host.check_output("mkdir -p /srv/noexec && mount -t tmpfs -o noexec,mode=1777 none /srv/noexec")
    yield "/srv/noexec"
    host.check_output("umount /srv/noexec && rmdir /srv/noexec")


def test_temporary_directory_that_cannot_execute(deploy_wrongly, noexec):
    output = deploy_wrongly({"logstash_path_tmp": f"{noexec}/own"})
    assert f"logstash_path_tmp makes {noexec}/own the temporary directory of Java" in output
    assert f"the file system of {noexec} is mounted noexec" in output
    assert "set logstash_path_tmp to a directory on another one" in output


@pytest.mark.parametrize("hardening", [True, False])
def test_own_option_for_the_temporary_directory_counts_and_is_checked(deploy_wrongly, hardening):
    output = deploy_wrongly({"logstash_jvm_options": ["-Djava.io.tmpdir=/tmp"], "logstash_unit_hardening": hardening})
    assert "logstash_jvm_options makes /tmp the temporary directory of Java" in output
    assert "mounted noexec" in output


def test_own_temporary_directory_that_is_not_there(deploy_wrongly):
    output = deploy_wrongly({"logstash_jvm_options": ["-Djava.io.tmpdir=/srv/nothing"]})
    assert "logstash_jvm_options makes /srv/nothing the temporary directory of Java, but there is no such" in output


def test_data_volume_that_cannot_execute(deploy_wrongly, noexec):
    output = deploy_wrongly({"logstash_path_data": f"{noexec}/data", "logstash_old_data": "leave"})
    assert f"logstash_path_tmp makes {noexec}/data/tmp the temporary directory of Java" in output


def test_pipeline_with_a_syntax_error(deploy_wrongly, templates):
    output = deploy_wrongly(templates("input { stdin { } }\noutput { stdout { codec => } }\n"))
    assert "Logstash's own test refuses the staged settings" in output
    assert "Expected one of" in output
    assert "Nothing live was changed, and nothing was restarted" in output


def test_pipeline_with_an_unknown_plugin(deploy_wrongly, templates):
    output = deploy_wrongly(templates("input { stdin { } }\noutput { nosuchplugin { } }\n"))
    assert "Unable to load plugin" in output
    assert "nosuchplugin" in output


def test_setting_that_this_version_does_not_know(deploy_wrongly):
    output = deploy_wrongly({"logstash_settings": {"foo.bar": 1}})
    assert "logstash_settings: Logstash " in output
    assert " does not know foo.bar." in output


def test_setting_that_nobody_checked_is_refused_by_logstash(deploy_wrongly):
    output = deploy_wrongly({"logstash_settings": {"foo.bar": 1}, "logstash_settings_unchecked": ["foo.bar"]})
    assert 'Setting "foo.bar" doesn\'t exist' in output


def test_token_without_a_value(deploy_wrongly, templates):
    output = deploy_wrongly(templates("input {\n  tcp { port => #{NoSuchVariable} }\n}\n"))
    assert "#{NoSuchVariable}" in output
    assert "broken.conf:2" in output


def test_required_variable_that_is_empty(deploy_wrongly):
    output = deploy_wrongly(
        {"logstash_required_variables": ["LogTcpPort"], "octopus_variables": {"LogTcpPort": "", "LogHttpPort": 8080}}
    )
    assert "LogTcpPort" in output
    assert "empty" in output


def test_no_pipelines(deploy_wrongly):
    output = deploy_wrongly({"logstash_pipelines": []})
    assert "logstash_pipelines is []; expected at least one pipeline" in output


def test_correct_input_still_changes_nothing(host, tmp_path):
    """The runs above left nothing behind that the next good run would have to repair but the staged settings."""
    before = state(host)
    ended = Run("playbooks/logstash.yml", {}, tmp_path)
    assert ended.code == 0, ended.output
    assert state(host) == before
