"""HTTP: each fault once or for good, with every event counted at the receiver by its id."""

import contextlib
import time
from email.utils import formatdate

import pytest
from elb_log_shipper.aws import secrets
from elb_log_shipper.delivery import Address, OversizedEventsError, Receiver
from elb_log_shipper.delivery.http import HttpSink
from elb_log_shipper.errors import DeliveryError
from elb_log_shipper.events import Batch

pytestmark = [pytest.mark.filterwarnings("error"), pytest.mark.usefixtures("no_open_sockets")]


CREDENTIALS = {"user": "elb", "password": "pa55word"}


def sink(tools, *ports: int, budget=None, **options) -> HttpSink:
    addresses = tuple(Address("127.0.0.1", port) for port in ports)
    options = {"transport": "http", "timeout": 3.0, "batch_events": 10, **options}
    return HttpSink(Receiver(addresses, **options), budget or tools.budget())


def status(code: int, *headers: str):
    def fault(connection):
        connection.request()
        connection.answer(code, *headers, body=b"no")

    fault.__name__ = str(code)
    return fault


def reset_in_mid_batch(connection):
    connection.stream.read(300)
    connection.reset()


def reset_after_the_batch(connection):
    connection.request()
    connection.reset()


def closed_at_once(_connection):
    pass


def half_open(connection):
    connection.peer.release.wait(10)


def accepted_then_lost(connection):
    connection.peer.record_array(connection.request())


def accepted_then_reset(connection):
    connection.peer.record_array(connection.request())
    connection.reset()


def accepted_then_truncated(connection):
    connection.peer.record_array(connection.request())
    connection.socket.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nok")


def accepted_then_truncated_headers(connection):
    connection.peer.record_array(connection.request())
    connection.socket.sendall(b"HTTP/1.1 200 OK\r\nConte")


def refused_before_it_was_read(connection):
    connection.answer(503, "Connection: close", body=b"no")


def not_http(connection):
    connection.socket.sendall(b"220 mail.example.com ESMTP\r\n")


LOST = [
    status(400),
    status(408),
    status(429),
    status(500),
    status(502),
    status(503),
    status(301),
    reset_in_mid_batch,
    reset_after_the_batch,
    closed_at_once,
    half_open,
    refused_before_it_was_read,
    not_http,
]
ACCEPTED = [accepted_then_lost, accepted_then_reset, accepted_then_truncated, accepted_then_truncated_headers]


@pytest.mark.parametrize("fault", LOST, ids=lambda fault: fault.__name__)
def test_a_fault_that_passes_costs_nothing(receive, tools, fault):
    peer = receive(tools.serve_http, fault, fault)
    target = sink(tools, peer.port)
    tools.send(target, tools.events())
    target.close()
    assert target.retries == 2
    peer.assert_all_there(tools.events())


@pytest.mark.parametrize("fault", ACCEPTED, ids=lambda fault: fault.__name__)
def test_a_batch_whose_answer_was_lost_comes_twice_with_equal_ids(receive, tools, fault):
    peer = receive(tools.serve_http, fault)
    target = sink(tools, peer.port)
    tools.send(target, tools.events())
    target.close()
    peer.assert_all_there(tools.events(), twice=10)


@pytest.mark.parametrize("fault", LOST, ids=lambda fault: fault.__name__)
def test_a_fault_that_stays_is_reported_and_the_triggers_next_try_delivers(receive, tools, fault):
    peer = receive(tools.serve_http, *[fault] * 3)
    target = sink(tools, peer.port, budget=tools.budget(retry_seconds=1.0 if fault.__name__ != "400" else 60))
    # tries at 0, 0.2 and 0.6 s; the next would be beyond the second
    with pytest.raises(DeliveryError, match=r"POST http://127.*\(3 tries\)"):
        tools.send(target, tools.events())
    assert tools.send_as_a_trigger(target, tools.events()) == 1
    peer.assert_all_there(tools.events())


def test_waits_grow_and_end_with_the_time_for_retries(receive, tools):
    budget = tools.budget(retry_seconds=100)
    peer = receive(tools.serve_http, *[status(500)] * 20)
    with pytest.raises(DeliveryError, match=r"500 .*\(11 tries\)"):
        tools.send(sink(tools, peer.port, budget=budget), tools.events())
    assert budget.waits == pytest.approx([0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 20, 20, 20])


