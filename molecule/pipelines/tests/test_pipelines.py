"""Two pipelines with settings of their own; a confined unit; a bounded stop whose undelivered events come out later."""

import json
import os
import re
import uuid
from pathlib import Path

import pytest
import under_the_unit
from playbook_run import Run
from waiting import wait_for

# Each test goes on where the one before it has left the host.
pytestmark = pytest.mark.random_order(disabled=True)

ROOT = Path(os.environ["MOLECULE_PROJECT_DIRECTORY"])
HERE = Path(__file__).parent


def pipelines(host):
    """What the node API says of the pipelines."""
    return json.loads(host.run("curl -s http://127.0.0.1:9600/_node/stats/pipelines").stdout)["pipelines"]


def unit(host, name):
    """A property of the service as systemd has it."""
    return host.run(f"systemctl show --value --property {name} logstash").stdout.strip()


def journal_end(host):
    """The place in the journal after its last line."""
    return host.check_output("journalctl --lines 0 --show-cursor --no-pager").rpartition("-- cursor: ")[2].strip()


def started_after(host, cursor):
    """The InvocationIDs of the service's starts after a place in the journal."""
    command = f"journalctl --after-cursor '{cursor}' --unit logstash --output json --no-pager"
    entries = map(json.loads, host.check_output(command).splitlines())
    # The service manager's own lines have the first of the two fields, those of the process the second.
    return {entry.get("INVOCATION_ID") or entry.get("_SYSTEMD_INVOCATION_ID") for entry in entries} - {None}


def deploy(variables, tmp_path):
    """Runs the playbook with other variables; its output."""
    run = Run("playbooks/logstash.yml", variables, tmp_path, ("--diff",))
    assert run.code == 0, run.output
    return run.output


def test_both_pipelines_run_with_their_own_settings(host):
    found = pipelines(host)
    assert {name: one["queue"]["type"] for name, one in found.items()} == {"ingest": "persisted", "sink": "memory"}
    assert found["ingest"]["queue"]["max_queue_size_in_bytes"] == 256 * 2**20


def test_queue_and_dead_letter_queue_lie_where_they_should(host):
    assert host.file("/srv/queues/ingest/page.0").user == "logstash"
    assert not host.file("/srv/queues/sink").exists
    assert host.file("/var/lib/logstash/dead_letter_queue/sink").is_directory
    assert not host.file("/var/lib/logstash/dead_letter_queue/ingest").exists


@pytest.mark.parametrize("name", ["environment", "unit.systemd", "tls/ingest.key", "tls/ingest.crt", "pipelines.yml"])
def test_files_are_for_logstash_and_nobody_else(host, name):
    file = host.file(f"/etc/logstash/current/{name}")
    assert (file.user, file.group, oct(file.mode)) == ("root", "logstash", "0o640")


def test_process_has_its_environment(host):
    environment = host.run(f"tr '\\0' '\\n' < /proc/{unit(host, 'MainPID')}/environ").stdout.splitlines()
    assert 'MOLECULE_NOTE=one "quoted" $5' in environment
    assert "LS_JAVA_OPTS=-Xms512m -Xmx512m -Djava.io.tmpdir=/var/lib/logstash/tmp" in environment
    assert "LOGSTASH_TLS_PATH=/etc/logstash/tls" in environment


def test_unit_is_confined_and_bounded(host):
    assert unit(host, "TimeoutStopUSec") == "8s"
    assert (unit(host, "ProtectSystem"), unit(host, "ProtectHome")) == ("strict", "read-only")
    assert "NoNewPrivs:\t1" in host.run(f"cat /proc/{unit(host, 'MainPID')}/status").stdout
    assert unit(host, "NeedDaemonReload") == "no"


def test_confined_process_sees_only_its_directories_writable(host):
    """As root in the process's own namespace: not the rights of files, but the mounts decide."""
    inside = f"nsenter --target {unit(host, 'MainPID')} --mount"
    for path in ("/etc", "/usr/share/logstash", "/srv", "/var/lib", "/root"):
        assert "Read-only file system" in host.run(f"{inside} touch {path}/intruder").stderr, path
    for path in ("/srv/queues", "/var/lib/logstash", "/var/log/logstash"):
        assert host.run(f"{inside} sh -c 'touch {path}/probe && rm {path}/probe'").rc == 0, path


