"""Names: a resolver that hangs, fails or has several answers."""

import socket
import threading
import time

import pytest
from elb_log_shipper.delivery import Address, Receiver
from elb_log_shipper.delivery.http import HttpSink
from elb_log_shipper.delivery.tcp import TcpSink
from elb_log_shipper.errors import DeliveryError

pytestmark = [pytest.mark.filterwarnings("error"), pytest.mark.usefixtures("no_open_sockets")]

NAME = "logs.example.com"
REAL = socket.getaddrinfo


class Resolver:
    """In the place of ``getaddrinfo``: hangs for names while ``hangs``, then gives ``found``."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.asked = 0
        self.hangs = False
        self.goes_on = threading.Event()

    def __call__(self, host, port, *, type, flags=0):  # noqa: A002 - as it is called
        if host != NAME or flags & socket.AI_NUMERICHOST:
            return REAL(host, port, type=type, flags=flags)
        self.asked += 1
        if self.hangs:
            self.goes_on.wait(20)
        return [entry for one in self.found for entry in REAL(one, port, type=type)]


@pytest.fixture
def resolver(monkeypatch):
    found = Resolver()
    monkeypatch.setattr(socket, "getaddrinfo", found)
    monkeypatch.setattr("elb_log_shipper.delivery.resolver._lookups", {})
    yield found
    found.goes_on.set()


def sink(tools, *addresses: Address, transport: str = "http", budget=None, **options):
    options = {"connect_timeout": 7.0, "timeout": 7.0, "batch_events": 10, "retry_seconds": 0, **options}
    made = {"http": HttpSink, "tcp": TcpSink}[transport]
    return made(Receiver(addresses, transport, **options), budget or tools.budget(0))


@pytest.mark.parametrize("transport", ["http", "tcp"])
def test_a_resolver_that_hangs_is_left_after_the_connect_timeout(tools, resolver, transport):
    resolver.hangs = True
    with pytest.raises(DeliveryError, match=rf"{NAME}:80.*: its name was not resolved within 0.2 s. Check whether DNS"):
        tools.send(sink(tools, Address(NAME, 80), transport=transport, connect_timeout=0.2), tools.events())
    assert not resolver.goes_on.is_set()


def test_a_resolver_that_hangs_is_left_at_the_time_limit(tools, resolver):
    resolver.hangs = True
    target = sink(tools, Address(NAME, 80), connect_timeout=15.0)
    ends = time.monotonic() + 0.3
    target.limit(lambda: ends - time.monotonic())
    with pytest.raises(DeliveryError, match=r"not resolved within 0\.[0-9]+ s"):
        tools.send(target, tools.events())


def test_a_resolver_that_hangs_is_asked_once_and_its_late_answer_is_used(receive, tools, resolver):
    resolver.hangs = True
    peer = receive(tools.serve_http)
    target = sink(tools, Address(NAME, peer.port), budget=tools.budget(3), connect_timeout=1.0)
    with pytest.raises(DeliveryError, match=r"not resolved within .*\([0-9]+ tries\)"):
        tools.send(target, tools.events())
    assert target.retries > 2
    assert resolver.asked == 1
    resolver.found = ["127.0.0.1"]
    resolver.goes_on.set()
    assert tools.send_as_a_trigger(target, tools.events()) == 1
    assert resolver.asked == 1
    peer.assert_all_there(tools.events())


def test_another_host_takes_over_from_one_whose_name_is_not_resolved(receive, tools, resolver):
    resolver.hangs = True
    budget = tools.budget()
    peer = receive(tools.serve_http)
    addresses = Address(NAME, 80), Address("127.0.0.1", peer.port)
    target = sink(tools, *addresses, budget=budget, connect_timeout=1.0)
    tools.send_as_a_trigger(target, tools.events(), most=1)
    assert budget.waits == []
    peer.assert_all_there(tools.events())


@pytest.mark.parametrize("transport", ["http", "tcp"])
def test_a_name_that_is_resolved_for_real(receive, tools, transport):
    peer = receive(getattr(tools, f"serve_{transport}"))
    target = sink(tools, Address("localhost", peer.port), transport=transport)
    tools.send_as_a_trigger(target, tools.events(), most=1)
    peer.assert_all_there(tools.events())


@pytest.mark.parametrize("first", ["::1", "127.0.0.2"])
def test_every_address_of_a_name_is_tried(receive, tools, resolver, first):
    """The first one has nobody who listens, or IPv6 is not even there."""
    resolver.found = [first, "127.0.0.1"]
    peer = receive(tools.serve_http)
    target = sink(tools, Address(NAME, peer.port))
    tools.send_as_a_trigger(target, tools.events(), most=1)
    assert target.retries == 0
    peer.assert_all_there(tools.events())


def test_if_none_answers_each_is_named(tools, resolver, free_port):
    resolver.found = ["127.0.0.2", "127.0.0.1"]
    with pytest.raises(DeliveryError, match=r"\(127\.0\.0\.2\): Connection refused; .*\(127\.0\.0\.1\): Connection re"):
        tools.send(sink(tools, Address(NAME, free_port)), tools.events())


def test_an_address_that_swallows_everything_leaves_time_for_the_next(receive, tools, resolver, full_backlog):
    peer = receive(tools.serve_http)
    resolver.found = [full_backlog(peer.port), "127.0.0.1"]
    target = sink(tools, Address(NAME, peer.port), connect_timeout=15.0)
    ends = time.monotonic() + 4.0
    target.limit(lambda: ends - time.monotonic())
    tools.send_as_a_trigger(target, tools.events(), most=1)
    peer.assert_all_there(tools.events())


@pytest.fixture
def full_backlog():
    """An address at a port where connections stay unanswered: the kernel drops what the listener has no room for."""
    opened = []

    def fill(port: int) -> str:
        listener = socket.socket()
        opened.append(listener)
        listener.bind(("127.0.0.3", port))
        listener.listen(0)
        for _ in range(3):
            client = socket.socket()
            opened.append(client)
            client.setblocking(False)
            client.connect_ex(("127.0.0.3", port))
        return "127.0.0.3"

    yield fill
    for one in opened:
        one.close()


def test_a_literal_address_needs_no_thread(tools, free_port, monkeypatch):
    monkeypatch.setattr("elb_log_shipper.delivery.resolver._Lookup", None)
    for host in ("127.0.0.1", "::1"):
        with pytest.raises(DeliveryError, match="no connection to"):
            tools.send(sink(tools, Address(host, free_port)), tools.events())
