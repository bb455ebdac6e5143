"""Values of the keystore reach the pipeline and nobody else; it is made anew when it changes, and only then."""

import json
import uuid

import pytest
from playbook_run import Run, service
from waiting import wait_for

# Each test goes on where the one before it has left the host.
pytestmark = pytest.mark.random_order(disabled=True)

PLAYBOOK = "playbooks/logstash.yml"
CURRENT = "/etc/logstash/current"
EVENTS = "/var/log/logstash/events.jsonl"
PROGRAM = "/usr/share/logstash/bin/logstash-keystore"
PASSWORD = 'key $tore\'s "pass" \\w`1`#x'  # noqa: S105 - of the scenario
SECRETS = ["first-hidden-value", "second-hidden-value"]


def proof(host):
    """What the filter adds to an event, from the keystore."""
    text = str(uuid.uuid4())
    host.check_output(f"curl -s -H 'Content-Type: application/json' -d '{{\"message\": \"{text}\"}}' localhost:8080")
    found = wait_for(lambda: host.run(f"grep -F {text} {EVENTS}").stdout, f"event {text}")
    return json.loads(found)["proof"]


def state(host):
    """The live release, its keystore and the process."""
    return host.check_output(f"readlink {CURRENT}; sha256sum {CURRENT}/logstash.keystore"), service(host)


def test_pipeline_has_the_value(host):
    assert proof(host) == "<first-hidden-value>"


def test_service_can_read_the_keystore_and_only_root_the_password(host):
    for name, owner in (("logstash.keystore", ("root", "logstash", 0o640)), ("keystore.env", ("root", "root", 0o600))):
        file = host.file(f"{CURRENT}/{name}")
        assert (file.user, file.group, file.mode) == owner or (name == "keystore.env" and file.mode == 0o600)
        assert host.file(f"/etc/logstash/{name}").linked_to.startswith("/etc/logstash/releases/")
    assert host.file("/etc/logstash/keystore").mode == 0o700


def test_no_secret_lies_in_a_file_or_in_the_journal(host):
    """But for the events, which the service alone can read, and the password's file, which is root's alone."""
    for text in SECRETS:
        found = host.run("grep -rlF -e %s /etc /root /usr/share/logstash /usr/lib/systemd /var /tmp /run", text).stdout
        assert set(found.splitlines()) <= {EVENTS}
        assert host.run("journalctl --no-pager | grep -F -e %s", text).stdout == ""
    assert host.run("grep -rlF -e 'LOGSTASH_KEYSTORE_PASS' /etc").stdout.splitlines() != []
    for path in host.run("grep -rlF -e 'LOGSTASH_KEYSTORE_PASS' /etc").stdout.splitlines():
        assert host.file(path).mode == 0o600


def test_run_without_changes_makes_nothing_and_shows_no_secret(host, tmp_path):
    before = state(host)
    host.check_output(
        f"mv {PROGRAM} {PROGRAM}.kept && printf '#!/bin/sh\\nexit 99\\n' > {PROGRAM} && chmod 755 {PROGRAM}"
    )
    try:
        run = Run(PLAYBOOK, {}, tmp_path, arguments=("--diff", "-vvv"))
    finally:
        host.check_output(f"mv {PROGRAM}.kept {PROGRAM}")
    assert run.code == 0, run.output
    assert "changed=0" in run.output
    assert state(host) == before


def test_changed_value_makes_it_anew_and_shows_no_secret(host, tmp_path):
    before = state(host)
    run = Run(PLAYBOOK, {"logstash_keystore": {"PROOF": "third-hidden-value"}}, tmp_path, arguments=("--diff", "-vvv"))
    assert run.code == 0, run.output
    assert "+PROOF (new value)" in run.output
    assert "-UNUSED" in run.output
    shown = run.output
    for text in (*SECRETS, "third-hidden-value", PASSWORD, json.dumps(PASSWORD)[1:-1]):
        assert text not in shown
    assert proof(host) == "<third-hidden-value>"
    assert state(host)[0] != before[0]
    listed = host.run(
        # /tmp is mounted noexec.
        "set -a; . /etc/logstash/keystore.env; LS_JAVA_OPTS=-Djava.io.tmpdir=/var/tmp "
        f"{PROGRAM} --path.settings /etc/logstash list"
    ).stdout.splitlines()
    assert listed[-1] == "proof"
    assert "unused" not in listed


def test_name_that_the_keystore_lacks_is_caught_before_anything_live_changes(host, tmp_path):
    before = state(host)
    run = Run(PLAYBOOK, {"logstash_keystore": {"OTHER": "x"}}, tmp_path)
    assert run.code != 0
    assert "PROOF" in run.text
    assert state(host) == before
    assert proof(host) == "<third-hidden-value>"
