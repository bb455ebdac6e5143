"""A host that turns bad after its health gate is seen, one that is merely slow is not, and each host's fate is told."""

import pytest
from ansible_collections.elk.deploy.plugins.action.logstash_soak import judge_answers
from ansible_collections.elk.deploy.plugins.plugin_utils.logstash import soak
from ansible_collections.elk.deploy.plugins.plugin_utils.logstash.soak import Host, Look

START = 1_000_000.0


def status(at, ready=True, verdict="fine", age=5, **more):
    """The monitor's status ``at`` seconds after the start."""
    return Look(
        START + at,
        {
            "interval": 15,
            "ready": ready,
            "reasons": [] if ready else ["broker_tcp: no canary for 60 s"],
            "pipelines": [{"pipeline": "broker", "verdict": verdict, "reason": "because"}],
            "inputs": [{"name": "broker_tcp", "canary_age": age}],
            **more,
        },
    )


def lost(at):
    return Look(START + at, None, "Connection refused")


BEFORE = status(0, ready=False, verdict="stalled")


def test_a_host_is_ready_with_a_canary_of_after_the_change():
    looks = [BEFORE, status(20, age=25), status(30, age=35)]
    assert soak.judge_monitored(looks).good_since is None
    looks.append(status(40, age=4))
    assert soak.judge_monitored(looks).good_since == START + 40


def test_what_the_monitor_saw_before_the_change_does_not_count():
    """It takes a sample every 15 seconds, and its verdicts are of the last one."""
    looks = [BEFORE, status(10, verdict="gone")]
    assert soak.judge_monitored(looks).bad == ""
    assert "has not looked since" in soak.judge_monitored(looks).lacking
    assert soak.judge_monitored([*looks, status(20, verdict="gone")]).bad == "pipeline broker is gone: because"


@pytest.mark.parametrize("verdict", ["stalled", "losing", "crashed", "gone"])
def test_a_bad_verdict_ends_the_soak_at_any_time(verdict):
    assert soak.judge_monitored([BEFORE, status(20), status(60, verdict=verdict)]).bad == (
        f"pipeline broker is {verdict}: because"
    )


@pytest.mark.parametrize("verdict", ["fine", "idle", "catching_up", "struggling", "restarted"])
def test_back_pressure_and_rest_are_no_reason(verdict):
    assert soak.judge_monitored([BEFORE, status(20, verdict=verdict)]).bad == ""


def test_verdicts_that_are_not_asked_for_do_not_count():
    looks = [BEFORE, status(20, verdict="losing")]
    assert soak.judge_monitored(looks, ["stalled"]).bad == ""


def test_a_host_that_was_ready_has_to_stay_so():
    looks = [BEFORE, status(20, ready=False), status(30, age=1), status(40, ready=False)]
    assert soak.judge_monitored(looks[:2]).bad == ""
    assert soak.judge_monitored(looks).bad == "not ready: broker_tcp: no canary for 60 s"


def test_a_host_that_was_taken_out_by_hand_is_not_ready_on_purpose():
    assert soak.judge_monitored([BEFORE, status(20, ready=False, drained=True)]).good_since == START + 20


def test_one_request_without_an_answer_is_no_reason_and_two_are():
    looks = [BEFORE, status(20), lost(30), status(40), lost(50)]
    assert soak.judge_monitored(looks).bad == ""
    assert soak.judge_monitored([*looks, lost(60)]).bad == "the monitor does not answer: Connection refused"


def test_a_monitor_that_never_answers_is_only_waited_for():
    judgement = soak.judge_monitored([lost(0), lost(10), lost(20)])
    assert (judgement.bad, judgement.good_since) == ("", None)
    ended = soak.end(judgement, START + 120, 120, seconds=60, ready_seconds=120)
    assert ended.bad == "not ready within 120 s: the monitor does not answer: Connection refused"


def test_the_soak_begins_when_the_host_is_ready():
    judgement = soak.Judgement(good_since=START + 30)
    assert soak.end(judgement, START + 89, 89, seconds=60, ready_seconds=120) is None
    assert soak.end(judgement, START + 90, 90, seconds=60, ready_seconds=120).bad == ""


# Without a monitor


def stats(events_in, events_out, waiting=0):
    """What the node API says of a pipeline with a persisted queue and an output."""
    return {
        "version": "8.5.3",
        "host": "broker-1",
        "id": "1",
        "pipelines": {
            "broker": {
                "ephemeral_id": "a",
                "hash": "b",
                "events": {
                    "in": events_in,
                    "filtered": events_out,
                    "out": events_out,
                    "queue_push_duration_in_millis": 0,
                },
                "plugins": {
                    "inputs": [{"id": "broker_tcp", "name": "tcp", "events": {"out": events_in}}],
                    "filters": [],
                    "outputs": [{"id": "o", "name": "http", "events": {"in": events_out, "out": events_out}}],
                },
                "reloads": {"last_error": None, "successes": 0, "failures": 0},
                "queue": {
                    "type": "persisted",
                    "events_count": waiting,
                    "queue_size_in_bytes": waiting * 100,
                    "max_queue_size_in_bytes": 1_000_000,
                },
            }
        },
    }


