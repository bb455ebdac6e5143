"""Starting, stopping, locks, restarts, and pipelines that can't run."""

import http.client
import http.server
import json
import re
import signal
import socket
import subprocess
import threading
import urllib.request

import pytest
from ansible_collections.elk.deploy.plugins.module_utils.logstash_host import logstash_log
from logstash_instance import queues

IDLE = "input { heartbeat {} } output { stdout {} }"


def tcp(port: int, output: str, codec: str = "json_lines") -> str:
    return f'input {{ tcp {{ host => "127.0.0.1" port => {port} codec => {codec} }} }} output {{ {output} }}'


def send(port: int, *events: dict) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall("".join(json.dumps(event) + "\n" for event in events).encode())


def lines(path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_log_lines_have_the_genuine_format_on_the_console_and_in_the_file(node):
    node.pipeline("main", IDLE)
    node.start()
    pattern = (
        r"^\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d,\d{3}\]\[INFO \]\[logstash\.agent           \] Pipelines running "
        r"\{:count=>1, :running_pipelines=>\[:main\], :non_running_pipelines=>\[\]\}$"
    )
    assert re.search(pattern, node.output(), re.MULTILINE)
    assert re.search(pattern, node.log(), re.MULTILINE)
    assert '[INFO ][logstash.javapipeline    ][main] Pipeline started {"pipeline.id"=>"main"}' in node.log()


def test_sigterm_exits_0(node):
    node.pipeline("main", IDLE)
    process = node.start()
    assert node.stop(process) == 0
    assert "[WARN ][logstash.runner          ] SIGTERM received. Shutting down." in node.output()
    assert 'Pipeline terminated {"pipeline.id"=>"main"}' in node.output()
    assert "Logstash shut down." in node.output()


def test_sigterm_never_ends_it_while_elasticsearch_is_unreachable(node, port, eventually):
    node.pipeline("main", f'input {{ heartbeat {{}} }} output {{ elasticsearch {{ hosts => ["127.0.0.1:{port}"] }} }}')
    process = node.start()
    process.send_signal(signal.SIGTERM)
    eventually(lambda: "The shutdown process appears to be stalled" in node.output(), "the stall message")
    assert process.poll() is None
    with socket.create_server(("127.0.0.1", port)):
        assert process.wait(10) == 0


def test_a_second_instance_on_the_same_path_data_exits_1(node):
    node.pipeline("main", IDLE)
    node.start()
    done = node.run()
    assert done.returncode == 1
    assert (
        "Logstash could not be started because there is already another instance using the configured data directory"
        in done.stdout
    )


def test_it_starts_again_after_kill_9(node):
    node.settings |= {"queue.type": "persisted", "dead_letter_queue.enable": True}
    node.pipeline("main", IDLE)
    first = node.start()
    first.kill()
    first.wait()
    assert node.stop(node.start()) == 0


def test_events_in_a_persisted_queue_survive_kill_9(node, port, eventually):
    out = node.root / "out.json"
    down = f'elasticsearch {{ hosts => ["127.0.0.1:{port}"] }}'
    source = port_of(node)
    node.settings["queue.type"] = "persisted"
    node.pipeline("main", tcp(source, down))
    first = node.start()
    eventually(lambda: connects(source), "the tcp input")
    send(source, {"n": 1}, {"n": 2}, {"n": 3})
    eventually(lambda: node.get("/_node/stats/pipelines/main")[1]["pipelines"]["main"]["events"]["in"] == 3, "events")
    first.kill()
    first.wait()
    (node.root / "main.conf").write_text(tcp(source, f'file {{ path => "{out}" }}'))
    second = node.start()
    eventually(lambda: len(lines(out)) == 3, "the events of the first run")
    assert [event["n"] for event in lines(out)] == [1, 2, 3]
    assert node.stop(second) == 0
    node.stop(node.start())
    assert len(lines(out)) == 3


def port_of(node) -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_one_broken_pipeline_of_several_leaves_the_rest_running(node):
    node.pipeline("good", IDLE)
    node.pipeline("bad", "input { nosuchplugin {} } output { stdout {} }")
    process = node.start(until="Failed to execute action")
    assert "Pipelines running" not in node.output()
    assert list(node.get("/_node/pipelines")[1]["pipelines"]) == ["good"]
    assert node.get("/_node/stats/reloads")[1]["reloads"]["failures"] == 1
    assert node.stop(process) == 0


def test_all_pipelines_broken_exits_1(node):
    node.pipeline("bad", "input { nosuchplugin {} } output { stdout {} }")
    done = node.run()
    assert done.returncode == 1
    assert "Failed to execute action" in done.stdout


def test_it_exits_0_when_every_input_is_done(node):
    out = node.root / "out.json"
    node.pipeline("main", f'input {{ generator {{ count => 3 }} }} output {{ file {{ path => "{out}" }} }}')
    assert node.run().returncode == 0
    assert [event["message"] for event in lines(out)] == ["Hello world!"] * 3


def test_an_input_whose_port_is_taken_is_started_again_in_vain_and_its_pipeline_shown(node, port, eventually):
    """Seen with 8.5.3: from the second attempt on, the reason is another; a port that is free again does not help."""
    with socket.create_server(("127.0.0.1", port)):
        node.pipeline("main", tcp(port, "stdout {}"))
        process = node.start()
        eventually(
            lambda: "A plugin had an unrecoverable error. Will restart this plugin." in node.output(), "the error"
        )
        assert "Error: Address already in use" in node.output()
        assert "main" in node.get("/_node/pipelines")[1]["pipelines"]
        found = logstash_log.restarting(logstash_log.entries(node.log().splitlines()))[0]
        assert (found.pipeline, found.plugin, found.port) == ("main", "input tcp", port)
        assert found.reason == "Address already in use (Java::JavaNet::BindException)"
    again = "Exception: Java::JavaUtilConcurrent::RejectedExecutionException"
    eventually(lambda: node.output().count(again) > 1, "two attempts after the port is free")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port)).close()
    (found,) = logstash_log.restarting(logstash_log.entries(node.log().splitlines()))
    assert found.reason == "Address already in use (Java::JavaNet::BindException)"
    assert node.stop(process) == 0


