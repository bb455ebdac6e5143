"""A saved queue is exchanged for an empty one, or nothing is changed and Logstash runs as before."""

import io
import json
import os
import tarfile

import pytest
import queue_files
from logstash_instance import archives, delivery, queues
from logstash_instance.delivery import Delivery
from logstash_instance.errors import QueueArchiveError, QueueDeliveryError, ServiceError
from logstash_instance.retrying import Clock
from logstash_instance.service import Directories

ARCHIVE = "s3://bucket/queues/staging/i-1-2026-11-28T17:00:00Z.tar"


class Host:
    """A host with pipeline `p`; Logstash delivers ten events of the oldest page each time that the watch waits."""

    def __init__(self, root):
        self.root, self.log, self.time = root, [], 0.0
        self.directories = Directories(root / "queue", root / "dead_letter_queue")
        self.clock = Clock(lambda: self.time, self.sleep)
        self.delivers, self.broken, self.page = True, "", 0
        (root / "queue").mkdir()

    def own(self, *pages):
        queue_files.write_queue(self.root / "queue/p", pages)

    def archive(self, pages=((30, 10),), pipeline="p", letters=()):
        """Unpacks an archive of such a queue into the workplace."""
        source = self.root / "source"
        queue_files.write_queue(source / f"queue/{pipeline}", pages, first=500)
        folders = {f"queue/{pipeline}": source / f"queue/{pipeline}"}
        for number, segment in enumerate(letters, 1):
            place = source / "dead_letter_queue/p"
            place.mkdir(parents=True, exist_ok=True)
            (place / f"{number}.log").write_bytes(segment)
            folders["dead_letter_queue/p"] = place
        tar = self.root / "archive.tar"
        with archives.TarStream(folders) as stream:
            tar.write_bytes(io.BufferedReader(stream).read())
        workplace = self.root / "queue" / delivery.WORKPLACE
        workplace.mkdir()
        delivery.unpack(tar, workplace)
        return workplace

    def sleep(self, seconds):
        self.time += seconds
        if self.delivers:
            queue_files.write_queue(self.root / "queue/p", [(30, 30), (4, 1)], first=500)

    def stop(self, *, wait_seconds=0):
        self.log.append(("stop", wait_seconds))
        if self.broken == "stop":
            raise ServiceError("no bus")

    def start(self):
        queued = queues.persisted(self.root / "queue/p") if (self.root / "queue/p").exists() else None
        self.log.append(("start", queued and queued.events))

    def deliver(self, workplace, wait=60.0, **words):
        return Delivery(
            ARCHIVE,
            workplace,
            self.directories,
            words.get("pipelines", ["p"]),
            self,
            stop_seconds=99,
            delivered=self.root / "delivered.json",
            dead_letters=self.root / "dead-letters",
            clock=self.clock,
        ).run(wait)

    def left(self):
        return queues.persisted(self.root / "queue/p").events


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path)


def test_the_saved_queue_takes_the_place_of_the_empty_one_while_logstash_is_stopped(host):
    host.own((5, 5))
    assert host.deliver(host.archive()) == {"p": 0}
    assert host.log == [("stop", 99), ("start", 20)]
    assert host.time == delivery.POLL_SECONDS, "new events behind the saved ones are not waited for"


def test_a_host_that_never_had_an_event_takes_it_too(host):
    host.deliver(host.archive())
    assert host.log == [("stop", 99), ("start", 20)]


def test_files_belong_to_the_owner_of_the_queue(host, monkeypatch):
    owned = {}
    monkeypatch.setattr(os, "chown", lambda path, user, group: owned.update({str(path): (user, group)}))
    host.deliver(host.archive())
    status = (host.root / "queue").stat()
    assert {path.rpartition("/")[2] for path in owned} >= {"p", "page.0", "checkpoint.head"}
    assert set(owned.values()) == {(status.st_uid, status.st_gid)}


def test_what_is_still_going_out_is_said_when_the_wait_is_over(host):
    host.delivers = False
    assert host.deliver(host.archive(), wait=12) == {"p": 20}
    assert host.time == 15


@pytest.mark.parametrize("pages", [[(5, 4)], [(5, 0), (2, 2)]])
def test_a_queue_with_events_of_its_own_is_left_alone_and_logstash_started(host, pages):
    host.own(*pages)
    before = host.left()
    with pytest.raises(QueueDeliveryError, match=f"p: {before} events"):
        host.deliver(host.archive())
    assert host.log == [("stop", 99), ("start", before)]
    assert not (host.root / "delivered.json").exists()


