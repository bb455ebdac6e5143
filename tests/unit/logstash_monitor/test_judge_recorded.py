"""Answers of the real 8.5.3 under faults (samples/*.jsonl, shortened): what is said of them, and when.

In ``faults`` the receivers fail from 40 s to 150 s. In ``slow-and-crashed`` outputs raise from 30 s on; the slow
pipelines are well all the time, though for up to 50 s nothing moves in them.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest
from logstash_monitor import samples
from logstash_monitor.judge import Verdict, judge
from logstash_monitor.samples import Sample

DATA = Path(__file__).parent / "samples"
FAULTS = {  # at 30, 45, 60, 75, 90, 165 and 180 s
    "slow_mem": "fine fine fine fine fine fine fine",
    "slow_pq": "catching_up catching_up catching_up catching_up catching_up catching_up catching_up",
    "hang_http_mem": "fine fine stalled stalled stalled fine fine",
    "hang_http_pq": "fine catching_up stalled stalled stalled fine fine",
    "hang_tcp_mem": "fine fine fine fine stalled fine fine",  # until then, the kernel's buffers take more
    "two_outputs": "fine fine stalled stalled stalled fine fine",
    "up": "fine fine stalled stalled stalled fine fine",
    "down": "fine fine stalled stalled stalled fine fine",
    "http_503_all": "fine catching_up stalled stalled stalled fine fine",
    "es_503": "fine struggling stalled stalled stalled stalled fine",
    "es_hang": "fine catching_up stalled stalled stalled struggling fine",
    "es_429": "fine struggling struggling struggling struggling struggling fine",
    "es_429_all": "fine struggling stalled stalled stalled stalled fine",
    "es_400": "fine losing losing losing losing losing losing",
    "es_400_dlq": "fine losing losing losing losing losing losing",
    "http_400": "fine fine fine fine fine fine fine",  # no counter has what the output gives up
    "reload": "fine fine old_configuration old_configuration old_configuration old_configuration old_configuration",
    "removed": "fine fine restarted gone gone gone gone",
    "rare": "idle fine idle idle fine fine idle",
    "drop_all": "fine fine fine fine fine fine fine",
    "cond_never": "fine fine fine fine fine fine fine",
    "split": "fine fine fine fine fine fine fine",
}
SLOW_AND_CRASHED = {  # at 30, 45, 60, 75 and 90 s
    "http_single": "fine fine fine fine fine",
    "http_single_pq": "catching_up catching_up catching_up catching_up catching_up",
    "sleep20": "fine fine fine fine fine",
    "crash_output_mem": "fine fine crashed crashed crashed",
    "crash_output_pq": "fine fine crashed crashed crashed",
    "tcp_hang_4": "crashed crashed crashed crashed crashed",  # its file output could not register
}


@cache
def recorded(name: str) -> list[Sample]:
    lines = (DATA / f"{name}-8.5.3.jsonl").read_text().splitlines()
    return [samples.read(line["answer"], line["time"]) for line in map(json.loads, lines)]


@cache
def series(name: str) -> list[dict[str, Verdict]]:
    read = recorded(name)
    return [{each.pipeline: each for each in judge(read[:number])} for number in range(2, len(read) + 1)]


@pytest.mark.parametrize(("pipeline", "expected"), FAULTS.items())
def test_faults_of_receivers(pipeline: str, expected: str) -> None:
    assert [found[pipeline].verdict for found in series("faults")] == expected.split()


@pytest.mark.parametrize(("pipeline", "expected"), SLOW_AND_CRASHED.items())
def test_slow_and_crashed_pipelines(pipeline: str, expected: str) -> None:
    assert [found[pipeline].verdict for found in series("slow-and-crashed")] == expected.split()


def test_the_reasons_name_the_cause() -> None:
    at_75 = series("faults")[3]
    assert '10 of them in output http "out"' in at_75["hang_http_mem"].reason
    assert 'waits for pipeline "down", which is stalled: the cause is there' in at_75["up"].reason
    assert 'pipeline "up" waits for it' in at_75["down"].reason
    assert "nosuchfilter" in at_75["reload"].reason
    assert "the dead letter queue has them" in at_75["es_400_dlq"].reason
    assert "dead letters are off" in at_75["es_400"].reason
    assert 10_000 > (at_75["hang_http_pq"].numbers["seconds_left"] or 0) > 60


def test_two_samples_are_enough_for_what_hangs() -> None:
    pair = recorded("faults")[3:5]
    found = {each.pipeline: each.verdict for each in judge(pair)}
    hanging = [name for name, words in FAULTS.items() if words.split()[3] == "stalled"]
    assert {name: found[name] for name in hanging} == dict.fromkeys(hanging, "stalled")
    assert found["es_429"] == "struggling"
