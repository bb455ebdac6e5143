"""The node API: what is asked, and what its failures are called."""

import json

import pytest
from logstash_monitor.config import Api
from logstash_monitor.errors import NodeApiError, TransportError
from logstash_monitor.node_api import NodeApi
from logstash_monitor.transport import Response

STATS = {"version": "8.5.3", "ephemeral_id": "one", "pipelines": {}}


class Transport:
    """Answers by path; what is no response is raised."""

    def __init__(self, **answers):
        self.answers = {f"/{path}": answer for path, answer in answers.items()}
        self.asked = []

    def __call__(self, request, seconds):
        path = request.url.removeprefix("http://127.0.0.1:9600").partition("?")[0]
        self.asked.append((path, seconds, request.headers))
        answer = self.answers[path.replace("_node/stats", "stats").replace("_node/hot_threads", "threads")]
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Response) else Response(200, json.dumps(answer).encode())


def api(transport, **changes):
    return NodeApi(
        Api(**{"url": "http://127.0.0.1:9600", "user": "", "password": "", "context": None, **changes}), transport
    )


def test_statistics_and_health_report():
    found = api(Transport(stats=STATS, _health_report={"status": "green"})).look()
    assert found == (STATS, {"status": "green"})


def test_a_version_without_a_health_report_is_asked_once():
    transport = Transport(stats=STATS, _health_report=Response(404, b"{}"))
    looked = api(transport)
    assert looked.look() == looked.look() == (STATS, None)
    assert [path for path, *_ in transport.asked] == ["/_node/stats", "/_health_report", "/_node/stats"]
    # After an upgrade, another process answers.
    transport.answers["/stats"] = {**STATS, "ephemeral_id": "two"}
    transport.answers["/_health_report"] = {"status": "green"}
    assert looked.look().health == {"status": "green"}


@pytest.mark.parametrize("health", [TransportError("slow"), Response(500, b""), Response(200, b"no json")])
def test_statistics_are_enough(health):
    assert api(Transport(stats=STATS, _health_report=health)).look() == (STATS, None)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (TransportError("http://127.0.0.1:9600/_node/stats: connection refused"), "does not answer: .*refused"),
        (Response(500, b""), "status 500, expected 200"),
        (Response(401, b"{}"), r"refuses user and password \(401\)"),
        (Response(200, b"<html>"), "gives no JSON"),
        (Response(200, b"[" * 100_000), "gives no JSON"),
    ],
)
def test_failures(answer, message):
    with pytest.raises(NodeApiError, match=message):
        api(Transport(stats=answer)).look()


def test_user_and_password():
    transport = Transport(stats=STATS)
    api(transport, user="elk", password="s3cret").stats()  # noqa: S106
    assert transport.asked[0][2] == {"Authorization": "Basic ZWxrOnMzY3JldA=="}


def test_a_canary_has_less_time_than_a_look():
    transport = Transport(stats=STATS)
    api(transport).stats(2)
    api(transport).stats(1000)
    assert [seconds for _, seconds, _ in transport.asked] == [2, 5]
