"""The monitor as a process beside a fake Logstash: what it says of each fault, and that it says it in time."""

import contextlib
import json
import signal
import socket
import time

import pytest
from waiting import wait_for

PATIENCE = 60


@pytest.fixture
def running(node):
    node.logstash = node.start_logstash()
    node.monitor = node.start_monitor()
    assert node.until_ready(200) == []
    return node


def canaries_of(node):
    (pipeline,) = [one for one in node.get("/status")[1]["pipelines"] if one["pipeline"] == "broker"]
    return pipeline["events"]["in"]


def test_canaries_pass_and_reach_no_output(running):
    running.send(3)
    wait_for(lambda: len(running.receiver.events) == 3, "3 events at the receiver", interval=0.05)
    before = canaries_of(running)
    wait_for(lambda: canaries_of(running) > before + 3, "canaries", interval=0.05)
    assert sorted(event["message"] for event in running.receiver.events) == ["event 0", "event 1", "event 2"]
    status, found = running.get("/status")
    assert status == 200
    assert found["logstash"]["version"] == "8.5.3"
    assert [(one["name"], one["kind"], one["reason"]) for one in found["inputs"]] == [
        ("broker_tcp", "tcp", ""),
        ("broker_http", "http", ""),
    ]
    metrics = running.get("/metrics")[1]
    assert 'logstash_plugin_events_out_total{pipeline="broker",plugin="broker_tcp",kind="input"} ' in metrics
    assert "\nlogstash_up 1\n" in metrics


def test_a_hanging_logstash_is_unready_with_the_reason_and_comes_back(running):
    """SIGSTOP: ports take connections, and nothing answers. /ready always does."""
    running.logstash.send_signal(signal.SIGSTOP)
    slowest = 0.0

    def unready():
        nonlocal slowest
        began = time.monotonic()
        status, found = running.get("/ready")
        slowest = max(slowest, time.monotonic() - began)
        return status == 503 and found["reasons"]

    reasons = wait_for(unready, "503", interval=0.05)
    assert any(
        "broker_tcp" in reason or "does not answer" in reason or "has not answered" in reason for reason in reasons
    )
    assert slowest < 5
    running.logstash.send_signal(signal.SIGCONT)
    assert running.until_ready(200) == []


def test_a_logstash_that_is_gone(running):
    running.logstash.kill()
    running.logstash.wait()
    reasons = running.until_ready(503)
    assert any("refused" in reason for reason in reasons)
    wait_for(lambda: not running.get("/status")[1]["logstash"]["reachable"], "a Logstash that is not reachable")
    running.start_logstash()
    assert running.until_ready(200) == []


def test_an_input_that_is_gone_while_the_other_answers(node):
    """Its port is taken by something that swallows all: the HTTP input's 200 says nothing of it."""
    node.start_logstash()
    with socket.create_server(("127.0.0.1", 0)) as hole:
        node.ports["tcp"] = hole.getsockname()[1]
        node.start_monitor()
        (reason,) = node.until_ready(503)
        while reason == "starting":
            time.sleep(0.05)
            (reason,) = node.get("/ready")[1]["reasons"] or ("starting",)
    assert reason.startswith("Input broker_tcp takes no canary, 2 in a row. Port ")
    assert "counted no event" in reason
    by_name = {one["name"]: one for one in node.get("/status")[1]["inputs"]}
    assert by_name["broker_http"]["reason"] == ""


def test_an_output_that_hangs_is_a_stall_and_the_host_stays_ready(running):
    running.receiver.hanging.set()
    running.send(500)
    wait_for(lambda: running.verdict() == "stalled", "stall", interval=0.1)
    reason = running.get("/status")[1]["pipelines"][0]["reason"]
    assert reason
    # The persistent queue takes events: so the balancer goes on sending.
    assert running.get("/ready") == (200, {"ready": True, "reasons": []})
    assert any("stalled" in reason for reason in running.get("/status")[1]["reasons"])
    assert 'logstash_pipeline_verdict{pipeline="broker",verdict="stalled"} 1\n' in running.get("/metrics")[1]
    running.receiver.go_on()
    wait_for(lambda: len(running.receiver.events) == 500, "all events", interval=0.1)
    wait_for(lambda: running.verdict() in ("fine", "idle"), "end of the stall", interval=0.1)


