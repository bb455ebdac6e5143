"""A host leaves its balancer by its monitor, waits only where that is of use, and says what waits in its queues."""

import http.server
import json
import threading

import pytest
from ansible_collections.elk.deploy.plugins.module_utils.logstash_host import waiting_events
from ansible_collections.elk.deploy.plugins.modules import logstash_drain


@pytest.fixture
def monitor(tmp_path, monkeypatch):
    """A monitor that goes by its file, as the real one does; ``monitor.ready`` is what it says without."""
    monkeypatch.setattr(logstash_drain, "PAUSE", 0.01)

    class Answers(http.server.BaseHTTPRequestHandler):
        ready = True

        def do_GET(self):
            ready = Answers.ready and not (tmp_path / "state/drained").exists()
            body = json.dumps({"ready": ready}).encode()
            self.send_response(200 if ready else 503)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    (tmp_path / "state").mkdir()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        Answers.url = f"http://127.0.0.1:{server.server_port}"
        yield Answers
        server.shutdown()


@pytest.fixture
def drain(run_module, tmp_path, monkeypatch, monitor):
    """drain(**options) -> the result; drain.slept has the seconds that it waited for the balancer."""

    def run(**options):
        run.slept.clear()
        return run_module(
            logstash_drain,
            **{
                "host": "broker-1",
                "monitor": monitor.url,
                "directory": str(tmp_path / "state"),
                "balancer_seconds": 30,
                "record": str(tmp_path / "proven"),
                **options,
            },
        )

    run.slept = []
    sleep = logstash_drain.time.sleep
    monkeypatch.setattr(
        logstash_drain.time, "sleep", lambda seconds: run.slept.append(seconds) if seconds >= 1 else sleep(seconds)
    )
    return run


def test_a_ready_host_is_taken_out_and_the_balancer_waited_for(drain, tmp_path):
    result = drain()
    assert (tmp_path / "state/drained").read_text() == "elk-deploy\n"
    assert (result["was_ready"], drain.slept) == (True, [30])
    assert result["msg"] == ["broker-1: out of its load balancer, which had 30 s for it"]


def test_a_host_that_was_not_ready_has_no_balancer_to_wait_for(drain, monitor, tmp_path):
    monitor.ready = False
    result = drain()
    assert (result["was_ready"], drain.slept) == (False, [])
    assert (tmp_path / "state/drained").exists()


def test_a_host_without_a_monitor_is_left_alone(drain, tmp_path):
    result = drain(directory=str(tmp_path / "nothing"), monitor="http://127.0.0.1:1")
    assert drain.slept == []
    assert not (tmp_path / "nothing").exists()
    assert "has no monitor" in result["msg"][0]


def test_a_monitor_that_does_not_notice_fails_the_drain(drain, monitor, tmp_path, monkeypatch):
    monkeypatch.setattr(logstash_drain, "NOTICED_SECONDS", 0.05)
    monkeypatch.setattr(logstash_drain, "is_ready", lambda _url: True)
    result = drain()
    assert result["failed"]
    assert result["msg"].startswith("[drain_failed] broker-1 could not be taken out")


def test_the_host_is_put_back(drain, tmp_path):
    drain()
    assert drain(state="undrained")["msg"] == ["broker-1: back, as soon as it is ready"]
    assert not (tmp_path / "state/drained").exists()
    assert not drain(state="undrained")["failed"]


def test_who_has_taken_the_host_out_by_hand_puts_it_back(drain, tmp_path):
    (tmp_path / "state/drained").write_text("maintenance until Friday\n")
    drain()
    drain(state="undrained")
    assert (tmp_path / "state/drained").read_text() == "maintenance until Friday\n"


def test_a_link_in_the_monitors_directory_is_not_followed(drain, tmp_path):
    (tmp_path / "secret").write_text("elk-deploy\n")
    (tmp_path / "state/drained").symlink_to(tmp_path / "secret")
    assert drain(state="undrained")["failed"]
    assert (tmp_path / "secret").exists()


def test_check_mode_takes_nothing_out(drain, tmp_path, run_module, monitor):
    result = run_module(
        logstash_drain, check=True, host="broker-1", monitor=monitor.url, directory=str(tmp_path / "state"),
        record=str(tmp_path / "proven"),
    )  # fmt: skip
    assert not result["failed"]
    assert not (tmp_path / "state/drained").exists()


# What waits


def answer(queue, **events):
    return {"pipelines": {"broker": {"queue": queue, "events": events}, ".monitoring-logstash": {}}}


@pytest.mark.parametrize(
    ("queue", "said"),
    [
        ({"type": "persisted", "events_count": 1234}, "1,234 events wait in queue broker (persisted, stays)"),
        ({"type": "persisted", "events": 1}, "1 event waits in queue broker (persisted, stays)"),
        ({"type": "persisted", "events_count": 0, "events": 0}, "queue broker is empty"),
        ({"type": "persisted"}, "the node API does not count what waits in queue broker (persisted, stays)"),
        ({"type": "memory", "events_count": 0}, "nothing is under way in pipeline broker (memory queue)"),
        ({}, "nothing is under way in pipeline broker (memory queue)"),
    ],
)
def test_how_many_events_wait_where_is_told(queue, said):
    queues = waiting_events.read(answer(queue))
    assert waiting_events.describe("broker-1", queues) == [f"broker-1: {said}"]


def test_the_one_pipeline_of_5_is_read():
    (queue,) = waiting_events.read({"pipeline": {"queue": {"type": "persisted", "events": 3}, "events": {"in": 4}}})
    assert (queue.pipeline, queue.events) == ("main", 3)


def test_a_memory_queue_is_quiet_once_nothing_moves():
    first, second = (waiting_events.read(answer({"type": "memory"}, **{"in": n, "out": n})) for n in (5, 6))
    assert waiting_events.under_way([], first) == ["broker"]
    assert waiting_events.under_way(first, second) == ["broker"]
    assert waiting_events.under_way(second, second) == []
    assert "events still pass in pipeline broker" in waiting_events.describe("broker-1", second, ["broker"])[0]


def test_a_persisted_queue_is_not_waited_for():
    first, second = (waiting_events.read(answer({"type": "persisted", "events": 9}, **{"in": n})) for n in (5, 6))
    assert waiting_events.under_way(first, second) == []
