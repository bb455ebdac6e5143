"""TCP and TLS: a log counts only when the receiver has read it to the end; the trigger sends the others again."""

import contextlib
import time
from pathlib import Path

import pytest
from elb_log_shipper.aws import secrets
from elb_log_shipper.delivery import Address, Receiver, Tls
from elb_log_shipper.delivery.http import HttpSink
from elb_log_shipper.delivery.tcp import TcpSink
from elb_log_shipper.errors import DeliveryError

pytestmark = [pytest.mark.filterwarnings("error"), pytest.mark.usefixtures("no_open_sockets")]


def sink(tools, *ports: int, budget=None, **options) -> TcpSink:
    addresses = tuple(Address("127.0.0.1", port) for port in ports)
    return TcpSink(Receiver(addresses, **{"timeout": 3.0, **options}), budget or tools.budget())


def reset_in_mid_batch(connection):
    connection.peer.record(connection.stream.readline())
    connection.reset()


def reads_a_part(connection):
    connection.stream.read(100)


def never_reads(connection):
    connection.peer.release.wait(10)


def reads_and_never_ends(connection):
    connection.peer.record(connection.stream.read())
    connection.peer.release.wait(10)


@pytest.mark.parametrize(
    ("fault", "twice"),
    [(reset_in_mid_batch, 1), (reads_a_part, 0), (never_reads, 0), (reads_and_never_ends, 40)],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_log_that_was_not_read_to_its_end_is_sent_again(receive, tools, fault, twice):
    peer = receive(tools.serve_tcp, fault)
    assert tools.send_as_a_trigger(sink(tools, peer.port), tools.events()) == 2
    peer.assert_all_there(tools.events(), twice)


def chatters(connection):
    connection.peer.record(connection.stream.read())
    for _ in range(60):
        connection.peer.release.wait(0.05)
        connection.socket.sendall(b"still here\n")


def test_a_receiver_that_chatters_is_left_at_the_time_limit(receive, tools):
    peer = receive(tools.serve_tcp, chatters)
    target = sink(tools, peer.port)
    ends = time.monotonic() + 0.4
    target.limit(lambda: ends - time.monotonic())
    with pytest.raises(DeliveryError, match=r"the time limit is reached|did not close the connection"):
        tools.send(target, tools.events())


def test_slow_reader(receive, tools):
    def slow(connection):
        data = b""
        while part := connection.socket.recv(100_000):
            data += part
            connection.peer.release.wait(0.005)
        connection.peer.record(data)

    peer = receive(slow)
    found = tools.events(1000, 5000)
    assert tools.send_as_a_trigger(sink(tools, peer.port, timeout=60.0), found) == 1
    peer.assert_all_there(found)


def test_refused_connection_is_tried_again_until_the_time_is_over(tools, free_port):
    budget = tools.budget(remaining=2.0)
    with pytest.raises(DeliveryError, match=r"Connection refused.*\(4 tries; the time limit"):
        tools.send(sink(tools, free_port, budget=budget), tools.events())
    assert budget.waits == pytest.approx([0.2, 0.4, 0.8])


def test_dns_failure(tools):
    receiver = Receiver((Address("no-such-host.invalid", 5000),))
    with pytest.raises(DeliveryError, match=r"no connection to tcp://no-such-host.invalid:5000.*tries"):
        tools.send(TcpSink(receiver, tools.budget(0.5)), tools.events())


def test_another_host_takes_over(receive, tools, free_port):
    peer = receive(tools.serve_tcp)
    budget = tools.budget()
    assert tools.send_as_a_trigger(sink(tools, free_port, peer.port, budget=budget), tools.events()) == 1
    assert budget.waits == []
    peer.assert_all_there(tools.events())


def test_after_a_lost_log_the_next_host_is_asked(receive, tools):
    broken, peer = receive(reads_a_part), receive(tools.serve_tcp)
    assert tools.send_as_a_trigger(sink(tools, broken.port, peer.port), tools.events()) == 2
    peer.assert_all_there(tools.events())


def test_the_same_log_twice_has_equal_ids(receive, tools):
    peer = receive(tools.serve_tcp)
    for _ in range(2):
        tools.send_as_a_trigger(sink(tools, peer.port), tools.events())
    peer.assert_all_there(tools.events(), twice=40)


def serve_tls_to_its_end(connection):
    """As Java does: it answers TLS's end with its own."""
    connection.peer.record(connection.stream.read())
    connection.socket.unwrap()


CERTIFICATES = {
    "unknown authority": ("127.0.0.1", 1, False, "unable to get local issuer certificate"),
    "expired": ("127.0.0.1", -1, True, "certificate has expired"),
    "wrong name": ("other.example.com", 1, True, "IP address mismatch"),
}
TRANSPORTS = pytest.mark.parametrize("transport", ["tcp", "http"])


def tls_sink(tools, transport: str, port: int, tls: Tls, host: str = "127.0.0.1"):
    receiver = Receiver((Address(host, port),), transport, tls, timeout=2.0, retry_seconds=1)
    return {"tcp": TcpSink, "http": HttpSink}[transport](receiver, tools.budget(1))


@TRANSPORTS
def test_tls(receive, tools, certificates, transport):
    peer = receive(getattr(tools, f"serve_{transport}"), context=certificates.server())
    target = tls_sink(tools, transport, peer.port, Tls(ca=str(certificates.ca)))
    assert tools.send_as_a_trigger(target, tools.events()) == 1
    peer.assert_all_there(tools.events())


def test_tls_whose_end_is_answered(receive, tools, certificates):
    peer = receive(serve_tls_to_its_end, context=certificates.server())
    target = tls_sink(tools, "tcp", peer.port, Tls(ca=str(certificates.ca)))
    assert tools.send_as_a_trigger(target, tools.events()) == 1
    peer.assert_all_there(tools.events())


@pytest.mark.parametrize(
    ("fault", "twice"), [(reads_a_part, 0), (never_reads, 0), (reads_and_never_ends, 40)], ids=["part", "never", "end"]
)
def test_tls_log_that_was_not_read_to_its_end_is_sent_again(receive, tools, certificates, fault, twice):
    peer = receive(tools.serve_tcp, fault, context=certificates.server())
    receiver = Receiver((Address("127.0.0.1", peer.port),), "tcp", Tls(ca=str(certificates.ca)), timeout=0.5)
    found = tools.events(40, 100_000)  # more than the buffers of both sides
    assert tools.send_as_a_trigger(TcpSink(receiver, tools.budget()), found) == 2
    peer.assert_all_there(found, twice)


@TRANSPORTS
@pytest.mark.parametrize("fault", CERTIFICATES)
def test_a_certificate_that_does_not_hold_ends_it_at_once(receive, tools, certificates, transport, fault):
    name, days, known, reason = CERTIFICATES[fault]
    peer = receive(getattr(tools, f"serve_{transport}"), context=certificates.server(name, days))
    target = tls_sink(tools, transport, peer.port, Tls(ca=str(certificates.ca) if known else None))
    with pytest.raises(DeliveryError, match=rf"{reason}.*LogCa"):
        tools.send(target, tools.events())
    assert not peer.ids
    assert target.retries == 0


@TRANSPORTS
def test_a_receiver_without_tls(receive, tools, certificates, transport):
    peer = receive(lambda connection: connection.socket.sendall(b"hello, this is no TLS\r\n"))
    with pytest.raises(DeliveryError, match="no connection to"):
        tools.send(tls_sink(tools, transport, peer.port, Tls(ca=str(certificates.ca))), tools.events())


@pytest.fixture(params=["file", "secret"])
def client_tls(request, certificates, monkeypatch) -> Tls:
    certificate, key = certificates.make("client")
    paths = str(certificates.ca), certificate, key
    if request.param == "file":
        return Tls(*paths)
    kept = {f"ssm:{path}": Path(path).read_text() for path in paths}
    monkeypatch.setattr(secrets, "_fetch", kept.__getitem__)
    secrets.forget()
    return Tls(*kept)


@TRANSPORTS
def test_client_certificate(receive, tools, certificates, client_tls, transport):
    peer = receive(getattr(tools, f"serve_{transport}"), context=certificates.server(wants_client=True))
    target = tls_sink(tools, transport, peer.port, client_tls)
    assert tools.send_as_a_trigger(target, tools.events()) == 1
    peer.assert_all_there(tools.events())


@pytest.fixture
def kept(monkeypatch) -> dict[str, str]:
    """The secrets that there are, by their references."""
    found: dict[str, str] = {}
    monkeypatch.setattr(secrets, "_fetch", found.__getitem__)
    secrets.forget()
    return found


PHRASE = "pa55wörd"


@pytest.mark.parametrize("passphrase", [PHRASE, "ssm:/elb/passphrase"])
def test_a_client_key_with_a_passphrase(receive, tools, certificates, kept, passphrase):
    kept["ssm:/elb/passphrase"] = PHRASE
    certificate, key = certificates.make("client", passphrase=PHRASE)
    peer = receive(tools.serve_http, context=certificates.server(wants_client=True))
    target = tls_sink(tools, "http", peer.port, Tls(str(certificates.ca), certificate, key, passphrase))
    assert tools.send_as_a_trigger(target, tools.events()) == 1
    peer.assert_all_there(tools.events())


@pytest.mark.parametrize("wrong", [None, "", "other"])
def test_a_wrong_passphrase_is_in_no_message_and_the_right_one_is_found(receive, tools, certificates, kept, wrong):
    certificate, key = certificates.make("client", passphrase=PHRASE)
    kept["ssm:/elb/passphrase"] = wrong or ""
    passphrase = "ssm:/elb/passphrase" if wrong is not None else None
    peer = receive(tools.serve_tcp, context=certificates.server(wants_client=True))
    target = tls_sink(tools, "tcp", peer.port, Tls(str(certificates.ca), certificate, key, passphrase))
    with pytest.raises(DeliveryError, match=r"client1\.key: can't be used: .*LogClientKeyPassphrase") as raised:
        tools.send(target, tools.events())
    assert "other" not in str(raised.value)
    if wrong is not None:  # replaced, as one that was rotated: it is fetched again
        kept["ssm:/elb/passphrase"] = PHRASE
        tools.send_as_a_trigger(target, tools.events(), most=1)
        peer.assert_all_there(tools.events())


@TRANSPORTS
def test_a_client_certificate_that_is_missing(receive, tools, certificates, transport):
    peer = receive(getattr(tools, f"serve_{transport}"), context=certificates.server(wants_client=True))
    with pytest.raises(DeliveryError):
        tools.send(tls_sink(tools, transport, peer.port, Tls(ca=str(certificates.ca))), tools.events())
    assert not peer.ids


@pytest.mark.parametrize("lines", [1, 40])
@TRANSPORTS
def test_a_client_certificate_that_is_refused_after_everything_was_sent(receive, tools, certificates, transport, lines):
    """With TLS 1.3 the handshake is over for the client before the receiver has seen its certificate."""
    peer = receive(getattr(tools, f"serve_{transport}"), context=certificates.server(wants_client=True))
    with contextlib.closing(tools.slow_answers(peer.port)) as between:
        target = tls_sink(tools, transport, between.port, Tls(ca=str(certificates.ca)))
        with pytest.raises(DeliveryError, match=r"the receiver requires a client certificate.*LogClientCertificate"):
            tools.send(target, tools.events(lines))
    assert not peer.ids


@TRANSPORTS
def test_a_receiver_far_away_that_wants_a_client_certificate(receive, tools, certificates, client_tls, transport):
    peer = receive(getattr(tools, f"serve_{transport}"), context=certificates.server(wants_client=True))
    with contextlib.closing(tools.slow_answers(peer.port)) as between:
        target = tls_sink(tools, transport, between.port, client_tls)
        assert tools.send_as_a_trigger(target, tools.events()) == 1
        peer.assert_all_there(tools.events())


@pytest.mark.parametrize("key", ["LogCa", "LogClientCertificate"])
def test_a_file_that_is_no_certificate_is_named(tools, tmp_path, key):
    path = tmp_path / "x.pem"
    path.write_text("pa55word")
    tls = Tls(ca=str(path)) if key == "LogCa" else Tls(certificate=str(path))
    with pytest.raises(DeliveryError, match=rf"{key} {path}.*can't be used") as raised:
        tools.send(tls_sink(tools, "tcp", 1, tls), tools.events())
    assert "pa55word" not in str(raised.value)