def test_the_api_takes_the_next_free_port_of_a_range(node, port):
    with socket.create_server(("127.0.0.1", port)):
        node.settings["api.http.port"] = f"{port}-{port + 20}"
        node.pipeline("main", IDLE)
        node.start()
    found = re.search(r"Successfully started Logstash API endpoint \{:port=>(\d+)", node.output())
    assert port < int(found[1]) <= port + 20


def test_a_fixed_api_port_that_is_taken_ends_it(node):
    with socket.create_server(("127.0.0.1", node.api_port)):
        node.pipeline("main", IDLE)
        done = node.run()
    assert done.returncode == 1
    assert f"Logstash tried to bind to port {node.api_port}, but the port is already in use." in done.stdout


def test_a_changed_source_is_loaded_again_where_reloading_is_on(node, eventually):
    out = node.root / "out.json"
    node.settings |= {"config.reload.automatic": True, "config.reload.interval": "1s"}
    node.pipeline("main", IDLE)
    process = node.start()
    node_source = node.root / "main.conf"
    node_source.write_text(f'input {{ generator {{ count => 1 }} }} output {{ file {{ path => "{out}" }} }}')
    eventually(lambda: lines(out), "the new source to run")
    assert node.stop(process) == 0


def test_a_pipeline_that_takes_long_to_start_shows_once_it_has_started(node, eventually):
    slow = 'ruby { init => "sleep 2" code => "" }'
    node.pipeline("slow", f"input {{ heartbeat {{}} }} filter {{ {slow} }} output {{ stdout {{}} }}")
    node.start(until="Successfully started Logstash API endpoint")
    assert node.get("/_node/stats/pipelines")[1]["pipelines"] == {}
    eventually(lambda: list(node.get("/_node/stats/pipelines")[1]["pipelines"]) == ["slow"], "the pipeline")