def test_time_limit_during_retries(receive, tools):
    budget = tools.budget(remaining=2.0)
    peer = receive(tools.serve_http, *[status(500)] * 20)
    target = sink(tools, peer.port, budget=budget)
    with pytest.raises(DeliveryError, match=r"500 .*4 tries; the time limit leaves no time for another try"):
        tools.send(target, tools.events())
    assert sum(budget.waits) < 2.0
    budget.limit(None)
    peer._faults.clear()
    tools.send_as_a_trigger(target, tools.events())
    peer.assert_all_there(tools.events())


def test_no_time_is_left_before_the_first_try(receive, tools):
    peer = receive(tools.serve_http)
    with pytest.raises(DeliveryError, match="the time limit is reached"):
        tools.send(sink(tools, peer.port, budget=tools.budget(remaining=0.0)), tools.events())
    assert not peer.ids


@pytest.mark.parametrize("code", [429, 503])
def test_retry_after_is_respected(receive, tools, code):
    budget = tools.budget()
    peer = receive(tools.serve_http, status(code, "Retry-After: 7"))
    tools.send_as_a_trigger(sink(tools, peer.port, budget=budget), tools.events())
    assert budget.waits == pytest.approx([7.2])
    peer.assert_all_there(tools.events())


def test_retry_after_as_a_date(receive, tools):
    budget = tools.budget()
    peer = receive(tools.serve_http, status(503, f"Retry-After: {formatdate(time.time() + 30, usegmt=True)}"))
    tools.send_as_a_trigger(sink(tools, peer.port, budget=budget), tools.events())
    assert 25 < budget.waits[0] < 31
    peer.assert_all_there(tools.events())


@pytest.mark.parametrize("value", ["soon", "-1", "", "9" * 5000])
def test_retry_after_that_means_nothing(receive, tools, value):
    budget = tools.budget()
    peer = receive(tools.serve_http, status(503, f"Retry-After: {value}"))
    tools.send_as_a_trigger(sink(tools, peer.port, budget=budget), tools.events())
    assert budget.waits == pytest.approx([0.2])


def test_retry_after_beyond_the_time_is_reported_at_once(receive, tools):
    budget = tools.budget(remaining=30)
    peer = receive(tools.serve_http, status(503, "Retry-After: 40"))
    with pytest.raises(DeliveryError, match=r"503 .*asks for 40 s; the time limit"):
        tools.send(sink(tools, peer.port, budget=budget), tools.events())
    assert not budget.waits


def trickle(connection):
    connection.request()
    connection.socket.sendall(b"HTTP/1.1 200 OK\r\n")
    for _ in range(40):
        connection.socket.sendall(b"X-Slow: 1\r\n")
        time.sleep(0.05)
    connection.socket.sendall(b"Content-Length: 0\r\n\r\n")


def test_an_answer_that_trickles_ends_with_the_time_limit(receive, tools):
    peer = receive(trickle)
    target = sink(tools, peer.port)
    ends = time.monotonic() + 0.4
    target.limit(lambda: ends - time.monotonic())
    with pytest.raises(DeliveryError, match=r"the time limit is reached|no complete answer: timed out"):
        tools.send(target, tools.events()[:5])  # one request: a second one would meet the limit anyway
    target.close()


def takes_at_most(limit: int):
    def serve(connection):
        while (body := connection.request()) is not None:
            if len(body) > limit:
                connection.answer(413, body=b"too large")
                return
            connection.peer.record_array(body)
            connection.answer(200)

    return serve


def test_413_halves_the_batch_until_it_is_taken(receive, tools):
    peer = receive(takes_at_most(600))  # two events
    tools.send_as_a_trigger(sink(tools, peer.port), tools.events(), most=1)
    assert max(peer.requests) == 2
    peer.assert_all_there(tools.events())


def test_413_for_a_request_of_several_batches(receive, tools):
    peer = receive(takes_at_most(600))
    tools.send_as_a_trigger(sink(tools, peer.port, batch_events=1000), tools.events(), most=1)
    peer.assert_all_there(tools.events())


def test_413_is_learnt_from(receive, tools):
    peer = receive(takes_at_most(1500))
    tools.send_as_a_trigger(sink(tools, peer.port), tools.events(), most=1)
    assert peer.connections == 3  # two ended with a 413: the second batch was made before the answer to the first
    peer.assert_all_there(tools.events())


