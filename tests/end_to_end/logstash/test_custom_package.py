"""Logstash 5.4.1 with logstash-output-http 4.3.2: built by the playbook, installed by the role, listed on the host."""

import hashlib
import json
from pathlib import Path

import pytest
import systemd_host
import yaml
from fake_logstash.build import build_package
from plugin_files import write_gem

ROOT = Path(__file__).resolve().parents[3]


def sha256(path):
    return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


@pytest.fixture(scope="module")
def build(ansible, tmp_path_factory):
    """build(*options) -> the ended run of the playbook, which writes to the folder `build.out`."""
    folder = tmp_path_factory.mktemp("build")
    source = build_package("5.4.1", folder)
    gem = write_gem(folder, "logstash-output-http", "4.3.2")
    wanted = {
        "source": str(source),
        "checksum": sha256(source),
        "version": "5.4.1",
        "suffix": "acme.1",
        "plugins": [{"name": "logstash-output-http", "version": "4.3.2", "src": str(gem), "checksum": sha256(gem)}],
        "dest": str(folder / "out"),
    }
    (folder / "wanted.yml").write_text(yaml.safe_dump(wanted))

    def run(*options):
        words = (ROOT / "playbooks/build_package.yml", "-e", f"@{folder}/wanted.yml", *options)
        return ansible("ansible-playbook", *words, cwd=folder, collections=ROOT / ".collections")

    run.out = folder / "out"
    return run


@pytest.fixture(scope="module")
def built(build):
    checked = build("--check")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "changed=1" in checked.stdout
    assert not build.out.exists()
    ended = build()
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return build.out / "logstash-5.4.1+acme.1-amd64.deb"


def test_second_run_builds_nothing_and_shows_the_variables(build, built):
    ended = build()
    assert "changed=0" in ended.stdout
    for word in ("5.4.1+acme.1", str(built), sha256(built)):
        assert word in ended.stdout


def test_what_is_not_said_is_named(ansible, tmp_path):
    words = (ROOT / "playbooks/build_package.yml", "-e", "version=5.4.1")
    ended = ansible("ansible-playbook", *words, cwd=tmp_path, collections=ROOT / ".collections")
    assert ended.returncode != 0
    assert "source, checksum, suffix, plugins are missing" in ended.stdout


def test_role_installs_it_and_the_host_has_the_plugin(ansible, built, container, tmp_path):
    (tmp_path / "main.conf").write_text(
        'input { http { port => 8080 } }\noutput { http { url => "http://127.0.0.1:8081" http_method => "post" } }\n'
    )
    host = {
        "ansible_connection": "community.docker.docker",
        "ansible_user": "root",
        "octopus_environment": "test",
        "logstash_version": "5.4.1+acme.1",
        "logstash_package_url": str(built),
        "logstash_package_checksum": sha256(built),
        "logstash_template_path": str(tmp_path),
        "logstash_pipelines": [{"id": "main", "templates": ["main.conf"]}],
    }
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": {container: host}}}))
    (tmp_path / "play.yml").write_text(json.dumps([{"hosts": "all", "roles": ["elk.deploy.logstash"]}]))
    for _ in range(2):
        words = ("-i", "hosts.yml", "play.yml")
        ended = ansible("ansible-playbook", *words, cwd=tmp_path, collections=ROOT / ".collections")
        assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "changed=0" in ended.stdout
    listing = systemd_host.docker(
        "exec", container, "/usr/share/logstash/bin/logstash-plugin", "list", "--verbose", "logstash-output-http$"
    )
    assert "logstash-output-http (4.3.2)" in listing
