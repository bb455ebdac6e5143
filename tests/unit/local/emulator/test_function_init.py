"""The init program of function containers, between an executor that only records and AWS's real runtime client."""

import base64
import http.client
import http.server
import json
import queue
import sys
import textwrap
import threading

import pytest
from function_runtime.init import Init, Settings

ARN = "arn:aws:lambda:eu-west-1:000000000000:function:f"
HANDLER = """
    import json, os, sys, time

    def handle(event, context):
        print("saw", json.dumps(event, ensure_ascii=False))
        sys.stderr.write("to standard error\\n")
        if event.get("do") == "raise":
            raise ValueError("not good")
        if event.get("do") == "crash":
            os._exit(3)
        if event.get("do") == "sleep":
            time.sleep(30)
        if event.get("do") == "large":
            return "x" * 3_000_000
        return {
            "id": context.aws_request_id,
            "arn": context.invoked_function_arn,
            "remaining": context.get_remaining_time_in_millis(),
            "trace": os.environ.get("_X_AMZN_TRACE_ID"),
            "variables": dict(os.environ),
            "directory": os.getcwd(),
            "pid": os.getpid(),
        }
"""


class Executor:
    """LocalStack's side: takes reports, sends invocations."""

    def __init__(self):
        self.reports = queue.Queue()
        self.logs = {}
        executor = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                parts = self.path.split("/")
                if parts[-1] == "logs":
                    executor.logs[parts[-2]] = json.loads(body)["logs"]
                else:
                    executor.reports.put((self.path, body))
                self.send_response(202)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        self.endpoint = f"http://127.0.0.1:{self.server.server_address[1]}/_localstack_lambda/e1"

    def invoke(self, init, payload, request_id="r1"):
        connection = http.client.HTTPConnection(*init.invoke_address, timeout=60)
        body = {
            "invoke-id": request_id,
            "invoked-function-arn": ARN,
            "payload": json.dumps(payload),
            "trace-id": "Root=1-2-3;Parent=4;Sampled=0",
        }
        connection.request("POST", "/invoke", json.dumps(body))
        assert connection.getresponse().status == 200
        path, result = self.reports.get(timeout=60)
        assert path.startswith(f"/_localstack_lambda/e1/invocations/{request_id}/")
        return path.rpartition("/")[2], json.loads(result), self.logs[request_id]


@pytest.fixture
def executor():
    executor = Executor()
    yield executor
    executor.server.shutdown()
    executor.server.server_close()


@pytest.fixture
def make(tmp_path, executor):
    made = []

    def make(code=HANDLER, handler="app.handle", timeout=10.0, variables=None, startup_limit=15.0):
        (tmp_path / "app.py").write_text(textwrap.dedent(code))
        settings = Settings(
            runtime_id="e1",
            endpoint=executor.endpoint,
            handler=handler,
            timeout_seconds=timeout,
            environment={"AWS_LAMBDA_FUNCTION_NAME": "f", "LOCALSTACK_RUNTIME_ID": "e1"} | (variables or {}),
            invoke_address=("127.0.0.1", 0),
            api_address=("127.0.0.1", 0),
            task_root=str(tmp_path),
            runtime_dir=str(tmp_path / "runtime"),
            command=[sys.executable, "-m", "awslambdaric"],
            user="nobody-of-this-name",
            startup_limit=startup_limit,
        )
        init = Init(settings)
        made.append(init)
        return init

    yield make
    for init in made:
        init.close()


@pytest.fixture
def running(make, executor):
    init = make()
    assert init.start() is True
    assert executor.reports.get(timeout=60)[0] == "/_localstack_lambda/e1/status/e1/ready"
    return init


def test_a_result_comes_back_with_its_log(running, executor):
    kind, result, log = executor.invoke(running, {"text": "Grüße"})
    assert kind == "response"
    assert (result["id"], result["arn"]) == ("r1", ARN)
    assert 0 < result["remaining"] <= 10_000
    assert result["trace"].startswith("Root=1-2-3")
    lines = log.splitlines()
    assert lines[0] == "START RequestId: r1 Version: $LATEST"
    assert 'saw {"text": "Grüße"}' in lines
    assert "to standard error" in lines
    assert lines[-2] == "END RequestId: r1"
    assert lines[-1].startswith("REPORT RequestId: r1\tDuration: ")