def test_an_own_queue_that_cannot_be_read_is_left_alone(host):
    host.own((5, 5))
    (host.root / "queue/p/checkpoint.head").write_bytes(b"")
    with pytest.raises(QueueDeliveryError, match="has 0 bytes"):
        host.deliver(host.archive())
    assert host.log[-1] == ("start", None)


def test_logstash_is_started_when_it_could_not_be_stopped(host):
    host.broken = "stop"
    with pytest.raises(ServiceError):
        host.deliver(host.archive())
    assert host.log[-1][0] == "start"


def refused(host, match, workplace, **words):
    with pytest.raises(QueueDeliveryError, match=match):
        host.deliver(workplace, **words)
    assert host.log == [], "Logstash was not touched"


def test_a_queue_of_a_pipeline_that_the_host_does_not_have_is_refused(host):
    refused(
        host, "queue of other, but this host's pipelines are a, p", host.archive(pipeline="other"), pipelines=["p", "a"]
    )


def test_a_broken_queue_is_refused(host):
    workplace = host.archive()
    (workplace / "queue/p/page.0").write_bytes(b"")
    refused(host, r"page.0 is empty.*pqrepair", workplace)


def test_an_archive_is_delivered_once(host):
    host.own((5, 5))
    workplace = host.archive()
    (host.root / "delivered.json").write_text(json.dumps({ARCHIVE: "2026-11-28T17:00:00Z"}))
    refused(host, "at 2026-11-28T17:00:00Z", workplace)


def test_the_delivery_is_written_down(host):
    (host.root / "delivered.json").write_text('{"another": "2026-01-01T00:00:00Z"}')
    host.deliver(host.archive())
    assert set(json.loads((host.root / "delivered.json").read_text())) == {"another", ARCHIVE}


def test_dead_letters_are_kept_and_not_sent(host):
    segment = queue_files.segment(b"refused")
    host.deliver(host.archive(letters=[segment]))
    assert (host.root / "dead-letters/i-1-2026-11-28T17:00:00Z/p/1.log").read_bytes() == segment


# The archive


def tar_with(path, *members):
    with tarfile.open(path, "w") as tar:
        for member in members:
            info = member if isinstance(member, tarfile.TarInfo) else tarfile.TarInfo(member)
            tar.addfile(info, io.BytesIO(b""))
    return path


def link(name):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
    return info


@pytest.mark.parametrize(
    "member",
    [
        "/etc/passwd",
        "queue/../../x",
        "queue/p/..",
        "queue/p",
        "page.0",
        "other/p/page.0",
        "queue/p/a/b",
        link("queue/p/x"),
    ],
)
def test_an_archive_with_anything_else_is_refused(tmp_path, member):
    with pytest.raises(QueueArchiveError, match="expected files such as"):
        delivery.unpack(tar_with(tmp_path / "a.tar", member), tmp_path / "out")
    assert not list(tmp_path.glob("out/**/passwd"))


@pytest.mark.parametrize("content", [b"", b"no tar at all" * 100])
def test_what_is_no_tar_is_refused(tmp_path, content):
    (tmp_path / "a.tar").write_bytes(content)
    with pytest.raises(QueueArchiveError, match="cannot be unpacked"):
        delivery.unpack(tmp_path / "a.tar", tmp_path / "out")


def test_a_tar_that_was_cut_off_is_refused(tmp_path):
    queue = queue_files.write_queue(tmp_path / "p", [(30, 0)])
    with archives.TarStream({"queue/p": queue}) as stream:
        content = io.BufferedReader(stream).read()
    (tmp_path / "a.tar").write_bytes(content[:3000])
    with pytest.raises(QueueArchiveError, match="cannot be unpacked"):
        delivery.unpack(tmp_path / "a.tar", tmp_path / "out")


class S3:
    def stream(self, address, take):
        assert address == ARCHIVE
        take(b"ab")
        take(b"c")


ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_an_object_is_fetched_and_compared(tmp_path):
    assert delivery.fetch(ARCHIVE, S3(), tmp_path, ABC).read_bytes() == b"abc"
    assert delivery.fetch(ARCHIVE, S3(), tmp_path).read_bytes() == b"abc"
    with pytest.raises(QueueArchiveError, match=f"has SHA-256 {ABC}, expected {'0' * 64}"):
        delivery.fetch(ARCHIVE, S3(), tmp_path, "0" * 64)
    (tmp_path / "local.tar").write_bytes(b"abc")
    assert delivery.fetch(str(tmp_path / "local.tar"), S3(), tmp_path, ABC) == tmp_path / "local.tar"
