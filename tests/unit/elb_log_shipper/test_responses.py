"""Answers of HTTP, as bytes: complete ones, and what is wrong with the others."""

import io

import pytest
from elb_log_shipper.delivery.responses import ResponseError, read_response

COMPLETE = {
    "a length": (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", (200, b"ok", True)),
    "names in any case": (b"HTTP/1.1 200 OK\r\ncontent-LENGTH:2\r\n\r\nok", (200, b"ok", True)),
    "no phrase": (b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", (200, b"", True)),
    "chunks": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;a=b\r\no\r\n1\r\nk\r\n0\r\n\r\n",
        (200, b"ok", True),
    ),
    "to the end": (b"HTTP/1.1 200 OK\r\n\r\nok", (200, b"ok", False)),
    "nothing by status": (b"HTTP/1.1 204 No Content\r\n\r\n", (204, b"", True)),
    "to be closed": (b"HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 0\r\n\r\n", (200, b"", False)),
    "HTTP/1.0": (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", (200, b"", False)),
    "HTTP/1.0 kept": (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", (200, b"", True)),
    "after an announcement": (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 500 Oh\r\nContent-Length: 1\r\n\r\nx",
        (500, b"x", True),
    ),
    "a long body": (b"HTTP/1.1 500 Oh\r\nContent-Length: 200000\r\n\r\n" + b"x" * 200000, (500, b"x" * 200, True)),
}
INCOMPLETE = {
    "nothing": (b"", "without an answer"),
    "another protocol": (b"SSH-2.0-OpenSSH\r\n", "not an answer of HTTP"),
    "HTTP/2": (b"HTTP/2 200 OK\r\n\r\n", "not an answer of HTTP"),
    "half a status": (b"HTTP/1.1 200", "not an answer of HTTP"),
    "half of the headers": (b"HTTP/1.1 200 OK\r\nContent-Le", "in its headers"),
    "no end of the headers": (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", "in its headers"),
    "headers without end": (b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 1000, "more than 200 headers"),
    "a header without end": (b"HTTP/1.1 200 OK\r\na: " + b"b" * 100000, "in its headers"),
    "half of the body": (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok", "2 of 3 bytes"),
    "a length that is none": (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "Content-Length '-1'"),
    "half a chunk": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nok", "2 of 5 bytes"),
    "no last chunk": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", "between two chunks"),
    "a chunk that is longer": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nok\r\n", "after a chunk"),
    "a chunk without a size": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", "between two chunks"),
    "no trailers' end": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "in its headers"),
    "another encoding": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "transfer encoding 'gzip'"),
}


@pytest.mark.parametrize(("data", "expected"), COMPLETE.values(), ids=COMPLETE)
def test_complete(data, expected):
    answer = read_response(io.BytesIO(data))
    assert (answer.status, answer.body, answer.kept) == expected


@pytest.mark.parametrize(("data", "expected"), INCOMPLETE.values(), ids=INCOMPLETE)
def test_incomplete(data, expected):
    with pytest.raises(ResponseError, match=expected) as raised:
        read_response(io.BytesIO(data))
    assert raised.value.begun == bool(data)


@pytest.mark.parametrize("name", [name for name in COMPLETE if name != "to the end"])
def test_no_beginning_of_an_answer_is_one(name):
    data = COMPLETE[name][0]
    for length in range(0, len(data), max(1, len(data) // 100)):
        with pytest.raises(ResponseError):
            read_response(io.BytesIO(data[:length]))
