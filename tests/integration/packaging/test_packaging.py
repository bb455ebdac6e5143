"""Ansible's own programs find the checkout as a collection, and build it."""

import subprocess

from ansible_process import run


def test_playbook_of_the_collection_is_found_by_its_full_name():
    ended = run("ansible-playbook", "-i", "inventories/staging", "elk.deploy.site", "--list-hosts")
    assert ended.returncode == 0, ended.stderr
    assert "broker-1.staging.example.com" in ended.stdout


def test_built_collection_leaves_out_the_link_and_the_tools(tmp_path):
    ended = run("ansible-galaxy", "collection", "build", "--output-path", tmp_path)
    assert ended.returncode == 0, ended.stderr
    names = subprocess.run(
        ["tar", "-tzf", next(tmp_path.glob("*.tar.gz"))], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "roles/logstash/tasks/main.yml" in names
    assert "lambda/build_zip.py" in names
    left_out = (".collections/", ".venv", "build/", ".git/", ".github/", "tests/", "molecule/", "local/", "scripts/")
    assert [name for name in names if name.startswith(left_out)] == []
