"""Canaries: what counts as passed, when they are sent, and how they go through sockets."""

import json
import socket
import ssl
import threading
from contextlib import contextmanager

import monitor_world
import pytest
from certificates.authority import Authority
from logstash_monitor.canaries import FAILED, PASSED, UNKNOWN, Canaries, Canary, Count, Outcome, send_http, send_tcp
from logstash_monitor.config import CanaryTimes
from logstash_monitor.errors import NodeApiError, TransportError
from logstash_monitor.monitor import count
from logstash_monitor.transport import Deadline
from waiting import wait_for

PATIENCE = 60


@pytest.fixture
def time():
    return monitor_world.Time()


@pytest.fixture
def logstash():
    return monitor_world.Logstash()


@pytest.fixture
def senders(logstash):
    return monitor_world.Senders(logstash)


@pytest.fixture
def inputs(tmp_path):
    return monitor_world.config(tmp_path).inputs


@pytest.fixture
def canary(time, logstash, senders):
    def counter(target, seconds):
        assert seconds >= 0
        return count(logstash.look().stats, target)

    return Canary("broker-1", counter, 5, time, senders=senders.by_kind(), sleep=time.sleep)


def test_what_is_sent(canary, inputs, senders, time):
    time.set_wall(monitor_world.MIDNIGHT + 0.25)
    assert canary.take(inputs[0]) == Outcome(PASSED)
    own = {"input": "broker_tcp", "host": "broker-1", "time": "2026-11-28T00:00:00.250Z"}
    assert senders.sent == [("broker_tcp", {"message": "canary", "tags": ["_elk_canary"], "canary": own})]


def test_what_is_taken_and_not_counted_has_failed(canary, inputs, senders, time):
    """As of an input that died while its port, or its health check, goes on answering."""
    senders.swallow.add("broker_http")
    began = time.monotonic()
    result, reason = canary.take(inputs[1])
    assert result == FAILED
    assert reason.startswith("Port 5001 (http) took a canary, and the input counted no event within 5 s")
    assert time.monotonic() - began <= 5
    # The other input has nothing to do with it.
    assert canary.take(inputs[0]).result == PASSED


def test_an_input_that_cannot_be_reached(canary, inputs, senders):
    senders.fault["broker_tcp"] = TransportError("connection refused")
    assert canary.take(inputs[0]) == Outcome(FAILED, "Port 5000 (tcp): connection refused.")


def test_a_counter_that_moves_late_is_waited_for(canary, inputs, senders, logstash, time):
    senders.swallow.add("broker_tcp")
    look = logstash.look

    def late():
        logstash.arrived["broker_tcp"] = int(time.monotonic() > 1003)
        return look()

    logstash.look = late
    assert canary.take(inputs[0]).result == PASSED


def test_a_restart_meanwhile_is_no_lost_count(canary, inputs, senders, logstash):
    logstash.arrived["broker_tcp"] = 1000
    send = senders.send

    def restarting(target, event, deadline):
        logstash.restart()
        return send(target, event, deadline)

    senders.send = restarting
    canary._senders = senders.by_kind()
    assert canary.take(inputs[0]).result == PASSED
    assert logstash.arrived["broker_tcp"] == 1


def test_nothing_is_sent_while_it_is_not_known_whether_it_is_dropped(time, inputs, senders, logstash):
    def counter(target, seconds):
        raise NodeApiError("It does not answer.")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        target = inputs[0].__class__(**{**vars(inputs[0]), "port": listener.getsockname()[1]})
        canary = Canary("broker-1", counter, 5, time, senders=senders.by_kind(), sleep=time.sleep)
        assert canary.take(target) == Outcome(UNKNOWN, "It does not answer.")
    # That it cannot be reached is known.
    assert canary.take(target).result == FAILED
    assert senders.sent == []


def test_a_pipeline_that_drops_no_canaries_gets_none(canary, inputs, senders, logstash):
    """As after a rollback to a release from before canaries: they would go to Elasticsearch."""
    logstash.filters = ["grok"]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        target = inputs[0].__class__(**{**vars(inputs[0]), "port": listener.getsockname()[1]})
        result, reason = canary.take(target)
        assert result == PASSED
        assert "no filter with the id canaries" in reason
    assert canary.take(target).result == FAILED
    assert senders.sent == []


def test_an_input_that_the_api_does_not_know(canary, inputs, logstash, senders):
    del logstash.arrived["broker_tcp"]
    assert canary.take(inputs[0]) == Outcome(FAILED, "Pipeline broker has no input with the id broker_tcp that counts.")
    assert senders.sent == []


def test_an_api_that_stops_answering_meanwhile_tells_nothing(canary, inputs, senders, logstash):
    send = senders.send

    def failing(target, event, deadline):
        logstash.error = "It does not answer."
        return send(target, event, deadline)

    canary._senders = {"tcp": failing}
    assert canary.take(inputs[0]) == Outcome(UNKNOWN, "It does not answer.")


# -- when


class Hands:
    """Runs what it is given when it is told to."""

    def __init__(self):
        self.waiting = []

    def __call__(self, act):
        self.waiting.append(act)

    def finish(self):
        acts, self.waiting = self.waiting, []
        for act in acts:
            act()


