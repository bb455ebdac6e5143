"""TCP delivery against real sockets: a batch counts only when the receiver has read it all and closed."""

import socket
import threading

import pytest
from elb_log_shipper.delivery import Address, Receiver
from elb_log_shipper.delivery.tcp import TcpSink
from elb_log_shipper.errors import DeliveryError
from elb_log_shipper.events import Batch

pytestmark = [pytest.mark.filterwarnings("error"), pytest.mark.usefixtures("no_open_sockets")]


def batch(*events: bytes) -> Batch:
    return Batch(b"".join(event + b"\n" for event in events), len(events))


EVENTS = (b'{"n":1}', b'{"n":2}')
BIG = batch(*[b"x" * 1000] * 1000)
"""A megabyte: more than goes into the buffers of a receiver that doesn't read, if sent a few times."""


def sink(port: int, timeout: float = 5.0) -> TcpSink:
    return TcpSink(Receiver((Address("127.0.0.1", port),), timeout=timeout, retry_seconds=0))


def test_events_are_lines_and_commit_ends_the_connection(tcp_receiver):
    receiver = tcp_receiver()
    target = sink(receiver.port)
    target.send(batch(*EVENTS))
    target.send(batch(b'{"n":3}'))
    target.commit()
    assert receiver.received == [b'{"n":1}\n{"n":2}\n{"n":3}\n']


def test_each_commit_is_a_connection_of_its_own(tcp_receiver):
    receiver = tcp_receiver()
    target = sink(receiver.port)
    for event in EVENTS:
        target.send(batch(event))
        target.commit()
    assert receiver.wait_for(2) == [b'{"n":1}\n', b'{"n":2}\n']


def test_nothing_to_send_needs_no_receiver(free_port):
    target = sink(free_port)
    target.commit()
    target.close()


def test_refused_connection_names_the_address_and_the_way_out(free_port):
    with pytest.raises(DeliveryError, match=rf"tcp://127.0.0.1:{free_port}: Connection refused. Check that"):
        sink(free_port).send(batch(*EVENTS))


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 64 + ".invalid", "a..b"])
def test_a_name_that_does_not_resolve(host):
    with pytest.raises(DeliveryError, match="no connection to tcp://"):
        TcpSink(Receiver((Address(host, 5000),), retry_seconds=0)).send(batch(*EVENTS))


def send_all(target: TcpSink, batches: int = 20) -> None:
    try:
        for _ in range(batches):
            target.send(BIG)
        target.commit()
    finally:
        target.abort()


def test_reset_in_mid_batch(tcp_receiver, reset_connection):
    def behave(connection):
        data = connection.recv(1000)
        reset_connection(connection)
        return data

    with pytest.raises(DeliveryError, match="connection was lost"):
        send_all(sink(tcp_receiver(behave).port))


def test_reset_after_the_last_event(tcp_receiver, reset_connection):
    def behave(connection):
        data = connection.recv(len(EVENTS[0]) + 1)
        reset_connection(connection)
        return data

    receiver = tcp_receiver(behave)
    target = sink(receiver.port)
    target.send(batch(EVENTS[0]))
    receiver.wait_for(1)
    with pytest.raises(DeliveryError, match="Connection reset by peer"):
        target.commit()


def test_receiver_that_closes_with_events_unread(tcp_receiver):
    receiver = tcp_receiver(lambda connection: connection.recv(3))
    with pytest.raises(DeliveryError, match="connection was lost"):
        send_all(sink(receiver.port))


def test_receiver_that_closes_between_two_batches(tcp_receiver):
    receiver = tcp_receiver(lambda connection: connection.recv(100))
    target = sink(receiver.port)
    target.send(batch(*EVENTS))
    receiver.wait_for(1)
    with pytest.raises(DeliveryError, match="closed it before the last event"):
        target.send(batch(*EVENTS))
    target.abort()


def test_receiver_that_closes_before_the_end_was_announced(tcp_receiver):
    receiver = tcp_receiver(lambda connection: connection.recv(100))
    target = sink(receiver.port)
    target.send(batch(*EVENTS))
    receiver.wait_for(1)
    with pytest.raises(DeliveryError, match="closed it before the last event"):
        target.commit()


@pytest.mark.parametrize("reads", [True, False], ids=["reads but never closes", "never reads"])
def test_receiver_that_does_not_end_in_time(tcp_receiver, reads):
    release = threading.Event()

    def behave(connection):
        data = b""
        if reads:
            while chunk := connection.recv(65536):
                data += chunk
        release.wait(10)
        return data

    target = sink(tcp_receiver(behave).port, timeout=0.3)
    target.send(batch(*EVENTS))
    with pytest.raises(DeliveryError, match=r"did not close the connection within 0\.3 s"):
        target.commit()
    release.set()


def test_receiver_that_stops_reading_in_mid_batch(tcp_receiver):
    release = threading.Event()

    def behave(_connection):
        release.wait(10)
        return b""

    receiver = tcp_receiver(behave)
    with pytest.raises(DeliveryError, match="timed out"):
        send_all(sink(receiver.port, timeout=0.3))
    release.set()


def test_slow_receiver_gets_everything(tcp_receiver):
    pause = threading.Event()

    def behave(connection):
        data = b""
        while chunk := connection.recv(400_000):
            data += chunk
            pause.wait(0.01)
        return data

    receiver = tcp_receiver(behave)
    send_all(sink(receiver.port), batches=10)
    assert receiver.wait_for(1)[0].count(b"\n") == 10_000


def test_receiver_that_talks_back(tcp_receiver):
    def behave(connection):
        connection.sendall(b"hello\n")
        data = b""
        while chunk := connection.recv(65536):
            data += chunk
            connection.sendall(b"ok\n")
        connection.sendall(b"bye\n")
        return data

    receiver = tcp_receiver(behave)
    target = sink(receiver.port)
    for event in EVENTS:
        target.send(batch(event))
    target.commit()
    assert receiver.wait_for(1) == [b'{"n":1}\n{"n":2}\n']


@pytest.mark.parametrize("method", ["abort", "close"])
def test_abort_and_close_end_the_connection_and_can_be_repeated(tcp_receiver, method):
    receiver = tcp_receiver()
    target = sink(receiver.port)
    target.send(batch(*EVENTS))
    getattr(target, method)()
    getattr(target, method)()
    assert receiver.wait_for(1) == [b'{"n":1}\n{"n":2}\n']


def test_sink_can_be_used_again_after_a_failure(tcp_receiver):
    behaviours = [lambda connection: connection.recv(100)]

    def behave(connection):
        if behaviours:
            return behaviours.pop()(connection)
        data = b""
        while chunk := connection.recv(65536):
            data += chunk
        return data

    receiver = tcp_receiver(behave)
    target = sink(receiver.port)
    target.send(batch(b"first"))
    receiver.wait_for(1)
    with pytest.raises(DeliveryError):
        target.commit()
    target.abort()
    target.send(batch(b"second"))
    target.commit()
    assert receiver.wait_for(2)[1] == b"second\n"


def test_ipv6_receiver_is_named_with_brackets():
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6) as server:
            port = server.getsockname()[1]
    except OSError:
        pytest.skip("no IPv6 on this machine")
    with pytest.raises(DeliveryError, match=rf"tcp://\[::1\]:{port}"):
        TcpSink(Receiver((Address("::1", port),), retry_seconds=0)).send(batch(*EVENTS))
