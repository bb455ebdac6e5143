"""Ansible's own programs find the checkout as a collection, and build it."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
BIN = Path(sys.executable).parent


def test_playbook_of_the_collection_is_found_by_its_full_name():
    command = [BIN / "ansible-playbook", "-i", "inventories/staging", "elk.deploy.site", "--list-hosts"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert "broker-1.staging.example.com" in run.stdout


def test_built_collection_leaves_out_the_link_and_the_tools(tmp_path):
    command = [BIN / "ansible-galaxy", "collection", "build", "--output-path", tmp_path]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    names = subprocess.run(
        ["tar", "-tzf", next(tmp_path.glob("*.tar.gz"))], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "roles/logstash/tasks/main.yml" in names
    assert [name for name in names if name.startswith((".collections", ".venv", "build", ".git/"))] == []
