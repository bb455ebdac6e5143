"""A failed health gate restores the last known-good configuration, and the run says so. The tests run in order."""

import json
import subprocess
import sys

import pytest
from playbook_run import ROOT, Run, event_arrives, pipelines, service

# Each test goes on where the one before it has left the host.
pytestmark = pytest.mark.random_order(disabled=True)

EVENTS = "/var/log/logstash/events.jsonl"
OUTPUT = f'output {{ file {{ path => "{EVENTS}" codec => json_lines }} }}\n'
GOOD = "input { tcp { port => 5000 codec => json_lines } }\n" + OUTPUT
PACKAGE = json.loads((ROOT / "build/packages/choice.json").read_text())


@pytest.fixture
def deploy(tmp_path):
    """deploy({pipeline: text}, ports) -> a run with these pipelines."""

    def run(texts, ports=(5000,), playbook="playbooks/logstash.yml", **variables):
        wanted = {**pipelines(tmp_path, texts, ports), "logstash_health_timeout": 15, **variables}
        return Run(playbook, wanted, tmp_path)

    return run


def proven(host):
    return json.loads(host.file("/etc/logstash/proven").content_string)


def test_check_run_before_the_first_run_passes(host, tmp_path):
    run = Run("playbooks/logstash.yml", {}, tmp_path, ("--check", "--diff"))
    assert run.code == 0, run.output
    assert not host.file("/etc/logstash").exists


def test_first_run_that_is_refused_says_that_the_service_was_not_started(deploy, host):
    run = deploy({"broker": GOOD + "output { nosuchplugin { } }\n"})
    assert run.code != 0
    assert "so there is nothing to restore: the service was not started. The service does not run." in run.text
    assert "Nothing live was changed" not in run.text
    assert not host.service("logstash").is_running


def test_first_run_that_fails_leaves_the_service_stopped(deploy, host):
    run = deploy({"broker": GOOD}, ports=(5000, 5999))
    assert run.code != 0
    assert "no input listens on port 5999 (the service's process listens on port 5000, 9600)" in run.text
    assert "so there is nothing to restore: the service was stopped" in run.text
    assert "The service does not run." in run.text
    assert "Pipelines running" in run.text
    assert not host.service("logstash").is_running


def test_next_good_run_serves(deploy, host):
    run = deploy({"broker": GOOD})
    assert run.code == 0, run.output
    assert event_arrives(host, "first", EVENTS)
    record = proven(host)["record"]
    assert record["release"] in service(host)["release"]
    assert proven(host)["changing"] is None


def test_run_without_changes_restarts_nothing_and_is_short(deploy, host):
    before = service(host)
    run = deploy({"broker": GOOD})
    assert run.code == 0, run.output
    assert service(host) == before
    assert max(run.ok.values()) <= 20, run.output


def test_pipeline_that_ends_after_the_start_is_rolled_back(deploy, host):
    """Two changes at once, of which one is good: both go, and the service is proven on what ran before."""
    before = service(host)
    run = deploy({"broker": GOOD + "# changed\n", "short": "input { generator { count => 1 } }\n" + OUTPUT})
    assert run.code != 0
    assert "pipeline short does not run: the health report has it as FINISHED" in run.text
    assert "The last known-good configuration was restored" in run.text
    assert "Pipeline terminated" in run.text
    after = service(host)
    assert after["pid"] != before["pid"]
    assert {**after, "pid": ""} == {**before, "pid": ""}
    assert proven(host)["changing"] is None
    assert event_arrives(host, "after the rollback", EVENTS)


def test_run_after_the_rollback_changes_nothing(deploy, host):
    before = service(host)
    assert deploy({"broker": GOOD}).code == 0
    assert service(host) == before


def test_settings_that_fail_their_test_restart_nothing(deploy, host):
    before = service(host)
    run = deploy({"broker": GOOD + "output { nosuchplugin { } }\n"})
    assert run.code != 0
    assert "Nothing live was changed, and nothing was restarted" in run.text
    assert "The service runs the last known-good configuration" in run.text
    assert "the service was stopped" not in run.text
    assert "nosuchplugin" in run.text
    assert service(host) == before


