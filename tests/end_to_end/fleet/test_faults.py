"""One thing at a time goes wrong: what the monitor says and when, what the balancer does, and which events are lost.

shipper-1 sends over TCP, which acknowledges nothing: what it loses is counted. shipper-2 sends over HTTP, to persistent
queues: it loses nothing.
"""

import time

import fleet as fleets
import pytest
import systemd_host
from fleet import BROKERS, INDEXER, QUEUE, SMALL_DISK

# Each begins when the fleet is well again.
pytestmark = pytest.mark.random_order(disabled=True)


def death(host):
    """A condition: the process that runs now is not there any more."""
    process = host.last().process

    def seen(now):
        dead = {"gone", "crashed"} & set(now.verdicts.values())
        return bool(now.status) and (not now.reachable or now.process != process or bool(dead))

    return seen


def is_stalled(seen):
    return "stalled" in seen.verdicts.values()


def finish(fleet, story):
    """Counts both shippers' lines. HTTP has lost none of them. That all is well again is where the next one begins."""
    over_tcp, over_http = fleet.count(story)
    assert over_http.lost == []
    assert over_tcp.received + len(over_tcp.lost) == over_tcp.sent
    return over_tcp


def test_logstash_is_killed(fleet):
    """It is back within seconds: the verdict tells that it was gone, also when no sample fell into the gap."""
    with fleet.story("SIGKILL of Logstash on the broker that has the TCP connection") as story:
        broker = fleet.busy()
        is_dead = death(fleet.hosts[broker])
        story.fault = time.time()
        fleet.hosts[broker].signal("KILL")
        fleet.saw(story, broker, "silent, or another process", is_dead)
        fleet.wait_for_flow()
        finish(fleet, story)


def test_host_dies(fleet):
    """A dead host says nothing: the balancer sees it, and in AWS the missing sign of life."""
    with fleet.story("A broker's machine dies, and comes back") as story:
        host = fleet.hosts["broker-1"]
        story.fault = time.time()
        systemd_host.docker("kill", host.container)
        fleet.wait_for_new_ways(story, host.name)
        systemd_host.docker("start", host.container)
        systemd_host.wait(host.container)
        host.watch()
        story.note("the machine is back")
        finish(fleet, story)


def test_logstash_hangs(fleet):
    with fleet.story("SIGSTOP of Logstash on the broker that has the TCP connection") as story:
        broker = fleet.busy()
        story.fault = time.time()
        fleet.hosts[broker].signal("STOP")
        try:
            fleet.saw(story, broker, "inputs that take no canary", lambda seen: len(seen.broken_inputs) == 2)
            fleet.wait_for_new_ways(story, broker)
        finally:
            fleet.hosts[broker].signal("CONT")
        finish(fleet, story)


def test_port_is_a_black_hole(fleet):
    """HTTP on the same host goes on answering: a check of that alone would have seen nothing."""
    with fleet.story("The TCP port of a broker becomes a black hole") as story:
        broker = fleet.busy()
        host = fleet.hosts[broker]
        story.fault = time.time()
        host.block(fleets.TCP_PORT)
        try:
            seen = fleet.saw(story, broker, "a dead TCP input", lambda seen: "broker_tcp" in seen.broken_inputs)
            assert "broker_http" not in seen.broken_inputs
            fleet.wait_for_new_ways(story, broker)
        finally:
            host.unblock(fleets.TCP_PORT)
        finish(fleet, story)


def test_disk_is_full(fleet):
    """Logstash does not stall then, it dies, at every start again."""
    with fleet.story("The disk of a broker's queue is full") as story:
        host = fleet.hosts[SMALL_DISK]
        is_dead = death(host)
        story.fault = time.time()
        host.run("dd", "if=/dev/zero", f"of={QUEUE}/filler", "bs=1M", check=False)
        try:
            fleet.saw(story, host.name, "silent, or gone", is_dead)
            fleet.wait_for_new_ways(story, host.name)
        finally:
            host.run("rm", f"{QUEUE}/filler")
        finish(fleet, story)


def test_page_of_the_queue_is_corrupt(fleet):
    with fleet.story("A page of a broker's queue is corrupt when Logstash starts") as story:
        host = fleet.hosts["broker-2"]
        page = f"{QUEUE}/broker/page.0"
        is_dead = death(host)
        story.fault = time.time()
        host.run("systemctl", "stop", "logstash")
        host.run("cp", "-a", page, f"{page}.whole")
        host.run("sh", "-c", rf"printf '\377' | dd of={page} conv=notrunc")
        host.run("systemctl", "start", "logstash")
        try:
            fleet.saw(story, host.name, "silent, or gone", is_dead)
            fleet.wait_for_new_ways(story, host.name)
        finally:
            host.run("systemctl", "stop", "logstash")
            host.run("mv", f"{page}.whole", page)
            host.run("systemctl", "start", "logstash")
        finish(fleet, story)


def test_redis_stops(fleet):
    """The brokers' queues take what comes: no broker is taken out for that, or nobody could send."""
    with fleet.story("Redis stops") as story:
        fleet.stop_redis()
        story.fault = time.time()
        try:
            for broker in BROKERS:
                fleet.saw(story, broker, "a stall", is_stalled)
            assert [broker for broker in BROKERS if fleet.went_down(broker, story.fault)] == []
            assert all(fleet.hosts[broker].last().ready for broker in BROKERS)
        finally:
            fleet.start_redis()
        assert finish(fleet, story).lost == []


def test_receiver_is_slow(fleet):
    """Back pressure is no stall."""
    with fleet.story("The receiver takes a second for each batch") as story:
        fleet.behave("slow", 1)
        story.fault = time.time()
        try:
            for lines in fleet.lines.values():
                lines.write(400)
            time.sleep(3 * fleet.interval)
        finally:
            fleet.behave("fine")
        finish(fleet, story)
        assert [name for name, host in fleet.hosts.items() if any(map(is_stalled, host.since(story.fault)))] == []


@pytest.mark.parametrize(
    ("mode", "verdicts"),
    [("hang", {"stalled"}), ("refuse", {"stalled", "struggling"})],
    ids=["hangs", "refuses everything for now"],
)
def test_receiver_fails(fleet, mode, verdicts):
    with fleet.story(f"The receiver fails: {mode}") as story:
        fleet.behave(mode)
        story.fault = time.time()
        try:
            fleet.saw(story, INDEXER, " or ".join(verdicts), lambda seen: bool(verdicts & set(seen.verdicts.values())))
            assert [broker for broker in BROKERS if fleet.went_down(broker, story.fault)] == []
        finally:
            fleet.behave("fine")
        assert finish(fleet, story).lost == []
