"""Verdicts: each on samples 15 s apart, as the node API gives them while that happens."""

from __future__ import annotations

import pytest
from logstash_monitor import samples
from logstash_monitor.errors import SampleError
from logstash_monitor.judge import GRAVITY, Verdict, judge
from node_answers import Json, node, persisted, pipeline, plugin

PERIOD = 15.0
ALL_RELEASES = ["5.6.16", "6.8.23", "7.17.29", "8.5.3", "8.19.2", "9.5.2"]


def verdicts(*answers: Json | None, declared: tuple[str, ...] = (), period: float = PERIOD) -> dict[str, Verdict]:
    read = [samples.read(answer, number * period) for number, answer in enumerate(answers)]
    return {each.pipeline: each for each in judge(read, declared)}


def of_main(*stats: Json, version: str = "8.5.3", period: float = PERIOD) -> Verdict:
    return verdicts(*(node(version, main=each) for each in stats), period=period)["main"]


def hung(events_in: int = 375, out: int = 250, held: int = 125, **more: object) -> Json:
    return pipeline(events_in, out, out, outputs=[plugin("o_http", "http", out + held, out)], **more)  # type: ignore[arg-type]


# --- stalled, or not ---


@pytest.mark.parametrize("version", ALL_RELEASES)
def test_an_output_that_hangs_is_a_stall_in_every_release(version: str) -> None:
    verdict = of_main(hung(), hung(), version=version)
    assert verdict.verdict == "stalled"
    assert '125 events wait in output http "o_http", and none left for 15 s' in verdict.reason


def test_a_stall_is_seen_with_the_second_sample_without_progress() -> None:
    before = pipeline(240, 240, 240, outputs=[plugin("o_http", "http", 240)])
    assert of_main(before, hung()).verdict == "fine"
    assert of_main(before, hung(), hung()).verdict == "stalled"


def test_a_stalled_persistent_queue_has_the_time_until_it_is_full() -> None:
    verdict = of_main(
        hung(1000, queue=persisted(1000, size=1_000_000)),
        hung(1150, queue=persisted(1150, size=1_150_000)),
    )
    assert verdict.verdict == "stalled"
    assert verdict.numbers["seconds_left"] == pytest.approx((10_000_000 - 1_150_000) / 10_000)
    assert "the queue is full in 14 min 45 s" in verdict.reason
    assert verdict.numbers["queue_share"] == 11.5


def test_a_full_queue_has_no_time_left() -> None:
    verdict = of_main(*[hung(queue=persisted(1000, size=10_000_000))] * 2)
    assert (verdict.verdict, verdict.numbers["seconds_left"]) == ("stalled", 0)


def test_a_number_of_events_in_the_queue_that_is_5_s_old_hides_no_stall() -> None:
    verdict = of_main(hung(queue=persisted(1525)), hung(queue=persisted(1375)))
    assert verdict.verdict == "stalled"


def test_an_old_number_of_events_in_an_empty_queue_is_no_stall() -> None:
    done = {"events_in": 500, "filtered": 500, "out": 500}
    verdict = of_main(pipeline(**done, queue=persisted(40)), pipeline(**done, queue=persisted(0)))
    assert verdict.verdict == "idle"


def test_events_that_no_worker_takes_are_a_stall() -> None:
    """They wait in memory: no output has any in hand, and a filter keeps the workers."""
    stuck = [pipeline(n, 250, 250, filters=[plugin("f_dns", "dns", 375, 250)]) for n in (375, 390)]
    verdict = of_main(*stuck)
    assert verdict.verdict == "stalled"
    assert 'filter dns "f_dns"' in verdict.reason


@pytest.mark.parametrize("version", ["5.6.16", "6.8.23"])
def test_before_7_events_between_filters_and_outputs_are_counted_as_filtered(version: str) -> None:
    stats = {"events": {"in": 375, "filtered": 375, "out": 250}}
    assert of_main(stats, stats, version=version).verdict == "stalled"


