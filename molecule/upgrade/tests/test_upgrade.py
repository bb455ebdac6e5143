"""An upgrade is one variable: the data stays, what the new version needs is there, and it restarts once. In order."""

import pytest
from other_versions import package
from playbook_run import Run, event_arrives, plan, service

# Each test goes on where the one before it has left the host.
pytestmark = pytest.mark.random_order(disabled=True)

EVENTS = "/var/log/logstash/events.jsonl"
STEPS = ["5.4.1", "7.17.29", "8.19.5", "9.5.2"]


def starts(host):
    """How often systemd has started the service."""
    return host.run("journalctl --unit logstash --output cat | grep -c '^Started'").stdout.strip()


def messages(host):
    """What has arrived until now."""
    return set(host.run("cat %s", EVENTS).stdout.splitlines())


def test_the_oldest_version_serves_without_the_directory_that_the_next_one_needs(host, tmp_path):
    run = Run("playbooks/logstash.yml", package("5.2.0"), tmp_path)
    assert run.code == 0, run.output
    assert service(host)["version"] == "5.2.0"
    assert event_arrives(host, "before-5.2.0", EVENTS)
    host.run(
        "systemctl stop logstash; rm -rf /var/lib/logstash/queue; echo '# by hand' >> /etc/logstash/startup.options"
    )
    host.run("systemctl start logstash")


@pytest.mark.parametrize("version", STEPS)
def test_upgrade_is_one_variable(host, tmp_path, version):
    node, before, count = host.file("/var/lib/logstash/uuid").content_string, messages(host), int(starts(host))
    run = Run("playbooks/logstash.yml", package(version), tmp_path)
    assert run.code == 0, run.output
    assert service(host)["version"] == version
    assert service(host)["pipelines"]
    assert event_arrives(host, f"after-{version}", EVENTS)
    assert before <= messages(host)
    assert host.file("/var/lib/logstash/uuid").content_string == node
    assert int(starts(host)) == count + 1


@pytest.mark.parametrize("name", ["queue", "dead_letter_queue"])
def test_directory_that_never_existed_is_logstashs(host, name):
    directory = host.file(f"/var/lib/logstash/{name}")
    assert (directory.is_directory, directory.user, directory.group) == (True, "logstash", "logstash")


def test_settings_file_that_was_edited_by_hand_stayed(host):
    assert "# by hand" in host.file("/etc/logstash/startup.options").content_string


def test_version_is_held(host):
    assert host.run("apt-mark showhold").stdout.split() == ["logstash"]


def test_same_again_changes_nothing(host, tmp_path):
    before = service(host)
    run = Run("playbooks/logstash.yml", package(STEPS[-1]), tmp_path)
    assert run.code == 0, run.output
    assert "changed=0" in run.text
    assert service(host) == before


@pytest.mark.parametrize(
    ("wanted", "what", "restart"),
    [
        ({}, set(), "untouched"),
        ({"logstash_settings": {"pipeline.workers": 3}}, {"logstash.yml"}, "restart"),
        ({"logstash_version": STEPS[-2]}, {"logstash_package"}, "restart"),
    ],
)
def test_plan_names_what_would_change(host, tmp_path, wanted, what, restart):
    before = service(host)
    variables = package(wanted.get("logstash_version", STEPS[-1])) | wanted
    (planned,) = plan("playbooks/logstash.yml", variables, tmp_path)["hosts"].values()
    assert planned["service"] == restart
    assert what <= {change["what"] for change in planned["changes"]}
    assert bool(what) == bool(planned["changes"])
    assert service(host) == before
