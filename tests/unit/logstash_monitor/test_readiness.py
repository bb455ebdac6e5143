"""Whether a load balancer may send to a host."""

from pathlib import Path

import monitor_world
import pytest
from logstash_monitor.canaries import FAILED, PASSED, UNKNOWN, InputState, Outcome
from logstash_monitor.readiness import Standing, decide

NOW = 1000.0


@pytest.fixture
def target(tmp_path: Path):
    return monitor_world.config(tmp_path).inputs[0]


def passed(target, age=1.0, **changes):
    return InputState(target, NOW - age, **{"passed": True, **changes})


def standing(verdict, times=1, pipeline="broker"):
    return Standing(pipeline, verdict, "It is so.", NOW - 60, times)


def decided(inputs=(), standings=(), **changes):
    facts = {"now": NOW, "max_age": 45, "declared": ["broker"], "answered": NOW - 3, **changes}
    found = decide(inputs=inputs, standings=standings, **facts)
    assert found.ready is (not found.reasons)
    return list(found.reasons)


def test_ready(target):
    assert decided([passed(target, 44)], [standing("fine")]) == []


def test_a_host_without_inputs_is_ready_while_logstash_answers():
    assert decided([], [standing("idle")]) == []
    assert decided([], [standing("idle")], answered=NOW - 44, unreachable="It is slow.") == []
    (reason,) = decided([], [standing("idle")], answered=NOW - 46, unreachable="It is slow.")
    assert reason == "Logstash's node API has not answered for 46 s. It is slow."


def test_it_is_starting_until_the_first_canary_has_passed(target):
    assert decided([InputState(target, NOW - 1)], answered=None) == ["starting"]
    assert decided([InputState(target, NOW - 1)], [standing("fine")]) == ["starting"]
    (reason,) = decided([InputState(target, NOW - 46, reason="It is slow.")], [standing("fine")])
    assert reason == "Input broker_tcp: no canary has passed in 46 s. It is slow."


def test_a_logstash_that_never_answered_says_why():
    assert decided(answered=None, unreachable="Connection refused.") == ["Connection refused."]


def test_a_drained_host_says_only_that(target):
    assert decided([passed(target, 100)], [standing("crashed")], drained=True) == ["drained"]


def test_an_old_canary(target):
    (reason,) = decided([passed(target, 46, reason="The API is slow.")])
    assert reason == "Input broker_tcp: the last canary passed 46 s ago. The API is slow."


def test_one_failed_canary_changes_nothing_and_two_do(target):
    state = InputState(target, NOW - 20).after(Outcome(PASSED), NOW - 20)
    state = state.after(Outcome(FAILED, "Connection refused."), NOW - 10)
    assert decided([state]) == []
    assert state.reason == "Connection refused."
    state = state.after(Outcome(FAILED, "Connection refused."), NOW)
    assert decided([state]) == ["Input broker_tcp takes no canary, 2 in a row. Connection refused."]
    assert decided([state.after(Outcome(PASSED), NOW)]) == []


def test_canaries_of_which_nothing_is_known_are_no_failures(target):
    """A slow node API must not make a host flap."""
    state = passed(target, 30)
    for _ in range(5):
        state = state.after(Outcome(UNKNOWN, "The node API is slow."), NOW)
    assert decided([state]) == []
    assert state.reason == "The node API is slow."


def test_a_failure_between_unknown_ones_counts(target):
    state = passed(target, 30)
    for result in (FAILED, UNKNOWN, FAILED):
        state = state.after(Outcome(result, "It is so."), NOW)
    assert len(decided([state])) == 1


@pytest.mark.parametrize(
    ("verdict", "times", "ready"),
    [
        ("fine", 1, True),
        ("catching_up", 99, True),
        ("struggling", 99, True),
        ("losing", 99, True),
        ("old_configuration", 99, True),
        ("stalled", 99, True),
        ("crashed", 1, False),
        # A reload takes it out of the API for a moment.
        ("gone", 1, True),
        ("gone", 2, False),
    ],
)
def test_verdicts(target, verdict, times, ready):
    reasons = decided([passed(target)], [standing(verdict, times)])
    assert reasons == ([] if ready else [f"Pipeline broker is {verdict}: It is so."])


def test_a_stall_is_noted_and_decides_nothing(target):
    found = decide(
        now=NOW, max_age=45, inputs=[passed(target)], standings=[standing("stalled")], declared=["broker"], answered=NOW
    )
    assert (found.ready, found.reasons, found.notes) == (True, (), ("Pipeline broker is stalled: It is so.",))


def test_pipelines_that_are_not_declared_do_not_matter(target):
    assert decided([passed(target)], [standing("crashed", pipeline="other")]) == []


def test_all_reasons_are_given(target):
    assert len(decided([passed(target, 50)], [standing("crashed")], answered=NOW - 50)) == 3
