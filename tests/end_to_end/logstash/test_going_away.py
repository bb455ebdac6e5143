"""An instance goes away, with systemd and a queue on the disk: what is drained, saved, and delivered elsewhere."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import systemd_host
from fake_logstash.build import build_package
from waiting import wait_for

ROOT = Path(__file__).resolve().parents[3]
# Each test goes on where the one before it has left the host.
pytestmark = pytest.mark.random_order(disabled=True)

PROGRAM = "/opt/elk/instance_program.py"
FILES = "/var/lib/elk-test"
RECEIVED = f"{FILES}/received"
QUEUE = "/var/lib/logstash/queue"
DROP_IN = "/run/systemd/system/logstash.service.d/zz-elk-termination.conf"
SETTINGS = {
    "environment": "staging",
    "layer": "brokers",
    "bundle": "s3://bucket/bundles/staging/current.json",
    "group": "g",
    "termination_hook": "elk-terminate",
    "termination_timeout": 60,
    "archive": "s3://bucket/queues/staging",
    "history": "s3://bucket/deployments/staging",
    "notifications_topic": "arn:aws:sns:eu-west-1:123456789012:t",
}
PIPELINE = """\
input { tcp { port => 5000 codec => json_lines } }
output { http { url => "http://127.0.0.1:8000/" http_method => post } elasticsearch { hosts => ["127.0.0.1:9200"] } }
"""
LOGSTASH = {
    "path.data": "/var/lib/logstash",
    "path.logs": "/var/log/logstash",
    "queue.type": "persisted",
    "queue.drain": True,
}
PIPELINES = [{"pipeline.id": "p", "path.config": "/etc/logstash/p.conf", "pipeline.batch.size": 5}]
SEND = """
import socket, sys
with socket.create_connection(("127.0.0.1", 5000)) as connection:
    connection.sendall(sys.stdin.buffer.read())
