"""The server: it answers whatever other clients do, and tells strangers no more than they may know."""

import http.client
import socket
import threading
from contextlib import ExitStack

import pytest
from logstash_monitor import server as module
from logstash_monitor.config import Listen
from logstash_monitor.errors import MonitorError
from logstash_monitor.pages import Page
from logstash_monitor.server import Server, is_loopback

PATIENCE = 60
# More than the kernel takes for a client that reads nothing.
LARGE = 50_000_000


@pytest.fixture
def start():
    with ExitStack() as stack:

        def started(address="127.0.0.1", **options):
            routes = {
                "/ready": lambda: Page(503, "application/json", b'{"ready": false}\n'),
                "/status": lambda: Page(200, "application/json", b"{}\n"),
                "/large": lambda: Page(200, "application/json", b"x" * LARGE),
                "/broken": lambda: 1 / 0,
            }
            server = Server(Listen(address, 0), routes, **options)
            server.start()
            stack.callback(server.stop)
            return server

        yield started


def ask(server, path="/ready", method="GET", address="127.0.0.1"):
    connection = http.client.HTTPConnection(address, server.port, timeout=PATIENCE)
    connection.request(method, path)
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, body


def test_pages(start):
    server = start()
    assert ask(server) == (503, b'{"ready": false}\n')
    assert ask(server, "/ready?from=balancer") == (503, b'{"ready": false}\n')
    assert ask(server, "/status") == (200, b"{}\n")
    assert ask(server, method="HEAD") == (503, b"")
    assert ask(server, method="POST")[0] == 405
    assert ask(server, "/other") == (404, b"There are /ready, /status, /large, /broken.\n")
    assert ask(server, "/large")[1] == b"x" * LARGE


def test_a_page_that_fails_is_an_answer_too(start, caplog):
    assert ask(start(), "/broken")[0] == 500
    assert "ZeroDivisionError" in caplog.text


def test_what_listens_already_is_said(start):
    server = start()
    with pytest.raises(MonitorError, match=rf"port {server.port}: .*in use"):
        Server(Listen("127.0.0.1", server.port), {}).start()


def test_others_than_this_host_hear_only_what_they_may(start, monkeypatch):
    server = start()
    monkeypatch.setattr(module, "is_loopback", lambda peer: False)
    assert ask(server, "/status") == (403, b"Only for clients on this host.\n")
    assert ask(server)[0] == 503


@pytest.mark.parametrize(
    ("peer", "expected"),
    [
        (("127.0.0.1", 1), True),
        (("127.8.9.1", 1), True),
        (("::1", 1, 0, 0), True),
        (("::ffff:127.0.0.1", 1, 0, 0), True),
        (("::ffff:10.0.0.1", 1, 0, 0), False),
        (("10.0.0.1", 1), False),
        (("fe80::1%eth0", 1, 0, 2), False),
        (None, False),
        ("", False),
    ],
)
def test_who_is_on_this_host(peer, expected):
    assert is_loopback(peer) is expected


@pytest.mark.parametrize("said", [b"", b"G", b"GET /ready HTTP/1.1\r\nHost: x"])
def test_silent_clients_keep_nobody_from_an_answer(start, said):
    """With fewer than there may be, and with more: the limit is 256."""
    server = start(client_seconds=PATIENCE)
    threads = threading.active_count()
    with ExitStack() as stack:
        for number in range(400):
            one = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE))
            one.sendall(said)
            if number in (200, 399):
                assert ask(server)[0] == 503
        # None of them has a thread.
        assert threading.active_count() <= threads


def test_the_oldest_silent_client_makes_room(start):
    """Else they would use up the files that a process may have."""
    server = start(client_seconds=PATIENCE)
    with ExitStack() as stack:
        clients = [
            stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE))
            for _ in range(300)
        ]
        assert clients[0].recv(1) == b""
        clients[-1].sendall(b"GET /ready HTTP/1.1\r\n\r\n")
        assert clients[-1].recv(64).startswith(b"HTTP/1.1 503 ")


def test_a_silent_client_is_sent_away(start):
    with socket.create_connection(("127.0.0.1", start(client_seconds=0.2).port), timeout=PATIENCE) as one:
        assert one.recv(1) == b""


def test_a_client_that_takes_nothing_is_sent_away(start):
    server = start(client_seconds=0.2)
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as one:
        one.sendall(b"GET /large HTTP/1.1\r\n\r\n")
        assert ask(server)[0] == 503
        received = 0
        try:
            # It has waited longer than it may by the time that it takes something.
            threading.Event().wait(1)
            while chunk := one.recv(65536):
                received += len(chunk)
        except ConnectionError:
            pass
        assert received < LARGE


@pytest.mark.parametrize("content", [b"x" * 20_000, b"GET /ready\r\n\r\n", b"\x16\x03\x01\r\n\r\n"])
def test_what_is_no_request(start, content):
    server = start()
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as one:
        one.sendall(content)
        try:
            assert one.recv(64).startswith(b"HTTP/1.1 400 ")
        except ConnectionResetError:
            assert len(content) > 8192  # what it did not read is lost with its answer
    assert ask(server)[0] == 503


def test_it_says_whether_it_lives(start):
    server = start()
    assert server.is_alive()
    assert not server.is_alive(-1)
