"""The preflight of role logstash: what is fetched comes over https and is told beforehand, before any host is asked."""

import json

import pytest
from inventory_runs import run
from playbook_project import Project

ELASTICS = "4609 5ACC 8548 582C 1A26 99A9 D27D 666C D88E 42B4"


def preflight(folder, **variables):
    """(whether the inputs were taken, what was said)"""
    host = {"logstash_pipelines": [{"id": "broker", "templates": ["broker/input.conf"]}], **variables}
    host |= {"octopus_variables": {"LogTcpPort": 5000, "LogHttpPort": 5001}}
    inventory = {
        "all": {"vars": {"octopus_environment": "test"}, "children": {"brokers": {"hosts": {"192.0.2.1": host}}}}
    }
    (folder / "hosts.json").write_text(json.dumps(inventory))
    ended = run("ansible-playbook", "-i", folder / "hosts.json", "playbooks/preflight.yml")
    output = " ".join((ended.stdout + ended.stderr).split()).replace("\\", "")
    assert "UNREACHABLE" not in output
    return ended.returncode == 0, output


def test_a_repository_without_tls_and_a_short_id_of_a_key_are_refused(tmp_path):
    taken, said = preflight(
        tmp_path,
        logstash_repository_url="http://mirror.example.com/apt",
        logstash_repository_key_url="http://mirror.example.com/key.asc",
        logstash_repository_key_fingerprints=["D88E42B4"],
    )
    assert not taken
    for variable, path in (("logstash_repository_url", "apt"), ("logstash_repository_key_url", "key.asc")):
        address = f"http://mirror.example.com/{path}"
        assert f'{variable} is "{address}"; expected an address with https, or of a host in' in said
    assert 'logstash_repository_key_fingerprints is ["D88E42B4"]; expected whole fingerprints' in said


def test_a_key_without_a_fingerprint_and_a_plugin_without_a_file_are_refused(tmp_path):
    taken, said = preflight(tmp_path, logstash_repository_key_fingerprints=[])
    assert not taken
    assert "logstash_repository_key_fingerprints is []; expected the fingerprint of the key at" in said
    plugin = {"name": "logstash-filter-x", "version": "1.0.0"}
    taken, said = preflight(tmp_path, logstash_plugins=[plugin])
    assert not taken
    assert "it comes from the public gem server, where nothing identifies what is installed" in said


def test_a_package_without_tls_is_refused(tmp_path):
    taken, said = preflight(
        tmp_path,
        logstash_package_url="http://packages.example.com/logstash-9.5.2-amd64.deb",
        logstash_package_checksum=f"sha256:{'0' * 64}",
    )
    assert not taken
    assert "logstash_package_url is" in said
    assert "expected an address with https, or of a host in logstash_trusted_mirrors" in said


def test_what_was_said_to_be_trusted_is_taken(tmp_path):
    taken, said = preflight(
        tmp_path,
        logstash_repository_url="http://mirror.example.com/apt",
        logstash_repository_key_url="http://mirror.example.com/key.asc",
        logstash_trusted_mirrors=["mirror.example.com"],
        logstash_repository_key_fingerprints=[ELASTICS, "0" * 64],
        logstash_require_checksums=False,
        logstash_plugins=[{"name": "logstash-filter-x", "version": "1.0.0"}],
    )
    assert taken, said


@pytest.mark.parametrize("credentials", ["tok-0123456789abcdef", "tok-0123456789abcdef:", "tok-0123456789abcdef:x"])
def test_a_token_in_the_place_of_the_user_is_not_shown(tmp_path, credentials):
    """Nobody listens there: it cannot be fetched, which is said with the address, and with -vvv with the options."""
    given = {
        "url": f"http://{credentials}@127.0.0.1:9/logstash.deb",
        "checksum": f"sha256:{'0' * 64}",
        "path": str(tmp_path / "cache/logstash.deb"),
    }
    ended = Project(tmp_path).play({"elk.deploy.logstash_package_file": given}, options=("-vvv",))
    said = ended.stdout + ended.stderr
    assert "could not fetch it" in " ".join(said.split()), said
    assert "tok-0123456789abcdef" not in said
