"""An archive has the files of the queues it was made of, and says so when it could not be made whole."""

import hashlib
import io
import tarfile

import pytest
import queue_files
from logstash_instance import archives, queues


def read(stream):
    """The whole archive."""
    with stream:
        return io.BufferedReader(stream).read()


def test_it_has_every_file_but_the_lock_and_can_be_read_back(tmp_path):
    queue = queue_files.write_queue(tmp_path / "queue/p1", [(3, 1), (2, 0)])
    letters = tmp_path / "dead_letter_queue/p1"
    letters.mkdir(parents=True)
    (letters / "1.log").write_bytes(queue_files.segment(b"x" * 50_000))
    parts = {"queue/p1": queue, "dead_letter_queue/p1": letters}
    progress = []
    stream = archives.TarStream(parts, lambda: progress.append(1))
    content = read(stream)
    assert (stream.size, stream.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert progress
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        assert "queue/p1/.lock" not in tar.getnames()
        tar.extractall(tmp_path / "out", filter="data")
    assert queues.persisted(tmp_path / "out/queue/p1").events == 4
    assert (tmp_path / "out/dead_letter_queue/p1/1.log").read_bytes() == (letters / "1.log").read_bytes()


def test_what_a_link_points_to_is_not_in_it(tmp_path):
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "p1").mkdir()
    (tmp_path / "p1/page.0").symlink_to(tmp_path / "secret")
    assert b"secret" not in read(archives.TarStream({"queue/p1": tmp_path / "p1"}))


def test_a_directory_that_cannot_be_read_is_an_error_of_the_reader(tmp_path):
    with pytest.raises(FileNotFoundError):
        read(archives.TarStream({"queue/p1": tmp_path / "missing"}))


def test_a_reader_that_gives_up_ends_it(tmp_path):
    (tmp_path / "p1").mkdir()
    (tmp_path / "p1/page.0").write_bytes(b"x" * (4 << 20))
    stream = archives.TarStream({"queue/p1": tmp_path / "p1"})
    stream.read(10)
    stream.close()
    assert not stream._thread.is_alive()
