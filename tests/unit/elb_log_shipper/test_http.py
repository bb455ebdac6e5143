"""HTTP delivery against a real server: a batch counts only after a complete 2xx answer."""

import json
import socket
import threading

import pytest
from elb_log_shipper.delivery import Address, Receiver
from elb_log_shipper.delivery.http import HttpSink
from elb_log_shipper.errors import DeliveryError
from elb_log_shipper.events import Batch

pytestmark = [pytest.mark.filterwarnings("error"), pytest.mark.usefixtures("no_open_sockets")]


def sink(port: int, **options) -> HttpSink:
    return HttpSink(
        Receiver((Address("127.0.0.1", port),), **{"transport": "http", "timeout": 5, "retry_seconds": 0, **options})
    )


def events(count: int, size: int = 0) -> list[bytes]:
    return [json.dumps({"n": number, "pad": "x" * size}).encode() for number in range(count)]


def batch(*found: bytes) -> Batch:
    return Batch(b"".join(event + b"\n" for event in found), len(found))


def numbers(batch: list) -> list[int]:
    return [event["n"] for event in batch]


def test_batches_are_json_arrays_on_one_connection(http_receiver):
    receiver = http_receiver()
    target = sink(receiver.port, path="/logs?x=1", batch_events=2)
    target.send(batch(*events(3)))
    target.send(batch(*events(2)))
    target.commit()
    target.close()
    assert [numbers(batch) for batch in receiver.batches] == [[0, 1], [2], [0, 1]]
    paths, headers, clients = zip(*receiver.requests, strict=True)
    assert set(paths) == {"/logs?x=1"}
    assert {header["Content-Type"] for header in headers} == {"application/json"}
    assert len(set(clients)) == 1
    assert receiver.ended.wait(5)


def test_batches_are_bounded_in_bytes(http_receiver):
    receiver = http_receiver()
    target = sink(receiver.port, batch_bytes=1000)
    target.send(batch(*events(7, 300)))
    target.send(batch(*events(1, 5000)))
    target.send(batch(*events(1)))
    target.commit()
    target.close()
    assert [len(batch) for batch in receiver.batches] == [3, 3, 1, 1, 1]
    lengths = [int(headers["Content-Length"]) for _, headers, _ in receiver.requests]
    assert max(length for length in lengths if length < 5000) <= 1000


def test_nothing_to_send_needs_no_receiver(free_port):
    target = sink(free_port)
    target.commit()
    target.close()


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_success(http_receiver, status):
    receiver = http_receiver(status)
    target = sink(receiver.port)
    target.send(batch(*events(2)))
    target.commit()
    target.close()
    assert numbers(receiver.events) == [0, 1]


@pytest.mark.parametrize("status", [301, 400, 401, 404, 429, 500, 503])
def test_anything_else_is_a_failure_that_quotes_the_answer(http_receiver, status):
    receiver = http_receiver(status)
    target = sink(receiver.port)
    target.send(batch(*events(2)))
    with pytest.raises(DeliveryError, match=rf": {status} .*'the queue is full'.*2 events"):
        target.commit()
    target.abort()
    assert receiver.ended.wait(5)


def test_after_a_failure_and_abort_the_next_log_starts_clean(http_receiver):
    receiver = http_receiver(500, 200)
    target = sink(receiver.port)
    target.send(batch(*events(2)))
    with pytest.raises(DeliveryError):
        target.commit()
    target.abort()
    target.send(batch(b'{"n":7}'))
    target.commit()
    target.close()
    assert numbers(receiver.events) == [7]


def test_refused_connection_names_the_address_and_the_way_out(free_port):
    target = sink(free_port)
    target.send(batch(*events(1)))
    with pytest.raises(DeliveryError, match=rf"http://127.0.0.1:{free_port}/: Connection refused. Check that"):
        target.commit()


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 64 + ".invalid"])
def test_a_name_that_does_not_resolve(host):
    target = HttpSink(Receiver((Address(host, 5000),), "http", retry_seconds=0))
    target.send(batch(*events(1)))
    with pytest.raises(DeliveryError, match="no connection to http://"):
        target.commit()


def truncated(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "100")
    handler.end_headers()
    handler.wfile.write(b"ok")
    handler.close_connection = True


def truncated_chunk(handler):
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.wfile.write(b"10\r\nok")
    handler.close_connection = True


def no_answer(handler):
    handler.close_connection = True


def not_http(handler):
    handler.wfile.write(b"220 mail.example.com ESMTP\r\n")
    handler.close_connection = True


def slow(handler):
    threading.Event().wait(0.6)
    no_answer(handler)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (truncated, "cut off: 2 of 100 bytes"),
        (truncated_chunk, "cut off: 2 of 16 bytes"),
        (no_answer, "closed the connection without an answer"),
        (not_http, "220 mail"),
        (slow, "timed out"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_an_answer_that_is_not_complete_is_a_failure(http_receiver, answer, reason):
    receiver = http_receiver(answer)
    target = sink(receiver.port, timeout=0.3)
    target.send(batch(*events(1)))
    with pytest.raises(DeliveryError, match=reason):
        target.commit()
    target.abort()
    assert receiver.ended.wait(5)


def test_reset_in_mid_request(tcp_receiver, reset_connection):
    def behave(connection):
        data = connection.recv(100)
        reset_connection(connection)
        return data

    target = sink(tcp_receiver(behave).port, batch_events=100_000, batch_bytes=10**8)
    target.send(batch(*events(20_000, 500)))
    with pytest.raises(DeliveryError, match="no complete answer"):
        target.commit()
    target.abort()


def test_kept_connection_that_the_receiver_has_closed_is_replaced(tcp_receiver):
    """Each connection serves one request, without saying so in its answer."""

    def behave(connection: socket.socket) -> bytes:
        data = connection.recv(65536)
        while not data.endswith(b"]"):
            data += connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        return data

    receiver = tcp_receiver(behave)
    target = sink(receiver.port)
    for event in events(3):
        target.send(batch(event))
        target.commit()
    target.close()
    assert [b'"n": %d' % number in data for number, data in enumerate(receiver.wait_for(3))] == [True] * 3


def test_a_receiver_that_always_hangs_up_is_not_tried_forever(http_receiver):
    receiver = http_receiver(200, no_answer)
    target = sink(receiver.port)
    target.send(batch(*events(1)))
    target.commit()
    target.send(batch(*events(1)))
    with pytest.raises(DeliveryError, match="no complete answer"):
        target.commit()
    target.abort()
    assert len(receiver.requests) == 3


def test_answer_that_asks_to_close_is_respected(http_receiver):
    def closing(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "0")
        handler.send_header("Connection", "close")
        handler.end_headers()

    receiver = http_receiver(closing)
    target = sink(receiver.port)
    for event in events(2):
        target.send(batch(event))
        target.commit()
    target.close()
    assert len({client for _, _, client in receiver.requests}) == 2