def test_position_of_an_input_is_where_the_confined_process_can_write_it(host):
    """jdbc of several releases keeps it in HOME, which was the package's own folder."""
    pid = unit(host, "MainPID")
    assert "HOME=/var/lib/logstash" in host.run(f"tr '\\0' '\\n' < /proc/{pid}/environ").stdout.splitlines()
    assert not host.file("/usr/share/logstash/.logstash_jdbc_last_run").exists
    inside = f"nsenter --target {pid} --mount setpriv --reuid logstash --regid logstash --clear-groups sh -c"
    position = "/var/lib/logstash/.logstash_jdbc_last_run"
    assert (
        host.run(
            f"{inside} 'grep -q 2026-11-01 {position} && cp {position} {position}.1 && mv {position}.1 {position}'"
        ).rc
        == 0
    )


JAVA_PORT = 5099
JAVA_DROP_IN = f"""[Service]
ExecStart=
ExecStart=/usr/bin/rmiregistry -J-Xlog:gc:file=/var/lib/logstash/java.log {JAVA_PORT}
"""


@pytest.fixture
def java(host):
    """The service with a Java program in the place of Logstash: it listens, writes a log, and makes code as it runs."""
    folder = "/run/systemd/system/logstash.service.d"
    host.check_output("mkdir -p %s", folder)
    under_the_unit.write(host, f"{folder}/zz-java.conf", JAVA_DROP_IN)
    host.check_output("systemctl daemon-reload && systemctl restart logstash")
    yield
    host.check_output("rm -r %s /var/lib/logstash/java.log", folder)
    host.check_output("systemctl daemon-reload && systemctl restart logstash")
    wait_for(lambda: host.socket("tcp://0.0.0.0:8443").is_listening, "Logstash that listens again")


def test_java_runs_under_the_unit_with_little_exposure(host, java):
    wait_for(lambda: host.socket(f"tcp://0.0.0.0:{JAVA_PORT}").is_listening, "Java that listens")
    process = unit(host, "MainPID")
    status = host.check_output("cat /proc/%s/status", process)
    for line in ("CapBnd:\t0000000000000000", "CapEff:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"):
        assert line in status
    assert "java" in host.check_output("readlink /proc/%s/exe", process)
    assert host.file("/var/lib/logstash/java.log").user == "logstash"
    assert host.check_output("readlink /proc/%s/ns/user", process) != host.check_output("readlink /proc/self/ns/user")
    assert "hidepid" in host.check_output("nsenter --target %s --mount findmnt -n -o OPTIONS /proc", process)
    assert "169.254.169.254/32" in unit(host, "IPAddressDeny")
    said = host.check_output("systemd-analyze security --no-pager logstash")
    exposure = float(re.search(r"Overall exposure level for logstash.service: ([0-9.]+)", said)[1])
    assert exposure <= 1.6, said


def send(host, message):
    """Gives one event to the TLS input."""
    answer = host.run(
        "curl -sk -o /dev/null -w '%%{http_code}' -H 'Content-Type: application/json' -d %s https://127.0.0.1:8443",
        json.dumps({"message": message}),
    )
    assert answer.stdout == "200"


def test_stop_with_an_unreachable_output_is_bounded_and_its_events_come_out_later(host):
    messages = [f"queued-{uuid.uuid4()}" for _ in range(3)]
    for message in messages:
        send(host, message)
    assert unit(host, "TimeoutStopUSec") == "8s"
    assert host.run("systemctl stop logstash").rc == 0
    # From 8.8 on, the output gives its batch back to the queue, and the stop need not be cut off.
    assert unit(host, "Result") == "success"
    assert "queued-" not in host.run("cat /var/log/logstash/ingest.jsonl").stdout

    host.run("mkdir -p /opt/fake")
    source = (HERE / "fake_elasticsearch.py").read_text()
    assert host.run("sh -c 'printf %%s \"$1\" > /opt/fake/server.py' sh %s", source).rc == 0
    host.run("systemd-run --unit fake-elasticsearch python3 /opt/fake/server.py")
    try:
        assert host.run("systemctl start logstash").rc == 0
        arrived = "cat /var/log/logstash/ingest.jsonl"
        wait_for(lambda: all(text in host.run(arrived).stdout for text in messages), "events from the queue")
        assert host.run("systemctl stop logstash").rc == 0
        assert unit(host, "Result") == "success"
    finally:
        host.run("systemctl stop fake-elasticsearch")
        host.run("systemctl start logstash")


