"""Plugins are what the list says: after an upgrade, after a run that was cut off, and as before after a failed one."""

import contextlib

import pytest
from other_versions import package
from playbook_run import ROOT, Run, service

# Each test goes on where the one before it has left the host.
pytestmark = pytest.mark.random_order(disabled=True)

PLAYBOOK = "playbooks/logstash.yml"
HOME = "/usr/share/logstash"
KEPT = f"{HOME}/vendor/elk-deploy"
WANTED = {"logstash-output-http": "99.0.1", "logstash-filter-acme": "1.0.0", "logstash-codec-acme": "2.0.0"}


def installed(host):
    """{name: version} of the plugins that the scenario is about, as the program lists them."""
    # /tmp is mounted noexec.
    listing = f"LS_JAVA_OPTS=-Djava.io.tmpdir=/var/tmp {HOME}/bin/logstash-plugin list --verbose"
    lines = host.check_output(listing).splitlines()
    found = dict(line.rstrip(")").split(" (") for line in lines if line.startswith("logstash-") and " (" in line)
    return {name: found[name] for name in (*WANTED, "logstash-codec-msgpack") if name in found}


@contextlib.contextmanager
def without_program(host, name):
    """The program fails while this lasts, so that a run which starts it fails too."""
    program = f"{HOME}/bin/{name}"
    host.check_output(
        f"mv {program} {program}.kept && printf '#!/bin/sh\\nexit 99\\n' > {program} && chmod 755 {program}"
    )
    try:
        yield
    finally:
        host.check_output(f"mv {program}.kept {program}")


def test_plugins_are_the_wanted_ones(host):
    assert installed(host) == WANTED


def test_service_can_read_them_and_no_copy_of_a_file_is_left(host):
    assert host.check_output(f"find {HOME} -not -perm -o=r -not -type l") == ""
    assert host.check_output("find / -xdev -name 'pack-*.zip'") == ""


def test_run_without_changes_starts_no_program_and_keeps_the_process(host, tmp_path):
    before = service(host)
    with without_program(host, "logstash-plugin"), without_program(host, "logstash"):
        run = Run(PLAYBOOK, {}, tmp_path)
    assert run.code == 0, run.output
    assert "changed=0" in run.output
    assert service(host) == before


def test_plugins_of_a_deployment_that_fails_go_back_with_it(host, tmp_path):
    before = service(host)
    (tmp_path / "broken.conf").write_text("input { broken")
    run = Run(
        PLAYBOOK,
        {
            "logstash_plugins": [{"name": "logstash-output-http", "version": "99.0.2"}],
            "logstash_require_checksums": False,
            "logstash_template_path": str(tmp_path),
            "logstash_pipelines": [{"id": "broker", "templates": ["broken.conf"]}],
        },
        tmp_path,
    )
    assert run.code != 0
    assert "Change the plugins] changed:" in " ".join(run.text.replace("*", "").split()), run.text
    assert "The last known-good configuration was restored" in run.text
    assert installed(host) == WANTED, run.text
    assert service(host) == before


def test_file_that_is_not_the_named_version_fails_before_anything_is_done(host, tmp_path):
    gem = ROOT / "build/packages/plugins/logstash-output-http-99.0.1.gem"
    run = Run(
        PLAYBOOK,
        {
            "logstash_plugins": [{"name": "logstash-output-http", "version": "99.0.2", "gem": str(gem)}],
            "logstash_require_checksums": False,
        },
        tmp_path,
    )
    assert run.code != 0
    assert "holds logstash-output-http 99.0.1, and not logstash-output-http 99.0.2" in run.text
    assert installed(host) == WANTED


@pytest.mark.parametrize("state", ["half-written", "done without a record"])
def test_run_that_was_cut_off_is_made_good(host, tmp_path, state):
    """The state of the files as a run leaves them that is killed while the program writes, or right after it."""
    if state == "half-written":
        host.check_output(f"ls -t {KEPT}/sets | head -1 | tr -d '\\n' > {KEPT}/changing && : > {HOME}/Gemfile.lock")
    else:
        host.check_output(f"rm {KEPT}/plugins.json")
    run = Run(PLAYBOOK, {}, tmp_path)
    assert run.code == 0, run.output
    assert installed(host) == WANTED
    assert not host.file(f"{KEPT}/changing").exists
    assert service(host)["pipelines"] == ["broker"]


def test_upgrade_that_drops_plugins_brings_them_again(host, tmp_path):
    """From a version to another: the package brings its own Gemfile and lock."""
    other = package("9.4.0")
    run = Run(PLAYBOOK, other, tmp_path)
    assert run.code == 0, run.output
    assert service(host)["version"] == "9.4.0"
    assert installed(host) == WANTED
