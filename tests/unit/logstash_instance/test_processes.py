"""A long command ends at its deadline with all that it has started; its output goes to a file, line by line."""

import io
import os
import sys
import time as real_time
from pathlib import Path

import pytest
from logstash_instance.errors import DeadlineError
from logstash_instance.processes import Command, end
from logstash_instance.retrying import Clock, Deadline

ENVIRONMENT = {"PATH": os.environ["PATH"]}


def run(script, deadline=None, meanwhile=lambda: None, log=None):
    command = Command([sys.executable, "-c", script], Path("/"), ENVIRONMENT)
    return command.run(log or io.BytesIO(), deadline or Deadline.after(60), meanwhile, look_seconds=0.01)


def test_status_output_and_log():
    log = io.BytesIO()
    ended = run("import sys; print('one'); sys.stderr.write('two'); sys.exit(3)", log=log)
    assert (ended.status, sorted(ended.output.split())) == (3, ["one", "two"])
    assert log.getvalue().endswith(b"\n")
    assert sorted(log.getvalue().split()) == [b"one", b"two"]


def test_each_line_goes_to_the_journal(caplog):
    caplog.set_level("INFO")
    run("print('TASK [one]\\n\\nok: [h]')")
    assert caplog.messages == ["TASK [one]", "ok: [h]"]


def test_something_happens_meanwhile():
    looks = []
    run("import time; time.sleep(0.2)", meanwhile=lambda: looks.append(1))
    assert len(looks) > 3


def test_what_a_command_leaves_running_does_not_hold_it_up():
    ended = run("import subprocess; print(subprocess.Popen(['sleep', '60'], start_new_session=True).pid, flush=True)")
    try:
        assert ended.status == 0
    finally:
        os.kill(int(ended.output), 9)


# Ansible's workers have sessions of their own. This one ignores a polite request, as does its child.
FAMILY = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
shell = ["sh", "-c", "trap '' TERM; sleep 300 & echo $! ; wait"]
child = subprocess.Popen(shell, start_new_session=True, stdout=subprocess.PIPE)
grandchild = child.stdout.readline().decode().strip()
print(os.getpid(), child.pid, grandchild, flush=True)
time.sleep(300)
"""


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_at_the_deadline_all_that_it_has_started_is_ended(monkeypatch):
    monkeypatch.setattr("logstash_instance.processes.end", lambda pid: end(pid, grace_seconds=0.1))
    log = io.BytesIO()
    now = [0.0]

    def meanwhile():
        if log.getvalue().count(b" ") == 2 and log.getvalue().endswith(b"\n"):
            now[0] = 1000.0

    with pytest.raises(DeadlineError, match="still ran at the end of the time"):
        run(FAMILY, Deadline(Clock(lambda: now[0]), 900.0), meanwhile, log)
    family = log.getvalue().split()
    assert len(family) == 3
    until = real_time.monotonic() + 10
    while any(is_running(int(pid)) for pid in family) and real_time.monotonic() < until:
        real_time.sleep(0.01)
    assert [pid for pid in family if is_running(int(pid))] == []


def test_a_mistake_meanwhile_ends_the_command():
    pids = []

    def meanwhile():
        pids.extend(Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split())
        raise RuntimeError

    with pytest.raises(RuntimeError):
        run("import time; time.sleep(300)", meanwhile=meanwhile)
    assert pids
    assert not is_running(pids[-1])
