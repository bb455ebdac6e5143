"""The result: a whole file or none, and lines that the journal knows the level of."""

import json
import logging
import os
import stat

import pytest
from logstash_instance import report


def test_file_is_whole_and_readable_whatever_the_umask(tmp_path):
    old = os.umask(0o077)
    try:
        report.save(tmp_path / "x.json", {"result": "continue"})
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "x.json").stat().st_mode) == 0o644
    assert report.read(tmp_path / "x.json") == {"result": "continue"}


def test_a_file_that_cannot_be_written_leaves_the_former_one(tmp_path):
    report.save(tmp_path / "x.json", {"result": "continue"})
    (tmp_path / "x.json.part").write_text("half")  # of a killed run
    with pytest.raises(TypeError):
        report.save(tmp_path / "x.json", {"result": object()})
    assert report.read(tmp_path / "x.json") == {"result": "continue"}


@pytest.mark.parametrize("content", ["", "[]", "{", "\udcff"])
def test_what_is_no_result_is_none(tmp_path, content):
    (tmp_path / "x.json").write_text(content, errors="surrogateescape")
    assert report.read(tmp_path / "x.json") == {}
    assert report.read(tmp_path / "missing.json") == {}


def test_each_line_in_the_journal_has_its_level():
    record = logging.LogRecord("x", logging.ERROR, "", 1, "one\n%s", ("two",), None)
    assert report.JournalFormatter().format(record) == "<3>one\n<3>two"


def test_history_sorts_by_time():
    document = {"began": "2026-11-28T17:20:00Z", "instance": "i-1"}
    assert (
        report.history_address("s3://b/deployments/staging/", "first-boot", document)
        == "s3://b/deployments/staging/2026-11-28T17:20:00Z-i-1-first-boot.json"
    )
    assert json.dumps(report.timestamp(0)) == '"1970-01-01T00:00:00Z"'