def test_an_input_that_waits_for_room_in_the_queue_shows_a_stall() -> None:
    def full(pushed: int) -> Json:
        stats = pipeline(700, 700, 700)
        del stats["events"]["filtered"]
        stats["events"]["queue_push_duration_in_millis"] = pushed
        return stats

    assert of_main(full(1_000), full(16_000)).verdict == "stalled"
    assert of_main(full(1_000), full(1_020)).verdict == "idle"


@pytest.mark.parametrize(
    ("case", "before", "after"),
    [
        ("one event in an hour", pipeline(3, 3, 3), pipeline(4, 4, 4)),
        ("a batch that is in work at the first sample", hung(), pipeline(375, 375, 375)),
        ("a batch that is in work at the second sample", pipeline(250, 250, 250), hung()),
        ("a batch that is in work at both", hung(375, 250), hung(500, 375)),
        ("all events dropped", pipeline(100, 100, 0), pipeline(200, 200, 0)),
        (
            "an output behind a condition that nothing meets",
            pipeline(100, 100, 100, outputs=[plugin("a", "http", 100), plugin("b", "http", 0)]),
            pipeline(200, 200, 200, outputs=[plugin("a", "http", 200), plugin("b", "http", 0)]),
        ),
        ("split events", pipeline(100, 100, 400), pipeline(200, 200, 800)),
        (
            "an aggregating filter",
            pipeline(100, 100, 1, filters=[plugin("a", "aggregate", 100, 1)]),
            pipeline(200, 200, 1, filters=[plugin("a", "aggregate", 200, 1)]),
        ),
    ],
)
def test_what_moves_is_fine(case: str, before: Json, after: Json) -> None:
    verdict = of_main(before, after)
    assert verdict.verdict == "fine", (case, verdict.reason)


@pytest.mark.parametrize("version", ALL_RELEASES)
@pytest.mark.parametrize(
    "quiet",
    [
        pipeline(0, 0, 0),
        pipeline(900, 900, 900),
        pipeline(900, 900, 20, filters=[plugin("drop", "drop", 880, 0)]),
        pipeline(900, 900, 1800),
    ],
)
def test_where_nothing_comes_in_and_nothing_waits_it_is_idle(quiet: Json, version: str) -> None:
    if version < "7" and quiet["events"]["out"] == 20:
        quiet = {**quiet, "events": {**quiet["events"], "filtered": 20}}  # they do not count dropped events
    assert of_main(quiet, quiet, quiet, version=version).verdict == "idle"


def test_a_slow_batch_is_no_stall_where_batches_are_slow() -> None:
    """A batch of 125 with 0.5 s a request: within a minute no counter moves, and the average tells."""
    slow = hung(2000, queue=persisted(1600), duration=125_000)
    verdict = of_main(slow, slow, slow)
    assert verdict.verdict == "catching_up"
    assert of_main(*[slow] * 8).verdict == "stalled"


def test_a_release_whose_clock_runs_within_a_batch_shows_slow_batches_only_by_those_before() -> None:
    def at(seconds: int) -> Json:
        done = seconds // 60 * 125  # a batch a minute
        return hung(5000, done, queue=persisted(4000), duration=seconds * 1000)

    assert of_main(at(14_400), at(14_415), version="8.19.2").verdict == "stalled"
    assert of_main(*[at(n) for n in range(14_400, 14_760, 15)], version="8.19.2").verdict == "catching_up"


def test_batches_of_two_minutes_are_no_stall_where_two_of_them_were_seen() -> None:
    """They are longer than any pause of an output: only the workers' time shows that they are usual."""

    def at(seconds: int) -> Json:
        done = seconds // 120 * 125
        return hung(9000, done, queue=persisted(4000), duration=seconds * 1000)

    assert of_main(*[at(n) for n in range(14_400, 15_000, 15)], version="9.5.2").verdict == "catching_up"


def test_a_pause_between_tries_is_no_stall_where_such_pauses_ended() -> None:
    """A receiver answers 503 now and then; the output pauses for half a minute, and no counter tells why."""
    batches = [hung(9000, 1000 + 125 * number) for number in range(4)]
    assert of_main(*[each for each in batches for _ in range(3)]).verdict == "fine"
    assert of_main(*batches[:1] * 3).verdict == "stalled"


