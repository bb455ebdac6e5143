"""What queues hold is read from their files, whole or broken, and never from what they only point to."""

import io
import os
import struct
import tarfile
import zlib
from contextlib import suppress
from pathlib import Path

import pytest
import queue_files
from hypothesis import given
from hypothesis import strategies as st
from logstash_instance import queue_reader, queues
from logstash_instance.queue_reader import QueueFormatError

# (events, how many of them are acknowledged) of each page.
PAGES = st.lists(
    st.integers(1, 6).flatmap(lambda events: st.tuples(st.just(events), st.integers(0, events))), min_size=1, max_size=5
)


@given(pages=PAGES, first=st.integers(1, 2**40), first_number=st.integers(0, 1000))
def test_events_of_all_pages_that_are_not_acknowledged_count(tmp_path_factory, pages, first, first_number):
    directory = queue_files.write_queue(tmp_path_factory.mktemp("q") / "p1", pages, first, first_number)
    left = queues.persisted(directory)
    assert (left.events, left.problem) == (sum(events - done for events, done in pages), "")


@given(events=st.integers(1, 8), checkpointed=st.integers(0, 8), cut=st.integers(0, 200))
def test_the_head_page_itself_says_how_many_whole_events_it_has(tmp_path_factory, events, checkpointed, cut):
    """Its checkpoint is written seldom; after a power failure its last events may not be whole."""
    checkpointed = min(events, checkpointed)
    directory = queue_files.write_queue(tmp_path_factory.mktemp("q") / "p1", [(events, 0)], checkpointed=checkpointed)
    page = queue_files.page(1, [b"event %d" % (1 + place) for place in range(events)], 0)
    (directory / "page.0").write_bytes(page[: max(1, len(page) - cut)])
    size = (len(page) - 1) // events
    assert queues.persisted(directory).events == max(0, len(page) - 1 - cut) // size


@given(st.data())
def test_a_changed_byte_of_a_checkpoint_is_noticed(data):
    content = bytearray(queue_files.checkpoint(7, 3, 1234, 1000, 500))
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(QueueFormatError, match="checksum"):
        queue_reader.parse_checkpoint(bytes(content))


@given(st.binary(max_size=33))
def test_a_checkpoint_that_was_cut_off_is_noticed(content):
    with pytest.raises(QueueFormatError, match=f"has {len(content)} bytes instead of 34"):
        queue_reader.parse_checkpoint(content)


@given(st.binary(max_size=300))
def test_no_bytes_of_a_page_or_a_segment_end_the_count_with_another_error(content):
    for count, given_content in (
        (queue_reader.count_elements, io.BytesIO(content)),
        (queue_reader.count_dead_letters, content),
    ):
        with suppress(QueueFormatError):
            count(given_content)


def test_a_checkpoint_of_the_genuine_program_is_read():
    """Of Logstash 8.5.3, after 2000 events that were all delivered."""
    content = bytes.fromhex("0001 00000001 00000001 00000000000007d1 000000000000040a 000003c7 b7e5cb45")
    found = queue_reader.parse_checkpoint(content)
    assert (found.page, found.first_unacknowledged_page, found.first, found.count) == (1, 1, 1034, 967)
    assert (found.first_unacknowledged, found.unacknowledged) == (2001, 0)


@pytest.mark.parametrize(("queue", "events"), [("one", 20), ("several", 43)])
def test_queues_of_the_genuine_program_after_a_kill_are_read(tmp_path, queue, events):
    """Of Logstash 8.5.3, which delivered so many events at its next start. The checkpoints of the head know of none."""
    with tarfile.open(Path(queue_files.__file__).with_name("queues_after_kill.tar.gz")) as archive:
        archive.extractall(tmp_path, filter="data")
    assert queues.persisted(tmp_path / queue).events == events


def test_an_event_with_a_wrong_checksum_ends_the_head_page(tmp_path):
    directory = queue_files.write_queue(tmp_path / "p1", [(3, 0)])
    content = bytearray((directory / "page.0").read_bytes())
    content[1 + 12 + 7 + 4 + 12] ^= 1  # the first byte of the second event
    (directory / "page.0").write_bytes(content)
    assert queues.persisted(directory).events == 1


def test_an_event_with_another_number_ends_the_head_page():
    """What lies behind the last event may be of an earlier use of the page."""
    content = queue_files.page(7, [b"a", b"b"], 0) + queue_files.element(3, b"c")
    assert queue_reader.count_elements(io.BytesIO(content)) == (7, 2)