"""
ASK = """
import urllib.request
print(urllib.request.urlopen("http://127.0.0.1:9600/_node/stats/pipelines").read().decode())
"""
# As the role's, with a short logstash_stop_timeout. Logstash needs a temporary directory that can execute.
DROP_IN_OF_THE_ROLE = """\
[Service]
TimeoutStopSec=5
Environment=LS_JAVA_OPTS=-Djava.io.tmpdir=/var/lib/logstash
"""
# The receiver writes each event down, and answers once there is a file `go`. What stands for Elasticsearch takes all.
RECEIVER = f"""\
import http.server, pathlib, threading, time
class Elasticsearch(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{{"errors": false, "items": []}}')
    def log_message(self, *words):
        pass
elasticsearch = http.server.ThreadingHTTPServer(("127.0.0.1", 9200), Elasticsearch)
threading.Thread(target=elasticsearch.serve_forever, daemon=True).start()
class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        while not pathlib.Path("{FILES}/go").exists():
            time.sleep(0.1)
        with open("{RECEIVED}", "ab") as file:
            file.write(body + b"\\n")
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *words):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", 8000), Receiver).serve_forever()
"""


class Host:
    """The container."""

    def __init__(self, name):
        self.name = name

    def run(self, *words, check=True, text=None):
        """The ended process."""
        command = ["docker", "exec", "-i", self.name, *words]
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
        assert not check or done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done

    def shell(self, script, check=True):
        return self.run("sh", "-c", script, check=check).stdout

    def write(self, path, text):
        self.shell(f"mkdir -p {Path(path).parent}")
        self.run("sh", "-c", f"cat > {path}", text=text)

    def received(self):
        """The numbers of the events that arrived."""
        lines = self.shell(f"cat {RECEIVED} 2>/dev/null || true").splitlines()
        return [json.loads(line)["n"] for line in lines]

    def listens(self):
        probe = "import socket; socket.create_connection(('127.0.0.1', 5000), 5).close()"
        return self.run("python3", "-c", probe, check=False).returncode == 0

    def send(self, numbers):
        """Events that have been written to the queue when it returns."""
        before = self.events_in()
        text = "".join(json.dumps({"n": number}) + "\n" for number in numbers)
        self.run("python3", "-c", SEND, text=text)
        wait_for(lambda: self.events_in() >= before + len(numbers), "events in the queue")

    def events_in(self):
        done = self.run("python3", "-c", ASK, check=False)
        return json.loads(done.stdout)["pipelines"]["p"]["events"]["in"] if done.returncode == 0 else -1

    def unit(self, name, unit="logstash"):
        return self.shell(f"systemctl show --value --property {name} {unit}").strip()

    def start(self):
        self.shell("systemctl start logstash")
        wait_for(self.listens, "Logstash's input")

    def calls(self):
        return [json.loads(line) for line in self.shell(f"cat {FILES}/calls 2>/dev/null || true").splitlines()]

    def result(self):
        return json.loads(self.shell("cat /var/lib/elk/termination.json"))

    def terminate(self):
        """The service that waits for notices, started as on an instance."""
        self.shell(f"rm -rf {FILES}/calls /var/lib/elk/termination.json {FILES}/metadata/meta-data/autoscaling")
        words = f"systemd-run --unit elk-termination --collect python3 {PROGRAM} termination"
        self.shell(words)

    def notice(self):
        self.write(f"{FILES}/metadata/meta-data/autoscaling/target-lifecycle-state", "Terminated")

    def wait_for_the_end(self):
        wait_for(lambda: ["complete", "CONTINUE"] in self.calls(), "the end of the hook")
        wait_for(lambda: self.unit("ActiveState", "elk-termination") == "inactive", "the end of the program")


@pytest.fixture(scope="module")
def host(container, tmp_path_factory):
    """A host whose Logstash runs, with its receiver."""
    package = build_package("9.5.2", tmp_path_factory.mktemp("package"))
    systemd_host.docker("cp", str(package), f"{container}:/opt/logstash.deb")
    made = Host(container)
    made.shell("dpkg -i /opt/logstash.deb && mkdir -p /opt/elk /var/lib/elk")
    # With what links in it lead to, as the role copies it.
    files = tmp_path_factory.mktemp("program") / "logstash_instance"
    shutil.copytree(ROOT / "roles/logstash_instance/files/logstash_instance", files)
    systemd_host.docker("cp", str(files), f"{container}:/opt/elk/logstash_instance")
    systemd_host.docker("cp", str(ROOT / "tests/support/programs/instance_program.py"), f"{container}:{PROGRAM}")
    for path, text in {
        f"{FILES}/metadata/user-data": json.dumps(SETTINGS),
        f"{FILES}/metadata/meta-data/instance-id": "i-0123456789abcdef0",
        f"{FILES}/metadata/meta-data/placement/region": "eu-west-1",
        f"{FILES}/receiver.py": RECEIVER,
        "/etc/logstash/p.conf": PIPELINE,
        "/etc/logstash/pipelines.yml": json.dumps(PIPELINES),
        "/etc/logstash/logstash.yml": json.dumps(LOGSTASH),
        "/etc/systemd/system/logstash.service.d/elk-deploy.conf": DROP_IN_OF_THE_ROLE,
    }.items():
        made.write(path, text)
    made.shell(f"systemctl daemon-reload && systemd-run --unit receiver python3 {FILES}/receiver.py")
    made.start()
    return made


def restored(host):
    """The host as another one of its layer would be: what the end left is gone."""
    host.shell(
        f"rm -rf {DROP_IN} {QUEUE}/p {RECEIVED} && systemctl daemon-reload && systemctl reset-failed logstash || true"
    )


def test_inputs_close_and_a_slow_receiver_gets_every_event(host):
    host.terminate()
    host.send(range(20))
    host.notice()
    wait_for(lambda: not host.listens(), "the end of the input")
    assert host.unit("ActiveState") == "deactivating"
    assert host.unit("TimeoutStopUSec") != "5s", "the unit's own limit would have ended it"
    # It would be over by now, if that counted.
    host.shell("sleep 7")
    assert host.unit("ActiveState") == "deactivating"
    host.shell(f"touch {FILES}/go")
    host.wait_for_the_end()
    result = host.result()
    assert sorted(host.received()) == list(range(20))
    assert (result["result"], result["left"]["events"], result["errors"]) == ("drained", 0, [])
    assert result["at_notice"]["events"] == result["drained"] == 20
    assert host.unit("Result") == "success"
    assert host.calls()[-1] == ["complete", "CONTINUE"]


def test_nothing_starts_logstash_again(host):
    host.shell("systemctl start logstash")
    assert host.unit("ActiveState") == "inactive"
    restored(host)
    host.start()


def test_what_a_receiver_does_not_take_is_saved_and_counted(host):
    host.shell(f"rm {FILES}/go")
    host.terminate()
    host.send(range(100, 130))
    host.notice()
    host.wait_for_the_end()
    result = host.result()
    assert (result["result"], result["left"]["queue"]["p"]["events"], result["errors"]) == ("saved", 30, [])
    assert host.calls()[0] == ["history", "draining"]
    assert host.calls()[-3:] == [["history", "saved"], ["topic", "saved"], ["complete", "CONTINUE"]]
    assert host.unit("ActiveState") == "failed"
    archive = result["archive"]
    place = f"{FILES}/objects/{archive['address'].rpartition('/')[2]}"
    assert host.shell(f"sha256sum {place}").split()[0] == archive["sha256"]
    host.shell(f"mv {place} /opt/queue.tar")


def deliver(host, *words):
    return host.run("python3", PROGRAM, "deliver-queue", "/opt/queue.tar", *words, check=False)


def test_a_host_whose_own_queue_cannot_be_drained_refuses_a_saved_one_and_keeps_its_own(host):
    restored(host)
    host.start()
    host.send(range(200, 203))
    done = deliver(host)
    assert done.returncode == 1, done.stdout
    assert "[queue_not_delivered]" in done.stdout
    assert "p: 3 events" in done.stdout
    wait_for(host.listens, "Logstash's input")
    host.shell(f"touch {FILES}/go")
    # The receiver also ends what Logstash was killed in.
    wait_for(lambda: set(host.received()) >= {200, 201, 202}, "the host's own events")


def test_a_saved_queue_is_delivered_with_what_the_host_has_and_gets(host):
    sha256 = host.result()["archive"]["sha256"]
    done = deliver(host, "--sha256", sha256)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Everything is delivered" in done.stdout
    wait_for(host.listens, "Logstash's input")
    host.send([300])
    wait_for(lambda: 300 in host.received(), "a new event")
    assert set(host.received()) == {*range(100, 130), 200, 201, 202, 300}
    assert host.shell(f"stat -c %U {QUEUE}/p/page.0").strip() == "logstash"
    assert host.shell(f"ls -A {QUEUE}").split() == ["p"]


def test_an_archive_is_delivered_once(host):
    done = deliver(host)
    assert done.returncode == 1
    assert "was put into a queue of this host" in done.stdout
    assert host.listens()


def test_an_archive_with_another_checksum_changes_nothing(host):
    done = deliver(host, "--sha256", "0" * 64)
    assert (done.returncode, "[queue_archive_invalid]" in done.stdout) == (1, True)
    assert host.listens()