def test_a_change_of_everything_restarts_once_and_shows_no_secret(host, tmp_path):
    wait_for(lambda: "sink" in host.run("curl -s localhost:9600/_node/stats/pipelines").stdout, "pipeline sink")
    starts, before = int(unit(host, "NRestarts")), unit(host, "InvocationID")
    key = host.file("/etc/logstash/current/tls/ingest.key").content_string.splitlines()[1]
    cursor = journal_end(host)
    output = deploy(
        {
            "logstash_heap_size": "256m",
            "logstash_unmanaged_files": "remove",
            "logstash_unit_hardening": False,
            "logstash_shutdown": "unsafe",
            "logstash_log4j2_template": "log4j2.properties",
            "logstash_template_path": str(templates_with_log4j2(tmp_path)),
            "logstash_tls_files": [
                {"name": "ingest.crt", "content": host.file("/etc/logstash/current/tls/ingest.crt").content_string},
                {
                    "name": "ingest.key",
                    "content": host.file("/etc/logstash/current/tls/ingest.key").content_string + "\n",
                },
                {"name": "new.key", "content": "a-secret-of-its-own"},
            ],
        },
        tmp_path,
    )
    assert "Not shown: tls/new.key" in output
    assert "a-secret-of-its-own" not in output
    assert key not in output
    assert "a-secret-of-its-own" not in host.run("journalctl --no-pager").stdout
    assert "/etc/logstash/conf.d/old.conf" in output
    assert not host.file("/etc/logstash/conf.d/old.conf").exists
    assert started_after(host, cursor) - {before} == {unit(host, "InvocationID")} != {before}
    assert int(unit(host, "NRestarts")) == starts
    assert (unit(host, "ProtectSystem"), unit(host, "NeedDaemonReload")) == ("no", "no")
    assert "pipeline.unsafe_shutdown: true" in host.file("/etc/logstash/logstash.yml").content_string
    assert host.file("/etc/logstash/log4j2.properties").linked_to.endswith("/log4j2.properties")


def templates_with_log4j2(tmp_path):
    """The scenario's templates, and a log4j2.properties."""
    folder = tmp_path / "templates"
    folder.mkdir()
    for path in (HERE.parent / "templates").iterdir():
        (folder / path.name).write_text(path.read_text())
    (folder / "log4j2.properties").write_text(
        "status = error\nname = OfTheTest\nrootLogger.level = ${sys:ls.log.level}\n"
    )
    return folder


def test_what_was_given_up_comes_back(host, tmp_path):
    """Without its own log4j2.properties, the package's is there again. And a low port is listened on when that is asked
    for: in a container, everybody may listen there, but not here."""
    host.check_output("mount -o remount,rw /proc/sys && echo 1024 > /proc/sys/net/ipv4/ip_unprivileged_port_start")
    low = {"octopus_variables": {"LogTcpPort": 514}, "logstash_input_ports": [8443, 514], "logstash_low_ports": True}
    output = deploy(low, tmp_path)
    assert host.socket("tcp://0.0.0.0:514").is_listening
    assert "CapEff:\t0000000000000400" in host.check_output("cat /proc/%s/status", unit(host, "MainPID"))
    assert not host.file("/etc/logstash/log4j2.properties").is_symlink
    assert "LogstashPropertiesConfig" in host.file("/etc/logstash/log4j2.properties").content_string
    assert unit(host, "ProtectSystem") == "strict"
    assert "Unmanaged files were found" not in output
