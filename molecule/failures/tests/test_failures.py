"""What goes wrong around a deployment: each has a message with a hint, and the service stays good. In order."""

import contextlib
import subprocess

import pytest
from other_versions import package
from playbook_run import Run, command, event_arrives, pipelines, service

# Each test goes on where the one before it has left the host.
pytestmark = pytest.mark.random_order(disabled=True)

EVENTS = "/var/log/logstash/events.jsonl"
SETTINGS, CACHE = "/etc/logstash", "/var/cache/elk-deploy"
GOOD = (
    "input { tcp { port => 5000 codec => json_lines } }\n"
    f'output {{ file {{ path => "{EVENTS}" codec => json_lines }} }}\n'
)
SLOW = 'filter { ruby { init => "sleep 60" code => "" } }\n'


@pytest.fixture
def deploy(tmp_path):
    """deploy(text, **variables) -> a run with one pipeline of this text."""

    def run(text=GOOD, **variables):
        wanted = {**pipelines(tmp_path, {"broker": text}, [5000]), "logstash_health_timeout": 15, **variables}
        return Run("playbooks/logstash.yml", wanted, tmp_path)

    return run


@pytest.fixture
def unharmed(host, request):
    """Asserts after the test that the same process serves as before."""
    before = service(host)
    yield
    assert service(host) == before
    assert event_arrives(host, request.node.name, EVENTS)


@pytest.fixture
def restored(host, request):
    """Asserts after the test that a new process serves what was served before."""
    before = service(host)
    yield
    after = service(host)
    assert after["pid"] != before["pid"]
    assert {**after, "pid": ""} == {**before, "pid": ""}
    assert event_arrives(host, request.node.name, EVENTS)


@contextlib.contextmanager
def full(host, path):
    """A file system without a byte to spare."""
    host.run("dd if=/dev/zero of=%s/filler bs=4k", path)
    try:
        yield
    finally:
        host.check_output("rm %s/filler", path)


def test_first_run_on_small_file_systems(deploy, host):
    for path, size in ((SETTINGS, "4m"), (CACHE, "2m")):
        host.check_output("mkdir --parents %s && mount -t tmpfs -o mode=755,size=%s tmpfs %s", path, size, path)
    run = deploy()
    assert run.code == 0, run.output
    assert event_arrives(host, "first", EVENTS)


@pytest.mark.usefixtures("unharmed")
def test_full_disk_under_the_settings(deploy, host):
    with full(host, SETTINGS):
        run = deploy(GOOD + "# changed\n" * 2000)
    assert run.code != 0
    assert f"could not be written to {SETTINGS}/staged: [Errno 28] No space left on device" in run.text
    assert "Make room on that file system" in run.text
    assert "Nothing live was changed, and nothing was restarted" in run.text


@pytest.mark.usefixtures("unharmed")
def test_full_disk_under_the_package(deploy, host):
    with full(host, CACHE):
        run = deploy(**package("9.4.0"))
    assert run.code != 0
    assert f"could not be copied to {CACHE}/logstash-9.4.0.deb" in run.text
    assert "No space left on device" in run.text
    assert "Make room on that file system" in run.text


@pytest.mark.usefixtures("restored")
def test_plugin_that_fails_at_register(deploy):
    """Logstash's own test lets it pass. Its process ends with its only pipeline and is restarted by systemd."""
    run = deploy(
        GOOD + "filter { grok { match => { message => '%{NOSUCHPATTERN:x}' } } }\n", logstash_health_timeout=180
    )
    assert run.code != 0
    assert (
        "pipeline broker does not run: filter grok: Grok::PatternError: pattern %{NOSUCHPATTERN:x} not defined"
        in run.text
    )
    assert "No pattern of grok is called NOSUCHPATTERN" in run.text
    assert "memory" not in run.text
    assert "raise logstash_health_timeout" not in run.text
    assert "The last known-good configuration was restored" in run.text


@pytest.mark.usefixtures("restored")
def test_input_whose_port_another_program_has(deploy, host):
    """The port is none of logstash_input_ports, and no file names it literally."""
    host.check_output("systemd-run --unit squatter python3 -m http.server 6000")
    try:
        run = deploy('input { tcp { port => "${EXTRA}" } }\n' + GOOD, logstash_environment={"EXTRA": "6000"})
    finally:
        host.check_output("systemctl stop squatter")
    assert run.code != 0
    assert "input tcp of pipeline broker fails and is started again" in run.text
    assert "Address already in use (Java::JavaNet::BindException)" in run.text
    assert "Another program listens on 6000" in run.text
    assert "The last known-good configuration was restored" in run.text


@pytest.mark.usefixtures("unharmed")
def test_literal_port_that_another_program_has(deploy, host):
    host.check_output("systemd-run --unit squatter python3 -m http.server 6000")
    try:
        run = deploy("input { tcp { port => 6000 } }\n" + GOOD)
    finally:
        host.check_output("systemctl stop squatter")
    assert run.code != 0
    assert "Another program listens on port 6000 (the input tcp in pipelines/broker/10-broker.conf)" in run.text
    assert "Nothing live was changed, and nothing was restarted" in run.text
    assert "The service runs the last known-good configuration" in run.text