def test_a_queue_that_was_never_written_to_is_empty(tmp_path):
    directory = queue_files.write_queue(tmp_path / "p1", [(0, 0)])
    assert not queues.persisted(directory)
    assert not queues.persisted(queue_files.write_queue(tmp_path / "p2", [(4, 4)]))


def test_a_page_of_no_bytes_whose_events_are_all_delivered_is_empty(tmp_path):
    directory = queue_files.write_queue(tmp_path / "p1", [(4, 4)])
    (directory / "page.0").write_bytes(b"")
    assert queues.persisted(directory).events == 0


def broken(name, content):
    def change(directory):
        if content is None:
            (directory / name).unlink()
        else:
            (directory / name).write_bytes(content)

    return change


def version(number):
    fields = struct.pack(">hiiqqi", number, 1, 0, 1, 1, 2)
    return fields + struct.pack(">I", zlib.crc32(fields))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (broken("checkpoint.head", b""), "checkpoint.head has 0 bytes"),
        (broken("checkpoint.head", None), "there are pages, but no checkpoint.head"),
        (broken("checkpoint.head", version(2)), "checkpoint.head has version 2"),
        (broken("checkpoint.0", b"\0" * 34), "checkpoint.0 has a wrong checksum"),
        (broken("page.0", None), "there is checkpoint.0, but no page.0"),
        (broken("page.1", None), "but no page.1"),
        (broken("page.1", b""), "page.1"),
        (broken("page.1", b"\x01" + b"\0" * 40), "page.1 has version 1"),
    ],
)
def test_what_cannot_be_read_is_left_with_the_reason(tmp_path, change, says):
    directory = queue_files.write_queue(tmp_path / "p1", [(2, 0), (2, 0)])
    change(directory)
    left = queues.persisted(directory)
    assert (bool(left), left.events) == (True, None)
    assert says in left.problem


def test_files_that_change_meanwhile_are_read_again(tmp_path):
    directory = queue_files.write_queue(tmp_path / "p1", [(2, 0)])
    page = (directory / "page.0").read_bytes()
    (directory / "page.0").unlink()
    seen = []

    def count(path):
        seen.append(path)
        if len(seen) == 2:
            (directory / "page.0").write_bytes(page)
        return queues._count_persisted(path)

    assert queues._left(directory, count, 3).events == 2


def test_pages_up_to_a_number_count_alone(tmp_path):
    directory = queue_files.write_queue(tmp_path / "p1", [(3, 1), (2, 0), (4, 0)])
    assert [queues.unacknowledged_up_to(directory, page) for page in (0, 1, 2)] == [2, 4, 8]
    assert queues.head_page(directory) == 2


EVENTS = st.lists(st.integers(1, 70_000).map(lambda size: b"e" * size), max_size=6)


@given(EVENTS)
def test_events_of_dead_letter_segments_count_once_however_long(events):
    assert queue_reader.count_dead_letters(queue_files.segment(*events)) == len(events)


def test_dead_letters_of_finished_and_open_segments_count(tmp_path):
    (tmp_path / "1.log").write_bytes(queue_files.segment(b"a", b"b"))
    (tmp_path / "2.log.tmp").write_bytes(queue_files.segment(b"c"))
    (tmp_path / ".lock").touch()
    assert queues.dead_letters(tmp_path).events == 3
    (tmp_path / "3.log").write_bytes(b"1x")
    assert queues.dead_letters(tmp_path).events == 3, "a record that is just being written"
    (tmp_path / "3.log").write_bytes(b"2" + b"\0" * 20)
    assert "3.log has version 50" in queues.dead_letters(tmp_path).problem


def test_each_pipeline_is_found_and_nothing_else(tmp_path):
    queue_files.write_queue(tmp_path / "a", [(2, 0)])
    queue_files.write_queue(tmp_path / "b", [(2, 2)])
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "a")
    assert {name: left.events for name, left in queues.all_persisted(tmp_path).items()} == {"a": 2, "b": 0}
    assert queues.all_persisted(tmp_path / "missing") == {}
    assert queues.all_dead_letters(tmp_path / "missing") == {}


@pytest.mark.parametrize("trap", ["link", "pipe"])
@pytest.mark.parametrize("name", ["checkpoint.head", "page.0"])
def test_what_the_services_user_may_have_put_there_is_not_followed_or_waited_for(tmp_path, trap, name):
    directory = queue_files.write_queue(tmp_path / "p1", [(2, 0)])
    elsewhere = tmp_path / "secret"
    (directory / name).rename(elsewhere)
    if trap == "link":
        (directory / name).symlink_to(elsewhere)
    else:
        os.mkfifo(directory / name)
    assert queues.persisted(directory).events is None
    assert name not in dict(queues.files(directory))