def test_pipelines_hand_events_to_each_other(node, port, eventually):
    out = node.root / "out.json"
    node.pipeline("first", tcp(port, 'pipeline { send_to => ["second"] }'))
    node.pipeline("second", f'input {{ pipeline {{ address => "second" }} }} output {{ file {{ path => "{out}" }} }}')
    node.start()
    eventually(lambda: connects(port), "the tcp input")
    send(port, {"a": 1})
    assert eventually(lambda: lines(out), "the event")[0]["a"] == 1


def connects(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize("version", ["5.6.16", "6.8.23", "7.17.29", "9.5.2"])
def test_other_versions_run(make_node, version, port, eventually, tmp_path):
    node = make_node(version)
    out = node.root / "out.json"
    api = node.settings.pop("api.http.port")
    node.settings["api.http.port" if version >= "7.17" else "http.port"] = api
    if version == "9.5.2":
        node.settings["allow_superuser"] = True
    if version == "5.6.16":
        # The one pipeline may have a name.
        node.settings.update({"path.config": str(node.root / "main.conf"), "pipeline.id": "broker"})
    source = f'input {{ http {{ host => "127.0.0.1" port => {port} }} }} output {{ file {{ path => "{out}" }} }}'
    node.pipeline("main", source)
    node.start()
    eventually(lambda: connects(port), "the http input")
    urllib.request.urlopen(f"http://127.0.0.1:{port}", data=b"text", timeout=60).close()
    event = eventually(lambda: lines(out), "the event")[0]
    assert event["message"] == "text"
    # Before 8.0 plugins did not write the fields of the Elastic Common Schema.
    assert ("event" in event) is (version >= "8")
    assert isinstance(event["host"], dict) is (version >= "8")
    status, body = node.get("/_node/stats")
    assert status == 200
    assert body["version"] == version
    assert ("pipeline" in body and "events" in body["pipeline"]) is (version < "6")
    assert ("pipelines" in body) is (version >= "6")
    assert node.get("/_health_report")[0] == (200 if version >= "8" else 404)


GROK = "input {{ heartbeat {{}} }} filter {{ grok {{ match => {{ 'message' => '{}' }} }} }} output {{ stdout {{}} }}"


def test_the_api_answers_before_the_pipelines_run(node, eventually):
    node.environment["FAKE_START_SECONDS"] = "60"
    node.pipeline("main", IDLE)
    process = node.start(until="Successfully started Logstash API endpoint")
    assert node.get("/_node")[0] == 200
    assert node.get("/_node/stats/pipelines")[1]["pipelines"] == {}
    assert "Pipeline started" not in node.output()
    assert node.stop(process) == 0


def test_every_start_logs_the_options_of_java(node):
    node.environment["LS_JAVA_OPTS"] = "-Xms2g -Xmx2g"
    node.pipeline("main", IDLE)
    process = node.start()
    assert re.search(
        r"JVM bootstrap flags: \[-Xms1g, .*-XX:\+HeapDumpOnOutOfMemoryError, .*-Xms2g, -Xmx2g, ", node.log()
    )
    assert node.stop(process) == 0


def test_a_pipeline_that_fails_at_register_ends_the_process_when_it_is_the_only_one(node):
    """The words and their order are those of 8.5.3; the configuration test lets it pass."""
    node.pipeline("main", GROK.format("%{NOSUCHPATTERN:x} %{WORD:y}"))
    assert node.test().returncode == 0
    done = node.run()
    assert done.returncode == 1
    said = [line.partition("] ")[2] for line in node.log().splitlines() if "[ERROR]" in line or "terminated" in line]
    reason = "#<Grok::PatternError: pattern %{NOSUCHPATTERN:x} not defined>"
    assert said[0].startswith(f'Pipeline error {{:pipeline_id=>"main", :exception=>{reason}, :backtrace=>["')
    assert "lib/logstash/filters/grok.rb" in said[0]
    assert said[1:] == [
        'Pipeline terminated {"pipeline.id"=>"main"}',
        'Failed to execute action {:id=>:main, :action_type=>LogStash::ConvergeResult::FailedAction, :message=>"Could '
        'not execute action: PipelineAction::Create<main>, action_result: false", :backtrace=>nil}',
    ]


def test_a_pipeline_that_fails_at_register_leaves_the_others_running(node):
    node.pipeline("good", IDLE)
    node.pipeline("bad", GROK.format("%{NOSUCHPATTERN}"))
    node.pipeline("fine", GROK.format("%{IP:a} %{GREEDYDATA:b}"))
    process = node.start(until='Pipeline started {"pipeline.id"=>"fine"}')
    assert "Pipelines running" not in node.output()
    failed = logstash_log.failures([logstash_log.entries(node.log().splitlines())])
    assert {name: str(failure) for name, failure in failed.items()} == {
        "bad": "filter grok: Grok::PatternError: pattern %{NOSUCHPATTERN} not defined"
    }
    assert set(node.get("/_node/pipelines")[1]["pipelines"]) <= {"good", "fine"}
    # The node API tells, too, as seen with 8.5.3.
    stats = node.get("/_node/stats/pipelines")[1]["pipelines"]
    assert {name: found["reloads"]["failures"] for name, found in stats.items()} == {"bad": 1, "good": 0, "fine": 0}
    message = "Could not execute action: PipelineAction::Create<bad>, action_result: false"
    assert stats["bad"]["reloads"]["last_error"] == {"message": message, "backtrace": None}
    assert node.stop(process) == 0


def filled(node, eventually, output, **settings):
    """A started node whose pipeline `main` has taken 20 events that it cannot deliver; (process, port of its input)."""
    source = port_of(node)
    node.settings["queue.type"] = "persisted"
    node.pipeline("main", tcp(source, output), pipeline__batch__size=5, **settings)
    process = node.start()
    eventually(lambda: connects(source), "the tcp input")
    send(source, *({"n": n} for n in range(20)))
    eventually(lambda: node.get("/_node/stats/pipelines/main")[1]["pipelines"]["main"]["events"]["in"] == 20, "events")
    return process, source


def waiting(node):
    return queues.persisted(node.data / "queue/main").events


UNREACHABLE = {
    "elasticsearch": 'elasticsearch {{ hosts => ["127.0.0.1:{port}"] }}',
    "redis": 'redis {{ host => "127.0.0.1" port => {port} data_type => list key => "k" }}',
    "tcp": 'tcp {{ host => "127.0.0.1" port => {port} reconnect_interval => 1 codec => json_lines }}',
}


@pytest.mark.parametrize("drain", [True, False])
@pytest.mark.parametrize("output", UNREACHABLE)
def test_a_stop_with_an_unreachable_receiver_waits_and_leaves_the_queue_whole(node, port, eventually, output, drain):
    """Whoever stops it ends it, as systemd does after TimeoutStopSec."""
    process, source = filled(node, eventually, UNREACHABLE[output].format(port=port), queue__drain=drain)
    process.send_signal(signal.SIGTERM)
    eventually(lambda: not connects(source), "the end of the input")
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(3)
    process.kill()
    process.wait()
    assert waiting(node) == 20
    out = node.root / "out.json"
    (node.root / "main.conf").write_text(tcp(source, f'file {{ path => "{out}" }}'))
    node.start()
    eventually(lambda: out.exists() and len(lines(out)) == 20, "the events of the first run")


def test_an_elasticsearch_output_gives_its_batch_back_to_the_queue_from_8_8_on(make_node, port, eventually):
    node = make_node("8.19.0")
    process, _source = filled(node, eventually, UNREACHABLE["elasticsearch"].format(port=port), queue__drain=True)
    assert node.stop(process) == 0
    assert "Received signal to abort processing current batch" in node.output()
    assert waiting(node) == 20


def test_the_stall_message_of_a_stop_that_drains_says_so(node, port, eventually):
    process, _source = filled(node, eventually, UNREACHABLE["elasticsearch"].format(port=port), queue__drain=True)
    process.send_signal(signal.SIGTERM)
    eventually(lambda: "appears to be stalled" in node.output(), "the stall message")
    eventually(lambda: "The queue for pipeline main is draining before shutdown." in node.output(), "the reason")


def test_an_http_output_that_cannot_send_gives_its_batch_back_to_the_queue(node, port, eventually):
    output = f'http {{ url => "http://127.0.0.1:{port}" http_method => post }}'
    process, _source = filled(node, eventually, output, queue__drain=True)
    assert node.stop(process) == 0
    assert waiting(node) == 20


@pytest.mark.parametrize(("drain", "sent"), [(True, [20]), (False, [1, 2, 3, 4, 5])])
def test_a_stop_drains_the_queue_only_if_it_is_told_to(node, port, eventually, drain, sent):
    """Without, the batch that is under way is the last: five events, or those that were there when it began."""
    answered = threading.Event()
    received = []

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["n"])
            answered.wait(60)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_words):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", port), Receiver) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        output = f'http {{ url => "http://127.0.0.1:{port}" http_method => post }}'
        process, source = filled(node, eventually, output, queue__drain=drain)
        process.send_signal(signal.SIGTERM)
        eventually(lambda: not connects(source), "the end of the input")
        answered.set()
        assert process.wait(60) == 0
        server.shutdown()
    assert len(received) in sent
    assert received == list(range(len(received)))
    assert waiting(node) == 20 - len(received)


