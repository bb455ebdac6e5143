"""One deadline and one limit for a request, whatever the server does."""

import socket
import ssl
import threading
import time
from contextlib import contextmanager

import pytest
from certificates.authority import Authority
from logstash_monitor.errors import TransportError
from logstash_monitor.transport import Request, basic, exchange

# Of a request that has to fail. What a server here would take without an end of it is many times that.
SHORT = 0.5
LONG = 60


@contextmanager
def serving(serve, context=None):
    """An address whose connections ``serve(connection)`` gets, each in a thread."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=one, args=(connection,), daemon=True).start()

        def one(connection):
            try:
                with connection if not context else context.wrap_socket(connection, server_side=True) as link:
                    serve(link)
            except OSError:
                return  # the client has gone

        threading.Thread(target=accept, daemon=True).start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)


def answering(content):
    def serve(connection):
        connection.recv(65536)
        connection.sendall(content)

    return serve


def dripping(content, pause=0.05, times=2000):
    """Says something at once, and then a byte at a time, for a hundred seconds."""

    def serve(connection):
        connection.recv(65536)
        connection.sendall(content)
        for _ in range(times):
            time.sleep(pause)
            connection.sendall(b"x")

    return serve


def get(address, seconds=LONG, scheme="http", **options):
    return exchange(Request("GET", f"{scheme}://{address}/_node/stats?x=1", **options), seconds)


def test_a_response():
    with serving(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Name: value\r\n\r\nhello")) as address:
        found = get(address)
    assert (found.status, found.body, found.headers["x-name"]) == (200, b"hello", "value")


def test_a_response_in_chunks_and_one_that_ends_with_the_connection():
    with serving(
        answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n")
    ) as address:
        assert get(address).body == b"hello"
    with serving(answering(b"HTTP/1.0 503 No\r\n\r\nhello")) as address:
        assert (get(address).status, get(address).body) == (503, b"hello")


def test_what_is_asked():
    asked = []

    def serve(connection):
        asked.append(connection.recv(65536).decode())
        connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    with serving(serve) as address:
        exchange(Request("POST", f"http://{address}/", basic("elk", "s3cret"), b"body"), LONG)
    head, _, body = asked[0].partition("\r\n\r\n")
    assert head.splitlines()[0] == "POST / HTTP/1.1"
    assert {f"Host: {address}", "Content-Length: 4", "Authorization: Basic ZWxrOnMzY3JldA=="} <= set(head.splitlines())
    assert body == "body"


@pytest.mark.parametrize(
    "serve",
    [
        pytest.param(lambda connection: time.sleep(LONG), id="says nothing"),
        pytest.param(dripping(b""), id="a byte at a time, without a head"),
        pytest.param(dripping(b"HTTP/1.1 200 OK\r\nX: "), id="a head without an end"),
        pytest.param(dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n"), id="a body byte by byte"),
        pytest.param(dripping(b"HTTP/1.1 200 OK\r\n\r\n"), id="a body without an end"),
        pytest.param(
            dripping(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n"), id="a chunk byte by byte"
        ),
    ],
)
def test_a_server_that_is_too_slow_is_given_up(serve):
    with serving(serve) as address, pytest.raises(TransportError, match=r"no whole response .* within 0.5 s") as caught:
        get(address, SHORT)
    assert caught.value.sent


def test_a_connection_that_is_not_taken_is_given_up():
    """Nobody takes from a full queue of connections: the kernel drops what comes."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        fillers = []
        for _ in range(4):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
            fillers.append(one)
        with pytest.raises(TransportError, match=r"within 0.5 s") as caught:
            get(f"127.0.0.1:{listener.getsockname()[1]}", SHORT)
        for one in fillers:
            one.close()
    assert not caught.value.sent


def test_a_handshake_without_an_end_is_given_up():
    with (
        serving(lambda connection: time.sleep(LONG)) as address,
        pytest.raises(TransportError, match=r"within 0.5 s") as caught,
    ):
        get(address, SHORT, "https")
    assert not caught.value.sent


def endless(head):
    def serve(connection):
        connection.recv(65536)
        connection.sendall(head)
        while True:
            connection.sendall(b"x" * 65536)

    return serve


@pytest.mark.parametrize(
    "head",
    [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"],
)
def test_a_response_that_is_too_large_is_given_up(head):
    with serving(endless(head)) as address, pytest.raises(TransportError, match=r"more than|too long|got more"):
        exchange(Request("GET", f"http://{address}/"), LONG, most_bytes=1 << 20)


def test_a_response_that_says_that_it_is_huge_takes_no_memory():
    """http.client would ask for all of it at once."""
    with (
        serving(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999\r\n\r\nx")) as address,
        pytest.raises(TransportError, match="too early"),
    ):
        get(address)


@pytest.mark.parametrize(
    "content", [b"", b"220 mail.example ESMTP\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\x15\x03\x01\x00\x02\x02\x50"]
)
def test_what_is_no_http(content):
    with serving(answering(content)) as address, pytest.raises(TransportError) as caught:
        get(address)
    assert address in str(caught.value)


def test_nothing_listens():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
    with pytest.raises(TransportError, match=r"\[request_failed\] .*connection refused") as caught:
        get(address)
    assert not caught.value.sent


def test_a_certificate_has_to_be_right(tmp_path):
    authority, other = Authority(tmp_path / "ca"), Authority(tmp_path / "other")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("broker", ("broker-1",)))
    good = ssl.create_default_context(cafile=authority.path)
    with serving(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), context) as address:
        assert get(address, LONG, "https", context=good, server_name="broker-1").body == b"ok"
        with pytest.raises(TransportError, match=r"certificate is not valid: .*mismatch"):
            get(address, LONG, "https", context=good)
        with pytest.raises(TransportError, match="certificate is not valid: "):
            get(address, LONG, "https", context=ssl.create_default_context(cafile=other.path), server_name="broker-1")


def test_user_and_password_of_a_url_are_in_no_message():
    with pytest.raises(TransportError) as caught:
        exchange(Request("GET", "http://elk:s3cret@127.0.0.1:1/"), LONG)
    assert "s3cret" not in str(caught.value)


def test_a_header_cannot_bring_another():
    with serving(answering(b"HTTP/1.1 200 OK\r\n\r\n")) as address, pytest.raises(TransportError, match="line break"):
        get(address, LONG, headers={"X": "a\r\nY: b"})
