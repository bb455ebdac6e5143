"""Input and output redis, against a server that knows the few commands they use."""

import json
import queue
import socketserver
import threading

import pytest


class _Lists(socketserver.ThreadingTCPServer):
    """Holds one list for each key; connections have to give the password, where there is one."""

    allow_reuse_address = daemon_threads = True

    def __init__(self, port: int, password: str = "") -> None:
        super().__init__(("127.0.0.1", port), _Connection)
        self.password = password
        self.keys: dict[str, queue.Queue] = {}
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def list(self, key: str) -> queue.Queue:
        return self.keys.setdefault(key, queue.Queue())


class _Connection(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        allowed = not self.server.password
        while line := self.rfile.readline():
            words = [self._word() for _ in range(int(line[1:]))]
            if words[0] == "AUTH":
                allowed = words[1] == self.server.password
            self.wfile.write(self._answer(words) if allowed else b"-NOAUTH Authentication required.\r\n")

    def _word(self) -> str:
        return self.rfile.read(int(self.rfile.readline()[1:]) + 2)[:-2].decode()

    def _answer(self, words: list[str]) -> bytes:
        if words[0] == "RPUSH":
            self.server.list(words[1]).put(words[2])
            return b":1\r\n"
        if words[0] == "BLPOP":
            try:
                found = self.server.list(words[1]).get(timeout=float(words[2]))
            except queue.Empty:
                return b"*-1\r\n"
            parts = [part.encode() for part in (words[1], found)]
            return b"*2\r\n" + b"".join(b"$%d\r\n%b\r\n" % (len(part), part) for part in parts)
        return b"+OK\r\n"


@pytest.fixture
def serve(port):
    """Starts the server on `port`; it ends with the test."""
    started = []

    def start(password: str = "") -> _Lists:
        started.append(_Lists(port, password))
        return started[-1]

    yield start
    for server in started:
        server.shutdown()
        server.server_close()


def test_events_go_through_the_list_with_a_password(node, serve, port, eventually):
    server = serve("secret")
    source, out = node.root / "in.log", node.root / "out.json"
    source.write_text('{"text":"ü","number":1}\n{"text":"b","number":2}\n')
    options = f'port => {port} data_type => "list" key => "events" password => "secret"'
    files = f'path => "{source}" start_position => "beginning" sincedb_path => "/dev/null" stat_interval => 0.1'
    node.pipeline("to", f"input {{ file {{ {files} codec => json }} }} output {{ redis {{ {options} }} }}")
    node.pipeline(
        "from", f'input {{ redis {{ {options} }} }} output {{ file {{ path => "{out}" codec => json_lines }} }}'
    )
    process = node.start()
    eventually(lambda: out.exists() and len(out.read_text().splitlines()) == 2, "both events")
    events = [json.loads(line) for line in out.read_text().splitlines()]
    assert [(event["text"], event["number"]) for event in events] == [("ü", 1), ("b", 2)]
    assert server.list("events").empty()
    assert node.stop(process) == 0


def test_a_server_that_comes_up_later_gets_every_event(node, serve, port, eventually):
    options = f'host => ["127.0.0.1"] port => {port} data_type => "list" key => "k" reconnect_interval => 0.1'
    node.pipeline("to", f"input {{ generator {{ count => 2 }} }} output {{ redis {{ {options} }} }}")
    node.start(until="Failed to send event to Redis")
    server = serve()
    eventually(lambda: server.list("k").qsize() == 2, "both events")


def test_a_wrong_password_is_said(node, serve, port, eventually):
    serve("secret")
    node.pipeline(
        "from", f'input {{ redis {{ port => {port} data_type => "list" key => "k" }} }} output {{ stdout {{}} }}'
    )
    node.start()
    eventually(lambda: "NOAUTH Authentication required" in node.output(), "the reason")


def test_required_settings_are_missed(node):
    node.pipeline("from", 'input { redis { data_type => "list" } } output { stdout {} }')
    ended = node.test()
    assert ended.returncode == 1
    assert "Missing a required setting for the redis input plugin" in ended.stdout