def test_pauses_that_ended_are_no_reason_to_wait_longer_than_outputs_pause() -> None:
    def at(out: int) -> Json:
        return hung(out + 2000, out)

    recovered = [at(100)] * 20 + [at(1000)]  # it stood for five minutes
    assert of_main(*recovered, at(1000)).verdict == "stalled"


def test_several_workers_go_on_while_one_output_hangs() -> None:
    def at(moved: int) -> Json:
        outputs = [plugin("o_tcp", "tcp", 1125, 1000), plugin("o_file", "file", 5000 + moved)]
        return pipeline(7000 + moved, 6000 + moved, 6000 + moved, outputs=outputs)

    verdict = of_main(at(0), at(500))
    assert verdict.verdict == "struggling"
    assert 'Output tcp "o_tcp" has had 125 events in hand for 15 s' in verdict.reason


def test_the_cause_of_a_stall_is_the_pipeline_at_the_end_of_the_chain() -> None:
    def up(number: int, to: str) -> Json:
        outputs = [plugin("to", "pipeline", 375, 250, send_to=[to])]
        inputs = [{"id": "in", "name": "pipeline", "events": {"out": 375}, "address": f"p{number}"}]
        return pipeline(375, 250, 250, outputs=outputs, inputs=inputs)

    end = hung(inputs=[{"id": "in", "name": "pipeline", "events": {"out": 375}, "address": "p3"}])
    other = pipeline(5, 5, 5, inputs=[{"id": "in", "name": "pipeline", "events": {"out": 5}, "address": "other"}])
    stuck = hung(inputs=[{"id": "in", "name": "pipeline", "events": {"out": 375}, "address": "elsewhere"}])
    found = verdicts(*[node(stuck=stuck, first=up(1, "p2"), second=up(2, "p3"), third=end, other=other)] * 2)
    assert [found[name].verdict for name in ("first", "second", "third", "other")] == ["stalled"] * 3 + ["idle"]
    assert 'waits for pipeline "third", which is stalled: the cause is there' in found["first"].reason
    assert 'waits for pipeline "third"' in found["second"].reason
    assert 'pipeline "first" and "second" wait for it' in found["third"].reason


def test_a_pipeline_that_is_gone_holds_up_the_one_before_it() -> None:
    up = pipeline(375, 250, 250, outputs=[plugin("to", "pipeline", 375, 250, send_to=["sink"])])
    sink = pipeline(5, 5, 5, inputs=[{"id": "in", "name": "pipeline", "events": {"out": 5}, "address": "sink"}])
    found = verdicts(node(up=up, sink=sink), node(up=up))
    assert 'waits for pipeline "sink", which is gone' in found["up"].reason


# --- refusals ---


def elasticsearch(out: int, held: int = 0, **documents: int) -> Json:
    requests = {"successes": 9, "with_errors": documents.pop("with_errors", 0), "failures": documents.pop("failed", 0)}
    return plugin("es", "elasticsearch", out + held, out, documents=documents, bulk_requests=requests)


def refusing(out: int, **documents: int) -> Json:
    return pipeline(out, out, out, outputs=[elasticsearch(out, **documents)])


def test_events_that_are_refused_for_good_are_lost_though_out_equals_in() -> None:
    verdict = of_main(
        refusing(100, successes=100, non_retryable_failures=3), refusing(200, successes=190, non_retryable_failures=13)
    )
    assert verdict.verdict == "losing"
    assert (verdict.numbers["lost"], verdict.numbers["kept"], verdict.numbers["dead_letters"]) == (10, 0, None)
    assert '"es" refused 10 events for good in 15 s' in verdict.reason
    assert "dead letters are off" in verdict.reason


@pytest.mark.parametrize("counter", ["non_retryable_failures", "dlq_routed"])
def test_a_dead_letter_queue_keeps_what_is_refused(counter: str) -> None:
    def at(out: int, refused: int, size: int) -> Json:
        queue = {"queue_size_in_bytes": size, "dropped_events": 0}
        return {**refusing(out, successes=out - refused, **{counter: refused}), "dead_letter_queue": queue}

    verdict = of_main(at(100, 0, 1), at(200, 10, 1), at(300, 20, 9000))
    assert (verdict.verdict, verdict.numbers["lost"], verdict.numbers["kept"]) == ("losing", 20, 20)
    assert verdict.numbers["dead_letters"] == (20 if counter == "dlq_routed" else 1)
    assert "the dead letter queue has them" in verdict.reason


