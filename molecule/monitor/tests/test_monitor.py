"""What the monitor says of a broker that works, of each fault, and of the end of it; and what it is allowed to do."""

import contextlib
import json
import subprocess

import pytest
from playbook_run import Run
from waiting import wait_for

# Each test goes on where the one before it has left the host.
pytestmark = pytest.mark.random_order(disabled=True)

EVENTS = "/var/log/logstash/events.jsonl"
EVIDENCE = "/var/lib/logstash-monitor-evidence"
USER = "logstash-monitor"
TLS = "/etc/logstash-monitor/tls"
SEND = (
    "curl -s -o /dev/null -w '%%{http_code}' --max-time 5 --resolve broker.example.com:8080:127.0.0.1 "
    f"--cacert {TLS}/ca.crt --cert {TLS}/monitor.crt --key {TLS}/monitor.key --user 'elb:only for this test' "
    "-H 'Content-Type: application/json' https://broker.example.com:8080 -d %s"
)


def ready(host):
    """(status, reasons) of the health check, as a load balancer has it: within a second."""
    answer = host.run("curl -s --max-time 1 -w '\\n%{http_code}' http://127.0.0.1:9601/ready").stdout.splitlines()
    return int(answer[-1]), " ".join(json.loads("".join(answer[:-1]) or "{}").get("reasons", []))


def status(host):
    return json.loads(host.check_output("curl -s --max-time 2 http://127.0.0.1:9601/status"))


def verdict(host):
    (broker,) = status(host)["pipelines"]
    return broker


def wait_until_ready(host):
    return wait_for(lambda: ready(host)[0] == 200, "a host that is ready")


def wait_until_not_ready(host):
    """The reasons."""
    return wait_for(lambda: (found := ready(host))[0] == 503 and found[1], "a host that is not ready")


def send(host, **fields):
    assert host.check_output(SEND, json.dumps({"message": "x", **fields})) == "200"


def main_pid(host, unit="logstash"):
    return int(host.check_output("systemctl show --value --property MainPID %s", unit))


@contextlib.contextmanager
def dropped_packets(host, port):
    """Whoever connects to a port hears nothing, as behind a firewall that drops."""
    container = host.backend.host
    process = subprocess.run(
        ["docker", "inspect", "--format", "{{.State.Pid}}", container], capture_output=True, text=True, check=True
    ).stdout.strip()
    rule = ["INPUT", "-p", "tcp", "--dport", str(port), "-j", "DROP"]
    inside = ["nsenter", f"--target={process}", "--net", "iptables"]
    subprocess.run([*inside, "-I", *rule], check=True)
    try:
        yield
    finally:
        subprocess.run([*inside, "-D", *rule], check=True)


def test_a_host_that_works_is_ready_and_says_what_it_saw(host):
    wait_until_ready(host)
    found = status(host)
    assert (found["layer"], found["environment"], found["ready"]) == ("brokers", "molecule", True)
    assert {one["name"] for one in found["inputs"]} == {"broker_tcp", "broker_http"}
    assert all(one["canary_age"] < 10 for one in found["inputs"])
    assert wait_for(lambda: verdict(host)["verdict"] in ("fine", "idle"), "a verdict")
    assert "logstash_" in host.check_output("curl -s --max-time 2 http://127.0.0.1:9601/metrics")


def test_events_arrive_and_canaries_do_not(host):
    send(host, message="a line of the test")
    wait_for(lambda: host.run("grep -F %s %s", "a line of the test", EVENTS).rc == 0, "the event in the file")
    stats = json.loads(host.check_output("curl -s localhost:9600/_node/stats/pipelines"))["pipelines"]["broker"]
    (canaries,) = (one for one in stats["plugins"]["filters"] if one["id"] == "canaries")
    assert canaries["events"]["in"] > 2
    assert "canary" not in host.check_output("cat %s", EVENTS)


