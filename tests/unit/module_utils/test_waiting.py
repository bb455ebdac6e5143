"""Loops that wait, on a clock of their own."""

import pytest
from ansible_collections.elk.deploy.plugins.module_utils import waiting
from ansible_collections.elk.deploy.plugins.module_utils.waiting import NOT_STABLE, Outcome, Seen

WELL = Seen("", "1")
ILL = Seen("no port", "1")


@pytest.fixture
def clock(monkeypatch):
    """Time passes only while something sleeps; the list has what has been slept."""
    slept = []
    monkeypatch.setattr(waiting.time, "monotonic", lambda: sum(slept))
    monkeypatch.setattr(waiting.time, "sleep", slept.append)
    return slept


@pytest.mark.parametrize(("seconds", "pause", "number"), [(0, 1, 2), (-5, 1, 1), (3, 1, 5), (10, 20, 2)])
def test_attempts_go_on_until_the_time_has_passed(clock, seconds, pause, number):
    assert len(list(waiting.attempts(seconds, pause))) == number


def test_who_leaves_the_loop_does_not_wait(clock):
    for _attempt in waiting.attempts(10, 1):
        break
    assert clock == []


def test_pauses_double_up_to_the_longest(clock):
    list(waiting.attempts(20, 1, longest=5))
    assert clock[:5] == [1, 2, 4, 5, 5]


def wait(looks, timeout=60, stable=3, **options):
    looks = list(looks)
    return waiting.until_stable(lambda: looks.pop(0) if looks[1:] else looks[0], timeout, stable, pause=1, **options)


def test_service_that_is_well_has_to_stay_so(clock):
    assert (wait([WELL]), len(clock)) == (Outcome(""), 3)


def test_no_time_to_be_stable_in_means_one_look(clock):
    assert (wait([WELL], stable=0), clock) == (Outcome(""), [])


@pytest.mark.parametrize("other", [ILL, Seen("", "2")], ids=["problem", "another process"])
def test_time_begins_anew_after(clock, other):
    assert wait([WELL, WELL, other, WELL]) == Outcome("")
    assert len(clock) == 6


def test_problem_is_waited_out_until_the_timeout(clock):
    assert (wait([ILL], timeout=5), len(clock)) == (Outcome("no port", timed_out=True), 5)


def test_service_that_is_well_late_has_its_time_after_the_timeout(clock):
    assert wait([ILL, ILL, ILL, WELL], timeout=4) == Outcome("")


def test_service_that_never_stays_in_one_process_is_a_problem(clock):
    assert wait([Seen("", str(number)) for number in range(50)], timeout=5) == Outcome(NOT_STABLE, timed_out=True)


def test_final_problem_is_looked_at_for_a_while_only(clock):
    assert (wait([Seen("failed", "1", final=True)], final=2), len(clock)) == (Outcome("failed"), 2)


def test_final_problem_that_passes_does_not_count(clock):
    final = Seen("failed", "1", final=True)
    assert wait([final, final, WELL, final, final, WELL], final=2) == Outcome("")


def test_hopeless_service_is_not_waited_for(clock):
    assert (wait([Seen("dead", "0", hopeless=True)]), clock) == (Outcome("dead"), [])
    assert wait([Seen("", "1", hopeless=True)]) == Outcome(NOT_STABLE)