def test_a_full_dead_letter_queue_keeps_nothing() -> None:
    def at(out: int, refused: int) -> Json:
        queue = {"queue_size_in_bytes": 1_000_000, "dropped_events": refused}
        return {**refusing(out, successes=out - refused, dlq_routed=refused), "dead_letter_queue": queue}

    verdict = of_main(at(100, 5), at(200, 12))
    assert (verdict.verdict, verdict.numbers["lost"], verdict.numbers["kept"]) == ("losing", 7, 0)
    assert "the dead letter queue is full" in verdict.reason


def test_refusals_of_long_ago_are_not_held_against_it() -> None:
    before, after = refusing(100, non_retryable_failures=70), refusing(200, non_retryable_failures=70)
    assert of_main(before, after).verdict == "fine"


def test_retries_that_succeed_in_the_end_are_a_struggle() -> None:
    before = refusing(100, successes=100)
    after = refusing(200, successes=200, retryable_failures=40, with_errors=2)
    verdict = of_main(before, after)
    assert verdict.verdict == "struggling"
    assert "40 documents, 2 requests in 15 s" in verdict.reason


def test_requests_that_are_answered_with_429_are_a_struggle() -> None:
    def at(out: int, rejected: int) -> Json:
        output = elasticsearch(out)
        output["bulk_requests"]["responses"] = {"200": 50, "429": rejected}
        return pipeline(out, out, out, outputs=[output])

    verdict = of_main(at(100, 0), at(150, 4))
    assert verdict.verdict == "struggling"
    assert "4 times status 429" in verdict.reason


def test_a_batch_that_is_accepted_in_part_waits_for_its_next_try() -> None:
    half = pipeline(375, 250, 250, outputs=[elasticsearch(250, 125, successes=320, retryable_failures=200)])
    assert of_main(half, half, half).verdict == "struggling"
    assert of_main(*[half] * 9).verdict == "stalled"


def test_a_batch_that_is_accepted_bit_by_bit_moves_for_as_long_as_it_takes() -> None:
    def at(accepted: int) -> Json:
        output = elasticsearch(250, 125, successes=250 + accepted, retryable_failures=200)
        return pipeline(375, 250, 250, outputs=[output])

    assert of_main(*[at(number) for number in range(12)]).verdict == "struggling"


def test_an_output_that_hangs_before_its_batch_is_done_with_has_no_part_refused() -> None:
    stats = pipeline(375, 250, 250, outputs=[elasticsearch(250, 125, successes=300)])
    assert of_main(stats, stats).verdict == "stalled"


def test_a_receiver_that_is_away_is_a_stall_though_the_output_tries_again() -> None:
    def at(failed: int) -> Json:
        return pipeline(375, 250, 250, outputs=[elasticsearch(250, 125, successes=250, failed=failed)])

    verdict = of_main(at(3), at(5))
    assert verdict.verdict == "stalled"
    assert "2 requests" in verdict.reason


# --- queues that move ---


def test_a_queue_that_gets_shorter_has_a_time_left() -> None:
    verdict = of_main(
        pipeline(10_000, 3000, 3000, queue=persisted(7000)), pipeline(10_000, 4500, 4500, queue=persisted(5500))
    )
    assert (verdict.verdict, verdict.numbers["seconds_left"]) == ("catching_up", 55.0)
    assert "empty in 55 s" in verdict.reason
    assert (verdict.numbers["in_per_second"], verdict.numbers["out_per_second"]) == (0.0, 100.0)


def test_a_slow_receiver_behind_a_queue_that_grows_is_no_stall() -> None:
    before = pipeline(10_000, 3000, 3000, queue=persisted(7000))
    after = pipeline(20_000, 3020, 3020, queue=persisted(16_980))
    verdict = of_main(before, after)
    assert (verdict.verdict, verdict.numbers["seconds_left"]) == ("catching_up", None)


