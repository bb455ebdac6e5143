"""Restarts: asked for after a proven stall only, looked at again by root, rarely, and with evidence saved first."""

import json
import os
import signal
import subprocess
from types import SimpleNamespace

import monitor_world
import pytest
from logstash_monitor import restart as module
from logstash_monitor.config import RestartConfig
from logstash_monitor.errors import NodeApiError, RestartRefusedError
from logstash_monitor.readiness import Standing
from logstash_monitor.restart import Restart
from logstash_monitor.restart_request import NAME, RestartRequests

ON = {"enabled": True, "after": 300, "at_most": 2, "within": 21600}


# -- asking


@pytest.fixture
def requests(tmp_path):
    return RestartRequests(RestartConfig(True, 300, 2, 21600), tmp_path)


def standing(verdict="stalled", since=0.0):
    return Standing("broker", verdict, "Output o takes nothing.", since, 20)


def test_a_stall_that_lasts_is_asked_about(requests, tmp_path):
    wall = monitor_world.MIDNIGHT
    assert not requests.consider([standing()], True, 299, wall + 299)
    assert requests.consider([standing()], True, 300, wall + 300)
    assert json.loads((tmp_path / NAME).read_text()) == {
        "time": "2026-11-28T00:05:00Z",
        "pipeline": "broker",
        "since": "2026-11-28T00:00:00Z",
        "reason": "Output o takes nothing.",
    }


@pytest.mark.parametrize(
    "verdict", ["catching_up", "struggling", "fine", "idle", "losing", "crashed", "gone", "restarted"]
)
def test_nothing_else_is(requests, verdict):
    assert not requests.consider([standing(verdict)], True, 100_000, 0)


def test_a_stall_that_is_not_seen_now_is_not(requests):
    assert not requests.consider([standing()], False, 1000, 0)


def test_it_is_off(tmp_path):
    assert not RestartRequests(RestartConfig(False, 300, 2, 21600), tmp_path).consider([standing()], True, 1000, 0)


def test_it_asks_again_only_after_as_long(requests, tmp_path):
    asked = [now for now in range(0, 1500, 15) if requests.consider([standing()], True, now, 0)]
    assert asked == [300, 600, 900, 1200]


def test_a_directory_that_cannot_be_written_is_said(tmp_path, caplog):
    requests = RestartRequests(RestartConfig(True, 300, 2, 21600), tmp_path / "none")
    assert not requests.consider([standing()], True, 300, 0)
    assert "cannot be written" in caplog.text


# -- deciding


class Api:
    """The node API of a Logstash that stalls, until ``moves``."""

    def __init__(self):
        self.logstash = monitor_world.Logstash()
        self.logstash.tick(1000, leaving=100)
        self.moves = 0
        self.error = ""

    def _check(self):
        if self.error:
            raise NodeApiError(self.error)

    def stats(self):
        self._check()
        self.logstash.tick(50, leaving=self.moves)
        return self.logstash.stats()

    def raw_stats(self):
        self._check()
        return json.dumps(self.logstash.stats()).encode()

    def hot_threads(self):
        self._check()
        return b"::: {}\nHot threads"


class Host:
    """systemctl and journalctl, the processes, and what was done to them."""

    def __init__(self, proc):
        self.proc, self.done, self.pid, self.killed = proc, [], 4711, []
        self.failing = ""

    def run(self, command, **options):
        self.done.append(command)
        output = ""
        if command[:2] == ["systemctl", "show"]:
            output = f"{self.pid}\n"
        if command[0] == "journalctl":
            output = "Full thread dump\n" if self.killed else ""
        code = int(bool(self.failing and self.failing in command))
        return subprocess.CompletedProcess(command, code, output, "it failed")

    def kill(self, pid, number):
        self.killed.append((pid, number))

    def has_process(self, program="/usr/share/logstash/jdk/bin/java", caught=1 << (signal.SIGQUIT - 1)):
        home = self.proc / str(self.pid)
        home.mkdir(parents=True)
        (home / "exe").symlink_to(program)
        (home / "status").write_text(f"Name:\tjava\nSigCgt:\t{caught:016x}\n")

    def restarts(self):
        return [command for command in self.done if command[:2] == ["systemctl", "restart"]]


@pytest.fixture
def world(tmp_path):
    config = monitor_world.config(tmp_path, restart=ON)
    time = monitor_world.Time()
    host, api = Host(tmp_path / "proc"), Api()
    (tmp_path / "logstash-plain.log").write_bytes(b"old\n" * 100_000 + b"the end\n")
    evidence = tmp_path / "evidence"

    def act(**changes):
        options = {"evidence": evidence, "run": host.run, "kill": host.kill, "sleep": time.sleep, "proc": host.proc}
        return Restart(changes.pop("config", config), api, time, **{**options, **changes}).act()

    def ask(**content):
        path = config.state / NAME
        found = {"time": "T", "pipeline": "broker", "since": "S", "reason": "It takes nothing.", **content}
        path.write_text(json.dumps(found))
        os.utime(path, (time.wall(), time.wall()))

    return SimpleNamespace(
        config=config, time=time, host=host, api=api, act=act, ask=ask, evidence=evidence, request=config.state / NAME
    )


def refused(world, message):
    with pytest.raises(RestartRefusedError, match=message):
        world.act()
    assert world.host.restarts() == []
    assert not world.request.is_symlink()


def test_nothing_to_do(world):
    assert world.act() is None
    assert world.host.done == []


