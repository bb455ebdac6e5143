"""What a user relies on after a deployment: owners and modes, one event in and out, nothing of root's left behind."""

import json
import uuid

import pytest
from waiting import wait_for

EVENTS = "/var/log/logstash/events.jsonl"
TEMPORARY = "/var/lib/logstash/tmp"


@pytest.fixture(scope="module")
def variables(host):
    """The role's variables of the host, from the live settings."""
    settings = host.file("/etc/logstash/logstash.yml").content_string
    return dict(line.split(": ", 1) for line in settings.splitlines() if not line.startswith("#"))


def arrived(host, text, count=1):
    """The events at the broker's end that carry a text, once there are so many."""

    def found():
        lines = host.run(f"grep -F {text} {EVENTS}").stdout.splitlines()
        return lines if len(lines) >= count else []

    return [json.loads(line) for line in wait_for(found, f"{count} events with {text}")]


@pytest.mark.parametrize("setting", ["path.data", "path.queue", "path.dead_letter_queue", "path.logs"])
def test_directory_belongs_to_logstash(host, variables, setting):
    directory = host.file(json.loads(variables[setting]))
    assert directory.is_directory
    assert (directory.user, directory.group, oct(directory.mode)) == ("logstash", "logstash", "0o750")


def test_temporary_directory_is_logstashs_own_and_can_execute_while_tmp_cannot(host):
    directory = host.file(TEMPORARY)
    assert (directory.user, directory.group, oct(directory.mode)) == ("logstash", "logstash", "0o750")
    assert "noexec" in host.check_output("findmnt --noheadings --output options --target /tmp")
    assert "noexec" not in host.check_output("findmnt --noheadings --output options --target %s", TEMPORARY)


@pytest.mark.parametrize("name", ["logstash.yml", "pipelines.yml", "pipelines/broker/10-input.conf"])
def test_settings_are_readable_for_logstash_and_nobody_else(host, name):
    file = host.file(f"/etc/logstash/current/{name}")
    assert (file.user, file.group, oct(file.mode)) == ("root", "logstash", "0o640")


def test_nothing_of_roots_lies_in_the_directories(host, variables):
    for setting in ("path.data", "path.queue", "path.dead_letter_queue", "path.logs"):
        path = json.loads(variables[setting])
        assert host.run(f"find {path} ! -user logstash").stdout == ""


def test_validation_left_nothing(host):
    assert not host.file("/var/lib/logstash-validation").exists


def test_service_runs_and_starts_at_boot(host):
    assert host.service("logstash").is_running
    assert host.service("logstash").is_enabled


def test_node_api_shows_the_pipeline_on_loopback_only(host):
    stats = json.loads(host.run("curl -s http://127.0.0.1:9600/_node/stats/pipelines").stdout)
    assert list(stats["pipelines"]) == ["broker"]
    assert host.socket("tcp://127.0.0.1:9600").is_listening
    assert not host.socket("tcp://0.0.0.0:9600").is_listening


def test_persistent_queue_lies_where_it_should(host, variables):
    assert host.file(json.loads(variables["path.queue"]) + "/broker/page.0").exists


def test_event_goes_in_by_http_and_comes_out(host):
    message = f"http-{uuid.uuid4()}"
    answer = host.run(
        "curl -s -o /dev/null -w '%%{http_code}' -H 'Content-Type: application/json' -d %s http://127.0.0.1:8080",
        json.dumps([{"message": message}, {"message": message}]),
    )
    assert answer.stdout == "200"
    events = arrived(host, message, 2)
    assert [event["message"] for event in events] == [message, message]


def test_event_goes_in_by_tcp_and_comes_out(host):
    message = f"tcp-{uuid.uuid4()}"
    line = json.dumps({"message": message, "Status": 200})
    assert host.run("bash -c %s", f"exec 3<>/dev/tcp/127.0.0.1/5000; printf '%s\\n' '{line}' >&3").rc == 0
    events = arrived(host, message)
    assert [(event["message"], event["Status"]) for event in events] == [(message, 200)]


def test_second_start_after_kill_comes_up(host):
    """systemd restarts it, and the pipeline is there again, although the first process had no time to clean up."""
    host.check_output(f"runuser -u logstash -- touch {TEMPORARY}/jffi1.so {TEMPORARY}/of-a-plugin")
    pid = host.run("systemctl show --value --property MainPID logstash").stdout.strip()
    assert host.run(f"kill -9 {pid}").rc == 0

    def is_back():
        now = host.run("systemctl show --value --property MainPID logstash").stdout.strip()
        listens = host.socket("tcp://0.0.0.0:5000").is_listening and host.socket("tcp://0.0.0.0:8080").is_listening
        return now not in ("0", pid) and listens

    wait_for(is_back, "new process that listens")
    # What was unpacked for the first process is gone, and nothing else is.
    found = host.file(TEMPORARY).listdir()
    assert "jffi1.so" not in found
    assert "of-a-plugin" in found