# --- crashed, gone, old configuration, restarted ---


def not_running(stats: Json) -> Json:
    return {key: value for key, value in stats.items() if key not in ("hash", "ephemeral_id")}


def test_a_pipeline_that_is_not_among_those_that_run_has_crashed() -> None:
    verdict = of_main(hung(), not_running(hung()))
    assert verdict.verdict == "crashed"
    assert "125 events did not get out" in verdict.reason


def test_a_pipeline_that_crashed_before_the_window_shows_beside_one_that_runs() -> None:
    found = verdicts(*[node(bad=not_running(hung()), good=pipeline(5, 5, 5))] * 2)
    assert (found["bad"].verdict, found["good"].verdict) == ("crashed", "idle")


def test_answers_without_ids_of_pipelines_are_no_crash() -> None:
    assert of_main(not_running(pipeline(5, 5, 5)), not_running(pipeline(9, 9, 9))).verdict == "fine"


@pytest.mark.parametrize("version", ALL_RELEASES)
def test_a_pipeline_that_failed_to_start_has_crashed(version: str) -> None:
    error = {"failures": 1, "last_error": {"message": "bad pattern %{NOPE}\n\tat x", "backtrace": ["a.rb:1"] * 99}}
    failed = not_running(pipeline(0, 0, 0, reloads=error, outputs=[], inputs=[], queue={}))
    failed["events"] = None
    failed["plugins"] = {"inputs": [], "filters": [], "outputs": []}
    verdict = of_main(failed, version=version)
    assert (verdict.verdict, verdict.reason) == ("crashed", 'It did not start: "bad pattern %{NOPE}".')


def test_a_pipeline_whose_workers_took_nothing_since_its_start_has_crashed() -> None:
    before, after = (pipeline(n, 0, 0, outputs=[plugin("o", "http", 0)]) for n in (400, 900))
    assert of_main(before, after).verdict == "crashed"


@pytest.mark.parametrize(("version", "expected"), [("6.8.23", "crashed"), ("8.5.3", "stalled")])
def test_a_first_batch_that_stays_in_a_filter(version: str, expected: str) -> None:
    """What runs, as newer releases say, may be slow; older ones look the same after a worker died."""
    filters = [plugin("f_ruby", "ruby", 125, 0)]
    before, after = (pipeline(n, 0, 0, filters=filters, outputs=[plugin("o", "http", 0)]) for n in (400, 900))
    assert of_main(before, after, version=version).verdict == expected


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"queue_size_in_bytes": 1}, {"queue_size_in_bytes": 4000}),
        ({"queue_size_in_bytes": 900, "dropped_events": 0}, {"queue_size_in_bytes": 900, "dropped_events": 1}),
    ],
)
def test_a_dead_letter_queue_that_grows_or_drops_shows_refusals_that_no_output_counts(
    before: Json, after: Json
) -> None:
    stats = [{**pipeline(n, n, n), "dead_letter_queue": queue} for n, queue in ((1, before), (9, after))]
    verdict = of_main(*stats, version="5.6.16")
    assert (verdict.verdict, verdict.numbers["lost"]) == ("losing", 1)


def report(state: str, cause: str = "pipeline is not running") -> Json:
    details = {"status": {"state": state}}
    indicator = {"status": "red", "details": details, "diagnosis": [{"cause": cause, "action": "view logs"}]}
    return {"status": "red", "indicators": {"pipelines": {"status": "red", "indicators": {"main": indicator}}}}


@pytest.mark.parametrize(("state", "expected"), [("TERMINATED", "crashed"), ("FINISHED", "gone"), ("RUNNING", "idle")])
def test_the_health_report_is_evidence(state: str, expected: str) -> None:
    read = [samples.read(node(main=pipeline(5, 5, 5)), time, report(state)) for time in (0.0, 15.0)]
    assert judge(read)[0].verdict == expected


def test_a_pipeline_that_only_the_health_report_knows_has_crashed() -> None:
    read = samples.read(node(other=pipeline(5, 5, 5)), 0.0, report("TERMINATED", "it met an error"))
    assert {each.pipeline: each.verdict for each in judge([read])} == {"other": "fine", "main": "crashed"}


