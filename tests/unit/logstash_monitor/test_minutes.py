"""What a minute has: once, and whole, whatever the clock and the loop do."""

import pytest
from logstash_monitor.judge import Verdict
from logstash_monitor.minutes import Minutes, data
from monitor_world import MIDNIGHT


def verdict(word="fine", pipeline="broker", **numbers):
    return Verdict(pipeline, word, "It is so.", numbers)


def look(minutes, *verdicts, lost=0, heap=40.0, canary_age=3.0):
    minutes.add(verdicts, lost=lost, heap=heap, canary_age=canary_age)


def starts(closed):
    return [int(minute.start - MIDNIGHT) // 60 for minute in closed]


def closed_at(minutes, *seconds):
    return starts([minute for now in seconds for minute in minutes.close(MIDNIGHT + now)])


def test_each_minute_is_closed_once():
    assert closed_at(Minutes(), *range(0, 301, 7)) == [0, 1, 2, 3]
    assert closed_at(Minutes(), 30, 59.9, 60, 60.1, 119.9, 120) == [0, 1]


def test_a_slow_loop_leaves_no_minute_out():
    assert closed_at(Minutes(), 50, 200, 240) == [0, 1, 2, 3]


def test_a_long_gap_is_not_made_up():
    """The host slept: nobody knows what would have been."""
    assert closed_at(Minutes(), 50, 3600, 3660) == [0, 60]


def test_a_clock_that_is_set_back_a_little_closes_no_minute_twice():
    assert closed_at(Minutes(), 50, 130, 70, 100, 130, 190) == [0, 1, 2]


def test_a_clock_that_is_set_back_far_is_believed():
    assert closed_at(Minutes(), 7200, 0, 60, 120) == [0, 1]


def test_rates_are_means_levels_are_the_last_and_the_worst_verdict_stays():
    minutes = Minutes()
    minutes.close(MIDNIGHT)
    look(minutes, verdict(in_per_second=1.0, out_per_second=None, queue_events=5, queue_bytes=50))
    look(minutes, verdict("stalled", in_per_second=2.0, out_per_second=0.5, queue_events=9, queue_bytes=90))
    look(minutes, verdict(in_per_second=4.5, out_per_second=0.0, queue_events=7, queue_bytes=70))
    (minute,) = minutes.close(MIDNIGHT + 60)
    assert minute.point() == {
        "broker": {"in": 2.5, "out": 0.25, "queue_events": 7, "queue_bytes": 70, "verdict": "stalled"}
    }


def sent(minute, heap=40.0):
    found = data(minute, heap, "staging", "brokers", "broker-1")
    return {(one.name, dict(one.dimensions).get("Host"), dict(one.dimensions).get("Layer")): one for one in found}


def test_the_data_of_a_minute():
    minutes = Minutes()
    minutes.close(MIDNIGHT + 30)
    numbers = {"queue_bytes": 100, "queue_share": 10.0, "dead_letters": 2}
    look(minutes, verdict(**numbers), verdict("idle", "other", **numbers), lost=3, canary_age=100.0)
    look(minutes, verdict("stalled", **numbers), verdict("idle", "other", queue_share=90.0), lost=4, canary_age=7.0)
    (minute,) = minutes.close(MIDNIGHT + 60)
    found = sent(minute, minutes.lowest_heap())
    values = {name: one.value for (name, host, _layer), one in found.items() if host is None}
    assert values == {
        "Heartbeat": 1,
        "PipelineStalled": 1,
        "EventsLost": 7,
        "QueueBytes": 100,
        "QueueShare": 90,
        "DeadLetters": 2,
        "HeapShare": 40,
        "CanaryAge": 7,
    }
    # Each but the sign of life once more for the host.
    assert {name for name, host, _layer in found if host == "broker-1"} == values.keys() - {"Heartbeat"}
    assert found["Heartbeat", None, "brokers"].dimensions == (("Environment", "staging"), ("Layer", "brokers"))
    assert found["EventsLost", None, None].dimensions == (("Environment", "staging"),)
    assert {one.time for one in found.values()} == {MIDNIGHT}
    assert {name: one.unit for (name, *_), one in found.items()} == {
        "Heartbeat": "Count",
        "PipelineStalled": "Count",
        "EventsLost": "Count",
        "QueueBytes": "Bytes",
        "QueueShare": "Percent",
        "DeadLetters": "Count",
        "HeapShare": "Percent",
        "CanaryAge": "Seconds",
    }


def test_what_is_not_known_is_not_sent():
    minutes = Minutes()
    minutes.close(MIDNIGHT)
    look(minutes, heap=None, canary_age=None)
    (minute,) = minutes.close(MIDNIGHT + 60)
    assert {name for name, *_ in sent(minute, minutes.lowest_heap())} == {"Heartbeat", "EventsLost"}


def test_a_minute_that_the_loop_missed_has_a_sign_of_life_only():
    minutes = Minutes()
    minutes.close(MIDNIGHT)
    look(minutes, verdict())
    _first, missed = minutes.close(MIDNIGHT + 120)
    assert {name for name, *_ in sent(missed)} == {"Heartbeat"}


def test_the_heap_is_the_lowest_of_five_minutes():
    minutes = Minutes()
    lowest = []
    for number, heap in enumerate([95.0, 30.0, 96.0, 97.0, 98.0, 99.0, 94.0]):
        minutes.close(MIDNIGHT + 60 * number)
        look(minutes, heap=heap)
        look(minutes, heap=heap + 1)
        minutes.close(MIDNIGHT + 60 * number + 60)
        lowest.append(minutes.lowest_heap())
    assert lowest == [95, 30, 30, 30, 30, 30, 94]


def test_a_look_belongs_to_a_minute():
    with pytest.raises(RuntimeError):
        look(Minutes())