@pytest.mark.parametrize("batch_events", [10, 1000], ids=["a batch a request", "all in one"])
@pytest.mark.parametrize("places", [[3], [0], [39], [3, 4, 25]], ids=str)
def test_413_for_one_event_is_reported_once_all_others_are_delivered(receive, tools, batch_events, places):
    peer = receive(takes_at_most(600))
    found = tools.events()
    for place in places:
        found[place] = found[place].replace(b"xx", b"xx" * 10)
    target = sink(tools, peer.port, batch_events=batch_events)
    with pytest.raises(OversizedEventsError, match=r"413 .*one event is larger than the receiver accepts") as raised:
        tools.send(target, found)
    assert [refusal.batch.data for refusal in raised.value.events] == [found[place] + b"\n" for place in places]
    target.commit()  # it was reported, and is forgotten
    target.close()
    peer.assert_all_there([event for number, event in enumerate(found) if number not in places])


def test_413_for_very_many_events_ends_it_at_once(receive, tools):
    peer = receive(takes_at_most(100))
    target = sink(tools, peer.port)
    with pytest.raises(OversizedEventsError, match=r"413 .*Raise its limit \(and 20 more\)"):
        tools.send(target, tools.events(1000))
    target.commit()  # nothing is left of it
    assert not peer.ids


def test_refused_connection_and_a_receiver_that_comes_up_meanwhile(receive, tools, free_port):
    budget = tools.budget()
    target = sink(tools, free_port, budget=budget)
    with pytest.raises(DeliveryError, match=r"Connection refused.*tries\)"):
        tools.send(target, tools.events())
    assert len(budget.waits) > 5


def test_dns_failure(tools):
    receiver = Receiver((Address("no-such-host.invalid", 80),), "http", retry_seconds=0.5)
    with pytest.raises(DeliveryError, match=r"no connection to http://no-such-host.invalid:80.*tries"):
        tools.send(HttpSink(receiver, tools.budget(0.5)), tools.events())


def test_another_host_takes_over_without_a_wait(receive, tools, free_port):
    budget = tools.budget()
    peer, broken = receive(tools.serve_http), receive(status(503))
    target = sink(tools, free_port, broken.port, peer.port, budget=budget)
    tools.send_as_a_trigger(target, tools.events(), most=1)
    assert budget.waits == []
    assert broken.connections == 1  # the good one is kept
    peer.assert_all_there(tools.events())


def test_slow_reader(receive, tools):
    def slow(connection):
        while (body := connection.request()) is not None:
            connection.peer.release.wait(0.1)
            connection.peer.record_array(body)
            connection.answer(200)

    peer = receive(slow)
    target = sink(tools, peer.port, timeout=60.0)
    tools.send_as_a_trigger(target, tools.events(), most=1)
    assert target.retries == 0
    peer.assert_all_there(tools.events())


def test_kept_connection_that_was_closed_meanwhile_is_replaced_silently(receive, tools):
    def one_request(connection):
        connection.peer.record_array(connection.request())
        connection.answer(200)

    budget = tools.budget(retry_seconds=0)
    peer = receive(one_request)
    tools.send_as_a_trigger(sink(tools, peer.port, budget=budget), tools.events(), most=1)
    assert peer.connections == 4
    assert budget.waits == []
    peer.assert_all_there(tools.events())


def test_a_new_connection_that_is_lost_is_no_silent_matter(receive, tools):
    peer = receive(tools.serve_http, closed_at_once)
    with pytest.raises(DeliveryError, match="no complete answer"):
        tools.send(sink(tools, peer.port, budget=tools.budget(retry_seconds=0)), tools.events())


def test_the_same_log_twice_has_equal_ids(receive, tools):
    peer = receive(tools.serve_http)
    target = sink(tools, peer.port)
    tools.send(target, tools.events())
    tools.send(target, tools.events())
    target.close()
    assert peer.connections == 1  # kept from one log to the next
    peer.assert_all_there(tools.events(), twice=40)


def test_a_log_that_was_given_up_leaves_nothing_to_the_next(receive, tools):
    peer = receive(tools.serve_http)
    target = sink(tools, peer.port, batch_events=1000)
    first, second = tools.events()[:5], tools.events()[5:]
    target.send(Batch(b"\n".join(first) + b"\n", len(first)))
    target.abort()
    tools.send_as_a_trigger(target, second)
    peer.assert_all_there(second)