def test_a_pipeline_of_an_earlier_sample_or_a_declared_one_can_be_gone() -> None:
    found = verdicts(node(a=pipeline(1, 1, 1), b=pipeline(1, 1, 1)), node(a=pipeline(1, 1, 1)), declared=("a", "c"))
    assert {name: each.verdict for name, each in found.items()} == {"a": "idle", "b": "gone", "c": "gone"}
    assert found["b"].numbers["in_per_second"] is None


def test_a_removed_pipeline_is_gone_though_its_name_stays_in_the_answer() -> None:
    shell = {"events": None, "flow": None, "plugins": {}, "reloads": {"failures": 0}, "queue": {"type": "memory"}}
    other = pipeline(1, 1, 1)
    assert verdicts(node(a=pipeline(1, 1, 1), b=other), node(a=shell, b=other))["a"].verdict == "gone"
    assert verdicts(*[node(a=shell, b=other)] * 2)["a"].verdict == "gone"


def test_a_pipeline_in_the_middle_of_a_reload_is_not_gone() -> None:
    shell = {"events": None, "plugins": {}, "reloads": {"failures": 0}, "queue": {"type": "memory"}}
    answers = [node(a=each, b=pipeline(1, 1, 1)) for each in (pipeline(1, 1, 1), pipeline(2, 2, 2), shell)]
    assert verdicts(*answers)["a"].verdict not in ("gone", "crashed")
    assert verdicts(*answers, answers[-1])["a"].verdict == "gone"


def test_pipelines_need_not_be_there_in_the_first_seconds_of_a_process() -> None:
    before, after = node(main=pipeline(5, 5, 5)), node(ephemeral_id="node-2")
    assert verdicts(before, after)["main"].verdict == "restarted"
    assert verdicts(before, *[after] * 6)["main"].verdict == "gone"


def test_one_time_without_an_answer_is_no_verdict_and_two_are() -> None:
    there = node(main=pipeline(5, 5, 5))
    once = verdicts(there, there, None)["main"]
    assert (once.verdict, "did not answer the last time" in once.reason) == ("idle", True)
    assert verdicts(there, there, None, None)["main"].verdict == "gone"
    assert verdicts(None, None, declared=("main",))["main"].verdict == "gone"
    assert verdicts(there, None, there)["main"].verdict == "idle"


OLD, NEW = "2026-11-28T10:00:00.000Z", "2026-11-28T10:00:00.500123456Z"


@pytest.mark.parametrize(
    ("reloads", "expected"),
    [
        ({"failures": 1, "last_failure_timestamp": NEW, "last_success_timestamp": None}, True),
        ({"failures": 3, "successes": 2, "last_failure_timestamp": NEW, "last_success_timestamp": OLD}, True),
        ({"failures": 3, "successes": 2, "last_failure_timestamp": OLD, "last_success_timestamp": NEW}, False),
        ({"failures": 1, "last_error": None}, False),
        ({"failures": 1}, True),
    ],
)
@pytest.mark.parametrize(
    "error", [{"message": "Expected one of #, {\nat line 2", "backtrace": ["x"]}, "Expected one of #, {"]
)
def test_after_a_failed_reload_an_earlier_configuration_runs(reloads: Json, expected: bool, error: object) -> None:
    stats = pipeline(5, 5, 5, reloads={"last_error": error, **reloads})
    for verdict in (of_main(stats, stats), of_main(stats)):
        assert (verdict.verdict == "old_configuration") is expected
        assert ('configuration runs: "Expected one of #, {".' in verdict.reason) is expected


@pytest.mark.parametrize("version", ALL_RELEASES)
def test_counters_that_begin_anew_give_no_negative_rate(version: str) -> None:
    verdict = of_main(pipeline(5000, 5000, 5000), pipeline(40, 40, 40), version=version)
    assert verdict.verdict == "restarted"
    assert verdict.numbers["in_per_second"] is None
    verdict = of_main(pipeline(5000, 5000, 5000), pipeline(40, 40, 40), pipeline(70, 70, 70), version=version)
    assert (verdict.verdict, verdict.numbers["in_per_second"]) == ("restarted", 2.0)
    long_ago = [pipeline(n, n, n) for n in (5000, 40, 70, 90)]
    assert of_main(*long_ago, version=version).verdict == "fine"


