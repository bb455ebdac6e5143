"""Answers of the node API of all releases are read into one form, whatever they lack."""

from __future__ import annotations

import math

import pytest
from logstash_monitor import samples
from logstash_monitor.errors import SampleError
from node_answers import Json, node, persisted, pipeline, plugin


def main_of(answer: Json) -> samples.PipelineStats:
    return samples.read(answer, 0.0).pipelines["main"]


@pytest.mark.parametrize("version", ["5.6.16", "6.8.23", "7.17.29", "8.5.3", "9.5.2"])
def test_a_pipeline_is_read_alike_from_every_release(version: str) -> None:
    stats = pipeline(9, 8, 7, outputs=[plugin("es", "elasticsearch", 8, 7)], filters=[plugin("f", "drop", 9, 8)])
    sample = samples.read(node(version, main=stats), 30.0)
    found = sample.pipelines["main"]
    assert (sample.time, sample.reachable, sample.host, sample.version) == (30.0, True, "broker-1", version)
    assert (found.events_in, found.events_filtered, found.events_out) == (9, 8, 7)
    assert (found.outputs["es"].name, found.outputs["es"].held, found.filters["f"].events_out) == (
        "elasticsearch",
        1,
        8,
    )
    assert found.running is (version >= "7")


def test_the_pipeline_of_5_has_a_name_of_its_own_or_main() -> None:
    stats = {"events": {"in": 3, "filtered": 3, "out": 3}, "plugins": {"inputs": [], "filters": [], "outputs": []}}
    assert list(samples.read({"version": "5.0.2", "pipeline": stats}, 0.0).pipelines) == ["main"]
    assert list(samples.read({"version": "5.6.1", "pipeline": {**stats, "id": "p1"}}, 0.0).pipelines) == ["p1"]


@pytest.mark.parametrize(
    "queue",
    [
        persisted(12, 3000, 9000),
        {
            "type": "persisted",
            "events": 12,
            "capacity": {"queue_size_in_bytes": 3000, "max_queue_size_in_bytes": 9000, "max_unread_events": 0},
        },
    ],
)
def test_a_persistent_queue_is_read_from_either_place(queue: Json) -> None:
    found = main_of(node(main=pipeline(1, 1, 1, queue=queue)))
    assert (found.persisted, found.queue_events, found.queue_bytes, found.queue_max_bytes) == (True, 12, 3000, 9000)


def test_a_queue_in_memory_has_no_numbers() -> None:
    found = main_of(node(main=pipeline(1, 1, 1)))
    assert (found.persisted, found.queue_events, found.queue_bytes) == (False, None, None)


@pytest.mark.parametrize("bad", [None, "NaN", "Infinity", math.nan, math.inf, -1, True, [], {}, "12", 10**400])
def test_a_number_of_another_form_is_unknown(bad: object) -> None:
    stats = pipeline(1, 1, 1, queue=persisted(1))
    stats["events"]["in"] = bad
    stats["queue"]["events_count"] = bad
    stats["flow"] = {"worker_concurrency": {"current": bad}}
    found = main_of(node(main=stats))
    assert found.events_in is None
    assert found.queue_events is None


@pytest.mark.parametrize("missing", ["events", "plugins", "reloads", "queue", "hash"])
@pytest.mark.parametrize("value", [None, "gone", [], 7])
def test_a_part_that_is_missing_or_of_another_form_is_empty(missing: str, value: object) -> None:
    stats = pipeline(1, 1, 1)
    del stats[missing]
    assert main_of(node(main=stats)).id == "main"
    assert main_of(node(main={**stats, missing: value})).id == "main"


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (None, ""),
        ("", ""),
        ({"message": "no such filter\n\tat java.lang", "backtrace": ["a", "b"]}, "no such filter"),
        ("\n  two lines\nand more", "two lines"),
        ({"message": None, "backtrace": []}, "no message"),
        ({"message": "x" * 5000}, "x" * 200 + " ..."),
    ],
)
def test_of_an_error_only_the_first_line_is_kept(error: object, line: str) -> None:
    assert main_of(node(main=pipeline(1, 1, 1, reloads={"last_error": error}))).reload_error == line


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:01:00.000Z", 60.0),
        ("1970-01-01T00:01:00.123456789Z", 60.123456789),
        ("1970-01-01T00:01:00Z", 60.0),
        ("1970-01-01T02:01:00+02:00", 60.0),
        ("1969-12-31T23:01:00.5-0100", 60.5),
        ("1970-13-01T00:01:00Z", None),
        ("soon", None),
        (None, None),
    ],
)
def test_times_of_reloads_have_any_number_of_digits_and_zones(text: object, seconds: float | None) -> None:
    found = main_of(node(main=pipeline(1, 1, 1, reloads={"last_failure_timestamp": text}))).reload_failed_at
    assert found == pytest.approx(seconds)


def test_a_node_has_its_heap_and_uptime() -> None:
    answer = {**node(main=pipeline(1, 1, 1)), "jvm": {"mem": {"heap_used_percent": 23}, "uptime_in_millis": 40_912}}
    sample = samples.read(answer, 0.0)
    assert (sample.heap_share, sample.uptime, sample.release) == (23.0, 40.912, (8, 5))


def test_plugins_without_ids_are_told_apart_by_their_places() -> None:
    outputs = [{"name": "http", "events": {"in": 1, "out": 1}}, {"name": "http", "events": {"in": 2, "out": 1}}, None]
    found = main_of(node(main=pipeline(3, 3, 3, outputs=outputs))).outputs  # type: ignore[arg-type]
    assert {name: each.held for name, each in found.items()} == {"http 1": 0, "http 2": 1}


def test_counters_of_a_plugin_have_their_path() -> None:
    output = plugin("es", "elasticsearch", 1, documents={"successes": 4}, bulk_requests={"responses": {"200": 3}})
    counters = main_of(node(main=pipeline(1, 1, 1, outputs=[output]))).outputs["es"].counters
    assert counters == {"documents.successes": 4, "bulk_requests.responses.200": 3}


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (None, "no answer"),
        (
            {"path": "/_node/stats", "status": 500, "error": {"message": "Internal Error\nmore"}},
            "HTTP 500: Internal Error",
        ),
        ({"status": 503}, "HTTP 503"),
        ({"error": "timed out"}, "timed out"),
        (
            {"path": "/_node/stats/pipelines/nope", "status": 404, "error": {"message": "Not Found"}},
            "HTTP 404: Not Found",
        ),
    ],
)
def test_an_error_is_a_time_without_an_answer(answer: object, reason: str) -> None:
    sample = samples.read(answer, 0.0)
    assert (sample.reachable, sample.reason) == (False, reason)


def test_404_for_all_pipelines_says_that_there_are_none() -> None:
    answer = {"path": "/_node/stats/pipelines", "status": 404, "error": {"message": "Not Found"}}
    sample = samples.read(answer, 0.0)
    assert (sample.reachable, dict(sample.pipelines)) == (True, {})


@pytest.mark.parametrize(
    "answer", [[], "x", 3, {}, {"pipelines": 3}, {"pipeline": {"workers": 2}}, {"pipelines": {"a": 1}}]
)
def test_what_is_no_answer_of_the_node_api_is_refused_with_the_form_expected(answer: object) -> None:
    with pytest.raises(SampleError, match="_node/stats"):
        samples.read(answer, 0.0)