def accepted_before_it_was_read(connection):
    connection.stream.read(300)
    connection.answer(200)
    connection.peer.release.wait(0.2)
    connection.reset()


def test_a_success_that_comes_before_the_whole_request_is_none(receive, tools):
    found = tools.events(40, 1_000_000)  # more than the buffers of both sides
    peer = receive(tools.serve_http, accepted_before_it_was_read)
    target = sink(tools, peer.port, batch_bytes=100_000_000, timeout=5.0)
    tools.send_as_a_trigger(target, found, most=1)
    assert target.retries == 1
    peer.assert_all_there(found)


@pytest.mark.parametrize("format_", ["json_array", "ndjson"])
@pytest.mark.parametrize("gzip_", [False, True])
def test_formats(receive, tools, format_, gzip_):
    import gzip  # noqa: PLC0415

    heads = []

    def serve(connection):
        while (body := connection.request()) is not None:
            heads.append(connection.head)
            body = gzip.decompress(body) if gzip_ else body
            (connection.peer.record if format_ == "ndjson" else connection.peer.record_array)(body)
            connection.answer(200)

    peer = receive(serve)
    target = sink(tools, peer.port, format=format_, gzip=gzip_, batch_events=25, **CREDENTIALS)
    tools.send_as_a_trigger(target, tools.events(), most=1)
    assert len(heads) == 2  # of two batches each
    assert all((b"Content-Encoding: gzip" in head) == gzip_ for head in heads)
    assert all((b"application/x-ndjson" in head) == (format_ == "ndjson") for head in heads)
    assert all(b"Authorization: Basic ZWxiOnBhNTV3b3Jk\r\n" in head for head in heads)
    peer.assert_all_there(tools.events())


def test_password_is_in_no_message(receive, tools):
    peer = receive(status(401))
    with pytest.raises(DeliveryError, match="401") as raised:
        tools.send(sink(tools, peer.port, **CREDENTIALS), tools.events())
    assert "pa55word" not in str(raised.value)
    assert peer.connections == 3
    with contextlib.suppress(AttributeError):
        assert "pa55word" not in repr(raised.value.__cause__)


def test_headers_of_the_settings(receive, tools, monkeypatch):
    monkeypatch.setattr(secrets, "_fetch", {"ssm:/elb/key": "pa55word"}.__getitem__)
    secrets.forget()
    heads = []

    def serve(connection):
        while (body := connection.request()) is not None:
            heads.append(connection.head)
            connection.peer.record_array(body)
            connection.answer(200)

    peer = receive(serve)
    given = (("X-Api-Key", "ssm:/elb/key"), ("X-Tenant", "shop 1"), ("user-agent", "another"))
    tools.send_as_a_trigger(sink(tools, peer.port, headers=given), tools.events(), most=1)
    for head in heads:
        lines = head.split(b"\r\n")
        assert {b"X-Api-Key: pa55word", b"X-Tenant: shop 1", b"user-agent: another"} <= set(lines)
        assert sum(line.lower().startswith(b"user-agent:") for line in lines) == 1
    peer.assert_all_there(tools.events())


@pytest.mark.parametrize("value", ["pa55word\r\nX-Other: 1", "pa55word\n", "pa55word\0", "", " pa55word"])
def test_a_secret_that_would_be_more_than_a_header_is_not_sent(receive, tools, monkeypatch, value):
    kept = {"ssm:/elb/key": value}
    monkeypatch.setattr(secrets, "_fetch", kept.__getitem__)
    secrets.forget()
    peer = receive(tools.serve_http)
    target = sink(tools, peer.port, headers=(("X-Api-Key", "ssm:/elb/key"),))
    with pytest.raises(DeliveryError, match="LogHeaders X-Api-Key: what it refers to") as raised:
        tools.send(target, tools.events())
    assert "pa55word" not in str(raised.value)
    assert not peer.ids
    kept["ssm:/elb/key"] = "right"  # it is fetched again
    tools.send_as_a_trigger(target, tools.events(), most=1)
    peer.assert_all_there(tools.events())


def test_headers_are_in_no_message(receive, tools):
    peer = receive(status(401))
    with pytest.raises(DeliveryError, match="401") as raised:
        tools.send(sink(tools, peer.port, headers=(("X-Api-Key", "pa55word"),)), tools.events())
    assert "pa55word" not in str(raised.value)