def test_a_process_of_its_own_or_a_reloaded_pipeline_is_restarted_though_counters_are_larger() -> None:
    before = node(main=pipeline(5, 5, 5))
    for after in (
        node(ephemeral_id="node-2", main=pipeline(900, 900, 900)),
        node(main={**pipeline(900, 900, 900), "ephemeral_id": "pipeline-2"}),
    ):
        verdict = verdicts(before, after)["main"]
        assert (verdict.verdict, verdict.numbers["out_per_second"]) == ("restarted", None)


def test_a_stall_after_a_restart_is_seen() -> None:
    again = {**hung(), "ephemeral_id": "pipeline-2"}
    assert of_main(pipeline(9000, 9000, 9000), again, again).verdict == "stalled"


# --- several verdicts, one sample, and samples that cannot be judged ---


def test_the_gravest_verdict_is_given_and_the_reason_has_the_others() -> None:
    def at(refused: int) -> Json:
        error = {"failures": 1, "last_failure_timestamp": NEW, "last_error": {"message": "syntax"}}
        output = elasticsearch(250, 125, non_retryable_failures=refused)
        return pipeline(375, 250, 250, outputs=[output], reloads=error)

    verdict = of_main(at(3), at(9))
    assert verdict.verdict == "stalled"
    assert "refused 6 events for good" in verdict.reason
    assert "earlier configuration" in verdict.reason


@pytest.mark.parametrize("stats", [pipeline(5, 5, 5), hung(), refusing(9, non_retryable_failures=4)])
def test_one_sample_shows_no_stall_and_no_rate(stats: Json) -> None:
    verdict = of_main(stats)
    assert verdict.verdict == "fine"
    assert "one sample" in verdict.reason
    assert verdict.numbers["in_per_second"] is None
    assert verdict.numbers["lost"] is None


def test_what_is_shorter_than_a_batch_may_take_is_no_stall() -> None:
    assert of_main(hung(), hung(), period=2.0).verdict == "fine"
    assert of_main(*[hung()] * 4, period=2.0).verdict == "stalled"


def test_every_verdict_is_one_of_the_list_and_pipelines_of_logstash_itself_have_none() -> None:
    found = verdicts(*[node(**{".monitoring-logstash": hung(), "main": pipeline(1, 1, 1)})] * 2)
    assert set(found) == {"main"}
    assert len(GRAVITY) == 10


def test_samples_of_two_hosts_are_refused() -> None:
    other = {**node(main=pipeline(5, 5, 5)), "host": "broker-2", "id": "id-2"}
    with pytest.raises(SampleError, match=r"\"broker-2\" \(id id-2.*\"broker-1\" \(id id-1"):
        verdicts(node(main=pipeline(5, 5, 5)), other)


def test_a_host_that_has_another_name_or_another_id_is_the_same() -> None:
    before = node(main=pipeline(5, 5, 5))
    assert verdicts(before, {**before, "host": "renamed"})["main"].verdict == "idle"
    assert verdicts(before, {**before, "id": "id-2"})["main"].verdict == "restarted"
    two = [{**before, "id": f"id-{port}", "http_address": f"127.0.0.1:{port}"} for port in (9600, 9700)]
    with pytest.raises(SampleError, match="9700"):
        verdicts(*two)


def test_samples_in_the_wrong_order_are_refused() -> None:
    def at(uptime: int) -> Json:
        return {**node(main=pipeline(5, 5, 5)), "jvm": {"uptime_in_millis": uptime}}

    with pytest.raises(SampleError, match="oldest first"):
        verdicts(at(60_000), at(45_000))
    read = [samples.read(at(1000), 30.0), samples.read(at(2000), 30.0)]
    with pytest.raises(SampleError, match="later than the one before"):
        judge(read)
    with pytest.raises(SampleError, match="no samples"):
        judge([])
