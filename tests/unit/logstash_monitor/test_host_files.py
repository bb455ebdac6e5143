"""The journal of deployments and the deployment record, as they are read beside their writers."""

import json
import os

import pytest
from logstash_monitor import host_files
from logstash_monitor.host_files import Deployments, Live


@pytest.fixture
def path(tmp_path):
    return tmp_path / "file"


def lines(*entries):
    return "".join(f"{json.dumps(entry)}\n" for entry in entries)


def test_the_journal(path):
    journal = host_files.journal(path)
    assert journal.read() == Deployments(None, {})
    path.write_text(lines({"result": "deployed", "version": "8.5.3"}, {"result": "failed"}, {"result": "deployed"}))
    assert journal.read() == Deployments({"result": "deployed"}, {"deployed": 2, "failed": 1})
    with path.open("a") as stream:
        stream.write(lines({"result": "restored"}))
    assert journal.read().last == {"result": "restored"}
    path.unlink()
    assert journal.read() == Deployments(None, {})


def test_lines_that_are_no_entries_are_left_out(path):
    path.write_bytes(b"\xff\n[]\n" + lines({"result": "deployed"}).encode() + b'{"result": 3}\n{"result": "fai')
    assert host_files.journal(path).read() == Deployments({"result": "deployed"}, {"deployed": 1})


def test_a_file_that_is_the_same_is_not_read_again(path):
    path.write_text(lines({"result": "deployed"}))
    journal = host_files.journal(path)
    assert journal.read() is journal.read()


def test_a_file_that_was_replaced_by_one_of_the_same_size_is_read(path):
    path.write_text(lines({"result": "deployed"}))
    journal = host_files.journal(path)
    journal.read()
    other = path.with_name("other")
    other.write_text(lines({"result": "restored"}))
    os.utime(other, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    os.replace(other, path)
    assert journal.read().last == {"result": "restored"}


def test_the_record(path):
    record = host_files.record(path)
    assert record.read() == Live()
    path.write_text(json.dumps({"record": {"release": "1", "health": {"pipelines": ["broker"], "ports": [5000]}}}))
    assert record.read() == Live(frozenset({"broker"}), frozenset({5000}))


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", '{"record": {}}', '{"record": {"health": []}}', '{"record": {"health": {}}}']
)
def test_a_record_that_says_nothing_leaves_nothing_out(path, content):
    path.write_text(content)
    assert host_files.record(path).read() == Live(None, None)


def test_without_a_path_nothing_is_read():
    assert host_files.record(None).read() == Live()
