"""What is Logstash's own is given back to it, one by one; what is not is named and left; no queue is left behind."""

import os
from pathlib import Path

import pytest
from playbook_run import Run

# Each test goes on where the one before it has left the host.
pytestmark = pytest.mark.random_order(disabled=True)

ROOT = Path(os.environ["MOLECULE_PROJECT_DIRECTORY"])
QUEUE = "/srv/queues/broker"
# As after a test run as root, and after a restored backup.
WRONG = {
    f"{QUEUE}/page.0": "root",
    f"{QUEUE}/checkpoint.head": "root",
    f"{QUEUE}/.lock": "root",
    "/var/lib/logstash/.lock": "root",
    "/var/lib/logstash/uuid": "54321",
    "/var/log/logstash/logstash-plain.log": "root",
}
FOREIGN = "/var/lib/logstash/notes.txt"


@pytest.fixture
def deploy(tmp_path):
    """deploy(*options, **variables) -> (exit code, output in one line)."""

    def run(*options, **variables):
        ended = Run("playbooks/logstash.yml", variables, tmp_path, options)
        return ended.code, ended.text

    return run


def owner(host, path):
    return host.run(f"stat -c %U:%G {path}").stdout.strip()


def pid(host):
    return host.run("systemctl show --value --property MainPID logstash").stdout.strip()


def runs(host):
    return "broker" in host.run("curl -s http://127.0.0.1:9600/_node/stats/pipelines").stdout


def test_directory_of_the_pipeline_on_a_volume_belongs_to_logstash(host):
    assert owner(host, QUEUE) == "logstash:logstash"
    assert owner(host, "/srv/queues") == "logstash:logstash"
    assert runs(host)


def test_wrong_owners_are_explained_and_repaired_while_it_runs(host, deploy):
    before = pid(host)
    for path, user in WRONG.items():
        assert host.run(f"chown {user} {path}").rc == 0
    host.run(f"echo mine > {FOREIGN}")

    code, output = deploy("--check", "--diff")
    assert code == 0, output
    assert f"{QUEUE}/page.0 root:logstash" in output
    assert [owner(host, path) for path in WRONG] != ["logstash:logstash"] * len(WRONG)

    code, output = deploy()
    assert code == 0, output
    assert "belonged to root (probably Logstash or its configuration test was run as root" in output
    assert "1 belonged to user id 54321 (no user here has this id: probably a backup" in output
    assert "keeps using the files that it has open" in output
    assert [owner(host, path) for path in WRONG] == ["logstash:logstash"] * len(WRONG)

    assert "Not changed below Logstash's directories" in output
    assert FOREIGN in output
    assert owner(host, FOREIGN) == "root:root"
    assert pid(host) == before
    assert runs(host)


def test_log_that_leads_to_a_secret_is_not_shown_and_what_the_user_laid_out_is_not_waited_for(host, deploy):
    """As somebody who has the user could: a log that is a link, a FIFO in a queue that no pipeline has."""
    log, before = "/var/log/logstash/logstash-plain.log", pid(host)
    as_user = "setpriv --reuid logstash --regid logstash --init-groups"
    assert host.run("echo 'root:secret-of-root' > /etc/secret-of-root && chmod 600 /etc/secret-of-root").rc == 0
    for command in (f"mv {log} {log}.before", f"ln -s /etc/secret-of-root {log}", "mkdir /srv/queues/old",
                    "touch /srv/queues/old/page.0", "mkfifo /srv/queues/old/checkpoint.head"):  # fmt: skip
        assert host.run(f"{as_user} {command}").rc == 0, command
    # The gate of the service fails, and shows the log.
    code, output = deploy("--tags", "logstash_service", logstash_input_ports=[5999], logstash_health_timeout=1)
    assert code != 0
    assert "no input listens on port 5999" in output
    assert "secret-of-root" not in output
    assert f"{log} is a symbolic link; expected a regular file" in output
    code, output = deploy(logstash_path_queue="/srv/moved")
    assert code != 0
    assert "queue /srv/queues/old (" in output
    assert "an unknown number of unread events" in output
    assert host.run(f"{as_user} rm -r /srv/queues/old {log} && {as_user} mv {log}.before {log}").rc == 0
    assert pid(host) == before


def test_next_run_changes_nothing_and_a_restart_works(host, deploy):
    code, output = deploy()
    assert code == 0, output
    assert "changed=0" in output
    assert (
        host.run(
            "systemctl restart logstash && timeout 60 sh -c 'until curl -sf localhost:9600; do sleep 0.2; done'"
        ).rc
        == 0
    )


def test_read_only_volume_is_named_and_the_service_stays(host, deploy):
    before = pid(host)
    code, output = deploy(logstash_path_logs="/srv/readonly/logs")
    assert code != 0
    assert (
        "logstash_path_logs is /srv/readonly/logs, but it can't be prepared: its file system is mounted read-only"
        in (output)
    )
    assert pid(host) == before


def test_changed_path_leaves_no_queue_behind_unnoticed(host, deploy):
    before = pid(host)
    code, output = deploy(logstash_path_queue="/srv/moved")
    assert code != 0
    assert f"queue {QUEUE} (" in output
    assert "Set logstash_old_data to move" in output
    assert pid(host) == before


def test_queue_moves_with_the_service_stopped_and_the_service_goes_on_with_it(host, deploy):
    before = pid(host)
    code, output = deploy(logstash_path_queue="/srv/moved", logstash_old_data="move")
    assert code == 0, output
    assert pid(host) != before
    assert runs(host)
    assert owner(host, "/srv/moved/broker/page.0") == "logstash:logstash"
    assert not host.file(f"{QUEUE}/page.0").exists