def scheduled(inputs, time, take, run):
    return Canaries(inputs, take, CanaryTimes(15, 5, 45), time, run)


def test_one_canary_an_interval_and_input(inputs, time):
    taken = []
    canaries = scheduled(
        inputs, time, lambda one: taken.append((time.monotonic(), one.name)) or Outcome(PASSED), Hands()
    )
    for _ in range(60):
        canaries.tick()
        canaries._run.finish()
        time.sleep(1)
    assert taken == [(1000 + 15 * number, name) for number in range(4) for name in ("broker_tcp", "broker_http")]
    assert [one.passed for one in canaries.states()] == [True, True]


def test_an_input_that_hangs_gets_no_second_canary_and_delays_no_other(inputs, time):
    hanging = threading.Event()
    taken = []

    def take(target):
        taken.append(target.name)
        if target.name == "broker_tcp":
            hanging.wait(PATIENCE)
        return Outcome(PASSED)

    canaries = scheduled(inputs, time, take, None)
    for _ in range(4):
        canaries.tick()
        wait_for(lambda: canaries.states()[1].since == time.monotonic(), "canary of the other input", interval=0.01)
        time.sleep(15)
    assert taken.count("broker_tcp") == 1
    assert taken.count("broker_http") == 4
    first = canaries.states()[0]
    assert (first.passed, first.since) == (False, 1000)
    hanging.set()
    wait_for(canaries.idle, "end of the canary", interval=0.01)
    canaries.tick()
    assert taken.count("broker_tcp") == 2


def test_the_age_counts_from_the_start_when_nothing_ever_passed(inputs, time):
    canaries = scheduled(inputs, time, lambda one: Outcome(FAILED, "Refused."), lambda act: act())
    for _ in range(3):
        canaries.tick()
        time.sleep(15)
    assert [(one.since, one.passed, one.failures) for one in canaries.states()] == [(1000, False, 3)] * 2


def test_a_canary_that_raises_is_a_failure_and_the_next_one_is_sent(inputs, time, caplog):
    outcomes = [RuntimeError("broken"), Outcome(PASSED)]

    def take(target):
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    canaries = scheduled(inputs[:1], time, take, lambda act: act())
    canaries.tick()
    (state,) = canaries.states()
    assert state.reason == "The canary could not be sent: RuntimeError: broken."
    time.sleep(15)
    canaries.tick()
    assert canaries.states()[0].passed


def test_late_canaries_are_not_caught_up_on(inputs, time):
    taken = []
    canaries = scheduled(
        inputs[:1], time, lambda one: taken.append(time.monotonic()) or Outcome(PASSED), lambda act: act()
    )
    canaries.tick()
    time.sleep(100)
    for _ in range(20):
        canaries.tick()
        time.sleep(1)
    assert taken == [1000, 1100, 1115]


def test_inputs_that_are_left_out_and_come_back(inputs, time):
    canaries = scheduled(inputs, time, lambda one: Outcome(PASSED), lambda act: act())
    canaries.tick()
    canaries.only({"broker_http"})
    time.sleep(100)
    canaries.tick()
    assert [one.input.name for one in canaries.states()] == ["broker_http"]
    canaries.only({"broker_http", "broker_tcp"})
    # It begins anew: what it did a while ago is no age of now.
    assert [(one.input.name, one.since) for one in canaries.states()] == [("broker_tcp", 1100), ("broker_http", 1100)]


def test_only_changes_are_logged(inputs, time, caplog):
    caplog.set_level("INFO")
    outcomes = [Outcome(FAILED, "Refused.")] * 5 + [Outcome(PASSED)] * 5
    canaries = scheduled(inputs[:1], time, lambda one: outcomes.pop(0), lambda act: act())
    for _ in range(10):
        canaries.tick()
        time.sleep(15)
    assert caplog.messages == [
        "Input broker_tcp takes no canary: Refused.",
        "Input broker_tcp takes canaries again, after 5 that failed",
    ]


# -- through sockets


@contextmanager
def listening(context=None, answer=b""):
    """A port, and what came by each connection to it, up to its end."""
    received = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=one, args=(connection,), daemon=True).start()

        def one(connection):
            content = b""
            try:
                with context.wrap_socket(connection, server_side=True) if context else connection as link:
                    while chunk := link.recv(65536):
                        content += chunk
                        if answer and b"}" in content:
                            link.sendall(answer)
                            break
            except OSError as error:
                content = error
            received.append(content)

        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1], received
        listener.shutdown(socket.SHUT_RDWR)


def with_port(target, port, **changes):
    return target.__class__(**{**vars(target), "port": port, **changes})


def test_tcp_is_a_line_and_the_connection_ends(inputs):
    with listening() as (port, received):
        with send_tcp(with_port(inputs[0], port), b'{"message": "canary"}', Deadline(PATIENCE)):
            assert received == []  # it is open meanwhile
        wait_for(lambda: received, "end of the connection", interval=0.01)
    assert received == [b'{"message": "canary"}\n']


