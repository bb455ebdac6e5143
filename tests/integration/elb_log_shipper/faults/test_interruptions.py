"""A run in several processes, ended by signals: every process ends, and going on as it says ships every event."""

import contextlib
import json
import os
import re
import signal
import subprocess
import threading
import time
from pathlib import Path

import process_tree
import pytest
from shipper_command import PATIENCE, run, start
from waiting import wait_for

LOGS = 6
REPEATED = 400  # the sample's 15 lines, a log
LINES = 15 * REPEATED
A_REQUEST = 50


class Slow:
    """A receiver that takes its time, or none at all, until ``hurry``; ``begun`` once some requests have come."""

    def __init__(self, *, stands: bool = False) -> None:
        self.begun = threading.Event()
        self._hurry = threading.Event()
        self._pause = PATIENCE if stands else 0.05

    def hurry(self) -> None:
        self._hurry.set()

    def __call__(self, connection) -> None:
        while (body := connection.request()) is not None:
            connection.peer.record_array(body)
            if len(connection.peer.requests) > 4 or self._pause == PATIENCE:
                self.begun.set()
            self._hurry.wait(self._pause)
            connection.answer(200)


@pytest.fixture
def logs(tmp_path, sample) -> list[str]:
    paths = [tmp_path / f"log {number}" for number in range(LOGS)]
    for path in paths:
        path.write_bytes(sample * REPEATED)
    return [str(path) for path in paths]


@pytest.fixture
def shipping(logs):
    """Starts the command in a process group of its own, which is as good as a terminal's."""
    started = []

    def ship(port: int) -> tuple[subprocess.Popen, list[str]]:
        arguments = ["ship", *logs, "--to", f"http://127.0.0.1:{port}", "--processes", "2", "--batch-events", A_REQUEST]
        process = start(*arguments, stdout=subprocess.DEVNULL, start_new_session=True)
        started.append(process)
        return process, arguments

    yield ship
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def children(process: subprocess.Popen) -> list[int]:
    """The processes that ship for this one."""
    found = []
    for child, parent in process_tree.parents().items():
        with contextlib.suppress(OSError):
            if parent == process.pid and b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
                found.append(child)
    return found


def group_is_gone(process: subprocess.Popen) -> bool:
    try:
        os.killpg(process.pid, 0)
    except ProcessLookupError:
        return True
    return False


def handles(process: subprocess.Popen, number: int) -> bool:
    caught = re.search(r"^SigCgt:\s*(\S+)", Path(f"/proc/{process.pid}/status").read_text(), re.MULTILINE)
    return bool(int(caught[1], 16) >> (number - 1) & 1)


def end_of(process: subprocess.Popen) -> str:
    """Its messages, once no process of it is left."""
    _, messages = process.communicate(timeout=PATIENCE)
    wait_for(lambda: group_is_gone(process), "end of the whole group", interval=0.05)
    assert b"Traceback" not in messages, messages.decode()
    return messages.decode()


def go_on(messages: str, arguments: list[str]) -> None:
    """Calls the same command with what the ended one said."""
    hint = re.search(r"to continue: run the same command with --from '(.+)'(?: --position (\S+))?\n", messages)
    more = ["--from", hint[1]] + (["--position", hint[2]] if hint[2] else [])
    done = run(*arguments, *more)
    assert done.returncode == 0, done.stderr


def assert_all_arrived(peer, logs: list[str]) -> None:
    """Nothing is lost, and what came twice is the same event with the same id."""
    peer.close()
    lines = run("parse", *logs).stdout.splitlines()
    assert len(lines) == LOGS * LINES
    assert set(peer.ids) == {json.loads(line)["EventId"] for line in lines}
    assert set(map(without_arrival, peer.contents)) == set(map(without_arrival, lines))


def without_arrival(event: bytes) -> bytes:
    """A raw event also says when its log was read, which is another time in each run."""
    return re.sub(rb'"ArrivalTime":"[^"]*",?', b"", event)


def interrupt(process: subprocess.Popen) -> None:
    os.killpg(process.pid, signal.SIGINT)


def terminate(process: subprocess.Popen) -> None:
    os.kill(process.pid, signal.SIGTERM)


def terminate_all(process: subprocess.Popen) -> None:
    """As a service manager does; the processes have it before their parent tells them once more."""
    for child in children(process):
        os.kill(child, signal.SIGTERM)
    time.sleep(0.02)
    os.killpg(process.pid, signal.SIGTERM)


@pytest.mark.parametrize("send", [interrupt, terminate, terminate_all])
def test_a_signal_ends_every_process_and_what_it_says_ships_the_rest(receive, shipping, logs, send):
    slow = Slow()
    peer = receive(slow)
    process, arguments = shipping(peer.port)
    assert slow.begun.wait(PATIENCE)
    send(process)
    messages = end_of(process)
    assert process.returncode == 130
    assert "shipped 0 of 6 logs" in messages
    assert 0 < sum(peer.ids.values()) < LINES, "it has gone on for a whole log"
    assert re.search("--position [1-9]", messages)
    assert "a process ended" not in messages
    assert "status unknown: " in messages
    slow.hurry()
    go_on(messages, arguments)
    assert_all_arrived(peer, logs)


def test_a_signal_to_one_of_its_processes_is_no_success(receive, shipping, logs):
    """No further log is begun, and the exit code says that some are left."""
    slow = Slow()
    peer = receive(slow)
    process, arguments = shipping(peer.port)
    assert slow.begun.wait(PATIENCE)
    os.kill(children(process)[0], signal.SIGTERM)
    slow.hurry()
    messages = end_of(process)
    assert process.returncode == 130
    assert len(peer.ids) < LOGS * LINES
    go_on(messages, arguments)
    assert_all_arrived(peer, logs)


def test_a_signal_while_processes_start_ends_them_without_a_traceback(receive, shipping, logs):
    slow = Slow()
    peer = receive(slow)
    process, arguments = shipping(peer.port)
    wait_for(lambda: children(process), "process that ships", interval=0.05)
    interrupt(process)
    messages = end_of(process)
    assert process.returncode == 130
    assert "a process ended" not in messages
    assert sum(peer.ids.values()) < LINES
    slow.hurry()
    go_on(messages, arguments)
    assert_all_arrived(peer, logs)


def test_a_second_signal_ends_every_process_at_once(receive, shipping):
    """The receiver stands, so that the first one can not end anything."""
    slow = Slow(stands=True)
    peer = receive(slow)
    process, _ = shipping(peer.port)
    assert slow.begun.wait(PATIENCE)
    os.kill(process.pid, signal.SIGTERM)
    wait_for(lambda: not handles(process, signal.SIGTERM), "process without a handler", interval=0.05)
    assert process.poll() is None
    os.kill(process.pid, signal.SIGTERM)
    assert process.wait(PATIENCE) == -signal.SIGTERM
    wait_for(lambda: group_is_gone(process), "end of the whole group", interval=0.05)
    slow.hurry()


def test_a_process_that_is_killed_is_told_and_what_it_says_ships_the_rest(receive, shipping, logs):
    slow = Slow()
    peer = receive(slow)
    process, arguments = shipping(peer.port)
    assert slow.begun.wait(PATIENCE)
    os.kill(children(process)[0], signal.SIGKILL)
    messages = end_of(process)
    assert process.returncode == 1
    assert f"{logs[0]}, or one after it: a process ended before its log did. Check whether memory ran out" in messages
    slow.hurry()
    go_on(messages, arguments)
    assert_all_arrived(peer, logs)
