"""The command line as people call it: in a process of its own."""

import gzip
import json
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from shipper_command import SOURCE, run
from shipper_receivers import drop_ids

OPTIONS = ["--component", "balancer", "--application", "shop", "--environment", "test"]


def events(output: bytes) -> list[dict]:
    """The events without their ids, which depend on the file's name, and without the time of arrival."""
    found = [json.loads(line) for line in output.splitlines()]
    assert all(event["EventId"] for event in found)
    return drop_ids(found)


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
    done = run("ship", sample_path, "other.log", "--to", f"tcp://127.0.0.1:{free_port}", "--retry", "0.1")
    assert done.returncode == 1
    messages = done.stderr.decode()
    assert f"{sample_path}: no connection to tcp://127.0.0.1:{free_port}: Connection refused. Check that" in messages
    assert "not tried: other.log" in messages
    assert "shipped 0 of 2 logs" in messages
    assert "Traceback" not in messages


def test_http_error_is_quoted(http_receiver, sample_path):
    done = run("ship", sample_path, "--to", f"http://127.0.0.1:{http_receiver(500).port}", "--retry", "0.1")
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


def test_check_says_which_lines_no_format_fits_and_prints_nothing(tmp_path, sample_path):
    done = run("check", sample_path)
    assert done.returncode == 1
    assert done.stdout == b""
    messages = done.stderr.decode().splitlines()
    assert len(messages) == 3
    assert all(f"{sample_path}: byte " in message for message in messages[:2])
    assert "checked 1 of 1 logs: 15 lines, 2 unparsed" in messages[2]
    good = tmp_path / "good.log"
    good.write_bytes(sample_path.read_bytes().splitlines()[0])
    assert run("check", good).returncode == 0


def test_check_names_some_of_many(tmp_path):
    path = tmp_path / "bad.log"
    path.write_bytes(b"no log\n" * 500)
    messages = run("check", path).stderr.decode().splitlines()
    assert len(messages) == 11
    assert messages[0].endswith("'no log'")
    assert f"{path}: byte 7: " in messages[1]


@pytest.fixture
def logs(tmp_path, sample) -> list[str]:
    """Five logs, the third of which is a long one."""
    paths = [tmp_path / f"{number}.log" for number in range(5)]
    for number, path in enumerate(paths):
        path.write_bytes(sample * (3000 if number == 2 else 1))
    return [str(path) for path in paths]


def ids(output: bytes) -> list[str]:
    return [json.loads(line)["EventId"] for line in output.splitlines()]


def test_from_leaves_out_what_was_done(logs):
    whole = run("parse", *logs)
    rest = run("parse", *logs, "--from", logs[3])
    assert ids(rest.stdout) == ids(whole.stdout)[-30:]
    assert b"parsed 2 of 2 logs" in rest.stderr


def test_from_a_log_that_is_not_named(logs):
    done = run("parse", *logs, "--from", "other.log")
    assert done.returncode == 1
    assert b"--from other.log: not among the 5 logs" in done.stderr


def test_position_begins_inside_of_the_first_log(logs, sample):
    rest = run("parse", *logs, "--from", logs[3], "--position", f"{len(sample)},15")
    assert len(ids(rest.stdout)) == 15
    beyond = run("parse", logs[0], "--from", logs[0], "--position", f"{len(sample) + 1},99")
    assert beyond.returncode == 1
    assert f"{logs[0]}: the log has {len(sample)} bytes, and no position".encode() in beyond.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_and_gone_on_as_it_says_each_line_is_there_once(logs, number):
    whole = ids(run("parse", *logs).stdout)
    command = [sys.executable, "-m", "elb_log_shipper", "parse", *logs]
    process = subprocess.Popen(command, cwd=SOURCE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    first = b""
    while len(first) < 200_000:  # then it is in the long one, and waits for this reader
        more = os.read(process.stdout.fileno(), 65536)
        assert more, process.stderr.read()
        first += more
    process.send_signal(number)
    more, messages = process.communicate(timeout=30)
    assert process.returncode == 130
    hint = re.search(r"to continue: run the same command with (--from \S+ --position \S+)", messages.decode())
    assert f"not tried: {logs[3]} {logs[4]}" in messages.decode()
    rest = run("parse", *logs, *hint[1].split())
    assert rest.returncode == 0
    assert ids(first + more) + ids(rest.stdout) == whole
    assert 0 < len(ids(rest.stdout)) < len(whole)


def test_several_processes_ship_every_log(http_receiver, logs):
    receiver = http_receiver()
    done = run("ship", *logs, "--to", f"http://127.0.0.1:{receiver.port}/", "--processes", "3")
    assert done.returncode == 0, done.stderr
    assert b"shipped 5 of 5 logs: 45060 lines, 6008 unparsed" in done.stderr
    assert sorted(event["EventId"] for event in receiver.events) == sorted(ids(run("parse", *logs).stdout))
    assert len({client for _, _, client in receiver.requests}) > 1


def test_several_processes_stop_at_the_first_refusal_and_say_where_to_go_on(http_receiver, logs):
    receiver = http_receiver(400)
    done = run("ship", *logs, "--to", f"http://127.0.0.1:{receiver.port}/", "--processes", "2")
    assert done.returncode == 1
    assert f"to continue: run the same command with --from {logs[0]}".encode() in done.stderr
    assert b"shipped 0 of 5 logs" in done.stderr
