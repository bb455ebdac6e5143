"""Healthy means: unit active, the API answers from that very process, every pipeline there, every port open."""

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from ansible_collections.elk.deploy.plugins.modules import logstash_health

ACTIVE = {"ActiveState": "active", "MainPID": "77", "NRestarts": "0"}


@pytest.fixture
def api():
    """A node API whose answers a test sets: api.answers[path] = object; api.url is its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            answer = self.server.answers.get(self.path)
            self.send_response(200 if answer else 404)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.url = f"http://127.0.0.1:{server.server_port}"
    server.answers = {
        "/_node": {"version": "9.5.2", "jvm": {"pid": 77}},
        "/_node/stats/pipelines": {"pipelines": {"broker": {}, "second": {}}},
    }
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def problem(api, pipelines=("broker",), ports=(), state=ACTIVE):
    return logstash_health.find_problem(api.url, pipelines, ports, state)


def test_healthy(api):
    assert problem(api, ("broker", "second"), (api.server_port,)) == ("", "9.5.2")


def test_unit_that_is_not_active(api):
    assert "activating, not active" in problem(api, state={**ACTIVE, "ActiveState": "activating"})[0]


def test_nobody_answers(api):
    api.server_close()
    assert "does not answer" in problem(api)[0]


def test_another_process_answers(api):
    assert "answered by process 77, which is not the unit's 78" in problem(api, state={**ACTIVE, "MainPID": "78"})[0]


def test_pipeline_that_does_not_run(api):
    assert "pipeline third does not run (running: broker, second)" in problem(api, ("broker", "third"))[0]


def test_input_that_does_not_listen(api):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        assert f"no input listens on port {port}" in problem(api, ports=(port,))[0]


@pytest.fixture
def health(run_module, api, monkeypatch, tmp_path):
    (tmp_path / "log").write_text("".join(f"line {number}\n" for number in range(50)))
    monkeypatch.setattr(logstash_health, "INTERVAL", 0.01)

    def run(states, timeout=1, **options):
        states = list(states)
        monkeypatch.setattr(logstash_health, "unit_state", lambda *_: states.pop(0) if len(states) > 1 else states[0])
        return run_module(
            logstash_health,
            url=api.url,
            pipelines=["broker"],
            log_file=str(tmp_path / "log"),
            timeout=timeout,
            **options,
        )

    return run


def test_waits_until_healthy(health):
    assert health([ACTIVE, {**ACTIVE, "ActiveState": "activating"}, ACTIVE])["version"] == "9.5.2"


def test_failure_carries_the_end_of_the_log(health):
    result = health([{**ACTIVE, "ActiveState": "failed"}])
    assert result["failed"]
    assert "line 49" in result["msg"]
    assert "line 0\n" not in result["msg"]


def test_gives_up_on_a_unit_that_restarts_again_and_again(health):
    failing = [{"ActiveState": "activating", "MainPID": "0", "NRestarts": str(number)} for number in range(10)]
    result = health(failing, timeout=60)
    assert "restarted it 3 times" in result["msg"]


def test_check_mode_waits_for_nothing(health):
    assert not health([{"ActiveState": "inactive"}], check=True)["failed"]
