"""A day of noisy load in simulated time: no false verdict, and each fault is seen within two intervals."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from logstash_monitor import samples
from logstash_monitor.judge import Verdict, judge
from logstash_monitor.samples import Sample
from node_answers import node
from pipeline_simulator import Pipeline

PERIOD = 15
WINDOW = 20
DAY = 86_400
GRAVE = ("gone", "crashed", "stalled", "losing")


def load(pipeline: Pipeline, second: int) -> int:
    """Events in a second: bursts by day, one in some minutes at night."""
    hour = second // 3600
    if hour < 5 or hour >= 23:
        return int(pipeline.random.random() < 0.002)
    burst = 6 if second % 3600 < 120 else 1
    return pipeline.random.randrange(60) * burst


def seconds_of_an_event(second: int) -> float:
    """The receiver's speed: slow in the morning, and over an hour before noon so slow that a batch takes a minute.

    Were it so slow from one batch to the next, nobody could tell that from a hanging one within the first minute.
    """
    hour, rest = divmod(second, 3600)
    return {9: 0.02, 11: 0.02 * 25 ** (rest / 3600), 12: 0.5}.get(hour, 0.001)


def simulate(pipeline: Pipeline, *, begin: int = 0, end: int = DAY) -> Iterator[tuple[int, Sample, bool]]:
    """Samples of a part of a day, and whether Logstash ran at the time."""
    down_until = -1
    for second in range(begin, end):
        if second in (20_000, 61_234):
            pipeline.restart()
            down_until = second + 20
        if second in (30_000, 30_007, 70_003):
            pipeline.reload()
        if second > down_until:
            storm = 0.3 if 15 * 3600 <= second < 16 * 3600 else 0.0
            pipeline.second(load(pipeline, second), seconds_of_an_event(second), storm)
        if second % PERIOD == 0:
            answered = second > down_until
            answer = node(ephemeral_id=f"node-{pipeline.restarts}", main=pipeline.answer()) if answered else None
            yield second, samples.read(answer, float(second)), answered


def judged(days: Iterator[tuple[int, Sample, bool]]) -> Iterator[tuple[int, Verdict, bool]]:
    window: list[Sample] = []
    for second, sample, answered in days:
        window = [*window[1 - WINDOW :], sample]
        for verdict in judge(window):
            yield second, verdict, answered


@pytest.mark.parametrize("seed", [1, 2])
def test_a_noisy_day_has_no_false_verdict(seed: int) -> None:
    seen: dict[str, int] = {}
    for second, verdict, answered in judged(simulate(Pipeline(seed))):
        seen[verdict.verdict] = seen.get(verdict.verdict, 0) + 1
        assert verdict.verdict not in GRAVE or not answered, (second, verdict)
        for name, value in verdict.numbers.items():
            assert value is None or value >= 0, (name, value, second)
    assert {"fine", "idle", "catching_up", "struggling", "restarted"} <= set(seen)


def break_it(pipeline: Pipeline, fault: str) -> None:
    if fault == "stalled":
        pipeline.hangs = True
    elif fault == "crashed":
        pipeline.crashed = True
    elif fault == "losing":
        pipeline.refuses = 0.2


@pytest.mark.parametrize("fault", ["stalled", "crashed", "losing", "gone"])
@pytest.mark.parametrize("begin", [8 * 3600 + 1, 10 * 3600 + 7, 18 * 3600 + 14, 21 * 3600 + 11])
def test_each_fault_is_seen_within_two_intervals(fault: str, begin: int) -> None:
    pipeline = Pipeline(seed=begin)
    window = [sample for _, sample, _ in simulate(pipeline, begin=begin - 600, end=begin)]
    assert judge(window[-WINDOW:])[0].verdict not in GRAVE
    break_it(pipeline, fault)
    verdicts = []
    for second, sample, _ in simulate(pipeline, begin=begin, end=begin + 3 * PERIOD):
        without = samples.read(node(ephemeral_id="node-0", other=pipeline.answer()), float(second))
        window.append(without if fault == "gone" else sample)
        verdicts.append(next(each.verdict for each in judge(window[-WINDOW:]) if each.pipeline == "main"))
    assert fault in verdicts[:2], verdicts
    assert verdicts[-1] == fault, verdicts


def test_a_day_can_be_judged_at_once() -> None:
    """All samples in one call: what they show at the end of the day."""
    day = [sample for _, sample, _ in simulate(Pipeline(3))]
    (verdict,) = judge(day)
    assert len(day) == DAY // PERIOD
    assert verdict.verdict in ("fine", "idle")
