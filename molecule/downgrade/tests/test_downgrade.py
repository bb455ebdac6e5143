"""The version goes where the variable says, and nowhere when the package cannot be had. In order."""

import hashlib
import socket
import subprocess

import pytest
from object_store import ObjectStore
from other_versions import CHOICE, package
from playbook_run import Run, service

# Each test goes on where the one before it has left the host.
pytestmark = pytest.mark.random_order(disabled=True)

OLD, NEW = "8.19.5", CHOICE["logstash_version"]
CACHE = "/var/cache/elk-deploy"


@pytest.fixture
def deploy(tmp_path):
    """deploy(variables) -> a run with these variables."""
    return lambda variables: Run("playbooks/logstash.yml", variables, tmp_path)


@pytest.fixture
def closed_port():
    """A port of the host's loopback that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def broken(tmp_path):
    """broken(version) -> the role's variables for its package, whose post-installation script fails."""

    def build(version):
        tree, file = tmp_path / "tree", tmp_path / "broken.deb"
        subprocess.run(["dpkg-deb", "--raw-extract", package(version)["logstash_package_url"], tree], check=True)
        script = tree / "DEBIAN/postinst"
        lines = script.read_text().splitlines(keepends=True)
        script.write_text("".join([lines[0], "echo 'the unit cannot be written: no space' >&2\nexit 3\n", *lines[1:]]))
        subprocess.run(["dpkg-deb", "--root-owner-group", "-Zgzip", "--build", tree, file], check=True)
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        checksum = {"logstash_package_checksum": f"sha256:{digest}"}
        return {"logstash_version": version, "logstash_package_url": str(file), **checksum}

    return build


def install_by_hand(host, version, command="dpkg --install --force-downgrade"):
    """What somebody does who does not know of the role."""
    assert host.run(f"{command} {CACHE}/logstash-{version}.deb").rc == 0


def state(host):
    """What a run that fails must leave as it was."""
    held = host.run("apt-mark showhold").stdout.split()
    return {**service(host), "package": host.run("dpkg-query --show logstash").stdout, "held": held}


def test_downgrade_that_is_asked_for_from_an_object_in_s3(deploy, host):
    wanted = package(OLD)
    with ObjectStore({"packages/logstash/old.deb": wanted["logstash_package_url"]}) as store:
        run = deploy({**wanted, **store.variables, "logstash_package_url": "s3://packages/logstash/old.deb"})
    assert run.code == 0, run.output
    assert service(host)["version"] == OLD
    assert state(host)["held"] == ["logstash"]


def test_files_of_both_versions_are_kept_for_a_way_back(host):
    assert host.run(f"ls {CACHE}").stdout.split() == sorted(f"logstash-{version}.deb" for version in (OLD, NEW))


def test_version_that_was_installed_and_started_by_hand_is_brought_back(deploy, host):
    install_by_hand(host, NEW)
    host.run("systemctl restart logstash")
    run = deploy(package(OLD))
    assert run.code == 0, run.output
    assert service(host)["version"] == OLD
    assert state(host)["held"] == ["logstash"]


def test_process_that_is_older_than_its_package_is_restarted(deploy, host):
    before = service(host)["pid"]
    host.run("sleep 2")
    install_by_hand(host, OLD)
    run = deploy(package(OLD))
    assert run.code == 0, run.output
    assert service(host)["pid"] != before
    run = deploy(package(OLD))
    assert "changed=0" in run.text


def test_removed_hold_is_put_back_without_a_restart(deploy, host):
    before = state(host)
    host.run("apt-mark unhold logstash")
    assert deploy(package(OLD)).code == 0
    assert state(host) == before


def test_new_version_whose_settings_fail_leaves_the_old_one_installed_and_running(deploy, host):
    before = state(host)
    wanted = package(NEW)
    run = deploy(
        {**wanted, "logstash_settings": {"no.such.setting": 1}, "logstash_settings_unchecked": ["no.such.setting"]}
    )
    assert run.code != 0
    assert "no.such.setting" in run.text
    assert state(host) == before