HTTP_IN = 'input {{ http {{ host => "127.0.0.1" port => {port} }} }} output {{ {output} }}'


def test_a_page_of_another_version_ends_the_start_in_the_recorded_words(node, port):
    node.settings["queue.type"] = "persisted"
    node.pipeline("main", HTTP_IN.format(port=port, output="stdout {}"))
    assert node.stop(node.start()) == 0
    with (node.data / "queue/main/page.0").open("r+b") as page:
        page.write(b"\xff")
    process = node.start(until="Logstash shut down.")
    assert process.wait(60) == 1
    kind = "org.logstash.ackedqueue.io.MmapPageIOV2$PageIOInvalidVersionException"
    reason = f"{kind}: Expected page version=2 but found version=-1"
    assert f"[main] Logstash failed to create queue.\n{reason}\n" in node.log()
    assert f':exception=>"Java::JavaLang::IllegalStateException", :message=>"{reason}"' in node.log()


@pytest.fixture
def small_disk(node):
    """The directory of the queues, with room for some hundred kilobytes."""
    path = node.data / "queue"
    path.mkdir(parents=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", path], check=False, capture_output=True)
    if mounted.returncode:
        pytest.skip("mounting needs root")
    yield path
    # Killed first, or it is in use.
    node.end()
    subprocess.run(["umount", path], check=True)


def test_a_full_disk_ends_the_process_at_once_and_every_start_until_there_is_room(node, port, small_disk):
    """As 8.5.3 did on a full tmpfs: it maps the page, so that no room for it is a fault of memory."""
    node.settings["queue.type"] = "persisted"
    node.pipeline("main", HTTP_IN.format(port=port, output='elasticsearch { hosts => ["127.0.0.1:1"] }'))
    process = node.start(until="Starting http input listener")
    taken = 0
    with pytest.raises((OSError, http.client.HTTPException)):  # noqa: PT012 - how many it takes is not known
        while True:
            body = json.dumps({"n": taken, "m": "x" * 10000}).encode()
            urllib.request.urlopen(f"http://127.0.0.1:{port}", body, timeout=60)
            taken += 1
    assert process.wait(60) == 128
    fault = "java.lang.InternalError: a fault occurred in a recent unsafe memory access operation in compiled Java code"
    assert "[FATAL][org.logstash.Logstash    ] uncaught error (in thread" in node.log()
    assert fault in node.log()
    process = node.start(until="Logstash shut down.")
    assert process.wait(60) == 1
    assert 'pipeline_id:main, :exception=>"Java::JavaLang::InternalError", :message=>"a fault occurred' in node.log()
    subprocess.run(["mount", "-o", "remount,size=4m", small_disk], check=True)
    node.start(until="Pipelines running")
    assert node.get("/_node/stats/pipelines/main")[1]["pipelines"]["main"]["queue"]["events_count"] == taken
