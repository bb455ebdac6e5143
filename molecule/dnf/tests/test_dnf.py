"""The same with dnf: signed packages only, exact versions both ways, and a hold that an update respects. In order."""

import json

import pytest
from playbook_run import ROOT, Run, service

# Each test goes on where the one before it has left the host.
pytestmark = pytest.mark.random_order(disabled=True)

NEW = json.loads((ROOT / "build/packages/choice.json").read_text())["logstash_version"]
OLD = "8.19.5"


def deploy(version, folder, **variables):
    # Variables of a command line go above those of the scenario's own, so this one is named again.
    wanted = {"logstash_version": version, "_logstash_package_manager": "dnf", **variables}
    return Run("playbooks/logstash.yml", wanted, folder)


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


def test_wrong_key_is_told_and_not_trusted(host, tmp_path):
    """It stays the one that is fetched until the right one is asked for, which is older: by content, not by date."""
    host.run(f"rm /var/cache/elk-deploy/logstash-{NEW}.rpm; rpm --erase $(rpm --query --all 'gpg-pubkey*')")
    before = service(host)
    host.check_output("mkdir -p /srv/other && cp /var/tmp/make.py /srv/other")
    host.check_output(
        "sh -c 'GNUPGHOME=$(mktemp -d) && export GNUPGHOME && "
        'gpg --batch --passphrase "" --quick-generate-key "Other repository" default sign 1d && '
        "gpg --armor --export > /srv/other/key.asc && touch -d 2020-01-01 /srv/repository/key.asc'"
    )
    run = deploy(NEW, tmp_path, logstash_repository_key_url="file:///srv/other/key.asc")
    assert run.code != 0
    assert "The key is " in run.text
    assert "(Other repository, made 20" in run.text
    assert "The repository is signed with another key" in run.text
    assert "Set logstash_repository_key_url to the key of this repository" in run.text
    assert host.run("rpm --query --all 'gpg-pubkey*'").stdout == ""
    assert (installed(host), service(host)) == (OLD, before)


def test_key_with_another_fingerprint_is_not_taken(host, tmp_path):
    """Of a server that was taken over: the repository is signed with the key that it serves."""
    before, key = service(host), host.file("/etc/pki/rpm-gpg/RPM-GPG-KEY-logstash").content
    host.check_output("rm -f /var/cache/elk-deploy/logstash-%s.rpm", NEW)
    elastics = ["46095ACC8548582C1A2699A9D27D666CD88E42B4"]
    run = deploy(NEW, tmp_path, logstash_require_checksums=True, logstash_repository_key_fingerprints=elastics)
    assert run.code != 0
    assert "is not trusted: it holds " in run.text
    assert "and only 46095ACC8548582C1A2699A9D27D666CD88E42B4 is expected" in run.text
    assert host.file("/etc/pki/rpm-gpg/RPM-GPG-KEY-logstash").content == key
    assert (installed(host), service(host)) == (OLD, before)


def test_package_whose_script_fails_is_told_in_its_words_and_taken_back(host, tmp_path):
    """rpm takes it for installed."""
    before = service(host)
    host.check_output(
        "sh -c 'mkdir /srv/broken && cd /srv/broken && tar xzf /var/tmp/logstash-%s-rpm.tar.gz && "
        'sed -i "s/^%%post$/%%post\\necho the unit cannot be written: no space\\nexit 3/" */logstash.spec && '
        "tar czf logstash-%s-rpm.tar.gz logstash-%s-rpm && "
        "python3 /var/tmp/make.py /srv/broken/repository /srv/broken/*.tar.gz'",
        *(NEW,) * 3,
    )
    place = {"url": "file:///srv/broken/repository", "key_url": "file:///srv/broken/repository/key.asc"}
    broken = {f"logstash_repository_{name}": value for name, value in place.items()}
    run = deploy(NEW, tmp_path, **broken)
    assert run.code != 0
    assert "The post-installation script of the package ended with 3. It said: the unit cannot be written" in run.text
    assert "The last known-good configuration was restored" in run.text
    assert (installed(host), {**service(host), "pid": ""}) == (OLD, {**before, "pid": ""})
    # And where it is not taken back, the next run knows.
    assert deploy(NEW, tmp_path, **broken, logstash_rollback=False).code != 0
    assert installed(host) == NEW


def test_way_back_up(host, tmp_path):
    listed = host.check_output("gpg --show-keys --with-colons /srv/repository/key.asc")
    fingerprint = next(line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr:"))
    run = deploy(NEW, tmp_path, logstash_require_checksums=True, logstash_repository_key_fingerprints=[fingerprint])
    assert run.code == 0, run.output
    assert (installed(host), service(host)["version"]) == (NEW, NEW)
