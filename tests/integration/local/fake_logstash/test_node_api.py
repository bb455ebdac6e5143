"""The node API against the shapes that were recorded from the real 8.5.3."""

import json
import socket
import urllib.request
from pathlib import Path

import pytest

SHAPES = json.loads((Path(__file__).parent / "recorded_shapes.json").read_text())


def differences(recorded, found, path: str = "") -> list[str]:
    """What the recorded answer has and ours has not, or has of another type."""
    if isinstance(recorded, dict):
        if not isinstance(found, dict):
            return [f"{path}: not a hash"]
        missing = [f"{path}.{key}: missing" for key in recorded if key not in found]
        return missing + [
            text for key in recorded if key in found for text in differences(recorded[key], found[key], f"{path}.{key}")
        ]
    if isinstance(recorded, list):
        if not isinstance(found, list):
            return [f"{path}: not a list"]
        return [text for item in found[:1] for text in differences(recorded[0], item, f"{path}[]")] if recorded else []
    kinds = {"number": int | float, "string": str, "null": type(None), "boolean": bool}
    return [] if isinstance(found, kinds[recorded]) else [f"{path}: {found!r} is no {recorded}"]


@pytest.fixture
def running(node, port, eventually):
    """The two pipelines of the recorded run, after three events."""
    node.settings["dead_letter_queue.enable"] = True
    node.pipeline(
        "ingest",
        f'input {{ tcp {{ id => "in_tcp" host => "127.0.0.1" port => {port} codec => json_lines }} }} '
        'filter { mutate { id => "f_mut" add_tag => ["x"] } } '
        f'output {{ file {{ id => "o_file" path => "{node.root}/out.json" }} }}',
        queue__type="persisted",
    )
    node.pipeline("sink", "input { heartbeat {} } output { stdout {} }")
    node.start()
    eventually(lambda: "Starting tcp input listener" in node.output(), "the tcp input")
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(b'{"a":1}\n{"a":2}\n{"a":3}\n')
    eventually(lambda: node.get("/_node/stats/events")[1]["events"]["out"] == 3, "three events")
    return node


def test_every_answer_has_the_recorded_shape(running):
    found = {}
    for path, shape in SHAPES.items():
        status, body = running.get(path)
        assert status == 200
        # Only the real one runs in control groups that it reports on.
        shape.pop("os", None) if path == "/_node/stats" else None
        for name in ("ingest", "sink"):
            for plugin in shape.get("pipelines", {}).get(name, {}).get("plugins", {}).get("inputs", []):
                assert set(plugin) == {"id", "events", "name"}
        found[path] = differences(shape, body)
    assert found == {path: [] for path in SHAPES}


def test_the_counters_are_live(running):
    found = running.get("/_node/stats/pipelines/ingest")[1]["pipelines"]
    assert list(found) == ["ingest"]
    ingest = found["ingest"]
    assert {name: ingest["events"][name] for name in ("in", "filtered", "out")} == {"in": 3, "filtered": 3, "out": 3}
    assert ingest["plugins"]["inputs"][0]["id"] == "in_tcp"
    assert ingest["plugins"]["inputs"][0]["events"]["out"] == 3
    assert ingest["plugins"]["filters"][0]["events"] | {"duration_in_millis": 0} == {
        "in": 3,
        "out": 3,
        "duration_in_millis": 0,
    }
    assert ingest["plugins"]["outputs"][0]["events"]["out"] == 3
    assert ingest["flow"]["input_throughput"]["lifetime"] > 0
    assert ingest["queue"]["type"] == "persisted"
    assert ingest["queue"]["events_count"] == 0


@pytest.mark.parametrize("path", ["/_node/stats/pipelines/nope", "/_health_report", "/nothing"])
def test_what_is_not_there_gives_the_recorded_404(running, path):
    assert running.get(path) == (404, {"path": path, "status": 404, "error": {"message": "Not Found"}})


def test_it_says_which_node_it_is(running):
    _status, body = running.get("/")
    assert body["name"] == "tested"
    assert body["version"] == "8.5.3"
    assert body["http_address"] == f"127.0.0.1:{running.api_port}"
    assert body["id"] == (running.data / "uuid").read_text()


def test_pretty_is_on_demand(running):
    with urllib.request.urlopen(f"http://127.0.0.1:{running.api_port}/?pretty", timeout=60) as answer:
        assert answer.read().decode().startswith('{\n  "host" : "')
    with urllib.request.urlopen(f"http://127.0.0.1:{running.api_port}/", timeout=60) as answer:
        assert b"\n" not in answer.read()


def test_the_health_report_exists_from_8_16(make_node):
    node = make_node("8.16.0")
    node.pipeline("main", "input { heartbeat {} } output { stdout {} }")
    node.start()
    status, body = node.get("/_health_report")
    assert (status, body["status"]) == (200, "green")
    assert body["indicators"]["pipelines"]["indicators"]["main"]["status"] == "green"
