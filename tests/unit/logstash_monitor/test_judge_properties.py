"""Whatever the samples are, verdicts have their form; and no series of counters that move is a stall."""

from __future__ import annotations

import json
import math

from hypothesis import given, settings
from hypothesis import strategies as st
from logstash_monitor import samples
from logstash_monitor.errors import SampleError
from logstash_monitor.judge import GRAVITY, judge
from node_answers import Json, node, persisted, pipeline, plugin

counts = st.integers(0, 2000)
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["NaN", "Infinity"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


def roughly(strategy: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.one_of(strategy, strategy, strategy, anything)


def some_of(**fields: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return roughly(st.fixed_dictionaries({}, optional={name: roughly(each) for name, each in fields.items()}))


names = st.sampled_from(["a", "b"])
events = some_of(
    **{"in": counts, "out": counts}, filtered=counts, duration_in_millis=counts, queue_push_duration_in_millis=counts
)
plugins = st.lists(
    some_of(
        id=names,
        name=st.sampled_from(["http", "pipeline", "elasticsearch"]),
        events=events,
        address=names,
        send_to=st.lists(names, max_size=2),
        documents=some_of(
            successes=counts, retryable_failures=counts, non_retryable_failures=counts, dlq_routed=counts
        ),
        bulk_requests=some_of(failures=counts, with_errors=counts, responses=some_of(**{"200": counts, "429": counts})),
    ),
    max_size=2,
)
times = st.sampled_from(["2026-11-28T10:00:00Z", "2026-11-28T10:00:01.5Z", None])
pipelines = some_of(
    events=events,
    plugins=some_of(inputs=plugins, filters=plugins, outputs=plugins),
    reloads=some_of(
        failures=counts,
        successes=counts,
        last_error=some_of(message=st.text(max_size=9), backtrace=st.lists(st.text(max_size=3))),
        last_failure_timestamp=times,
        last_success_timestamp=times,
    ),
    queue=some_of(
        type=st.sampled_from(["memory", "persisted"]),
        events_count=counts,
        queue_size_in_bytes=counts,
        max_queue_size_in_bytes=counts,
        capacity=some_of(queue_size_in_bytes=counts),
    ),
    dead_letter_queue=some_of(queue_size_in_bytes=counts, dropped_events=counts),
    hash=names,
    ephemeral_id=names,
)
reports = some_of(
    indicators=some_of(
        pipelines=some_of(
            indicators=some_of(
                main=some_of(
                    details=some_of(
                        status=some_of(state=st.sampled_from(["RUNNING", "TERMINATED", "LOADING", "FINISHED"]))
                    ),
                    diagnosis=st.lists(some_of(cause=st.text(max_size=9)), max_size=2),
                )
            )
        )
    )
)
answers = st.fixed_dictionaries(
    {"pipelines": st.dictionaries(st.sampled_from(["main", "other", ".own"]), pipelines, max_size=3)},
    optional={
        "version": roughly(st.sampled_from(["6.8.23", "7.17.0", "8.5.3", "9.5.2"])),
        "ephemeral_id": roughly(names),
        "jvm": some_of(uptime_in_millis=counts, mem=some_of(heap_used_percent=counts)),
        "pipeline": some_of(workers=counts, batch_size=counts, batch_delay=counts),
        "health_report": reports,
    },
)


@settings(max_examples=300, deadline=None)
@given(st.lists(answers | st.none(), min_size=1, max_size=4), st.floats(0.01, 1e6))
def test_any_answers_of_that_shape_have_verdicts_of_their_form(series: list[Json | None], period: float) -> None:
    try:
        read = [samples.read(answer, number * period) for number, answer in enumerate(series)]
        found = judge(read, declared=["main"])
    except SampleError as error:
        assert str(error).startswith("[samples_invalid] ")  # noqa: PT017 - such answers may be refused, with a message
        return
    assert "main" in {each.pipeline for each in found}
    for verdict in found:
        assert verdict.verdict in GRAVITY
        assert verdict.reason.strip().endswith(".")
        assert "\n" not in verdict.reason
        for name, value in verdict.numbers.items():
            assert value is None or math.isfinite(value), name
            assert value is None or value >= 0, name
        json.dumps(verdict.numbers, allow_nan=False)
        if len([sample for sample in read if verdict.pipeline in sample.pipelines]) < 2:
            assert verdict.verdict not in ("stalled", "struggling", "losing", "catching_up")


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 500), st.integers(1, 500), st.integers(0, 500)), min_size=2, max_size=8),
    st.sampled_from(["5.6.16", "6.8.23", "7.17.29", "8.5.3", "9.5.2"]),
    st.booleans(),
    st.floats(0.1, 3600),
)
def test_where_events_leave_in_every_interval_there_is_no_stall(
    steps: list[tuple[int, int, int]], version: str, in_memory: bool, period: float
) -> None:
    came = taken = left = 0
    read = []
    for number, (arrivals, out, held) in enumerate(steps):
        left += out
        taken = max(taken, left + held)
        came = max(came, taken) + arrivals
        stats = pipeline(
            came,
            left,
            left,
            outputs=[plugin("o", "http", taken, left)],
            queue=None if in_memory else persisted(held, size=held * 1000),
        )
        read.append(samples.read(node(version, main=stats), number * period))
    (verdict,) = judge(read)
    assert verdict.verdict not in ("stalled", "crashed", "gone", "losing", "idle", "old_configuration")
    assert verdict.numbers["out_per_second"] is not None
    assert verdict.numbers["out_per_second"] > 0


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 125), st.integers(2, 6), st.sampled_from(["6.8.23", "8.5.3", "9.5.2"]))
def test_a_batch_that_an_output_keeps_is_a_stall_whatever_went_before(
    out: int, held: int, number: int, version: str
) -> None:
    stats = pipeline(out + held, out, out, outputs=[plugin("o", "http", out + held, out)])
    (verdict,) = judge([samples.read(node(version, main=stats), 15.0 * each) for each in range(number)])
    assert verdict.verdict == "stalled"
    assert f"{held} event" in verdict.reason
