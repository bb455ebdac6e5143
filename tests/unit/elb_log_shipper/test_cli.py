"""The command line as people call it: in a process of its own."""

import gzip
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import elb_log_shipper
import pytest

SOURCE = Path(elb_log_shipper.__file__).parent.parent
OPTIONS = ["--component", "balancer", "--application", "shop", "--environment", "test"]


def run(*arguments: object, stdin: bytes = b"", **options) -> subprocess.CompletedProcess:
    command = [sys.executable, "-W", "error", "-m", "elb_log_shipper", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE), "ELB_LOG_SHIPPER_SETTINGS": "/nonexistent"}
    return subprocess.run(
        command,
        input=stdin,
        env=environment,
        check=False,
        timeout=30,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
    )


def events(output: bytes) -> list[dict]:
    """The events without their ids, which depend on the file's name."""
    found = [json.loads(line) for line in output.splitlines()]
    assert all(event.pop("EventId") for event in found)
    return found


def test_parse_prints_events_and_a_summary(sample_path, sample, expected):
    done = run("parse", sample_path, *OPTIONS)
    assert done.returncode == 0
    assert events(done.stdout) == expected
    summary = f"elb_log_shipper: parsed 1 of 1 logs: 15 lines, 2 unparsed, {len(sample)} bytes, "
    assert done.stderr.decode().startswith(summary)
    assert done.stderr.count(b"\n") == 1


def test_parse_gzip_and_standard_input(tmp_path, sample, expected):
    packed = tmp_path / "a.log.gz"
    packed.write_bytes(gzip.compress(sample))
    done = run("parse", packed, "-", *OPTIONS, stdin=sample)
    assert events(done.stdout) == expected * 2
    assert b"parsed 2 of 2 logs: 30 lines, 4 unparsed" in done.stderr


def test_defaults_need_no_settings_file(sample_path):
    first = events(run("parse", sample_path).stdout)[0]
    assert (first["Component"], first["Application"], first["Environment"]) == ("elb_log_shipper", "elb", "local")


def test_a_file_that_fails_does_not_stop_the_others(tmp_path, sample_path, sample, expected):
    cut = tmp_path / "cut.log.gz"
    cut.write_bytes(gzip.compress(sample)[:-20])
    done = run("parse", tmp_path / "none.log", cut, tmp_path, sample_path, *OPTIONS)
    assert done.returncode == 1
    assert events(done.stdout)[-15:] == expected
    messages = done.stderr.decode()
    assert "none.log: no such file. Check the path" in messages
    assert "cut.log.gz: truncated gzip data" in messages
    assert f"{tmp_path}: a directory. Name the files in it" in messages
    assert "parsed 1 of 4 logs" in messages


def test_ship_over_tcp(tcp_receiver, sample_path, expected):
    receiver = tcp_receiver()
    done = run("ship", sample_path, sample_path, "--to", f"tcp://127.0.0.1:{receiver.port}", *OPTIONS)
    assert done.returncode == 0, done.stderr
    assert b"shipped 2 of 2 logs: 30 lines, 4 unparsed" in done.stderr
    assert done.stdout == b""
    assert [events(data) for data in receiver.wait_for(2)] == [expected] * 2


def test_ship_over_http(http_receiver, sample_path, expected, without_ids):
    receiver = http_receiver()
    done = run("ship", sample_path, "--to", f"http://127.0.0.1:{receiver.port}/elb?a=1", *OPTIONS)
    assert done.returncode == 0, done.stderr
    assert without_ids(receiver.events) == expected
    assert receiver.requests[0][0] == "/elb?a=1"


def test_refused_connection_says_what_where_and_what_was_not_tried(free_port, sample_path):
    done = run("ship", sample_path, "other.log", "--to", f"tcp://127.0.0.1:{free_port}")
    assert done.returncode == 1
    messages = done.stderr.decode()
    assert f"{sample_path}: no connection to tcp://127.0.0.1:{free_port}: Connection refused. Check that" in messages
    assert "not tried: other.log" in messages
    assert "shipped 0 of 2 logs" in messages
    assert "Traceback" not in messages


def test_http_error_is_quoted(http_receiver, sample_path):
    done = run("ship", sample_path, "--to", f"http://127.0.0.1:{http_receiver(500).port}")
    assert done.returncode == 1
    assert b"500 Internal Server Error: 'the queue is full'" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["parse"],
        ["explode", "x"],
        ["ship", "x"],
        ["ship", "x", "--to", "127.0.0.1:5000"],
        ["ship", "x", "--to", "udp://h:1"],
        ["ship", "x", "--to", "tcp://h"],
        ["ship", "x", "--to", "tcp://h:0"],
        ["ship", "x", "--to", "tcp://h:65536"],
        ["ship", "x", "--to", "tcp://h:1/path"],
        ["ship", "x", "--to", "http://user:password@h:1/"],
        ["ship", "x", "--to", "http://[h:1/"],
        ["ship", "x", "--to", "tcp://h:1", "--timeout", "0"],
        ["ship", "x", "--to", "tcp://h:1", "--timeout", "nan"],
    ],
)
def test_wrong_usage(arguments):
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stderr.startswith(b"usage: ")


def test_a_reader_that_has_seen_enough_is_no_error(tmp_path, sample):
    path = tmp_path / "long.log"
    path.write_bytes(sample * 2000)
    reading, writing = os.pipe()
    with open(reading, "rb") as reader:
        command = [sys.executable, "-m", "elb_log_shipper", "parse", str(path)]
        process = subprocess.Popen(command, cwd=SOURCE, stdout=writing, stderr=subprocess.PIPE)
        os.close(writing)
        assert json.loads(reader.readline())["LoadBalancerName"] == "web-prod"
    _, messages = process.communicate(timeout=30)
    assert (process.returncode, messages) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_full_disk_is_an_error(sample_path):
    with open("/dev/full", "wb") as full:
        done = run("parse", sample_path, stdout=full)
    assert done.returncode == 1
    assert b"standard output: No space left on device" in done.stderr
    assert b"Exception ignored" not in done.stderr


def test_progress_is_for_terminals_only(tmp_path, sample):
    path = tmp_path / "long.log"
    path.write_bytes(sample * 200)
    assert b"\r" not in run("parse", path, stdout=subprocess.DEVNULL).stderr
    terminal, other_end = pty.openpty()
    try:
        run("parse", path, stdout=subprocess.DEVNULL, stderr=other_end)
        os.close(other_end)
        assert re.search(rb"\r\x1b\[K\[#* *\] +\d+% 0 of 1 logs, \d+ lines of ", os.read(terminal, 65536))
    finally:
        os.close(terminal)
