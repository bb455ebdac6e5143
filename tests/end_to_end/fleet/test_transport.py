"""`log_transport` over a fleet and back, while brokers misbehave in a way that no health check of theirs can see.

What comes from outside for one port vanishes, as behind a wrong firewall rule: canaries, which come from the host
itself, pass, so the balancer goes on sending there. Only who sends can tell: the shippers' monitors do.
"""

import itertools
import re
import time

import fleet as fleets
import pytest
from fleet import BROKERS, HTTP_PORT, SHIPPERS, TCP_PORT
from waiting import wait_for

# Each test goes on where the one before it has left the fleet.
pytestmark = pytest.mark.random_order(disabled=True)

OUTSIDE = "eth0"


def metric(fleet, shipper):
    """The value of the metric that an alarm on stalls would watch."""
    text = fleet.hosts[shipper].run("curl", "-s", "http://127.0.0.1:9601/metrics")
    return re.search(r'^logstash_pipeline_verdict\{[^}]*verdict="stalled"[^}]*\} (\d)$', text, re.MULTILINE)[1]


def is_stalled(seen):
    return "stalled" in seen.verdicts.values()


def stall(fleet, story, port, *shippers):
    """Makes a black hole of a port of all brokers, and waits until the shippers' monitors have seen it."""
    assert {metric(fleet, shipper) for shipper in shippers} == {"0"}
    for broker in BROKERS:
        fleet.hosts[broker].block(port, interface=OUTSIDE)
    story.note(f"port {port} of all brokers is a black hole")
    begun = time.time()
    # Whatever is between a shipper and a broker fills up first: the stall begins when the output takes nothing more.
    for shipper in shippers:
        fleet.lines[shipper].write(3000, size=1000)
    for shipper in shippers:
        first = wait_for(
            lambda host=fleet.hosts[shipper]: next(filter(is_stalled, host.since(begun)), None),
            f"a stall of {shipper}",
            patience=fleets.PATIENCE,
        )
        seen = fleet.hosts[shipper].since(begun)
        # The last time that its output moved.
        moves = [
            after.at
            for before, after in itertools.pairwise(seen)
            if after.at < first.at and before.events["shipper"]["out"] != after.events["shipper"]["out"]
        ]
        story.fault = max(moves, default=begun)
        fleet.saw(story, shipper, "a stall", is_stalled)
        wait_for(lambda shipper=shipper: metric(fleet, shipper) == "1", "the metric")
        story.note(f"the metric of {shipper} has moved")
    assert all(fleet.hosts[broker].last().ready for broker in BROKERS)
    assert [broker for broker in BROKERS if fleet.went_down(broker, begun)] == []


def lift(fleet, story, port):
    for broker in BROKERS:
        fleet.hosts[broker].unblock(port, interface=OUTSIDE)
    story.note(f"port {port} is open again")


def switch(fleet, story, *options):
    fleet.deploy("--limit", "shippers", *options)
    story.note(f"deployed with {' '.join(options) or 'what the inventory says'}")


def test_stall_over_http_ends_with_tcp_and_nothing_is_lost(fleet):
    with fleet.story("HTTP is a black hole; log_transport: tcp") as story:
        stall(fleet, story, HTTP_PORT, "shipper-2")
        switch(fleet, story, "-e", "log_transport=tcp")
        fleet.wait_for_flow()
        story.note("flow is back, over TCP")
        wait_for(lambda: metric(fleet, "shipper-2") == "0", "the metric", patience=fleets.PATIENCE)
        lift(fleet, story, HTTP_PORT)
        assert fleet.count(story)[1].lost == []


def test_stall_over_tcp_ends_with_http_and_what_was_on_the_way_is_lost(fleet):
    with fleet.story("TCP is a black hole; log_transport: http") as story:
        stall(fleet, story, TCP_PORT, *SHIPPERS)
        switch(fleet, story, "-e", "log_transport=http")
        fleet.wait_for_flow()
        story.note("flow is back, over HTTP")
        # What the balancer has of the old connections would arrive after all, if the port were opened before they end.
        fleet.restart_balancer()
        lift(fleet, story, TCP_PORT)
        assert all(counted.lost for counted in fleet.count(story))
        story.note("from here on, over HTTP")
        for name, lines in fleet.lines.items():
            story.first[name] = len(lines.sent)
            lines.write(100)
        assert [counted.lost for counted in fleet.count(story)] == [[], []]


def test_and_back(fleet):
    with fleet.story("Back to what the inventory says") as story:
        switch(fleet, story)
        fleet.wait_for_flow()
        assert [counted.lost for counted in fleet.count(story)] == [[], []]