def test_a_stall_ends_with_evidence_and_a_restart(world):
    world.host.has_process()
    world.ask()
    folder = world.act()
    assert world.host.restarts() == [["systemctl", "restart", "logstash.service"]]
    assert not world.request.exists()
    assert folder == world.evidence / "2026-11-28T00-00-30Z"
    assert (folder.stat().st_mode & 0o777, world.evidence.stat().st_mode & 0o777) == (0o700, 0o700)
    assert {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()} == dict.fromkeys(
        ["request.json", "node_stats.json", "hot_threads.txt", "threads.txt", "logstash.log", "service.txt"], 0o600
    )
    assert json.loads((folder / "request.json").read_text())["pipeline"] == "broker"
    assert (folder / "hot_threads.txt").read_text().endswith("Hot threads")
    assert json.loads((folder / "node_stats.json").read_text())["pipelines"]["broker"]["events"]["out"] == 100
    log = (folder / "logstash.log").read_bytes()
    assert log.endswith(b"the end\n")
    assert len(log) == 256 << 10
    assert (folder / "threads.txt").read_text() == "Full thread dump\n"
    assert world.host.killed == [(4711, signal.SIGQUIT)]


def test_evidence_comes_before_the_restart(world):
    world.ask()
    seen = []
    run = world.host.run

    def watching(command, **options):
        if command[:2] == ["systemctl", "restart"]:
            seen.extend(path.name for path in world.evidence.glob("*/*"))
            seen.extend(path.name for path in world.evidence.glob("*.json"))
        return run(command, **options)

    world.act(run=watching)
    assert {"hot_threads.txt", "node_stats.json", "logstash.log", "restarts.json"} <= set(seen)


def test_an_api_that_does_not_answer_leaves_the_rest_of_the_evidence(world):
    world.host.has_process()
    world.api.error = "It does not answer."
    world.ask()
    folder = world.act()
    assert (folder / "threads.txt").read_text() == "Full thread dump\n"
    assert (folder / "logstash.log").exists()
    assert "hot_threads.txt: [node_api_unavailable] It does not answer." in (folder / "missing.txt").read_text()
    assert len(world.host.restarts()) == 1


@pytest.mark.parametrize(
    ("program", "caught"),
    [
        ("/usr/bin/python3", 1 << (signal.SIGQUIT - 1)),
        ("/usr/bin/java", 1 << (signal.SIGTERM - 1)),
        ("/usr/bin/java", 0),
    ],
)
def test_a_process_that_would_die_of_it_is_not_asked_for_its_threads(world, program, caught):
    world.host.has_process(program, caught)
    world.ask()
    folder = world.act()
    assert world.host.killed == []
    assert "threads.txt: " in (folder / "missing.txt").read_text()


def test_a_pipeline_that_moves_again_is_left_alone(world):
    world.api.moves = 40
    world.ask()
    refused(world, "does not stall now: ")
    assert not world.evidence.exists()


def test_restarts_are_off(world, tmp_path):
    world.ask()
    with pytest.raises(RestartRefusedError, match="enabled is false"):
        world.act(config=monitor_world.config(tmp_path))
    assert world.host.restarts() == []


def test_a_pipeline_of_nobody(world):
    world.ask(pipeline="other")
    refused(world, r"Pipeline 'other' is none of this host's: broker\.")


def test_only_so_many_restarts(world):
    for _ in range(2):
        world.ask()
        world.act()
        world.time.sleep(3600)
    world.host.done.clear()
    world.ask()
    refused(world, "was restarted 2 times within 21600 s")
    # The first one is long enough ago by then.
    world.time.sleep(21600 - 2 * 3600)
    world.ask()
    world.act()
    assert len(world.host.restarts()) == 1


def test_a_restart_that_failed_counts_too(world):
    world.host.failing = "restart"
    world.ask()
    with pytest.raises(RestartRefusedError, match="ended with 1: it failed"):
        world.act()
    assert len(json.loads((world.evidence / "restarts.json").read_text())) == 1


def test_a_count_that_cannot_be_read_allows_none(world):
    world.evidence.mkdir()
    (world.evidence / "restarts.json").write_text("[1, ")
    world.ask()
    refused(world, r"restarts\.json cannot be read")


def test_what_cannot_be_counted_is_not_done(world, monkeypatch):
    def full(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "_write", full)
    world.ask()
    refused(world, "No space left on device.*not restarted")


def test_an_old_request_says_nothing_of_now(world):
    world.ask()
    world.time.sleep(301)
    refused(world, "is 301 s old")


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"pipeline": 3}', b"[" * 60000, b"x" * 100_000])
def test_what_is_no_request(world, content):
    world.ask()
    world.request.write_bytes(content)
    os.utime(world.request, (world.time.wall(), world.time.wall()))
    refused(world, "is no request of the monitor's")


def test_a_link_is_not_followed(world, tmp_path):
    (tmp_path / "other").write_text('{"pipeline": "broker"}')
    world.request.symlink_to(tmp_path / "other")
    refused(world, "cannot be read")
    assert (tmp_path / "other").exists()


def test_a_pipe_does_not_hold_it_up(world):
    os.mkfifo(world.request)
    refused(world, "is no request of the monitor's")


def test_a_directory_in_its_place(world):
    world.request.mkdir()
    refused(world, "is a directory|is no request")


def test_old_evidence_goes(world):
    world.evidence.mkdir()
    for day in range(10, 25):
        (world.evidence / f"2026-11-{day}T00-00-00Z").mkdir()
    world.ask()
    folder = world.act()
    kept = sorted(path.name for path in world.evidence.iterdir() if path.is_dir())
    assert len(kept) == 10
    assert kept[-1] == folder.name


def test_the_command_line(world, tmp_path, capsys):
    assert module.main(["--config", str(tmp_path / "config.json")]) == 0  # there is no request
    assert module.main(["--config", str(tmp_path / "none.json")]) == 2
