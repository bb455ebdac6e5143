"""A broken configuration changes nothing that is live, leaves nothing behind, and its message leads to the line."""

import json
import os
import subprocess
from pathlib import Path

import attacker
import process_tree
import pytest
import systemd_host
import under_the_unit
from playbook_run import command
from waiting import wait_for

ROOT = Path(os.environ["MOLECULE_PROJECT_DIRECTORY"])
GOOD = "input { tcp { port => 5000 } }\n"
VALIDATION = "/var/lib/logstash-validation"
BROKEN = {"in.conf": GOOD, "out.conf": "output {\n  stdout { codec => }\n}\n"}
UNITS = "elk-deploy-logstash-test-*"


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
def deployment(tmp_path):
    """deployment({template: text}, **variables) -> what subprocess needs to run it."""

    def prepare(templates, **more):
        for name, text in templates.items():
            (tmp_path / name).write_text(text)
        variables = {
            "logstash_template_path": str(tmp_path),
            "logstash_pipelines": [{"id": "broker", "templates": list(templates)}],
            **more,
        }
        return command("playbooks/logstash.yml", variables, tmp_path)

    return prepare


@pytest.fixture
def deploy_wrongly(host, deployment):
    """deploy_wrongly({template: text}, **variables) -> the output of a run that has to fail and to change nothing."""

    def run(templates, **variables):
        before = state(host)
        ended = subprocess.run(
            **deployment(templates, **variables),
            capture_output=True,
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


def test_confined_process_gets_out_through_no_process_of_the_test(host, deploy_wrongly):
    """One that runs as the service does, and so with the same user as the test."""
    hidden = "/tmp/of-the-host"  # noqa: S108 - the service has another /tmp
    under_the_unit.write(host, "/opt/attacker.py", Path(attacker.__file__).read_text())
    under_the_unit.write(host, hidden, "of the host")
    under_the_unit.start(host, "attacker", f"/usr/bin/python3 /opt/attacker.py {hidden}")
    try:
        wait_for(lambda: "ready" in host.run("journalctl --no-pager -u attacker").stdout, "attacker at work")
        deploy_wrongly(BROKEN)
    finally:
        said = under_the_unit.stop(host, "attacker").splitlines()
        host.run("rm -f /opt/attacker.py %s", hidden)
    assert "hidden" in said
    assert [line for line in said if line.startswith("reached")] == []
    assert f"Starting {UNITS[:-1]}" in host.check_output("journalctl --no-pager --output cat --unit %s", UNITS)


def test_test_ends_with_the_module_that_is_killed(host, deployment, deploy_wrongly):
    """Though nobody is left who would end it, and before its time is over."""
    tested = r"^\S*python\S* .*--config\.test_and_exit"
    started = subprocess.Popen(
        **deployment(BROKEN, logstash_validation_timeout=3600), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        # Found on its way, and kept there.
        freeze = ["python3", "-c", Path(process_tree.__file__).read_text(), "freeze", tested]
        frozen = systemd_host.docker("exec", host.backend.get_hostname(), *freeze).strip()
        # Not the shell that runs pgrep, which has the pattern on its command line, too.
        waiting = host.check_output("pgrep --full '[s]ystemctl start %s'", UNITS[:-1])
        module = host.check_output("ps -o ppid= -p %s", waiting).strip()
        assert "python" in host.file(f"/proc/{module}/cmdline").content_string
        host.check_output("kill -9 %s", module)
        wait_for(lambda: not host.file(f"/proc/{frozen}").exists, "end of the test")
    finally:
        # Whatever was not found: the run ends with what it waits for.
        host.run("pkill --signal KILL --full -- '--config[.]test_and_exit'")
        started.wait()
    deploy_wrongly(BROKEN)
    assert host.run("ls /run/systemd/system /run/elk-deploy | grep logstash-test").stdout == ""
    assert host.check_output("systemctl list-units --all --no-legend %s", UNITS) == ""
    assert not host.file(VALIDATION).exists


def test_what_the_confinement_takes_from_a_pipeline_is_named(host, deploy_wrongly):
    """Containers let everybody listen on low ports; hosts do not."""
    open_ports = "/proc/sys/net/ipv4/ip_unprivileged_port_start"
    before = host.check_output("cat %s", open_ports)
    host.check_output("mount -o remount,rw /proc/sys && echo 1024 > %s", open_ports)
    try:
        output = deploy_wrongly({"in.conf": "input {\n  syslog { }\n  s3 { bucket => logs }\n}\n"})
    finally:
        host.check_output("echo %s > %s && mount -o remount,ro /proc/sys", before, open_ports)
    assert "below 1024: pipelines/broker/10-in.conf: the input syslog listens on 514. Set logstash_low_ports" in output
    assert "pipelines/broker/10-in.conf: the input s3 is given no keys. Set logstash_instance_role to true" in output
