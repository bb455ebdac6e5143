"""What README tells its readers to write passes the preflight."""

import re
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[3]
BIN = Path(sys.executable).parent
README = (ROOT / "README.md").read_text()


def test_the_host_that_readme_shows_passes_preflight(tmp_path):
    playbook, pipeline = re.findall(r"`(?:logstash\.yml|main\.conf)`:\n\n```\w*\n(.*?)```", README, re.DOTALL)
    (play,) = yaml.safe_load(playbook)
    assert play.pop("roles") == ["elk.deploy.logstash"]
    role = {"name": "elk.deploy.logstash", "tasks_from": "preflight_inputs", "rolespec_validate": False}
    play |= {"gather_facts": False, "tasks": [{"ansible.builtin.include_role": role}]}
    (tmp_path / "logstash.yml").write_text(yaml.safe_dump([play]))
    (tmp_path / "main.conf").write_text(pipeline)
    command = [BIN / "ansible-playbook", "-i", "log-1.example.com,", tmp_path / "logstash.yml"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "failed=0" in run.stdout