def test_server_that_is_down(deploy, host, closed_port):
    before = state(host)
    url = f"http://127.0.0.1:{closed_port}/logstash.deb"
    run = deploy({**package(NEW), "logstash_version": "9.5.1", "logstash_package_url": url})
    assert run.code != 0
    assert f'logstash_package_url is "{url}"' in run.text
    assert "Connection refused" in run.text
    assert "give a path on the control node instead" in run.text
    assert state(host) == before


def test_repository_that_is_down(deploy, host, closed_port):
    before = state(host)
    url = f"http://127.0.0.1:{closed_port}/apt"
    key = "file:///usr/share/keyrings/debian-archive-keyring.gpg"
    run = deploy(
        {
            "logstash_version": "9.5.1",
            "logstash_source": "repository",
            "logstash_repository_url": url,
            "logstash_repository_key_url": key,
            "logstash_repository_key_fingerprints": [],
            "logstash_require_checksums": False,
        }
    )
    assert run.code != 0
    assert f'could not be installed from logstash_repository_url "{url}"' in run.text
    assert "onnection refused" in run.text
    assert state(host) == before
    assert not host.file("/etc/apt/sources.list.d/logstash.sources").exists


def test_object_that_s3_does_not_have(deploy, host):
    before = state(host)
    with ObjectStore({}) as store:
        variables = {"logstash_version": "9.5.1", "logstash_package_url": "s3://packages/none.deb"}
        run = deploy({**package(NEW), **store.variables, **variables})
    assert run.code != 0
    assert 'logstash_package_url is "s3://packages/none.deb"' in run.text
    assert state(host) == before


def test_object_with_another_hash(deploy, host):
    before = state(host)
    wanted = package(NEW)
    with ObjectStore({"packages/new.deb": wanted["logstash_package_url"]}) as store:
        variables = {"logstash_package_url": "s3://packages/new.deb", "logstash_package_checksum": "sha256:" + "0" * 64}
        run = deploy({**wanted, **store.variables, **variables})
    assert run.code != 0
    assert f"it has {wanted['logstash_package_checksum']}" in run.text
    assert state(host) == before


def test_package_whose_script_fails_is_told_in_its_words_and_taken_back(deploy, host, broken):
    before = state(host)
    run = deploy(broken(NEW))
    assert run.code != 0
    assert (
        "The post-installation script of the package ended with 3. It said: the unit cannot be written: no space"
        in run.text
    )
    assert "The last known-good configuration was restored" in run.text
    assert {**state(host), "pid": ""} == {**before, "pid": ""}


def test_package_whose_script_failed_is_installed_anew_although_its_version_is_right(deploy, host, broken):
    """As a run leaves it that was killed, or that brings nothing back; here, with a unit that is gone as well."""
    assert deploy({**broken(NEW), "logstash_rollback": False}).code != 0
    assert host.run("dpkg-query --show --showformat '${db:Status-Status}' logstash").stdout == "half-configured"
    run = deploy(package(NEW))
    assert run.code == 0, run.output
    assert service(host)["version"] == NEW
    host.check_output("rm /lib/systemd/system/logstash.service && systemctl daemon-reload")
    run = deploy(package(NEW))
    assert run.code == 0, run.output
    assert host.file("/lib/systemd/system/logstash.service").exists
    assert service(host)["version"] == NEW
    assert deploy(package(OLD)).code == 0


def test_java_that_is_not_there(deploy, host):
    before = state(host)
    run = deploy({**package(OLD), "logstash_java_home": "/nowhere"})
    assert run.code != 0
    assert 'logstash_java_home is "/nowhere", but' in run.text
    assert state(host) == before


def test_the_host_takes_the_next_good_run(deploy, host):
    run = deploy({**package(NEW), "logstash_hold": False})
    assert run.code == 0, run.output
    assert service(host)["version"] == NEW
    assert state(host)["held"] == []