def test_the_service_is_its_own_user_and_confined(host):
    pid = main_pid(host, "logstash-monitor")
    state = dict(
        line.split(":", 1) for line in host.check_output("cat /proc/%s/status", str(pid)).splitlines() if ":" in line
    )
    uid = host.check_output("id -u %s", USER)
    assert state["Uid"].split() == [uid] * 4
    assert state["NoNewPrivs"].strip() == "1"
    assert {int(state[name], 16) for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb")} == {0}
    assert state["Seccomp"].strip() == "2"
    mounts = host.check_output("cat /proc/%s/mounts", str(pid)).splitlines()
    options = {line.split()[1]: line.split()[3].split(",") for line in mounts}
    assert "ro" in options["/"]
    assert "rw" in options["/var/lib/logstash-monitor"]


@pytest.mark.parametrize("name", ["config.json", "passwords/broker_http", "tls/monitor.key"])
def test_settings_are_readable_for_the_monitor_and_nobody_else(host, name):
    file = host.file(f"/etc/logstash-monitor/{name}")
    assert (file.user, file.group, file.mode) == ("root", USER, 0o640)
    assert "only for this test" not in host.file("/etc/logstash-monitor/config.json").content_string


def test_a_port_that_nobody_answers_on_takes_the_host_out_and_back(host):
    """The failure behind an HTTP health check that went on answering 200."""
    with dropped_packets(host, 5000):
        assert "broker_tcp" in wait_until_not_ready(host)
    wait_until_ready(host)


def test_a_process_that_hangs_is_said_at_once_and_not_restarted(host):
    pid = main_pid(host)
    host.check_output("kill -STOP %s", str(pid))
    try:
        assert wait_until_not_ready(host)
        # Whatever Logstash does, a load balancer hears within its time.
        assert [ready(host)[0] for _time in range(5)] == [503] * 5
    finally:
        host.check_output("kill -CONT %s", str(pid))
    wait_until_ready(host)
    assert main_pid(host) == pid


def test_a_receiver_that_hangs_is_a_stall_and_ends_in_a_restart_with_evidence(host):
    """It takes the connection and never answers. Other events wait behind, inputs go on: the host stays ready."""
    pid = main_pid(host)
    listen = "import socket, time; s = socket.socket(); s.bind(('127.0.0.1', 7000)); s.listen(); time.sleep(600)"
    host.check_output("systemd-run --unit receiver-of-the-test python3 -c %s", listen)
    try:
        for number in range(3):
            send(host, receiver=True, number=number)
        found = wait_for(
            lambda: (now := status(host))["pipelines"][0]["verdict"] == "stalled" and now["ready"] and now,
            "a stall of a host that is ready",
        )
        assert 'http "receiver"' in found["pipelines"][0]["reason"]
        wait_for(lambda: main_pid(host) not in (0, pid), "another process")
        (folder,) = (name for name in host.file(EVIDENCE).listdir() if name != "restarts.json")
        place = host.file(f"{EVIDENCE}/{folder}")
        assert (place.user, place.mode, host.file(EVIDENCE).mode) == ("root", 0o700, 0o700)
        # The fake has no threads to tell of.
        assert {"request.json", "node_stats.json", "service.txt", "logstash.log"} <= set(place.listdir())
        assert json.loads(host.file(f"{EVIDENCE}/{folder}/request.json").content_string)["pipeline"] == "broker"
    finally:
        host.run("systemctl stop receiver-of-the-test")


def test_after_the_stall_nothing_is_lost_and_the_host_is_ready(host):
    """The restart alone mends nothing: the receiver has to come back, and then gets what waited."""
    serve = (
        "import http.server as h\n"
        "class T(h.BaseHTTPRequestHandler):\n"
        "    def do_POST(self):\n"
        "        body = self.rfile.read(int(self.headers['Content-Length']))\n"
        "        open('/run/received', 'ab').write(body + b'\\n'); self.send_response(200); self.end_headers()\n"
        "h.HTTPServer(('127.0.0.1', 7000), T).serve_forever()\n"
    )
    host.check_output("systemd-run --unit receiver-of-the-test python3 -c %s", serve)

    def received():
        lines = host.run("cat /run/received").stdout.splitlines()
        return {event["number"] for line in lines for event in json.loads(line)} == {0, 1, 2}

    wait_for(received, "all three events")
    wait_until_ready(host)
    wait_for(lambda: verdict(host)["verdict"] != "stalled", "another verdict")


def test_a_run_that_was_cut_off_before_the_restart_is_completed_by_the_next(host, tmp_path):
    """It had written new settings, which the service has not read."""
    where = ("-i", "molecule/monitor/inventory", "--tags", "logstash_monitor,logstash_preflight")
    pid, of_logstash = main_pid(host, "logstash-monitor"), main_pid(host)
    host.check_output("touch /etc/logstash-monitor/config.json")
    run = Run("playbooks/logstash.yml", {}, tmp_path, where)
    assert run.code == 0, run.output
    assert main_pid(host, "logstash-monitor") not in (0, pid)
    assert main_pid(host) == of_logstash
    wait_until_ready(host)


def test_turning_it_off_removes_all_but_the_evidence(host, tmp_path):
    where = ("-i", "molecule/monitor/inventory", "--tags", "logstash_monitor,logstash_preflight")
    for changes in (True, False):
        run = Run("playbooks/logstash.yml", {"monitored": False}, tmp_path, where)
        assert run.code == 0, run.output
        assert (" changed=0 " not in run.text) == changes
    assert host.run("systemctl status logstash-monitor").rc == 4  # no such unit
    assert not host.user(USER).exists
    left = host.check_output("find /etc /opt/elk /var/lib -maxdepth 3 -name 'logstash*monitor*'").split()
    assert left == [EVIDENCE]
