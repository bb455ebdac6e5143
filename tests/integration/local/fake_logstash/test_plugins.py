"""Inputs and outputs that really run, end to end."""

import contextlib
import gzip
import http.client
import http.server
import json
import socket
import threading
import time

import pytest


def lines(path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture
def serve(node, port, eventually):
    """Starts a pipeline with one input on `port`; gives the file that its events are written to."""

    def started(source: str, filters: str = "", outputs: str = ""):
        out = node.root / "out.json"
        outputs = outputs or f'file {{ path => "{out}" }}'
        source = source.replace("PORT", str(port)).replace("HOST", '"127.0.0.1"')
        node.pipeline("main", f"input {{ {source} }} filter {{ {filters} }} output {{ {outputs} }}")
        node.start()
        if str(port) in source:
            eventually(lambda: "input listener" in node.output(), "the input")
        return out

    return started


def post(port: int, body: bytes, **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", "/path", body, {key.replace("_", "-"): value for key, value in headers.items()})
    answer = connection.getresponse()
    return answer.status, answer.read()


HTTP = "http { host => HOST port => PORT }"
JSON = "application/json"


def test_http_answers_200_ok_and_takes_objects_arrays_text_and_gzip(serve, port, eventually):
    out = serve(HTTP)
    assert post(port, b'{"a":1}', content_type=JSON) == (200, b"ok")
    assert post(port, b'[{"a":2},{"a":3}]', content_type=JSON) == (200, b"ok")
    assert post(port, gzip.compress(b'{"a":4}'), content_type=JSON, content_encoding="gzip") == (200, b"ok")
    assert post(port, b"some text", content_type="text/plain") == (200, b"ok")
    eventually(lambda: len(lines(out)) == 5, "five events")
    assert [event.get("a") for event in lines(out)] == [1, 2, 3, 4, None]
    assert lines(out)[4]["message"] == "some text"
    assert lines(out)[0]["http"]["method"] == "POST"
    assert lines(out)[0]["url"]["path"] == "/path"
    assert lines(out)[0]["host"] == {"ip": "127.0.0.1"}


def test_http_keeps_connections_alive(serve, port, eventually):
    out = serve(HTTP)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.connect()
    first = connection.sock
    for number in range(20):
        connection.request("POST", "/", json.dumps({"a": number}), {"Content-Type": JSON})
        assert connection.getresponse().read() == b"ok"
    assert connection.sock is first
    eventually(lambda: len(lines(out)) == 20, "twenty events")


def test_http_keeps_fields_of_the_events_own(serve, port, eventually):
    out = serve(HTTP)
    post(port, b'{"url":"mine","host":{"name":"h"},"http":{"method":"PUT"}}', content_type=JSON)
    event = eventually(lambda: lines(out), "the event")[0]
    assert event["url"] == "mine"
    assert event["host"] == {"name": "h", "ip": "127.0.0.1"}
    assert event["http"]["method"] == "PUT"


def test_http_tags_json_that_it_cannot_read_and_refuses_bad_gzip(serve, port, eventually):
    out = serve(HTTP)
    assert post(port, b"{", content_type=JSON) == (200, b"ok")
    assert eventually(lambda: lines(out), "the event")[0]["tags"] == ["_jsonparsefailure"]
    assert post(port, b"no gzip", content_encoding="gzip")[0] == 400


def test_http_asks_for_a_password(serve, port):
    serve('http { host => HOST port => PORT user => "u" password => "p" }')
    assert post(port, b"x")[0] == 401
    assert post(port, b"x", authorization="Basic dTpw") == (200, b"ok")


@pytest.mark.parametrize(
    "case",
    [
        ("json_lines", b'{"message":1}\n{"message":2}\n', [1, 2]),
        ("json", b'{"message":1}\n[{"message":2},{"message":3}]\n', [1, 2, 3]),
        ("line", b"one\r\ntwo\n", ["one", "two"]),
        ("plain", b"one\ntwo without an end", ["one", "two without an end"]),
    ],
)
def test_tcp_codecs(serve, port, eventually, case):
    codec, sent, expected = case
    out = serve(f"tcp {{ host => HOST port => PORT codec => {codec} }}")
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(sent)
    eventually(lambda: len(lines(out)) == len(expected), "the events")
    assert [event["message"] for event in lines(out)] == expected


def test_file_reads_from_the_beginning_and_remembers_where_it_was(serve, node, eventually):
    source, sincedb = node.root / "in.log", node.root / "sincedb"
    source.write_text("one\ntwo\nunfinished")
    out = serve(
        f'file {{ path => ["{source}"] start_position => "beginning" sincedb_path => "{sincedb}" '
        "stat_interval => 0.1 }"
    )
    eventually(lambda: len(lines(out)) == 2, "two lines")
    with source.open("a") as stream:
        stream.write(" business\n")
    eventually(lambda: len(lines(out)) == 3, "the third line")
    assert [event["message"] for event in lines(out)] == ["one", "two", "unfinished business"]
    inode, _major, _minor, position, _time, path = sincedb.read_text().split()
    assert (int(inode), int(position), path) == (source.stat().st_ino, source.stat().st_size, str(source))


def test_file_starts_at_the_end_where_it_is_not_told_otherwise(serve, node, eventually):
    source = node.root / "in.log"
    source.write_text("old\n")
    out = serve(f'file {{ path => "{source}" sincedb_path => "/dev/null" stat_interval => 0.1 codec => json }}')
    eventually(lambda: True, "nothing")
    with source.open("a") as stream:
        stream.write("")
    threading.Event().wait(0.3)
    with source.open("a") as stream:
        stream.write('{"a":1}\n')
    assert eventually(lambda: lines(out), "the new line")[0]["a"] == 1
    assert len(lines(out)) == 1


def test_conditionals_route_events_and_drop_ends_them(serve, port, node, eventually):
    serve(
        "tcp { host => HOST port => PORT codec => json_lines }",
        'if [kind] == "noise" { drop {} } else { mutate { add_field => { "seen" => "%{kind}" } } }',
        f'if [kind] in ["a", "b"] {{ file {{ path => "{node.root}/%{{kind}}.json" }} }} '
        f'else {{ file {{ path => "{node.root}/rest-%{{+YYYY}}.json" }} }}',
    )
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(b"".join(b'{"kind":"%s"}\n' % kind for kind in (b"a", b"noise", b"b", b"c")))
    rest = eventually(lambda: list(node.root.glob("rest-2*.json")), "the last event")
    assert lines(rest[0])[0]["seen"] == "c"
    assert [event["seen"] for event in lines(node.root / "a.json")] == ["a"]
    assert [event["seen"] for event in lines(node.root / "b.json")] == ["b"]
    assert not list(node.root.glob("noise*"))


def test_a_plugin_that_is_not_written_here_passes_events_through(serve, port, eventually):
    out = serve(HTTP, 'grok { match => { "message" => "%{WORD:w}" } } geoip { source => "ip" }')
    post(port, b"text")
    event = eventually(lambda: lines(out), "the event")[0]
    assert event["message"] == "text"
    assert "w" not in event


@pytest.fixture
def elastic():
    """Starts a server that answers requests to `_bulk` with these statuses of their documents, one list a request."""
    with contextlib.ExitStack() as stack:

        def start(*answers: list[int]):
            bodies, left = [], list(answers)

            class Bulk(http.server.BaseHTTPRequestHandler):
                def do_POST(self) -> None:
                    bodies.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
                    statuses = left.pop(0)
                    items = [{"index": {"status": status}} for status in statuses]
                    body = json.dumps({"errors": max(statuses) > 299, "items": items}).encode()
                    self.send_response_only(200 if min(statuses) != 503 else 503)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Bulk)
            stack.callback(server.server_close)
            stack.callback(server.shutdown)
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
            return f'elasticsearch {{ hosts => ["127.0.0.1:{server.server_address[1]}"] index => "i" }}', bodies

        yield start


def output_stats(node):
    return node.get("/_node/stats/pipelines")[1]["pipelines"]["main"]["plugins"]["outputs"][0]


def test_elasticsearch_output_sends_again_what_is_refused_for_now_and_counts_what_is_refused_for_good(
    serve, port, node, eventually, elastic
):
    """The counters are as recorded with 8.5.3: `out` has all of them."""
    output, bodies = elastic([503] * 3, [201, 429, 400], [201])
    serve(HTTP, outputs=output)
    post(port, b'[{"a":1},{"a":2},{"a":3}]', content_type=JSON)
    eventually(lambda: node.get("/_node/stats/events")[1]["events"]["out"] == 3, "the events to be counted")
    documents = [[json.loads(line).get("a") for line in body.splitlines()[1::2]] for body in bodies]
    assert documents == [[1, 2, 3], [1, 2, 3], [2]]
    assert json.loads(bodies[0].splitlines()[0]) == {"index": {"_index": "i"}}
    found = output_stats(node)
    assert found["documents"] == {"successes": 2, "retryable_failures": 1, "non_retryable_failures": 1}
    assert found["bulk_requests"] == {"failures": 1, "with_errors": 1, "successes": 1, "responses": {"200": 2}}
    assert found["events"]["out"] == 3


def test_tcp_output_waits_for_ever_for_a_receiver_that_reads_nothing_and_no_event_is_counted_twice(
    serve, port, node, eventually
):
    with socket.create_server(("127.0.0.1", 0)) as receiver:
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        target = receiver.getsockname()[1]
        serve(HTTP, outputs=f'tcp {{ host => "127.0.0.1" port => {target} codec => json_lines }}')
        # More than all buffers between the two take.
        for number in range(12):
            post(port, json.dumps({"n": number, "m": "x" * 2**20}).encode(), content_type=JSON)
        connection, _ = receiver.accept()
        with connection:
            eventually(lambda: output_stats(node)["events"]["in"] > output_stats(node)["events"]["out"], "a stall")
            time.sleep(12)  # longer than it waits for a connection
            receiver.settimeout(0)
            with pytest.raises(BlockingIOError):
                receiver.accept()
            seen = b""
            connection.settimeout(30)
            while seen.count(b"\n") < 12:
                seen += connection.recv(2**20)
        events = [json.loads(line)["n"] for line in seen.decode().splitlines()]
        assert events == list(range(12))


@pytest.mark.parametrize(("format_", "expected"), [("json", dict), ("json_batch", list)])
def test_http_output_posts_json(serve, port, eventually, format_, expected):
    bodies = []

    class Sink(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            # The first answer asks for patience: the event must come again.
            self.send_response_only(503 if len(bodies) == 1 else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

    with http.server.HTTPServer(("127.0.0.1", 0), Sink) as sink:
        threading.Thread(target=sink.serve_forever, args=(0.02,), daemon=True).start()
        url = f"http://127.0.0.1:{sink.server_address[1]}/x"
        serve(HTTP, outputs=f'http {{ url => "{url}" http_method => "post" format => "{format_}" }}')
        post(port, b'{"a":1}', content_type=JSON)
        eventually(lambda: len(bodies) == 2, "the event to be sent again")
        sink.shutdown()
    assert isinstance(bodies[1], expected)
    assert bodies[0] == bodies[1]


def test_tcp_output_sends_lines_and_connects_again(serve, port, eventually):
    with socket.create_server(("127.0.0.1", 0)) as sink:
        sink.settimeout(15)
        target = sink.getsockname()[1]
        serve(HTTP, outputs=f'tcp {{ host => "127.0.0.1" port => {target} codec => json_lines }}')
        for number in (1, 2):
            post(port, json.dumps({"a": number}).encode(), content_type=JSON)
            connection, _peer = sink.accept()
            with connection, connection.makefile() as stream:
                assert json.loads(stream.readline())["a"] == number


def test_tcp_output_keeps_its_connection_and_does_not_wait_between_events(node, eventually):
    with socket.create_server(("127.0.0.1", 0)) as sink:
        sink.settimeout(5)
        target = sink.getsockname()[1]
        node.pipeline(
            "main",
            "input { generator { count => 20 } } "
            f'output {{ tcp {{ host => "127.0.0.1" port => {target} codec => json_lines }} }}',
        )
        node.start()
        connection, _peer = sink.accept()
        connection.settimeout(5)
        with connection, connection.makefile() as stream:
            assert [json.loads(stream.readline())["event"]["sequence"] for _ in range(20)] == list(range(20))


def test_stdout_writes_events_for_reading(serve, port, node, eventually):
    serve(HTTP, outputs="stdout {}")
    post(port, b"to be read")
    eventually(lambda: '"message" => "to be read"' in node.output(), "the event on the console")
