"""The history: a day of points, over restarts, torn lines and full disks."""

import json

import pytest
from logstash_monitor.clock import iso
from logstash_monitor.history import POINTS, History
from monitor_world import MIDNIGHT

PIPELINES = {"broker": {"in": 1.5, "out": 1.5, "queue_events": 0, "queue_bytes": 0, "verdict": "fine"}}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "history.jsonl"


def fill(history, first, count):
    for minute in range(first, first + count):
        history.add(MIDNIGHT + 60 * minute, PIPELINES)


def times(history):
    return [point["time"] for point in history.points()]


def test_points_outlive_a_restart(path):
    fill(History(path, MIDNIGHT), 0, 3)
    assert History(path, MIDNIGHT + 200).points() == [
        {"time": f"2026-11-28T00:0{minute}:00Z", "pipelines": PIPELINES} for minute in range(3)
    ]


def test_a_line_that_was_torn_takes_no_other_with_it(path):
    fill(History(path, MIDNIGHT), 0, 3)
    whole = path.read_bytes()
    for cut in range(1, 100):
        path.write_bytes(whole[:-cut])
        history = History(path, MIDNIGHT + 200)
        assert times(history)[:2] == [iso(MIDNIGHT), iso(MIDNIGHT + 60)][: len(times(history))]
        before = times(history)
        fill(history, 3, 1)
        assert times(History(path, MIDNIGHT + 200)) == [*before, iso(MIDNIGHT + 180)]
        assert all(json.loads(line) for line in path.read_bytes().splitlines())


@pytest.mark.parametrize(
    "rubbish", [b"\0\0\0\n", b"[]\n", b'{"time": 3, "pipelines": {}}\n', b'{"time": "x"}\n', b"[" * 9999 + b"\n"]
)
def test_rubbish_is_left_out(path, rubbish):
    fill(History(path, MIDNIGHT), 0, 2)
    path.write_bytes(rubbish + path.read_bytes() + rubbish)
    history = History(path, MIDNIGHT + 200)
    assert times(history) == [iso(MIDNIGHT), iso(MIDNIGHT + 60)]
    fill(history, 3, 1)
    assert rubbish not in path.read_bytes()


def test_memory_and_file_are_bounded(path):
    history = History(path, MIDNIGHT)
    sizes = set()
    for minute in range(4 * POINTS):
        history.add(MIDNIGHT + 60 * minute, {})
        sizes.add(path.stat().st_size)
        assert len(history.points()) <= POINTS
    line = len(path.read_bytes().splitlines()[0]) + 1
    assert max(sizes) <= (2 * POINTS) * line
    assert len(times(history)) == POINTS
    assert times(History(path, MIDNIGHT + 60 * (4 * POINTS - 1))) == times(history)


def test_a_day_ago_is_too_old(path):
    fill(History(path, MIDNIGHT), 0, 10)
    history = History(path, MIDNIGHT + 86400 + 5 * 60)
    assert times(history)[0] == iso(MIDNIGHT + 6 * 60)
    history.add(MIDNIGHT + 3 * 86400, PIPELINES)
    assert times(history) == [iso(MIDNIGHT + 3 * 86400)]


def test_points_of_the_future_are_left_out(path):
    """Of a clock that was wrong."""
    fill(History(path, MIDNIGHT), 0, 3)
    assert times(History(path, MIDNIGHT + 60)) == [iso(MIDNIGHT), iso(MIDNIGHT + 60)]


def test_what_cannot_be_written_is_said_once_and_made_up_for(path, caplog):
    path.parent.joinpath("there").mkdir()
    target = path.parent / "there" / "history.jsonl"
    history = History(target, MIDNIGHT)
    fill(history, 0, 2)
    target.unlink()
    target.parent.rmdir()
    fill(history, 2, 3)
    assert len(times(history)) == 5
    assert len(caplog.messages) == 1
    assert str(target) in caplog.text
    target.parent.mkdir()
    fill(history, 5, 1)
    assert times(History(target, MIDNIGHT + 600)) == times(history)
    assert len(times(history)) == 6
