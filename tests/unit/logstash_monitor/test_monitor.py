"""The loop, in simulated time: what is told of each fault and when, and that nothing holds it up."""

import json
import time as real_time
from types import SimpleNamespace

import monitor_world
import pytest
from logstash_monitor.canaries import Canaries, Canary
from logstash_monitor.errors import NodeApiError, TransportError
from logstash_monitor.history import History
from logstash_monitor.monitor import Monitor, count
from logstash_monitor.node_api import Answer
from logstash_monitor.pages import Pages
from logstash_monitor.restart_request import NAME, RestartRequests
from monitor_world import MIDNIGHT


class Published(list):
    """A publisher that keeps the data, in the order in which they came."""

    sent, error = None, ""

    def offer(self, data):
        self.extend(data)

    def values(self, name, host=None):
        """[(minute, value)]"""
        return [
            (int(one.time - MIDNIGHT) // 60, one.value)
            for one in self
            if one.name == name and dict(one.dimensions).get("Host") == host
        ]


@pytest.fixture
def make(tmp_path):
    """A monitor of a simulated Logstash that gets ``events`` events a second."""

    def made(events=10, **changes):
        config = monitor_world.config(tmp_path, **changes)
        time, logstash, published = monitor_world.Time(), monitor_world.Logstash(), Published()
        senders = monitor_world.Senders(logstash)

        def counter(target, seconds):
            return count(logstash.look().stats, target)

        canary = Canary("broker-1", counter, 5, time, senders=senders.by_kind(), sleep=time.sleep)
        canaries = Canaries(config.inputs, canary.take, config.canary, time, lambda act: act())
        requests = RestartRequests(config.restart, config.state) if config.restart.enabled else None
        history = History(config.state / "history.jsonl", time.wall())
        monitor = Monitor(config, logstash, canaries, history, time, publisher=published, requests=requests)
        pages = Pages(monitor, time)
        world = SimpleNamespace(
            config=config,
            time=time,
            logstash=logstash,
            senders=senders,
            published=published,
            monitor=monitor,
            pages=pages,
            leaving=None,
            pulses=[],
        )

        def run(seconds, meanwhile=None):
            end = time.monotonic() + seconds

            def wait(pause):
                before = time.monotonic()
                time.sleep(min(pause, max(0, end - before)))
                logstash.tick(int((time.monotonic() - before) * events), world.leaving)
                if meanwhile:
                    meanwhile()
                return time.monotonic() >= end

            monitor.run(wait, lambda: world.pulses.append(time.monotonic()))

        def ready():
            page = pages.ready()
            found = json.loads(page.body)
            assert page.status == (200 if found["ready"] else 503)
            return found["ready"], found["reasons"]

        world.run, world.ready = run, ready
        return world

    return made


def test_a_host_that_works(make):
    world = make()
    assert world.ready() == (False, ["starting"])
    world.run(20)
    assert world.ready() == (True, [])
    status = world.pages.status()
    assert status["logstash"] == {"version": "8.5.3", "reachable": True, "reason": "", "ephemeral_id": "process-1"}
    (pipeline,) = status["pipelines"]
    assert (pipeline["pipeline"], pipeline["verdict"]) == ("broker", "fine")
    assert pipeline["numbers"]["in_per_second"] == pytest.approx(10, abs=1)
    assert pipeline["since"] == "2026-11-28T00:00:00Z"
    assert pipeline["events"]["in"] >= 140
    assert [(one["name"], one["port"], one["reason"]) for one in status["inputs"]] == [
        ("broker_tcp", 5000, ""),
        ("broker_http", 5001, ""),
    ]
    assert all(one["canary_age"] < 15 for one in status["inputs"])
    assert status["heap_share"] == 40
    assert (status["time"], status["interval"], status["drained"]) == ("2026-11-28T00:00:20Z", 15, False)


def test_a_day_is_watched_in_seconds_and_each_minute_is_there_once(make):
    world = make()
    began = real_time.process_time()
    world.run(86400)
    assert real_time.process_time() - began < 120  # a day of 5760 looks
    assert world.ready() == (True, [])
    minutes = list(range(24 * 60 - 1))
    assert [minute for minute, _ in world.published.values("Heartbeat")] == minutes
    for name in ("PipelineStalled", "EventsLost", "QueueBytes", "QueueShare", "HeapShare", "CanaryAge"):
        for host in (None, "broker-1"):
            assert [minute for minute, _ in world.published.values(name, host)] == minutes, (name, host)
    assert {value for _, value in world.published.values("PipelineStalled")} == {0}
    assert {value for _, value in world.published.values("EventsLost")} == {0}
    assert max(value for _, value in world.published.values("CanaryAge")) < 15
    points = world.monitor.history.points()
    assert len(points) == 24 * 60 - 1
    assert {point["pipelines"]["broker"]["verdict"] for point in points} == {"fine"}
    assert json.loads(world.pages.history().body) == {"interval": 60, "points": points}


def test_systemd_sees_that_it_lives(make):
    world = make()
    world.run(600)
    gaps = [after - before for before, after in zip(world.pulses, world.pulses[1:], strict=False)]
    assert max(gaps) <= 20


def test_a_stall_is_seen_within_two_intervals_and_the_host_stays_ready(make):
    world = make()
    world.run(301)
    world.leaving = 0  # as an HTTP output that hangs
    world.run(31)
    (pipeline,) = world.pages.status()["pipelines"]
    assert pipeline["verdict"] == "stalled"
    assert world.ready() == (True, [])
    assert world.pages.status()["reasons"] == [f"Pipeline broker is stalled: {pipeline['reason']}"]
    world.run(120)
    assert world.published.values("PipelineStalled")[-1][1] == 1
    assert world.monitor.history.points()[-1]["pipelines"]["broker"]["verdict"] == "stalled"
    world.leaving = None
    world.run(45)
    assert world.pages.status()["pipelines"][0]["verdict"] != "stalled"
    assert world.pages.status()["reasons"] == []


def test_an_input_that_died_is_seen_although_its_port_answers(make):
    world = make()
    world.run(301)
    world.senders.swallow.add("broker_http")
    world.run(16)
    # After the first one /status says so, after the second the balancer hears of it.
    assert "counted no event" in world.pages.status()["inputs"][1]["reason"]
    assert world.ready() == (True, [])
    world.run(15)
    ready, (reason,) = world.ready()
    assert (ready, reason.startswith("Input broker_http takes no canary, 2 in a row.")) == (False, True)
    world.senders.swallow.clear()
    world.run(16)
    assert world.ready() == (True, [])


def test_a_port_that_refuses(make):
    world = make()
    world.run(301)
    world.senders.fault["broker_tcp"] = TransportError("connection refused")
    world.run(31)
    assert world.ready() == (
        False,
        ["Input broker_tcp takes no canary, 2 in a row. Port 5000 (tcp): connection refused."],
    )


def test_one_look_without_an_answer_changes_nothing(make):
    world = make()
    world.run(300)
    seen = []

    def flaky():
        # Every third look fails, as of a node under load.
        world.logstash.error = "It is slow." if int(world.time.monotonic()) // 15 % 3 == 0 else ""
        seen.append((world.ready(), world.pages.status()["logstash"]["reachable"]))

    world.run(1800, flaky)
    assert {ready for (ready, _), _ in seen} == {True}
    assert {reachable for _, reachable in seen} == {True, False}


def test_a_dead_logstash_raises_the_age_of_canaries_from_the_start_on(make):
    """Also when it never answered: the alarm of a dead input must ring."""
    world = make()
    world.logstash.error = "Logstash's node API does not answer: connection refused."
    world.senders.fault = dict.fromkeys(("broker_tcp", "broker_http"), TransportError("connection refused"))
    world.run(600)
    ages = [value for _, value in world.published.values("CanaryAge")]
    assert ages == sorted(ages)
    assert ages[-1] > 500
    ready, reasons = world.ready()
    assert not ready
    assert "connection refused" in reasons[0]
    # It goes on saying that the host lives.
    assert [minute for minute, _ in world.published.values("Heartbeat")] == list(range(9))
    assert "HeapShare" not in {one.name for one in world.published}


def test_a_logstash_that_dies_is_unready_within_two_intervals(make):
    world = make()
    world.run(301)
    world.logstash.error = "Logstash's node API does not answer: connection refused."
    world.run(31)
    assert world.pages.status()["logstash"]["reachable"] is False
    # Nothing is sent while the API is silent, but the connection is tried: here no port listens.
    assert not world.ready()[0]


def test_lost_events_are_those_of_the_minute(make):
    world = make()

    def refuse():
        minute = int(world.time.wall() - MIDNIGHT) // 60
        world.logstash.refused += 3 if minute == 2 else 0

    world.run(600, refuse)
    lost = dict(world.published.values("EventsLost"))
    assert sum(lost.values()) == world.logstash.refused > 0
    # Those of the last look before the end of a minute may be counted in the next one.
    assert {minute for minute, value in lost.items() if value} <= {2, 3}


def test_a_restart_of_logstash_loses_nothing_and_is_told(make):
    world = make()
    world.run(300)
    world.logstash.restart()
    world.run(60)
    assert all(value >= 0 for _, value in world.published.values("EventsLost"))
    assert sum(value for _, value in world.published.values("EventsLost")) == 0
    assert world.pages.status()["logstash"]["ephemeral_id"] == "process-2"
    points = world.monitor.history.points()
    assert all((point["pipelines"]["broker"]["in"] or 0) >= 0 for point in points)


def test_a_slow_loop_sends_one_sign_of_life_a_minute(make):
    world = make()

    def slow():
        world.time.sleep(100)
        return world.logstash.look()

    world.monitor._api = SimpleNamespace(look=slow)
    world.run(3600)
    minutes = [minute for minute, _ in world.published.values("Heartbeat")]
    assert minutes == list(range(len(minutes)))
    assert len(minutes) >= 57


def test_a_clock_that_is_set_sends_no_minute_twice(make):
    world = make()
    world.run(300)
    world.time.set_wall(world.time.wall() - 100)
    world.run(300)
    world.time.set_wall(world.time.wall() + 30)
    world.run(300)
    minutes = [minute for minute, _ in world.published.values("Heartbeat")]
    assert minutes == sorted(set(minutes))
    assert world.ready() == (True, [])


def test_a_fault_of_the_monitor_itself_does_not_end_it(make, caplog):
    world = make()
    look, broken = world.logstash.look, [True]

    def breaking():
        if broken:
            raise RuntimeError("a fault")
        return look()

    world.logstash.look = breaking
    world.run(100)
    assert "This look failed" in caplog.text
    assert caplog.messages.count("This look failed") <= 8  # it does not spin
    broken.clear()
    world.run(60)
    assert world.ready() == (True, [])


@pytest.mark.parametrize("stats", [None, [], {}, {"pipelines": 3}, {"status": 500, "error": {"message": "No."}}, "x"])
def test_an_answer_of_another_form_is_no_answer(make, stats):
    world = make()
    world.logstash.look = lambda: Answer(stats, None)
    world.run(60)
    assert world.pages.status()["logstash"]["reachable"] is False
    assert not world.ready()[0]
    assert world.pages.metrics().status == 200


def test_a_host_that_is_drained_says_so_at_once(make):
    world = make()
    world.run(60)
    (world.config.state / "drained").write_text("elk-deploy\n")
    assert world.ready() == (False, ["drained"])
    assert world.pages.status()["drained"] is True
    (world.config.state / "drained").unlink()
    assert world.ready() == (True, [])


def test_a_monitor_that_hangs_is_not_ready(make):
    """The endpoint is another thread: it must not tell for ever what was so once."""
    world = make()
    world.run(60)
    world.time.sleep(60)
    assert not world.ready()[0]


def test_the_journal_and_metrics(make):
    world = make()
    world.config.journal.write_text('{"result": "deployed", "version": "8.5.3"}\n')
    world.run(60)
    assert world.pages.status()["deployment"] == {"result": "deployed", "version": "8.5.3"}
    text = world.pages.metrics().body.decode()
    assert 'logstash_deployments_total{result="deployed"} 1\n' in text
    assert "\nlogstash_ready 1\n" in text


def test_a_stall_that_lasts_is_asked_to_end(make):
    world = make(restart={"enabled": True, "after": 300, "at_most": 2, "within": 21600})
    request = world.config.state / NAME
    world.run(300)
    world.leaving = 0
    world.run(300)
    assert not request.exists()
    world.run(45)
    assert json.loads(request.read_text())["pipeline"] == "broker"
    request.unlink()
    world.run(200)
    assert not request.exists()


@pytest.mark.parametrize("leaving", [1, 100, None])
def test_a_queue_that_moves_is_not_restarted(make, leaving):
    world = make(restart={"enabled": True, "after": 300, "at_most": 2, "within": 21600})
    world.logstash.queue = 100_000
    world.leaving = leaving
    world.run(3600)
    assert not (world.config.state / NAME).exists()


def test_what_the_live_release_does_not_have_is_not_missed(make, tmp_path):
    """After a rollback, the configuration still declares the newer release's pipelines."""
    record = tmp_path / "proven"
    world = make(
        pipelines=["broker", "newer"],
        record=str(record),
        inputs=[
            monitor_world.tcp_input(),
            monitor_world.http_input(),
            monitor_world.tcp_input(name="newer_tcp", pipeline="newer", port=5009),
        ],
    )
    world.run(120)
    assert not world.ready()[0]
    record.write_text(json.dumps({"record": {"health": {"pipelines": ["broker"], "ports": [5000, 5001]}}}))
    world.run(45)
    assert world.ready() == (True, [])
    assert [one["name"] for one in world.pages.status()["inputs"]] == ["broker_tcp", "broker_http"]
    record.write_text(
        json.dumps({"record": {"health": {"pipelines": ["broker", "newer"], "ports": [5000, 5001, 5009]}}})
    )
    world.run(120)
    assert not world.ready()[0]


def test_a_fault_before_the_look_does_not_make_it_spin(make, caplog):
    world = make()
    world.published.offer = lambda data: 1 / 0
    world.run(600)
    # Once a minute, when the minute is closed.
    assert len([one for one in caplog.records if one.exc_info]) <= 10
    assert world.ready() == (True, [])


def test_an_api_of_another_host_is_judged_from_then_on(make):
    world = make()
    world.run(120)
    stats = world.logstash.stats

    def other():
        return {**stats(), "host": "broker-2", "id": "node-2", "ephemeral_id": "other"}

    world.logstash.stats = other
    world.run(60)
    assert world.pages.status()["logstash"]["ephemeral_id"] == "other"
    assert world.pages.status()["pipelines"][0]["verdict"] in ("fine", "restarted")


def test_failures_are_errors_of_the_api():
    logstash = monitor_world.Logstash()
    logstash.error = "No."
    with pytest.raises(NodeApiError):
        logstash.look()
