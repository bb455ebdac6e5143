"""The checkpoint of a persisted queue has the real format, which says what is unread in it."""

import struct
import threading
import zlib

import pytest
from fake_logstash.runtime.event import Event
from fake_logstash.runtime.queues import PersistedQueue


@pytest.fixture
def queue(tmp_path):
    """queue() opens the queue as a start of the program does; the one before is closed first."""
    opened = []

    def open_queue():
        for one in opened:
            one.close()
        opened[:] = [PersistedQueue(str(tmp_path / "q"), 4096, 2**23)]
        return opened[0]

    yield open_queue
    for one in opened:
        one.close()


def push(queue, *names):
    for name in names:
        queue.push(Event({"message": name}), threading.Event())


def messages(queue):
    return [event.data["message"] for event in queue.take(100, 0.01)]


def checkpoint(tmp_path):
    """(first unread event, first event of the page, events of the page) of the file."""
    content = (tmp_path / "q/checkpoint.head").read_bytes()
    assert len(content) == 34
    assert zlib.crc32(content[:30]) == struct.unpack(">I", content[30:])[0]
    return struct.unpack(">hiiqqi", content[:30])[3:]


def test_what_was_acknowledged_is_read_and_the_rest_is_there_after_a_start(queue, tmp_path):
    first = queue()
    push(first, "a", "b", "c")
    first.take(2, 0.01)
    first.acknowledge(2)
    assert checkpoint(tmp_path) == (2, 0, 3)
    second = queue()
    assert (messages(second), checkpoint(tmp_path)) == (["c"], (2, 0, 3))


def test_numbers_go_on_when_the_page_starts_again(queue, tmp_path):
    first = queue()
    push(first, "x" * 2**20)
    first.take(1, 0.01)
    first.acknowledge(1)
    assert checkpoint(tmp_path) == (1, 1, 0)
    push(first, "y")
    assert checkpoint(tmp_path) == (1, 1, 1)
    assert messages(queue()) == ["y"]
