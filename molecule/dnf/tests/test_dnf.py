"""The same with dnf: signed packages only, exact versions both ways, and a hold that an update respects. In order."""

import json

import pytest
from playbook_run import ROOT, Run, service

# Each test goes on where the one before it has left the host.
pytestmark = pytest.mark.random_order(disabled=True)

NEW = json.loads((ROOT / "build/packages/choice.json").read_text())["logstash_version"]
OLD = "8.19.5"


def deploy(version, folder):
    # Variables of a command line go above those of the scenario's own, so this one is named again.
    return Run("playbooks/logstash.yml", {"logstash_version": version, "_logstash_package_manager": "dnf"}, folder)


def installed(host):
    return host.run("rpm --query --queryformat '%{VERSION}' logstash").stdout


def test_package_is_an_rpm_of_a_signed_repository(host):
    assert installed(host) == NEW
    assert "gpgcheck=1" in host.file("/etc/yum.repos.d/logstash.repo").content_string
    assert host.file(f"/var/cache/elk-deploy/logstash-{NEW}.rpm").exists
    assert host.run("dpkg-query --show logstash").rc != 0


def test_downgrade_that_is_asked_for(host, tmp_path):
    run = deploy(OLD, tmp_path)
    assert run.code == 0, run.output
    assert (installed(host), service(host)["version"]) == (OLD, OLD)


def test_update_of_the_host_leaves_the_version(host):
    assert f"logstash-1:{OLD}-1.*" in host.file("/etc/dnf/plugins/versionlock.list").content_string.splitlines()
    assert host.run("dnf --assumeyes upgrade").rc == 0
    assert installed(host) == OLD


def test_version_that_the_repository_does_not_have(host, tmp_path):
    before = service(host)
    run = deploy("9.9.9", tmp_path)
    assert run.code != 0
    assert f"Versions that there are: {OLD}, {NEW}" in run.text
    assert (installed(host), service(host)) == (OLD, before)
    assert not host.file("/etc/yum.repos.d/logstash.repo").exists


def test_package_without_a_signature_is_refused(host, tmp_path):
    before = service(host)
    host.run(f"rm /var/cache/elk-deploy/logstash-{NEW}.rpm; cp -r /srv/repository /srv/signed")
    host.run(f"rpmsign --delsign /srv/repository/logstash-{NEW}-1.x86_64.rpm; createrepo_c --quiet /srv/repository")
    run = deploy(NEW, tmp_path)
    assert run.code != 0
    assert "not signed" in run.text
    assert (installed(host), service(host)) == (OLD, before)
    host.run("rm -r /srv/repository; mv /srv/signed /srv/repository")


def test_way_back_up(host, tmp_path):
    run = deploy(NEW, tmp_path)
    assert run.code == 0, run.output
    assert (installed(host), service(host)["version"]) == (NEW, NEW)
