"""Healthy means: unit active, the API answers from that very process, every pipeline there, every port open."""

import json
import os
import pwd
import socket
import subprocess
import sys
import threading
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from ansible_collections.elk.deploy.plugins.module_utils.logstash_host import deployment_record, listening, node_api
from ansible_collections.elk.deploy.plugins.modules import logstash_health

PID = str(os.getpid())
ACTIVE = {"ActiveState": "active", "SubState": "running", "MainPID": PID, "NRestarts": "0"}
USER = {"api_user": "somebody", "api_password": "swordfish"}
AT_WORK = {"events": {"in": 0, "out": 0}}


@pytest.fixture
def api():
    """A node API whose answers a test sets: api.answers[path] = object, or a status."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            answer = self.server.answers.get(self.path, 404)
            self.server.asked.append(self.headers.get("Authorization"))
            self.send_response(answer if isinstance(answer, int) else 200)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked = []
    server.answers = {
        "/_node": {"version": "9.5.2", "jvm": {"pid": os.getpid()}},
        "/_node/stats/pipelines": {"pipelines": {"broker": AT_WORK, "second": AT_WORK}},
    }
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def client(api, **options):
    defaults = {
        "api_host": "127.0.0.1",
        "api_port": api.server_port,
        "api_ssl": False,
        "api_user": "",
        "api_password": "",
    }
    return logstash_health.Api({**defaults, **options})


def problem(api, pipelines=("broker",), ports=(), state=ACTIVE, log=(), **of_the_log):
    """What is wrong, whether for good, and the version."""
    wanted = dict.fromkeys(ports, "logstash_input_ports")
    found = logstash_health.ServiceLog(log, **of_the_log)
    return logstash_health.find_problem(client(api), list(pipelines), wanted, state, found)


def report(**states):
    """A health report in which each pipeline has a state."""
    indicators = {
        name: {"symptom": f"{name} is {state}", "status": "x", "details": {"status": {"state": state}}}
        for name, state in states.items()
    }
    return {"indicators": {"pipelines": {"indicators": indicators}}}


def test_healthy(api):
    assert problem(api, ("broker", "second"), (api.server_port,)) == ("", False, "9.5.2")


def test_unit_that_is_not_active(api):
    state = {**ACTIVE, "ActiveState": "activating", "SubState": "auto-restart"}
    assert "activating (auto-restart), not active" in problem(api, state=state)[0]


def test_nobody_answers(api):
    api.shutdown()
    api.server_close()
    text = problem(api)[0]
    assert "does not answer" in text
    assert "logstash_api_port" in text


def test_wrong_port_names_the_ports_of_the_process(api):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        other = client(api, api_port=unused.getsockname()[1])
        text = logstash_health.find_problem(other, ["broker"], {}, ACTIVE, logstash_health.ServiceLog())[0]
    assert str(api.server_port) in text


def test_api_that_refuses_says_with_which_status(api):
    api.answers["/_node"] = 401
    assert "status 401" in problem(api)[0]


def test_another_process_answers(api):
    assert f"answered by process {PID}, which is not the unit's 1." in problem(api, state={**ACTIVE, "MainPID": "1"})[0]


@pytest.mark.parametrize(
    ("host", "asked"),
    [
        ("127.0.0.1", "http://127.0.0.1:9600"),
        ("0.0.0.0", "http://127.0.0.1:9600"),  # noqa: S104 - asked, not bound
        ("::", "http://[::1]:9600"),
        ("fe80::1", "http://[fe80::1]:9600"),
        ("node.example.com", "http://node.example.com:9600"),
    ],
)
def test_address_that_is_asked(api, host, asked):
    assert client(api, api_host=host, api_port=9600).url == asked


def test_user_and_password_are_sent(api):
    word = "p"
    client(api, api_user="u", api_password=word).ask("/_node")
    assert api.asked == ["Basic dTpw"]


@pytest.mark.parametrize("host", ["192.0.2.1", "fe80::1", "no-such-host.invalid", "127.0.0.1.invalid"])
def test_password_is_sent_to_no_host_that_nobody_checks(api, host):
    with pytest.raises(logstash_health.UncheckedHostError, match=r"logstash_api_host to 127\.0\.0\.1.*logstash_api_ca"):
        client(api, api_host=host, **USER)
    assert client(api, api_host=host).url


def test_refusal_ends_the_module_before_anything_is_asked(run_module, tmp_path):
    result = run_module(
        logstash_health, api_host="192.0.2.1", **USER, pipelines=["a"],
        log_file=str(tmp_path / "log"),
    )  # fmt: skip
    assert result["failed"]
    assert "no password was sent" in result["msg"]
    assert USER["api_password"] not in json.dumps(result)


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
def test_password_goes_to_the_address_of_loopback_that_was_looked_at(api, name):
    asked = client(api, api_host=name, **USER)
    assert asked.url == f"http://127.0.0.1:{api.server_port}"
    assert asked.ask("/_node")[0]


def test_certificate_is_checked_where_a_password_leaves_loopback(api, monkeypatch):
    """The server speaks TLS with a certificate that nobody vouches for, under an address that counts as remote."""
    monkeypatch.setattr(node_api, "loopback_address", lambda _host: "")
    given = {**USER, "api_ssl": True}
    checked = client(api, **given, api_ca="/etc/ssl/certs/internal.pem")
    options = []
    monkeypatch.setattr(node_api, "open_url", lambda _url, **found: options.append(found) or 1 / 0)
    with pytest.raises(ZeroDivisionError):
        checked.ask("/_node")
    assert options[0]["validate_certs"]
    assert options[0]["ca_path"] == "/etc/ssl/certs/internal.pem"


def test_password_does_not_follow_a_redirect(api):
    caught = []

    class Redirect(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(302)
            self.send_header("Location", f"http://localhost:{api.server_port}/_node")
            self.end_headers()

        def log_message(self, *_arguments):
            caught.append(self.path)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Redirect)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    answer, reason = client(server, **USER).ask("/_node")
    server.shutdown()
    server.server_close()
    assert answer is None
    assert "302" in reason
    assert caught
    assert api.asked == []


def test_pipeline_that_is_not_there(api):
    text, final, _version = problem(api, ("broker", "third"))
    assert "pipeline third does not run: the node API does not list it as running (running: broker, second)" in text
    assert not final


def test_pipeline_that_is_there_without_events_does_not_run(api):
    broken = {"events": None, "reloads": {"last_error": {"message": "Expected one of #"}, "failures": 1}}
    api.answers["/_node/stats/pipelines"]["pipelines"]["second"] = broken
    text, final, _version = problem(api, ("broker", "second"))
    assert "pipeline second does not run: Expected one of #" in text
    assert final


def test_pipeline_that_could_not_be_made_has_its_reason_from_the_log(api):
    log = [
        "[x][INFO ][logstash.runner          ] Starting Logstash {}",
        "[x][ERROR][logstash.agent           ] Failed to execute action {:action=>LogStash::PipelineAction::"
        'Create/pipeline_id:third, :exception=>"ConfigurationError", :message=>"no \\"such\\" plugin", :backtrace=>[]}',
    ]
    text, final, _version = problem(api, ("broker", "third"), log=log)
    assert 'third does not run: no "such" plugin' in text
    assert final


def test_failure_of_an_earlier_start_does_not_count(api):
    log = ['Failed to execute action {pipeline_id:third, :message=>"old"}', "Starting Logstash {}"]
    assert "old" not in problem(api, ("third",), log=log)[0]


def test_pipeline_that_has_ended_does_not_run(api):
    log = [
        "Starting Logstash {}",
        'Pipeline started {"pipeline.id"=>"broker"}',
        'Pipeline started {"pipeline.id"=>"second"}',
        'Pipeline terminated {"pipeline.id"=>"second"}',
    ]
    assert problem(api, ("broker",), log=log)[0] == ""
    assert "pipeline second does not run: it has ended" in problem(api, ("broker", "second"), log=log)[0]
    assert problem(api, ("second",), log=[*log, 'Pipeline started {"pipeline.id"=>"second"}'])[0] == ""


def test_pipelines_of_a_former_process_do_not_count(api):
    log = ['Pipeline terminated {"pipeline.id"=>"broker"}', "Starting Logstash {}"]
    assert problem(api, log=log)[0] == ""


@pytest.mark.parametrize(("state", "final"), [("TERMINATED", True), ("FINISHED", True), ("LOADING", False)])
def test_pipeline_that_the_health_report_has_as_dead(api, state, final):
    api.answers["/_health_report"] = report(broker=state)
    text, found, _version = problem(api)
    assert f"the health report has it as {state}: broker is {state}" in text
    assert found == final


def test_outputs_that_nobody_answers_do_not_count(api):
    """The report is red for a blocked pipeline, which says nothing about the deployment."""
    api.answers["/_health_report"] = {**report(broker="RUNNING"), "status": "red"}
    assert problem(api)[0] == ""


def test_single_pipeline_of_5x(api):
    del api.answers["/_node/stats/pipelines"]
    api.answers["/_node/stats/pipeline"] = {"pipeline": AT_WORK}
    assert problem(api)[0] == ""
    api.answers["/_node/stats/pipeline"] = {"pipeline": {"events": None}}
    assert "broker does not run" in problem(api)[0]


def test_input_that_does_not_listen(api):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        text = problem(api, ports=(port, api.server_port))[0]
    assert f"no input listens on port {port} " in text
    assert "Another program" not in text


def test_input_whose_port_another_program_has(api):
    program = "import socket; s = socket.create_server(('', 0)); print(s.getsockname()[1], flush=True); input()"
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        port = int(other.stdout.readline())
        text = problem(api, ports=(port,))[0]
        other.communicate("\n")
    assert f"Another program listens on {port}: stop that, or set another port" in text


def test_ports_of_the_processs_user_count_where_root_may_not_look_into_it(api, monkeypatch):
    def closed(_pid):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(listening, "open_sockets", closed)
    assert problem(api, ports=(api.server_port,))[0] == ""
    other = listening.Listener(api.server_port, os.getuid() + 1, "127.0.0.1")
    monkeypatch.setattr(listening, "listeners", lambda _pid: {"1": other})
    assert "Another program" in problem(api, ports=(api.server_port,))[0]


def test_inputs_on_ipv6_are_seen(api):
    try:
        server = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no IPv6")
    with server:
        assert problem(api, ports=(server.getsockname()[1],))[0] == ""


# What the log tells before the node API does, or alone


REGISTER = (
    '[x][ERROR][logstash.javapipeline    ][broker] Pipeline error {:pipeline_id=>"broker", :exception=>#<Grok::'
    'PatternError: pattern %{NOSUCHPATTERN:x} not defined>, :backtrace=>["gems/logstash-filter-grok-4.4.3/lib/logstash/'
    "filters/grok.rb:282:in `register'\"]}",
    '[x][INFO ][logstash.javapipeline    ][broker] Pipeline terminated {"pipeline.id"=>"broker"}',
    "[x][ERROR][logstash.agent           ] Failed to execute action {:id=>:broker, :action_type=>LogStash::Converge"
    'Result::FailedAction, :message=>"Could not execute action: PipelineAction::Create<broker>, action_result: false", '
    ":backtrace=>nil}",
)
START = "[x][INFO ][logstash.runner          ] Starting Logstash {}"
WHY = "pipeline broker does not run: filter grok: Grok::PatternError: pattern %{NOSUCHPATTERN:x} not defined"


def test_failure_at_register_is_known_while_the_process_ends_and_starts_anew(api):
    ending = {**ACTIVE, "ActiveState": "activating", "SubState": "auto-restart", "MainPID": "0"}
    assert problem(api, state=ending, log=[START, *REGISTER])[:2] == (f"{WHY}. {OF_PIPELINES}", True)
    api.answers["/_node"] = 503
    assert problem(api, log=[START, *REGISTER, START], restarts=1)[:2] == (f"{WHY}. {OF_PIPELINES}", True)
    assert problem(api, log=[START, *REGISTER, START], marked=True)[:2] == (f"{WHY}. {OF_PIPELINES}", True)


OF_PIPELINES = "Correct its templates or its settings; see the end of the log"


def test_failure_of_the_former_process_says_nothing_about_one_that_has_not_logged_yet(api):
    api.answers["/_node"] = 503
    stop = "[x][INFO ][logstash.runner          ] Logstash shut down."
    text, final, _version = problem(api, log=[*REGISTER, stop], marked=True)
    assert "does not answer: it answers with status 503" in text
    assert not final


def test_failure_of_another_pipeline_than_those_that_are_expected_does_not_count(api):
    assert problem(api, ("second",), log=[START, *REGISTER])[0] == ""


def test_process_that_ends_says_why(api):
    fatal = "[x][FATAL][org.logstash.Logstash    ] Logstash stopped processing because of an error: (LoadError) no FFI"
    exited = "[x][FATAL][org.logstash.Logstash    ] Logstash stopped processing because of an error: (SystemExit) exit"
    ending = {**ACTIVE, "ActiveState": "failed", "SubState": "failed"}
    assert (
        "ends by itself: Logstash stopped processing because of an error: (LoadError) no FFI"
        in problem(api, state=ending, log=[START, fatal, START], restarts=1)[0]
    )
    assert "ends by itself: the end of the log says why" in problem(api, state=ending, log=[START, exited])[0]


def test_pipeline_that_has_crashed_is_dead_although_the_node_api_shows_it_at_work(api):
    crash = (
        "[x][FATAL][logstash.javapipeline    ][broker] Pipeline worker error, the pipeline will be stopped "
        '{:pipeline_id=>"broker", :error=>"(NoMethodError) x", :backtrace=>["lib/logstash/filters/ruby.rb:1"]}'
    )
    text, final, _version = problem(api, log=[START, crash])
    assert "pipeline broker does not run: it has crashed: filter ruby: (NoMethodError) x" in text
    assert final


def restarts(port, times, pipeline="broker", begun=0):
    """The lines of an input that fails once a second, so many times."""
    lines = []
    for second in range(begun, begun + times):
        stamp = (datetime(2026, 1, 1) + timedelta(seconds=second)).isoformat(timespec="milliseconds").replace(".", ",")
        lines += [
            f"[{stamp}][ERROR][logstash.javapipeline    ][{pipeline}][in] A plugin had an unrecoverable error. Will "
            "restart this plugin.",
            f"  Pipeline_id:{pipeline}",
            f'  Plugin: <LogStash::Inputs::Tcp port=>{port}, id=>"in">',
            "  Error: Address already in use",
            "  Exception: Java::JavaNet::BindException",
        ]
    return lines


FAILS = "input tcp of pipeline broker fails and is started again"
TAKEN = "Address already in use (Java::JavaNet::BindException)"


def test_input_that_restarts_again_and_again_is_a_problem(api):
    text, final, _version = problem(api, log=[START, *restarts(1, 3)])
    assert text == f"{FAILS}, 3 times so far: {TAKEN}"
    assert not final
    assert problem(api, log=[START, *restarts(1, 40)])[1]


def test_input_of_a_single_unnamed_pipeline_counts(api):
    lines = [line for line in restarts(1, 2) if "Pipeline_id" not in line]
    assert FAILS in problem(api, log=[START, *[line.replace("[broker][in]", "") for line in lines]])[0]


def test_input_that_failed_and_does_no_more_is_healthy(api):
    """As while another program has its port for a moment."""
    assert problem(api, log=[START, *restarts(1, 2)], silence=9.0)[0] != ""
    assert problem(api, log=[START, *restarts(1, 2)], silence=10.0)[0] == ""
    later = "[2026-01-01T00:05:00,000][INFO ][logstash.agent] an event, say"
    assert problem(api, log=[START, *restarts(1, 2), later])[0] == ""


def test_input_that_failed_in_a_former_start_or_another_pipeline_is_healthy(api):
    assert problem(api, log=[*restarts(1, 3), START])[0] == ""
    assert problem(api, log=[START, *restarts(1, 3, "other")])[0] == ""


def test_input_whose_port_another_input_has(api):
    text = problem(api, log=[START, *restarts(api.server_port, 1)])[0]
    assert f"Another input of this Logstash listens on {api.server_port}" in text


def test_input_that_restarts_since_another_program_has_its_port(api):
    program = "import socket; s = socket.create_server(('', 0)); print(s.getsockname()[1], flush=True); input()"
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        port = int(other.stdout.readline())
        text = problem(api, log=[START, *restarts(port, 2)])[0]
        other.communicate("\n")
    assert f"Another program listens on {port}: stop that, or set another port" in text


# The whole module


@pytest.fixture
def health(run_module, api, monkeypatch, tmp_path):
    (tmp_path / "log").write_text("".join(f"line {number}\n" for number in range(50)))
    monkeypatch.setattr(logstash_health, "INTERVAL", 0.01)
    monkeypatch.setattr(logstash_health, "read_journal", lambda *_: ["line 49", "printed only"])

    def run(states, timeout=0, **options):
        states = list(states)
        monkeypatch.setattr(logstash_health, "unit_state", lambda *_: states.pop(0) if len(states) > 1 else states[0])
        return run_module(
            logstash_health,
            api_port=api.server_port,
            pipelines=["broker"],
            log_file=str(tmp_path / "log"),
            user=pwd.getpwuid(os.getuid()).pw_name,
            timeout=timeout,
            **options,
        )

    run.log = tmp_path / "log"
    return run


def test_waits_until_healthy(health):
    assert health([ACTIVE, {**ACTIVE, "ActiveState": "activating"}, ACTIVE], timeout=60)["version"] == "9.5.2"


def test_failure_carries_the_end_of_the_log_and_what_was_printed(health):
    result = health([{**ACTIVE, "ActiveState": "failed"}])
    assert result["failed"]
    assert "line 49" in result["msg"]
    assert "line 0\n" not in result["msg"]
    assert result["log"][-2:] == ["line 49", "printed only"]


def test_gives_up_on_a_unit_that_restarts_again_and_again(health):
    failing = [{**ACTIVE, "ActiveState": "activating", "MainPID": "0", "NRestarts": str(n)} for n in range(10)]
    result = health(failing, timeout=60)
    assert "restarted it 3 times" in result["msg"]


def test_gives_up_on_a_pipeline_that_has_failed_for_good(health, api, monkeypatch):
    monkeypatch.setattr(logstash_health, "HOPELESS_SECONDS", 0.1)
    api.answers["/_health_report"] = report(broker="TERMINATED")
    assert health([ACTIVE], timeout=60)["seconds"] < 30


def test_failure_at_register_is_said_at_once(health, monkeypatch):
    monkeypatch.setattr(logstash_health, "HOPELESS_SECONDS", 0)
    health.log.write_text("\n".join([START, *REGISTER]) + "\n")
    result = health([{**ACTIVE, "ActiveState": "activating", "MainPID": "0"}], timeout=60)
    assert f"seconds: {WHY}" in result["msg"].replace(f"{result['seconds']} s: ", "seconds: ")
    assert "No pattern of grok is called NOSUCHPATTERN" in result["msg"]
    assert "raise logstash_health_timeout" not in result["msg"]


def test_start_of_java_alone_is_not_explained_by_memory(health):
    flags = "[x][INFO ][logstash.runner          ] JVM bootstrap flags: [-Xmx1g, -XX:+HeapDumpOnOutOfMemoryError]"
    health.log.write_text(f"{START}\n{flags}\n")
    assert "memory" not in health([{**ACTIVE, "ActiveState": "failed"}])["problem"]
    assert "not enough memory" not in health([{**ACTIVE, "ActiveState": "failed"}])["msg"]


def test_only_what_was_logged_since_the_start_counts(health, monkeypatch):
    monkeypatch.setattr(logstash_health, "HOPELESS_SECONDS", 0)
    health.log.write_text("\n".join([START, *REGISTER, "[x][INFO ][a] Logstash shut down."]) + "\n")
    status = health.log.stat()
    before = {"inode": status.st_ino, "size": status.st_size}
    unit = {**ACTIVE, "ActiveState": "activating", "MainPID": "0"}
    assert WHY in health([unit], timeout=60)["msg"]
    assert "NOSUCHPATTERN" not in health([unit], log_before=before)["msg"]
    with health.log.open("a") as log:
        log.write("\n".join([START, *REGISTER, START]) + "\n")
    assert WHY in health([unit], timeout=60, log_before=before)["msg"]


def test_log_that_was_renamed_since_is_read_from_its_beginning(health):
    health.log.write_text("\n".join([START, *REGISTER]) + "\n")
    unit = {**ACTIVE, "ActiveState": "activating", "MainPID": "0"}
    assert WHY in health([unit], log_before={"inode": 1, "size": 10**9})["msg"]


def test_ports_that_live_pipelines_name_have_to_listen(health, api, tmp_path):
    folder = tmp_path / "pipelines/broker"
    folder.mkdir(parents=True)
    (folder / "10-in.conf").write_text(f"input {{ tcp {{ port => {api.server_port} }} }}")
    assert not health([ACTIVE], pipeline_directory=str(tmp_path / "pipelines"))["failed"]
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        (folder / "20-in.conf").write_text(f'input {{ http {{ port => "{port}" }} udp {{ port => 1 }} }}')
        result = health([ACTIVE], pipeline_directory=str(tmp_path / "pipelines"))
    assert f"no input listens on port {port} " in result["msg"]
    assert f"correct the input http in {folder}/20-in.conf" in result["msg"]


def test_file_with_the_option_that_java_refuses_is_named(health, monkeypatch, tmp_path):
    (tmp_path / "environment").write_text('LS_JAVA_OPTS="-XX:+UseNothing"\n')
    said = ["Unrecognized VM option 'UseNothing'", "Error: Could not create the Java Virtual Machine."]
    monkeypatch.setattr(logstash_health, "read_journal", lambda *_: said)
    unit = {**ACTIVE, "ActiveState": "activating", "MainPID": "0"}
    message = health([unit], option_files=[str(tmp_path / "missing"), str(tmp_path / "environment")])["msg"]
    assert f"Java refuses UseNothing in line 1 of {tmp_path}/environment" in message


def test_journal_is_asked_for_the_runs_that_were_seen(health, monkeypatch):
    asked = []
    monkeypatch.setattr(logstash_health, "read_journal", lambda _module, _unit, runs: asked.append(runs) or [])
    unit = {**ACTIVE, "ActiveState": "activating", "MainPID": "0"}
    first = {**unit, "InvocationID": "a"}
    health([first, first, first, {**unit, "InvocationID": "b", "NRestarts": "3"}], timeout=60)
    assert asked == [["a", "b"]]


def test_long_reason_is_whole(health):
    reason = "x" * 900 + " the cause"
    health.log.write_text(
        f'{START}\n[x][ERROR][a] Pipeline error {{:pipeline_id=>"broker", :exception=>#<E: {reason}>}}\n'
    )
    assert f"E: {reason}" in health([{**ACTIVE, "ActiveState": "activating", "MainPID": "0"}])["problem"]


def test_has_to_stay_healthy_in_one_process(health, monkeypatch):
    """A restart by systemd within that time starts it again."""
    clock = iter(range(100))
    monkeypatch.setattr(logstash_health.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(logstash_health, "find_problem", lambda *_: ("", False, "9.5.2"))
    monkeypatch.setattr(logstash_health.time, "sleep", lambda _seconds: None)
    one, other = ACTIVE, {**ACTIVE, "MainPID": "1"}
    steady = health([one], min_ready_seconds=5, timeout=60)["seconds"]
    assert health([one, one, one, one, other], min_ready_seconds=5, timeout=60)["seconds"] > steady
    assert "did not stay healthy" in health([one, other] * 40, min_ready_seconds=5, timeout=20)["msg"]


@pytest.mark.parametrize(
    ("port", "options", "expected"),
    [
        ("${PORT}", {"min_ready_seconds": 2}, 10),
        ("${PORT}", {"min_ready_seconds": 2, "ports": [7000]}, 2),
        ("7000", {"min_ready_seconds": 2}, 2),
        ("${PORT}", {"min_ready_seconds": 0}, 0),
        ("${PORT}", {"min_ready_seconds": 20}, 20),
    ],
)
def test_input_whose_port_cannot_be_looked_at_is_given_time_to_fail(health, monkeypatch, port, options, expected):
    pipelines = health.log.parent / "pipelines"
    (pipelines / "broker").mkdir(parents=True)
    (pipelines / "broker/10.conf").write_text(f'input {{ beats {{ port => "{port}" }} }}')
    clock = iter(range(100))
    looks = []
    monkeypatch.setattr(logstash_health.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(logstash_health.time, "sleep", lambda _seconds: None)
    monkeypatch.setattr(logstash_health, "find_problem", lambda *_: looks.append(1) or ("", False, "9.5.2"))
    health([ACTIVE], pipeline_directory=str(pipelines), timeout=60, **options)
    assert len(looks) == expected + 1


def test_problem_within_the_settle_time_begins_it_anew(health, monkeypatch):
    answers = ["", "", "dead", *[""] * 20]
    clock = iter(range(100))
    monkeypatch.setattr(logstash_health.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(logstash_health, "find_problem", lambda *_: (answers.pop(0), False, "9.5.2"))
    monkeypatch.setattr(logstash_health.time, "sleep", lambda _seconds: None)
    assert not health([ACTIVE], min_ready_seconds=4, timeout=60)["failed"]
    assert len(answers) == 23 - 3 - 5


def test_secrets_are_masked(health, tmp_path):
    (tmp_path / "log").write_text(
        'password => "abc" of user\nhttp://me:pw@host/\nthe value hunter22 is wrong\n"api_key"=>"k", x\n'
    )
    message = health([{**ACTIVE, "ActiveState": "failed"}], secrets=["hunter22"])["msg"]
    for secret in ("abc", "pw@", "hunter22", '"k"'):
        assert secret not in message
    assert "of user" in message


def test_secrets_are_masked_by_name_and_in_every_form(health, tmp_path):
    lines = ['{"token"=>"t0k", :cloud_auth=>"u:cl0ud"}', "Bearer b3ar", 'x "ab\\"cd" y', "PRIVATE-LINE-1 z"]
    (tmp_path / "log").write_text("\n".join(lines) + "\n")
    secrets = ['ab"cd', "-----BEGIN X-----\nPRIVATE-LINE-1\n-----END X-----"]
    result = health([{**ACTIVE, "ActiveState": "failed"}], secrets=secrets)
    assert result["log"][:4] == ['{"token"=>"*****", :cloud_auth=>"*****"}', "Bearer *****", 'x "*****" y', "***** z"]


def test_what_is_shown_is_bounded(health, tmp_path):
    (tmp_path / "log").write_text("x" * 500_000 + "\n" + "y" * 5000 + "\n")
    assert len(health([{**ACTIVE, "ActiveState": "failed"}])["msg"]) < 3000


def test_log_that_is_not_there_is_said(health, tmp_path):
    (tmp_path / "log").unlink()
    assert "No such file" in health([{**ACTIVE, "ActiveState": "failed"}])["msg"]


def test_check_mode_waits_for_nothing(health):
    assert not health([{"ActiveState": "inactive"}], check=True)["failed"]


@pytest.fixture
def record(tmp_path, monkeypatch):
    """The option for a record in an empty directory, while systemd names the process."""
    monkeypatch.setattr(deployment_record, "invocation", lambda *_: "process")
    (tmp_path / "kept").mkdir()
    (tmp_path / "own").mkdir()
    return {"path": f"{tmp_path}/own/proven", "content": {"release": "aaaa"}, "forget": f"{tmp_path}/kept"}


def test_what_is_healthy_is_written_down_once(health, record):
    assert health([ACTIVE], record=record)["changed"]
    assert not Path(record["forget"]).exists()
    written = deployment_record.read(record["path"])
    assert (written["record"], written["changing"]) == (record["content"], None)
    assert health([ACTIVE], record=record)["changed"] is False


def test_mark_and_what_was_kept_stay_while_work_remains(health, record):
    assert health([ACTIVE], record={**record, "state": "pending"})["changed"]
    assert deployment_record.read(record["path"])["changing"] == "process"
    assert Path(record["forget"]).exists()


def test_what_is_not_healthy_is_not_written_down(health, record):
    assert health([{**ACTIVE, "ActiveState": "failed"}], record=record)["failed"]
    assert not Path(record["path"]).exists()


def test_check_mode_writes_no_record(health, record):
    assert health([ACTIVE], record=record, check=True)["changed"]
    assert not Path(record["path"]).exists()
    assert Path(record["forget"]).exists()
