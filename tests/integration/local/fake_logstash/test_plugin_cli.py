"""bin/logstash-plugin."""

import shutil
import subprocess

import pytest
from plugin_files import write_gem, write_pack


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


def test_lock_has_bundlers_form(home):
    lock = (home / "Gemfile.lock").read_text()
    assert lock.startswith("PATH\n  remote: logstash-core\n  specs:\n    logstash-core (8.5.3-java)\n")
    assert "\nGEM\n  remote: https://gems.example.com/\n  specs:\n" in lock
    assert "\n    logstash-output-http (5.5.0)\n      logstash-core-plugin-api (>= 1.60, <= 2.99)\n" in lock
    assert 'gem "logstash-output-http"\n' in (home / "Gemfile").read_text()


def test_5_x_has_a_lock_of_its_rubys_name(unpack):
    home = unpack("5.4.1") / "usr/share/logstash"
    assert (home / "Gemfile.jruby-1.9.lock").exists()
    assert not (home / "Gemfile.lock").exists()
    assert names(plugin(home, "list", "--verbose", "logstash-output-http$")) == ["logstash-output-http (4.2.0)"]


def test_gem_replaces_the_bundled_version_and_is_kept_as_a_folder(home, tmp_path):
    gem = write_gem(tmp_path, "logstash-output-http", "5.5.99")
    assert plugin(home, "install", gem).returncode == 0
    assert names(plugin(home, "list", "--verbose", "logstash-output-http$")) == ["logstash-output-http (5.5.99)"]
    lock = (home / "Gemfile.lock").read_text()
    assert "PATH\n  remote: vendor/local_gems/" in lock
    assert "  logstash-output-http (= 5.5.99)!\n" in lock
    assert lock.count("    logstash-output-http (") == 1


@pytest.mark.parametrize("kind", ["missing", "not a gem", "not a plugin"])
def test_gem_that_is_no_plugin_is_refused(home, tmp_path, kind):
    gem = tmp_path / "logstash-filter-x-1.0.0.gem"
    if kind == "not a gem":
        gem.write_text("text")
    elif kind == "not a plugin":
        write_gem(tmp_path, "logstash-filter-x", "1.0.0", plugin=False)
    done = plugin(home, "install", gem)
    assert done.returncode == 1
    assert f"Installation aborted, verification failed for {gem}" in done.stderr


def test_offline_pack_installs_its_plugins_and_moves_what_is_there_already(home, tmp_path):
    pack = write_pack(
        tmp_path / "pack.zip",
        {"logstash-filter-a": "1.0.0", "logstash-output-http": "5.5.98"},
        {"logstash-codec-json": "3.9.9", "addressable": "2.8.1"},
    )
    done = plugin(home, "install", f"file://{pack}")
    assert done.stdout.splitlines()[-1] == "Install successful"
    listed = names(plugin(home, "list", "--verbose"))
    for line in ("logstash-filter-a (1.0.0)", "logstash-output-http (5.5.98)", "logstash-codec-json (3.9.9)"):
        assert line in listed
    assert 'gem "logstash-output-http", "= 5.5.98"\n' in (home / "Gemfile").read_text()


def test_pack_without_plugins_is_refused(home, tmp_path):
    pack = write_pack(tmp_path / "pack.zip", {}, {"addressable": "2.8.1"})
    done = plugin(home, "install", f"file://{pack}")
    assert done.returncode == 1
    assert "Invalid pack for:" in done.stderr


def test_pack_that_is_not_there_is_refused(home, tmp_path):
    assert "File not found for:" in plugin(home, "install", f"file://{tmp_path}/none.zip").stderr
