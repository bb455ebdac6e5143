"""The first places that outputs send to are found in the pipelines as they are, and asked without sending an event."""

import contextlib
import socket
import threading
from pathlib import Path

import pytest
from ansible_collections.elk.deploy.plugins.module_utils.logstash_host import first_hops
from ansible_collections.elk.deploy.plugins.module_utils.logstash_host.first_hops import Hop

ROOT = Path(__file__).resolve().parents[3]


def places(text):
    return [(hop.output, hop.kind, hop.host, hop.port, hop.is_encrypted) for hop in first_hops.find(text)]


def test_outputs_are_found_with_their_places_also_below_conditions():
    text = """
    input { tcp { port => 5000 } }
    output {
      if [type] == "a" { redis { id => "r" host => ["redis-1", "redis-2:6380"] key => "logs" } }
      else if [b] { http { url => "https://broker.example.com/x" cacert => "/ca.crt" } }
      # tcp { host => "no" port => 1 }
      tcp { host => "broker" port => 5000 ssl_enable => true codec => json_lines { } }
      elasticsearch { hosts => ["https://es-1:9243", "es-2"] user => "u" password => "p" }
      file { path => "/var/log/x/%{+YYYY}.log" }
    }
    """
    assert places(text) == [
        ("r", "redis", "redis-1", 6379, False),
        ("r", "redis", "redis-2", 6380, False),
        ("http", "http", "broker.example.com", 443, True),
        ("tcp", "tcp", "broker", 5000, True),
        ("elasticsearch", "elasticsearch", "es-1", 9243, True),
        ("elasticsearch", "elasticsearch", "es-2", 9200, False),
        ("file", "file", "", 0, False),
    ]
    assert first_hops.find(text)[2].authority == "/ca.crt"
    assert (first_hops.find(text)[4].user, first_hops.find(text)[4].password) == ("u", "p")


def test_what_depends_on_the_environment_or_on_events_has_no_place():
    text = 'output { tcp { host => "${HOST}" port => 1 } http { url => "http://%{host}/" } redis { host => "${R}" } }'
    found = first_hops.find(text)
    assert [hop.host for hop in found] == ["", "", ""]
    assert {first_hops.probe(hop, 1, lambda _: "").result for hop in found} == {"skipped"}


def test_files_of_the_release_are_found_by_the_variable_for_their_directory():
    text = 'output { tcp { host => "b" port => 1 ssl_certificate_authorities => ["${LOGSTASH_TLS_PATH}/ca.crt"] } }'
    (hop,) = first_hops.find(text, {"LOGSTASH_TLS_PATH": "/etc/logstash/tls"})
    assert hop.authority == "/etc/logstash/tls/ca.crt"


def test_the_projects_own_outputs_are_read():
    templates = sorted((ROOT / "templates/logstash").glob("*/output*.conf"))
    assert len(templates) == 4
    for template in templates:
        assert first_hops.find(template.read_text()), template


@contextlib.contextmanager
def receiver(*answers):
    """A receiver on loopback that gives an answer to each thing it is told, and what it was told."""
    told = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            with contextlib.suppress(OSError):
                connection, _address = server.accept()
                with connection:
                    for answer in answers:
                        told.append(connection.recv(4096))
                        connection.sendall(answer)
                    if not answers:
                        told.append(connection.recv(4096))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1], told
        # Only once the other side has closed.
        thread.join(10)


def probe(kind, port, **more):
    return first_hops.probe(Hop("o", kind, "127.0.0.1", port, **more), 5, lambda _: "")


@pytest.mark.parametrize("kind", ["tcp", "http"])
def test_a_receiver_of_events_is_told_nothing(kind):
    with receiver() as (port, told):
        assert probe(kind, port).result == "passed"
    assert told == [b""]


def test_redis_is_asked_ping():
    with receiver(b"+PONG\r\n") as (port, told):
        assert probe("redis", port).result == "passed"
    assert told == [b"*1\r\n$4\r\nPING\r\n"]


@pytest.mark.parametrize(
    ("answers", "password", "result"),
    [
        ([b"-NOAUTH Authentication required.\r\n"], "", "passed"),
        ([b"-LOADING Redis is loading\r\n"], "", "failed"),
        ([b"HTTP/1.1 400\r\n"], "", "failed"),
        ([b"+OK\r\n", b"+PONG\r\n"], "secret", "passed"),
        ([b"-WRONGPASS invalid\r\n"], "secret", "failed"),
        ([b""], "", "failed"),
    ],
)
def test_only_a_redis_that_answers_passes(answers, password, result):
    with receiver(*answers) as (port, _told):
        assert probe("redis", port, password=password).result == result


def reply(status, body):
    return f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


@pytest.mark.parametrize(
    ("answer", "password", "result"),
    [
        (reply(200, '{"version": {"number": "8.5.3"}}'), "", "passed"),
        (reply(200, "<html>"), "", "failed"),
        (reply(200, "[1]"), "", "failed"),
        (reply(503, ""), "", "failed"),
        (reply(401, ""), "", "passed"),
        (reply(401, ""), "wrong", "failed"),
        (b"nonsense\r\n\r\n", "", "failed"),
    ],
)
def test_only_an_elasticsearch_that_answers_passes(answer, password, result):
    with receiver(answer) as (port, told):
        assert probe("elasticsearch", port, user="elastic", password=password).result == result
    assert told[0].startswith(b"GET / HTTP/1.1\r\n")


def test_a_port_where_nobody_listens_fails_with_its_address():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    found = probe("tcp", port)
    assert found.result == "failed"
    assert f"127.0.0.1:{port}: " in found.detail


def test_plain_text_in_place_of_tls_fails():
    with receiver(b"hello\r\n") as (port, _told):
        found = probe("http", port, is_encrypted=True)
    assert found.result == "failed"
    assert "TLS fails" in found.detail


def test_a_file_is_written_by_the_service():
    asked = []
    hop = Hop("events", "file", path="/var/log/logstash/%{+YYYY}/events.log")
    assert first_hops.probe(hop, 1, lambda path: asked.append(path) or "").result == "passed"
    assert asked == ["/var/log/logstash"]
    assert first_hops.probe(hop, 1, lambda _: "its mode denies it").detail == "/var/log/logstash: its mode denies it"
