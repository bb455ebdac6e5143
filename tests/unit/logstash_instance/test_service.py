"""Logstash's service is asked and told by systemctl, and its directories are those of its settings."""

import subprocess
from pathlib import Path

import pytest
from logstash_instance.errors import ServiceError
from logstash_instance.service import DROP_IN, Directories, LogstashService


class Systemctl:
    """Records commands; answers with a state."""

    def __init__(self, state="active", status=0):
        self.state, self.status, self.commands, self.waited = state, status, [], []

    def __call__(self, command, timeout, **_words):
        self.commands.append(" ".join(command[1:]))
        self.waited.append(timeout)
        return subprocess.CompletedProcess(command, self.status, f"{self.state}\n", "it failed")


@pytest.mark.parametrize(
    ("state", "runs"),
    [
        *[("active", True), ("activating", True), ("deactivating", True), ("reloading", True)],
        *[("inactive", False), ("failed", False)],
    ],
)
def test_it_runs_until_its_last_process_has_ended(state, runs):
    assert LogstashService(Systemctl(state)).is_running() is runs


def test_a_stop_does_not_wait_unless_it_is_asked_to():
    systemctl = Systemctl()
    service = LogstashService(systemctl)
    service.stop()
    service.stop(wait_seconds=500)
    service.kill()
    service.start()
    assert systemctl.commands == [
        "stop --no-block logstash.service",
        "stop logstash.service",
        "kill --signal=KILL logstash.service",
        "start logstash.service",
    ]
    assert systemctl.waited[1] == 500


def test_the_drop_in_has_the_time_and_keeps_the_service_from_starting(tmp_path):
    systemctl, path = Systemctl(), tmp_path / "logstash.service.d/zz.conf"
    LogstashService(systemctl, path).limit_stop(899.7)
    assert path.read_text().splitlines()[1:] == [
        "[Unit]",
        f"ConditionPathExists=!{path}",
        "[Service]",
        "TimeoutStopSec=899",
    ]
    assert systemctl.commands == ["daemon-reload"]
    LogstashService(systemctl, path).limit_stop(-5)
    assert "TimeoutStopSec=1\n" in path.read_text(), "0 is no limit at all for systemd"


def test_the_drop_in_comes_after_the_roles():
    """systemd takes the last value, in the order of the files' names."""
    paths = Path(__file__).parents[3] / "roles/logstash/vars/main/paths.yml"
    assert "/logstash.service.d/elk-deploy.conf" in paths.read_text()
    assert DROP_IN.name > "elk-deploy.conf"


def test_failures_of_systemctl_say_what_was_asked(tmp_path):
    with pytest.raises(ServiceError, match=r"systemctl start logstash.service ended with 1: it failed"):
        LogstashService(Systemctl(status=1)).start()

    def hangs(command, timeout, **_words):
        raise subprocess.TimeoutExpired(command, timeout)

    with pytest.raises(ServiceError, match="systemctl kill"):
        LogstashService(hangs).kill()
    (tmp_path / "file").touch()
    with pytest.raises(ServiceError, match="cannot be written"):
        LogstashService(Systemctl(), tmp_path / "file/zz.conf").limit_stop(1)


@pytest.mark.parametrize(
    ("text", "queue", "letters"),
    [
        ("", "/var/lib/logstash/queue", "/var/lib/logstash/dead_letter_queue"),
        ("path.data: /srv", "/srv/queue", "/srv/dead_letter_queue"),
        ("path.data: /srv\npath.queue: /q\npath.dead_letter_queue: /d", "/q", "/d"),
        ("path: {data: /srv, queue: /q}", "/q", "/srv/dead_letter_queue"),
    ],
)
def test_directories_are_those_of_the_settings(tmp_path, text, queue, letters):
    (tmp_path / "logstash.yml").write_text(text)
    assert Directories.of(tmp_path / "logstash.yml") == (Path(queue), Path(letters))


@pytest.mark.parametrize("text", ["path.data: ${DATA}", "path.queue: queue", "- a", "a: [", "\x00"])
def test_settings_that_do_not_say_where_are_an_error(tmp_path, text):
    (tmp_path / "logstash.yml").write_text(text)
    with pytest.raises(ServiceError, match=r"logstash\.yml"):
        Directories.of(tmp_path / "logstash.yml")


def test_missing_settings_are_an_error(tmp_path):
    with pytest.raises(ServiceError, match=r"logstash\.yml cannot be read"):
        Directories.of(tmp_path / "logstash.yml")
