"""A broken configuration changes nothing that is live, leaves nothing behind, and its message leads to the line."""

import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(os.environ["MOLECULE_PROJECT_DIRECTORY"])
GOOD = "input { tcp { port => 5000 } }\n"
VALIDATION = "/var/lib/logstash-validation"


def state(host):
    """What must not change: the process, its settings, its files and their owners, and that it serves."""
    return {
        "pid": host.run("systemctl show --value --property MainPID logstash").stdout,
        "settings": host.run(
            "readlink /etc/logstash/current; cat /etc/logstash/*.yml /etc/logstash/pipelines/*/*"
        ).stdout,
        "releases": host.run("ls -R /etc/logstash/releases").stdout,
        "files": host.run("find /var/lib/logstash /var/log/logstash -printf '%p %u %m\n' | sort").stdout,
        "running": list(json.loads(host.run("curl -s localhost:9600/_node/stats/pipelines").stdout)["pipelines"]),
    }


@pytest.fixture
def deploy_wrongly(host, tmp_path):
    """deploy_wrongly({template: text}) -> the output of a run that has to fail and to change nothing."""

    def run(templates):
        for name, text in templates.items():
            (tmp_path / name).write_text(text)
        variables = {
            "logstash_template_path": str(tmp_path),
            "logstash_pipelines": [{"id": "broker", "templates": list(templates)}],
        }
        (tmp_path / "variables.json").write_text(json.dumps(variables))
        before = state(host)
        command = ["ansible-playbook", "-i", os.environ["MOLECULE_INVENTORY_FILE"], "playbooks/logstash.yml"]
        ended = subprocess.run(
            [*command, "-e", f"@{tmp_path}/variables.json"],
            cwd=ROOT,
            env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_FORCE_COLOR": "0"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode != 0, ended.stdout
        assert state(host) == before
        return " ".join((ended.stdout + ended.stderr).split())

    return run


def test_syntax_error_is_traced_to_file_line_and_template(host, deploy_wrongly):
    """The second file of the pipeline; Logstash says only `at line 3, column 23`."""
    output = deploy_wrongly({"in.conf": GOOD, "out.conf": "# output\noutput {\n  stdout { codec => }\n}\n"})
    assert "Expected one of" in output
    assert "Look at pipelines/broker/20-out.conf line 3 (template out.conf): stdout { codec => }" in output
    assert not host.file(VALIDATION).exists


def test_unknown_option_of_a_plugin(host, deploy_wrongly):
    output = deploy_wrongly(
        {"in.conf": GOOD, "out.conf": 'output {\n  http {\n    url => "x"\n    bogus => 1\n  }\n}\n'}
    )
    assert "Unknown setting 'bogus' for http" in output
    assert "Look at pipelines/broker/20-out.conf line 4 (template out.conf): bogus => 1" in output
    assert not host.file(VALIDATION).exists


def test_path_config_that_matches_nothing(host, deploy_wrongly):
    """Logstash's own test lets it pass, and the pipeline would not be there."""
    output = deploy_wrongly({"in.config": GOOD})
    assert "path.config of pipeline broker (/etc/logstash/pipelines/broker/*.conf) matches no file" in output
    assert not host.file(VALIDATION).exists


def test_disk_that_is_full_where_it_is_tested(host, deploy_wrongly):
    host.run(f"mkdir {VALIDATION} && mount -t tmpfs -o size=16k none {VALIDATION}")
    try:
        output = deploy_wrongly({"in.conf": GOOD + "# " + "x" * 50_000})
        assert host.run(f"ls -A {VALIDATION}").stdout == ""
    finally:
        host.run(f"umount {VALIDATION} && rmdir {VALIDATION}")
    assert "No space left on device" in output
    assert "Free some space on its volume" in output