def looks_of(*answers):
    return [Look(START + 10 * number, answer) for number, answer in enumerate(answers)]


def test_without_a_monitor_the_same_program_sees_a_stall_in_the_node_api():
    flowing = looks_of(*(stats(100 + 50 * number, 100 + 50 * number) for number in range(8)))
    stalled = looks_of(*(stats(100 + 50 * number, 100, 50 * number) for number in range(8)))
    assert soak.judge_unmonitored(flowing, ["broker"], judge_answers).bad == ""
    assert soak.judge_unmonitored(stalled, ["broker"], judge_answers).bad.startswith("pipeline broker is stalled: ")


def test_without_a_monitor_a_pipeline_that_is_gone_is_bad():
    looks = looks_of(stats(1, 1), {**stats(1, 1), "pipelines": {}}, {**stats(1, 1), "pipelines": {}})
    assert soak.judge_unmonitored(looks, ["broker"], judge_answers).bad.startswith("pipeline broker is gone")


def test_without_a_monitor_two_requests_without_an_answer_are_bad():
    looks = [*looks_of(stats(1, 1)), lost(10), lost(20)]
    assert soak.judge_unmonitored(looks[:2], ["broker"], lambda *_: []).bad == ""
    assert (
        soak.judge_unmonitored(looks, ["broker"], lambda *_: []).bad
        == "the node API does not answer: Connection refused"
    )


# What to go back to


def record(release, version="8.5.3"):
    return {"release": release, "version": version, "package": {"version": version}, "fingerprints": {"plugins": "p"}}


def test_a_host_goes_back_to_what_it_was_before():
    assert soak.target_of(record("b"), [record("a")], soak.identity(record("a"))) == "previous"
    assert soak.target_of(record("b"), [record("a")], {}) == "previous"
    assert soak.target_of(record("b"), [], {}) == ""


def test_after_runs_that_were_cut_off_a_host_goes_back_to_what_has_passed_a_soak():
    assert soak.target_of(record("c"), [record("b"), record("a")], soak.identity(record("a"))) == "a"


def test_a_release_whose_name_does_not_say_which_version_is_not_named():
    earlier = [record("b"), record("a", "9.5.2"), record("a")]
    assert soak.target_of(record("c"), earlier, soak.identity(record("a"))) == "previous"
    assert soak.target_of(record("a", "9.5.2"), [record("b"), record("a")], soak.identity(record("a"))) == "previous"


def test_another_version_or_plugin_is_another_configuration_to_soak():
    assert soak.identity(record("a")) != soak.identity(record("a", "9.5.2"))
    assert soak.identity({**record("a"), "fingerprints": {"plugins": "q"}}) != soak.identity(record("a"))
    assert soak.identity({**record("a"), "health": {"ports": [1]}}) == soak.identity(record("a"))


# What is said


def test_each_host_of_the_batch_is_told_and_so_are_the_others():
    said = soak.describe(
        [
            Host("broker-1", "pipeline broker is stalled: 9 events wait", True, "release b", "release a", ""),
            Host("broker-2", "", True, "release b", "release a", ""),
            Host("broker-3", "", True, "release b", "release a", "[package_failed] No room."),
            Host("broker-4", "", False, "release a"),
            Host("broker-5", "gone", True, "release b"),
        ],
        finished=["broker-0"],
        untouched=["broker-6", "broker-7"],
        failed=["broker-8"],
    )
    assert said.splitlines() == [
        "The soak has found broker-1, broker-5 bad, so the run stops here.",
        "broker-1: pipeline broker is stalled: 9 events wait. It went back from release b to release a, and has passed "
        "the health gate.",
        "broker-2: fine, but of the same batch. It went back from release b to release a, and has passed the health "
        "gate.",
        "broker-3: fine, but of the same batch. It could not go back from release b to release a: [package_failed] No "
        "room.",
        "broker-4: not changed since its last soak. It stays on release a.",
        "broker-5: gone. Nothing earlier is kept that it could go back to, so it stays on release b.",
        "Fine before, and left as deployed: broker-0.",
        "Failed before its soak, as told above: broker-8.",
        "Not touched: broker-6, broker-7.",
        "Correct the cause and run again.",
    ]
