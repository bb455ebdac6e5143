"""bin/logstash-plugin."""

import shutil
import subprocess

import pytest


@pytest.fixture
def home(unpack, tmp_path):
    """An installation of its own: installing a plugin changes it."""
    return shutil.copytree(unpack("8.5.3") / "usr/share/logstash", tmp_path / "logstash")


def plugin(home, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([home / "bin/logstash-plugin", *arguments], capture_output=True, text=True, check=False)


def names(done: subprocess.CompletedProcess) -> list[str]:
    return [line for line in done.stdout.splitlines() if line.startswith("logstash-")]


def test_list_matches_unanchored(home):
    assert names(plugin(home, "list", "http")) == [
        "logstash-filter-http",
        "logstash-input-http",
        "logstash-input-http_poller",
        "logstash-output-http",
    ]


def test_list_verbose_gives_the_versions_that_the_release_bundles(home):
    assert names(plugin(home, "list", "--verbose", "logstash-input-http$")) == ["logstash-input-http (3.6.0)"]


def test_list_shows_what_integrations_bring(home):
    lines = plugin(home, "list", "kafka").stdout.splitlines()
    assert lines[-3:] == ["logstash-integration-kafka", " ├── logstash-input-kafka", " └── logstash-output-kafka"]


def test_list_of_nothing_fails(home):
    done = plugin(home, "list", "nosuchplugin")
    assert done.returncode == 1
    assert "No plugins found" in done.stderr


def test_an_installed_plugin_can_be_used_and_removed(home, tmp_path):
    assert plugin(home, "install", "--version", "3.2.1", "logstash-output-newrelic").returncode == 0
    assert names(plugin(home, "list", "--verbose", "newrelic")) == ["logstash-output-newrelic (3.2.1)"]
    config = tmp_path / "x.conf"
    config.write_text("input { stdin {} } output { newrelic {} }")
    command = [home / "bin/logstash", "-t", "-f", config, "--path.data", tmp_path / "data"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    assert plugin(home, "remove", "logstash-output-newrelic").returncode == 0
    assert subprocess.run(command, capture_output=True, check=False).returncode == 1


def test_an_upgrade_drops_user_installed_plugins(home, unpack):
    plugin(home, "install", "logstash-output-newrelic")
    # What the package manager does: every file that is no conffile is replaced.
    shutil.copytree(unpack("8.5.3") / "usr/share/logstash", home, dirs_exist_ok=True)
    assert plugin(home, "list", "newrelic").returncode == 1


def test_a_name_that_is_no_plugins_is_refused(home):
    assert plugin(home, "install", "not-a-plugin").returncode == 1