@contextlib.contextmanager
def server(host, program):
    """A program of Python that serves on port 8099 of the host, where the package is looked for."""
    host.check_output("systemd-run --unit server --working-directory /srv python3 -c %s", program)
    host.check_output("sh -c 'until ss -ltn | grep -q :8099; do sleep 0.2; done'")
    try:
        yield {"logstash_version": "9.4.0", "logstash_package_url": "http://127.0.0.1:8099/changed.deb"}
    finally:
        host.check_output("systemctl stop server")


@pytest.mark.usefixtures("unharmed")
def test_file_of_a_server_with_another_hash(deploy, host):
    host.check_output("echo changed > /srv/changed.deb")
    serve = "import http.server as s; s.HTTPServer(('', 8099), s.SimpleHTTPRequestHandler).serve_forever()"
    with server(host, serve) as variables:
        run = deploy(**variables, logstash_package_checksum=f"sha256:{'0' * 64}")
    assert run.code != 0
    assert f'logstash_package_checksum is "sha256:{"0" * 64}"' in run.text
    assert "Correct the two" in run.text


@pytest.mark.usefixtures("unharmed")
def test_server_that_never_answers(deploy, host):
    listen = "import socket, time; s = socket.create_server(('', 8099)); time.sleep(600)"
    with server(host, listen) as variables:
        run = deploy(**variables, logstash_package_checksum=f"sha256:{'0' * 64}")
    assert run.code != 0
    assert "timed out" in run.text
    assert "see that the host reaches the server" in run.text


@pytest.mark.usefixtures("unharmed")
def test_settings_on_a_file_system_that_became_read_only(deploy, host):
    host.check_output("mount -o remount,ro %s", SETTINGS)
    try:
        run = deploy(GOOD + "# changed\n")
    finally:
        host.check_output("mount -o remount,rw %s", SETTINGS)
    assert run.code != 0
    assert f"Read-only file system: '{SETTINGS}/staged" in run.text
    assert "make it writable" in run.text


@pytest.mark.usefixtures("restored")
def test_second_instance_on_the_same_data_path(deploy, host):
    host.check_output(
        "mkdir -p /srv/second /srv/settings && chown logstash: /srv/second && "
        "printf 'path.data: /srv/second\\npath.logs: /srv/second\\napi.http.port: 9700\\n' "
        "> /srv/settings/logstash.yml && "
        "systemd-run --unit second --uid logstash --setenv LS_JAVA_OPTS=-Djava.io.tmpdir=/srv/second "
        "/usr/share/logstash/bin/logstash --path.settings /srv/settings "
        "-e 'input { heartbeat { } } output { stdout { } }'"
    )
    try:
        run = deploy(logstash_path_data="/srv/second", logstash_old_data="leave")
    finally:
        host.check_output("systemctl stop second")
    assert run.code != 0
    assert "Another Logstash runs on the same path.data" in run.text
    assert "give this one a logstash_path_data of its own" in run.text
    assert "The last known-good configuration was restored" in run.text


@pytest.mark.usefixtures("restored")
def test_node_api_that_cannot_start(deploy):
    run = deploy(logstash_api_host="192.0.2.1")
    assert run.code != 0
    assert "an address that this host does not have. Correct logstash_api_host" in run.text
    assert "The last known-good configuration was restored" in run.text


@pytest.mark.usefixtures("unharmed")
def test_process_that_hangs(deploy, host):
    pid = service(host)["pid"]
    host.check_output("kill -STOP %s", pid)
    try:
        run = deploy()
    finally:
        host.check_output("kill -CONT %s", pid)
    assert run.code != 0
    assert "the node API at http://127.0.0.1:9600 does not answer" in run.text
    assert "Nothing live was changed, and nothing was restarted" in run.text


@pytest.mark.usefixtures("restored")
def test_pipeline_that_needs_longer_than_it_is_given(deploy):
    run = deploy(GOOD + SLOW)
    assert run.code != 0
    assert "pipeline broker does not run" in run.text
    assert "raise logstash_health_timeout" in run.text
    assert "The last known-good configuration was restored" in run.text


def test_pipeline_that_needs_a_minute_and_is_given_it_while_a_second_run_begins(deploy, host, tmp_path):
    wanted = {**pipelines(tmp_path, {"broker": GOOD + SLOW}, [5000]), "logstash_health_timeout": 180}
    first = subprocess.Popen(
        **command("playbooks/logstash.yml", wanted, tmp_path), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    seen = []
    for line in first.stdout:
        seen.append(line)
        if "Wait until every pipeline runs" in line:
            break
    second = deploy()
    assert second.code != 0
    assert "is being changed by another deployment: " in second.text
    assert f"process {first.pid}, playbooks/logstash.yml, since 20" in second.text
    rollback = Run("playbooks/rollback.yml", wanted, tmp_path)
    assert f"process {first.pid}, playbooks/logstash.yml, since 20" in rollback.text
    assert rollback.code != 0
    seen += first.stdout
    assert first.wait() == 0, "".join(seen)
    assert event_arrives(host, "slow", EVENTS)
    assert not host.file("/run/elk-deploy/logstash.lock").exists