def test_the_process_is_kept_between_invocations(running, executor):
    first = executor.invoke(running, {}, "r1")[1]
    second = executor.invoke(running, {}, "r2")[1]
    assert first["pid"] == second["pid"]
    assert "r1" not in executor.logs["r2"]


def test_the_function_sees_its_environment_and_not_the_emulators(make, executor, tmp_path):
    init = make(variables={"LOCALSTACK_RUNTIME_ENDPOINT": "x", "MY_SETTING": "1", "EDGE_PORT": "1"})
    init.start()
    executor.reports.get(timeout=60)
    result = executor.invoke(init, {})[1]
    seen = result["variables"]
    assert seen["MY_SETTING"] == "1"
    assert seen["AWS_EXECUTION_ENV"].startswith("AWS_Lambda_python3.")
    assert result["directory"] == seen["LAMBDA_TASK_ROOT"] == str(tmp_path)
    assert not [name for name in seen if name.startswith("LOCALSTACK_") or name == "EDGE_PORT"]


def test_an_exception_is_reported_as_aws_does(running, executor):
    kind, result, log = executor.invoke(running, {"do": "raise"})
    assert kind == "error"
    assert (result["errorType"], result["errorMessage"]) == ("ValueError", "not good")
    assert "app.py" in "".join(result["stackTrace"])
    assert "[ERROR] ValueError: not good" in log


def test_a_crash_is_reported_and_the_next_invocation_works(running, executor):
    kind, result, _ = executor.invoke(running, {"do": "crash"})
    assert kind == "error"
    assert result["errorType"] == "Runtime.ExitError"
    assert "exit status 3" in result["errorMessage"]
    assert executor.invoke(running, {}, "r2")[0] == "response"


def test_the_time_limit_ends_the_process_and_the_next_invocation_works(make, executor):
    init = make(timeout=1.0)
    init.start()
    executor.reports.get(timeout=60)
    kind, result, log = executor.invoke(init, {"do": "sleep"})
    assert kind == "error"
    assert result["errorType"] == "Sandbox.Timedout"
    assert "Task timed out after 1.00 seconds" in result["errorMessage"]
    assert "Task timed out after 1.00 seconds" in log
    assert executor.invoke(init, {}, "r2")[0] == "response"


def test_a_large_result_arrives_whole(running, executor):
    assert executor.invoke(running, {"do": "large"})[1] == "x" * 3_000_000


@pytest.mark.parametrize(
    ("code", "handler", "error"),
    [
        (HANDLER, "absent.handle", "Runtime.ImportModuleError"),
        (HANDLER, "app.absent", "Runtime.HandlerNotFound"),
        ("def handle(:", "app.handle", "Runtime.UserCodeSyntaxError"),
        ("import os\nos._exit(7)", "app.handle", "Runtime.ExitError"),
        ("import time\ntime.sleep(30)", "app.handle", "Sandbox.Timedout"),
    ],
)
def test_a_function_that_does_not_start_says_why(make, executor, code, handler, error):
    init = make(code=code, handler=handler, startup_limit=2.0 if "sleep(30)" in code and "def" not in code else 15.0)
    assert init.start() is False
    path, body = executor.reports.get(timeout=60)
    assert path == "/_localstack_lambda/e1/status/e1/error"
    assert json.loads(body)["errorType"] == error


def test_an_answer_for_another_request_is_refused(running):
    connection = http.client.HTTPConnection(*running.settings.api_address, timeout=60)
    connection.request("POST", "/2018-06-01/runtime/invocation/other/response", b"{}")
    assert connection.getresponse().status == 400


def test_a_missing_variable_is_named():
    with pytest.raises(SystemExit, match="LOCALSTACK_RUNTIME_ID"):
        Settings.from_environment({})


def test_payloads_are_passed_on_byte_for_byte(make, executor):
    init = make(code="import base64\ndef handle(event, _): return base64.b64encode(event['t'].encode()).decode()")
    init.start()
    executor.reports.get(timeout=60)
    text = 'quotes " \\ and \u2028 \U0001f600'
    assert base64.b64decode(executor.invoke(init, {"t": text})[1]).decode() == text
