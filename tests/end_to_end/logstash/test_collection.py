"""The role works on its own: the project that its README shows, run from an installed collection, on a fresh host."""

import json
import re
from pathlib import Path

import pytest
import systemd_host
import yaml
from choose_package import choose
from waiting import wait_for

ROOT = Path(__file__).resolve().parents[3]
README = (ROOT / "roles/logstash/README.md").read_text()
FILES = dict(re.findall(r"`([\w./]+\.(?:yml|conf))`[^`]*(?:`#\{Tokens\}`[^`]*)?```\w*\n(.*?)```", README, re.DOTALL))


@pytest.fixture(scope="module")
def project(tmp_path_factory, container):
    """The files of the README, letter by letter; beside them only how this test reaches the host."""
    folder = tmp_path_factory.mktemp("project")
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (host,) = yaml.safe_load(FILES["inventory.yml"])["logstash"]["hosts"]
    (folder / "host_vars").mkdir()
    (folder / f"host_vars/{host}.yml").write_text(
        f"ansible_connection: community.docker.docker\nansible_host: {container}\nansible_user: root\n"
    )
    return folder


@pytest.fixture(scope="module")
def collections(tmp_path_factory, ansible):
    """A path that the built collection is installed in, from its file alone."""
    folder = tmp_path_factory.mktemp("collections")
    for words in (
        ("build", "--output-path", folder, ROOT),
        ("install", "--offline", "--no-deps", "--collections-path", folder, folder / "elk-deploy-0.1.0.tar.gz"),
    ):
        ended = ansible("ansible-galaxy", "collection", *words, cwd=folder, collections=folder)
        assert ended.returncode == 0, ended.stdout + ended.stderr
    return folder


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """The variables that say where this machine gets Logstash from: the one thing that differs from the README."""
    version = yaml.safe_load(FILES["playbooks/logstash.yml"])[0]["vars"]["logstash_version"]
    path = tmp_path_factory.mktemp("package")
    chosen = choose(version, path)
    (path / "package.json").write_text(json.dumps({key: value for key, value in chosen.items() if key != "kind"}))
    return path / "package.json"


@pytest.fixture(scope="module")
def play(ansible, project, collections, package):
    def run(*options):
        words = ("-i", "inventory.yml", "playbooks/logstash.yml", "-e", f"@{package}", *options)
        return ansible("ansible-playbook", *words, cwd=project, collections=collections)

    return run


def test_readme_shows_three_files_and_a_playbook_of_six_lines():
    assert list(FILES) == ["inventory.yml", "playbooks/logstash.yml", "templates/logstash/main.conf"]
    assert len(FILES["playbooks/logstash.yml"].splitlines()) == 6


def test_check_run_before_the_first_run_works(play):
    ended = play("--check", "--diff")
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.fixture(scope="module")
def deployed(play):
    ended = play()
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_pipeline_of_the_readme_runs(deployed, container):
    url = "http://127.0.0.1:9600/_node/stats/pipelines"
    assert list(json.loads(systemd_host.docker("exec", container, "curl", "-s", url))["pipelines"]) == ["main"]


def test_event_goes_in_and_lies_in_the_file_of_its_environment(deployed, container):
    systemd_host.docker("exec", container, "curl", "-s", "-d", "a line of the README", "http://127.0.0.1:8080")
    read = ("exec", container, "sh", "-c", "cat /var/log/logstash/staging.jsonl 2>/dev/null || true")
    wait_for(lambda: "a line of the README" in systemd_host.docker(*read), "event in the file")


def test_second_run_changes_nothing(deployed, play):
    ended = play()
    assert ended.returncode == 0, ended.stdout
    assert re.search(r" changed=0 ", ended.stdout), ended.stdout
