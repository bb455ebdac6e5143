"""The files of a persisted queue have the real format, which says what is unread in it."""

import json
import struct
import threading
import zlib

import pytest
from fake_logstash.runtime.event import Event
from fake_logstash.runtime.queues import PersistedQueue
from logstash_instance import queues


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
    second = queue()
    assert (messages(second), checkpoint(tmp_path)) == (["c"], (3, 1, 3))


def test_numbers_go_on_when_the_page_starts_again(queue, tmp_path):
    first = queue()
    push(first, "x" * 2**20)
    first.take(1, 0.01)
    first.acknowledge(1)
    assert checkpoint(tmp_path) == (2, 2, 0)
    push(first, "y")
    assert messages(queue()) == ["y"]
    assert checkpoint(tmp_path) == (2, 2, 1)


def test_the_page_is_what_logstash_writes(queue, tmp_path):
    push(queue(), "a", "b")
    content = (tmp_path / "q/page.0").read_bytes()
    version, number, length = struct.unpack_from(">bqi", content)
    event = content[13 : 13 + length]
    assert (version, number, json.loads(event)["message"]) == (2, 1, "a")
    checksum, second = struct.unpack_from(">Iq", content, 13 + length)
    assert (checksum, second) == (zlib.crc32(event), 2)


def test_an_element_that_is_not_whole_is_none(queue, tmp_path):
    """As when the machine stopped while it was written."""
    push(queue(), "a", "b", "c")
    page = tmp_path / "q/page.0"
    content = page.read_bytes()
    place = content.index(b'"b"')
    page.write_bytes(content[:place] + b"\0" * (len(content) - place))
    assert messages(queue()) == ["a"]
    assert checkpoint(tmp_path) == (1, 1, 1)


def test_what_is_left_is_counted_as_in_the_real_ones(queue, tmp_path):
    first = queue()
    push(first, "a", "b", "c")
    first.take(1, 0.01)
    first.acknowledge(1)
    assert queues.persisted(tmp_path / "q").events == 3, "an upper limit, until the next checkpoint"
    first = queue()
    assert queues.persisted(tmp_path / "q").events == 2
    push(first, "x" * 2**20)
    first.take(3, 0.01)
    first.acknowledge(3)
    assert queues.persisted(tmp_path / "q").events == 0
    push(first, "y")
    assert queues.persisted(tmp_path / "q").events == 1


def test_the_checkpoint_of_a_running_queue_is_behind_as_in_the_real_one(queue, tmp_path):
    """Killed now, it has every event, and some again that were delivered."""
    running = queue()
    push(running, *("x" for _ in range(1000)))
    assert checkpoint(tmp_path) == (1, 1, 0)
    push(running, *("x" for _ in range(500)))
    assert checkpoint(tmp_path) == (1, 1, 1024)
    assert queues.persisted(tmp_path / "q").events == 1500
    for _ in range(15):
        running.acknowledge(len(running.take(100, 0.01)))
        if queues.persisted(tmp_path / "q").events < 1500:
            break
    assert checkpoint(tmp_path) == (1101, 1, 1500)