def test_version_that_fails_its_gate_brings_the_package_back(deploy, host, tmp_path):
    if PACKAGE["kind"] != "fake":
        pytest.skip("there is one real package only")
    command = [
        sys.executable,
        ROOT / "local/fake_logstash/build.py",
        "--version",
        "9.4.0",
        "--output",
        tmp_path,
    ]
    path, checksum = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[:2]
    before = service(host)
    run = deploy(
        {"broker": GOOD},
        ports=(5000, 5999),
        logstash_version="9.4.0",
        logstash_package_url=path,
        logstash_package_checksum=f"sha256:{checksum.removeprefix('sha256:')}",
    )
    assert run.code != 0
    assert "The last known-good configuration was restored" in run.text
    assert {**service(host), "pid": ""} == {**before, "pid": ""}
    assert PACKAGE["logstash_version"] in host.run("dpkg-query --show logstash").stdout


def test_run_that_was_cut_off_in_a_rollback_is_made_good(deploy, host):
    """The process was started from something else, and the files are back: only a restart makes them agree."""
    host.run('sed -i \'s/"changing": null/"changing": "another process"/\' /etc/logstash/proven')
    before = service(host)
    run = deploy({"broker": GOOD})
    assert run.code == 0, run.output
    assert service(host)["pid"] != before["pid"]
    assert proven(host)["changing"] is None


def test_going_back_by_hand(deploy, host):
    before = service(host)
    assert deploy({"broker": GOOD, "second": "input { heartbeat { } }\n" + OUTPUT}).code == 0
    assert service(host)["pipelines"] == ["broker", "second"]
    run = deploy({"broker": GOOD}, playbook="playbooks/rollback.yml")
    assert run.code == 0, run.output
    assert {**service(host), "pid": ""} == {**before, "pid": ""}
    assert event_arrives(host, "gone back", EVENTS)


def test_going_back_to_what_is_not_kept_names_what_is(deploy, host):
    before = service(host)
    run = deploy({"broker": GOOD}, playbook="playbooks/rollback.yml", release="0123")
    assert run.code != 0
    assert 'logstash_rollback_to is "0123"; expected `previous`, or a release' in run.text
    assert proven(host)["record"]["release"] in run.text
    assert service(host) == before


def test_service_that_fails_although_nothing_changed_is_said(deploy, host):
    host.run("systemctl stop logstash; systemctl mask --runtime logstash")
    try:
        run = deploy({"broker": GOOD})
    finally:
        host.run("systemctl unmask --runtime logstash; systemctl start logstash")
    assert run.code != 0
    assert "Nothing live was changed, and nothing was restarted" in run.text


def test_journal_has_a_line_for_each_of_these_runs_that_changed_or_failed(host):
    journal = host.file("/var/lib/elk/deployments.jsonl")
    assert (journal.user, oct(journal.mode)) == ("root", "0o644")
    lines = [json.loads(line) for line in journal.content_string.splitlines()]
    assert [(line["action"], line["result"]) for line in lines] == [
        ("deploy", "failed"),  # the first run, refused by its test
        ("deploy", "failed"),  # its health gate
        ("deploy", "deployed"),
        ("deploy", "restored"),  # the pipeline that ends
        ("deploy", "failed"),  # refused by its test
        *([("deploy", "restored")] if PACKAGE["kind"] == "fake" else []),  # another version
        ("deploy", "deployed"),  # the one that was cut off is made good
        ("deploy", "deployed"),
        ("rollback", "deployed"),
        ("deploy", "failed"),  # the service does not start
    ]
    first, good, restored, rollback = lines[0], lines[2], lines[3], lines[-2]
    assert not good["previous"]["release"]
    assert good["version"] == PACKAGE["logstash_version"]
    assert good["release"] in service(host)["release"]
    assert 0 < good["seconds"] < 600
    assert "@" in good["by"]
    assert good["toolkit"]
    assert "nosuchplugin" in first["reason"]
    assert "pipeline short does not run" in restored["reason"]
    assert restored["previous"]["release"] == good["release"] != restored["release"]
    assert rollback["release"] == good["release"] == lines[-1]["release"]