def test_silent_clients_keep_nobody_from_ready(running):
    with contextlib.ExitStack() as stack:
        for _ in range(200):
            stack.enter_context(socket.create_connection(("127.0.0.1", running.ports["monitor"]), timeout=PATIENCE))
        for _ in range(20):
            assert running.get("/ready", seconds=5) == (200, {"ready": True, "reasons": []})


def test_a_drained_host(running):
    drained = running.folder / "state/drained"
    drained.write_text("")
    assert running.get("/ready") == (503, {"ready": False, "reasons": ["drained"]})
    drained.unlink()
    assert running.get("/ready")[0] == 200


def test_sigterm_ends_it_within_a_second(running):
    """Also while the node API hangs."""
    running.logstash.send_signal(signal.SIGSTOP)
    running.until_ready(503)
    began = time.monotonic()
    running.monitor.send_signal(signal.SIGTERM)
    assert running.monitor.wait(PATIENCE) == 0
    # A second, and what a busy machine needs to end a process.
    assert time.monotonic() - began < 5
    assert "Traceback" not in running.output()


def test_what_systemd_is_told(node):
    path = node.folder / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as link:
        link.bind(str(path))
        link.settimeout(PATIENCE)
        node.environment["NOTIFY_SOCKET"] = str(path)
        node.start_logstash()
        monitor = node.start_monitor()
        told = [link.recv(100).decode() for _ in range(4)]
        assert sorted(told, reverse=True) == ["WATCHDOG=1"] * 3 + ["READY=1"]
        # Stopped, it tells nothing: systemd starts it anew.
        monitor.send_signal(signal.SIGSTOP)
        link.settimeout(3)
        with contextlib.suppress(TimeoutError):
            while link.recv(100):
                pass
        with pytest.raises(TimeoutError):
            link.recv(100)
        monitor.send_signal(signal.SIGCONT)
        link.settimeout(PATIENCE)
        assert link.recv(100) == b"WATCHDOG=1"
        monitor.send_signal(signal.SIGTERM)
        while link.recv(100) != b"STOPPING=1":
            pass


def test_a_port_that_is_taken_is_said(node):
    with socket.create_server(("127.0.0.1", node.ports["monitor"])):
        found = node.run("run")
    assert found.returncode == 1
    assert f"port {node.ports['monitor']}" in found.stderr
    assert "Traceback" not in found.stderr


def test_a_wrong_configuration_is_said(node):
    node.changes = {"interval": "1", "layer": ""}
    for command in ("run", "check", "restart"):
        found = node.run(command)
        assert found.returncode == 2
        assert "- interval: " in found.stderr
        assert "- layer: " in found.stderr


def test_one_look(node):
    found = node.run("check", "--period", "1")
    assert found.returncode == 1
    assert "refused" in "".join(json.loads(found.stdout)["reasons"])
    node.start_logstash()
    found = node.run("check", "--period", "1")
    assert (found.returncode, found.stderr) == (0, "")
    status = json.loads(found.stdout)
    assert status["ready"]
    assert [one["pipeline"] for one in status["pipelines"]] == ["broker"]
    # Nothing is left where the service keeps what it knows.
    assert list((node.folder / "state").iterdir()) == []


def test_one_look_at_an_input_that_is_gone(node):
    node.start_logstash()
    with socket.create_server(("127.0.0.1", 0)) as hole:
        node.ports["tcp"] = hole.getsockname()[1]
        found = node.run("check", "--period", "1")
    assert found.returncode == 1
    (reason,) = json.loads(found.stdout)["reasons"]
    assert reason.startswith("Input broker_tcp: Port ")
    assert "counted no event" in reason


def test_a_stall_that_lasts_asks_for_a_restart(node):
    node.changes = {"restart": {"enabled": True, "after": 5, "at_most": 1, "within": 3600}}
    node.start_logstash()
    node.start_monitor()
    node.until_ready(200)
    node.receiver.hanging.set()
    node.send(500)
    request = node.folder / "state/restart-request.json"
    wait_for(request.exists, "request for a restart", interval=0.1)
    assert json.loads(request.read_text())["pipeline"] == "broker"
