"""What README tells its readers to write passes the preflight."""

import re

import yaml
from ansible_process import ROOT, run

README = (ROOT / "README.md").read_text()


def test_the_host_that_readme_shows_passes_preflight(tmp_path):
    playbook, pipeline = re.findall(r"`(?:logstash\.yml|main\.conf)`:\n\n```\w*\n(.*?)```", README, re.DOTALL)
    (play,) = yaml.safe_load(playbook)
    assert play.pop("roles") == ["elk.deploy.logstash"]
    role = {"name": "elk.deploy.logstash", "tasks_from": "preflight_inputs", "rolespec_validate": False}
    play |= {"gather_facts": False, "tasks": [{"ansible.builtin.include_role": role}]}
    (tmp_path / "logstash.yml").write_text(yaml.safe_dump([play]))
    (tmp_path / "main.conf").write_text(pipeline)
    ended = run("ansible-playbook", "-i", "log-1.example.com,", tmp_path / "logstash.yml")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "failed=0" in ended.stdout