@pytest.fixture
def secured(tmp_path):
    """An authority, and the context of a server that demands a client's certificate."""
    authority = Authority(tmp_path / "ca")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("broker", ("broker-1",)))
    context.load_verify_locations(authority.path)
    context.verify_mode = ssl.CERT_REQUIRED
    return authority, context


def tls_input(folder, authority, port, make=monitor_world.tcp_input, client=True, **changes):
    certificate, key = authority.issue("monitor") if client else ("", "")
    tls = {
        "ca": str(authority.path),
        "server_name": "broker-1",
        "certificate": str(certificate),
        "key": str(key),
        **changes,
    }
    return monitor_world.config(folder, inputs=[make(port=port, tls=tls)]).inputs[0]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tcp_with_tls_and_a_clients_certificate(tmp_path, secured, version):
    authority, context = secured
    context.minimum_version = context.maximum_version = version
    with listening(context) as (port, received):
        with send_tcp(tls_input(tmp_path, authority, port), b"{}", Deadline(PATIENCE)):
            pass
        wait_for(lambda: received, "end of the connection", interval=0.01)
    assert received == [b"{}\n"]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_without_the_demanded_certificate_hears_why(tmp_path, secured, version):
    authority, context = secured
    context.minimum_version = context.maximum_version = version
    with listening(context) as (port, _):
        target = tls_input(tmp_path, authority, port, client=False)
        with pytest.raises(TransportError, match=r"TLS failed|reset"), send_tcp(target, b"{}", Deadline(PATIENCE)):
            pass


def test_a_refusal_that_comes_after_the_event_is_heard(tmp_path, secured):
    """With TLS 1.3, the client is done before the server has looked at its certificate."""
    authority, context = secured
    context.minimum_version = ssl.TLSVersion.TLSv1_3

    def refuse_late(listener):
        connection, _ = listener.accept()
        with context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False) as link:
            link.setblocking(False)
            for _ in range(PATIENCE * 20):
                try:
                    link.do_handshake()
                except ssl.SSLWantReadError:
                    threading.Event().wait(0.05)
                except ssl.SSLError:
                    return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=refuse_late, args=(listener,), daemon=True)
        thread.start()
        target = tls_input(tmp_path, authority, listener.getsockname()[1], client=False)
        with pytest.raises(TransportError, match="TLS failed"), send_tcp(target, b"{}", Deadline(PATIENCE)):
            pass
        thread.join(PATIENCE)


def test_a_server_with_another_name_gets_nothing(tmp_path, secured):
    authority, context = secured
    with listening(context) as (port, received):
        target = tls_input(tmp_path, authority, port, server_name="broker-2")
        with (
            pytest.raises(TransportError, match="certificate is not valid"),
            send_tcp(target, b"{}", Deadline(PATIENCE)),
        ):
            pass
        wait_for(lambda: received, "end of the connection", interval=0.01)
    assert isinstance(received[0], ssl.SSLError)


def test_http_is_a_request_with_user_and_password(inputs):
    with listening(answer=b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") as (port, received):
        target = with_port(inputs[1], port, user="elk", password="s3cret")  # noqa: S106
        with send_http(target, b'{"message": "canary"}', Deadline(PATIENCE)):
            pass
        wait_for(lambda: received, "request", interval=0.01)
    head, _, body = received[0].decode().partition("\r\n\r\n")
    lines = head.splitlines()
    assert lines[0] == "POST / HTTP/1.1"
    assert {"Content-Type: application/json", "Authorization: Basic ZWxrOnMzY3JldA=="} <= set(lines)
    assert json.loads(body) == {"message": "canary"}


def test_https(tmp_path, secured):
    authority, context = secured
    with listening(context, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") as (port, received):
        target = tls_input(tmp_path, authority, port, monitor_world.http_input)
        with send_http(target, b"{}", Deadline(PATIENCE)):
            pass
        wait_for(lambda: received, "request", interval=0.01)
    assert received[0].startswith(b"POST / HTTP/1.1\r\n")


@pytest.mark.parametrize(
    ("status", "message"), [(429, "its queue is full"), (401, "refuses user and password"), (500, "expected 200")]
)
def test_http_that_refuses(inputs, status, message):
    with listening(answer=b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n" % status) as (port, _):
        target = with_port(inputs[1], port)
        with pytest.raises(TransportError, match=message), send_http(target, b"{}", Deadline(PATIENCE)):
            pass


@pytest.mark.parametrize("send", [send_tcp, send_http])
def test_a_port_that_does_not_answer_is_given_up(inputs, send):
    """As behind a packet filter that drops everything: the queue of connections is full."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for one in fillers:
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        target = with_port(inputs[0], listener.getsockname()[1])
        with pytest.raises(TransportError, match=r"timed out|within"), send(target, b"{}", Deadline(0.5)):
            pass
        for one in fillers:
            one.close()


def test_the_counter_of_an_input(inputs, logstash):
    logstash.arrived["broker_tcp"] = 7
    assert count(logstash.stats(), inputs[0]) == Count("process-1 process-1-broker", 7, True)
    stats = logstash.stats()
    del stats["pipelines"]["broker"]
    assert count(stats, inputs[0]) == Count("process-1", None, False)
