#!/usr/bin/env python3
"""First program in a function container of the emulator: runs a deployed function as AWS's runtime does.

It stands between two protocols. On one side is LocalStack's executor: it is told when the environment is ready, sends
invocations to a port of this container and takes logs and results. On the other side is the Lambda Runtime API, which
AWS's own runtime client (awslambdaric) polls. What runs in between is the deployed package with its deployed handler
and environment, as an unprivileged user, ended when its time limit is over and started again after a crash.

Only the standard library is used: this file is copied into the container by the emulator.
"""

import contextlib
import http.client
import json
import os
import pwd
import re
import resource
import select
import signal
import subprocess
import sys
import threading
import time
import urllib.parse
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, BinaryIO

API_VERSION = "/2018-06-01/runtime"
INVOKE_PORT = 9563  # LocalStack sends invocations here
RUNTIME_API_PORT = 9001
SANDBOX_USER = "sbx_user1051"  # the name that functions have on AWS
STARTUP_LIMIT_SECONDS = 18.0  # below LocalStack's own limit, so that the cause is reported and not only a timeout
LOG_LIMIT = 512 * 1024
POST_ATTEMPTS = 4
# What awslambdaric would otherwise find of the emulator and what AWS does not show to a function.
_HIDDEN_VARIABLES = re.compile(r"^(LOCALSTACK_|EDGE_PORT$|HOSTNAME$)")


@dataclass(frozen=True)
class Event:
    """One invocation as the emulator hands it over."""

    request_id: str
    function_arn: str
    payload: str
    trace_id: str
    deadline_ms: int


@dataclass
class Outcome:
    """What the runtime made of an invocation: a result, or an error document."""

    is_error: bool
    body: bytes


@dataclass
class Settings:
    """Where the two protocols are spoken and how the runtime is started."""

    runtime_id: str
    endpoint: str  # of the emulator, for this environment
    handler: str
    timeout_seconds: float
    environment: dict[str, str]
    invoke_address: tuple[str, int] = ("0.0.0.0", INVOKE_PORT)  # noqa: S104 - the container's own network namespace
    api_address: tuple[str, int] = ("127.0.0.1", RUNTIME_API_PORT)
    task_root: str = "/var/task"
    runtime_dir: str = "/var/runtime"
    command: list[str] = field(default_factory=lambda: [sys.executable, "-m", "awslambdaric"])
    user: str = SANDBOX_USER
    startup_limit: float = STARTUP_LIMIT_SECONDS

    @classmethod
    def from_environment(cls, environment: dict[str, str]) -> "Settings":
        try:
            return cls(
                runtime_id=environment["LOCALSTACK_RUNTIME_ID"],
                endpoint=environment["LOCALSTACK_RUNTIME_ENDPOINT"],
                handler=environment["_HANDLER"],
                timeout_seconds=float(environment["AWS_LAMBDA_FUNCTION_TIMEOUT"]),
                environment=environment,
            )
        except KeyError as error:
            raise SystemExit(f"init: variable {error.args[0]} is not set; the emulator's executor sets it") from None


class LogStream:
    """The function's output: passed on to the container's own output, and kept for the invocation it belongs to."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept = bytearray()
        self._source: BinaryIO | None = None

    def follow(self, source: BinaryIO) -> None:
        """Read a new runtime's output until it ends."""
        os.set_blocking(source.fileno(), False)
        with self._lock:
            self._source = source
        threading.Thread(target=self._read_all, args=(source,), daemon=True).start()

    def write(self, text: str) -> None:
        with self._lock:
            self._keep(text.encode())

    def take(self) -> str:
        """Everything written until now, to the last byte of a runtime that has already answered."""
        with self._lock:
            if self._source is not None:
                self._read_available(self._source)
            text = bytes(self._kept).decode(errors="replace")
            self._kept.clear()
        return text

    def _read_all(self, source: BinaryIO) -> None:
        while True:
            try:
                select.select([source], [], [])
            except (OSError, ValueError):
                return
            with self._lock:
                if not self._read_available(source):
                    source.close()
                    if self._source is source:
                        self._source = None
                    return

    def _read_available(self, source: BinaryIO) -> bool:
        """Keep what is there without waiting. False when the other side is closed."""
        if source.closed:
            return False
        while True:
            try:
                data = os.read(source.fileno(), 65536)
            except BlockingIOError:
                return True
            except OSError:
                return False
            if not data:
                return False
            self._keep(data)

    def _keep(self, data: bytes) -> None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        room = LOG_LIMIT - len(self._kept)
        self._kept += data[: max(room, 0)]


class Emulator:
    """The executor's side that reports go to."""

    def __init__(self, endpoint: str, runtime_id: str) -> None:
        url = urllib.parse.urlsplit(endpoint)
        self._host, self._port, self._prefix = url.hostname or "", url.port or 80, url.path.rstrip("/")
        self._runtime_id = runtime_id

    def ready(self) -> None:
        self._post(f"/status/{self._runtime_id}/ready", b"")

    def failed(self, body: bytes) -> None:
        self._post(f"/status/{self._runtime_id}/error", body)

    def logs(self, request_id: str, text: str) -> None:
        self._post(f"/invocations/{request_id}/logs", json.dumps({"logs": text}).encode())

    def outcome(self, request_id: str, outcome: Outcome) -> None:
        self._post(f"/invocations/{request_id}/{'error' if outcome.is_error else 'response'}", outcome.body)

    def _post(self, path: str, body: bytes) -> None:
        for attempt in range(1, POST_ATTEMPTS + 1):
            connection = http.client.HTTPConnection(self._host, self._port, timeout=30)
            try:
                connection.request("POST", self._prefix + path, body, {"Content-Type": "application/json"})
                connection.getresponse().read()
                return
            except OSError as error:
                if attempt == POST_ATTEMPTS:
                    raise ConnectionError(
                        f"the emulator at {self._host}:{self._port} can't be reached from the function's container "
                        f"({error}); it must listen on the gateway address of the container's network"
                    ) from error
                time.sleep(0.2 * 2**attempt)
            finally:
                connection.close()


class Runtime:
    """The process that runs the function, and the state of its talk with the Runtime API."""

    def __init__(self, settings: Settings, log: LogStream) -> None:
        self._settings = settings
        self._log = log
        self._changed = threading.Condition()
        self._process: subprocess.Popen[bytes] | None = None
        self._generation = 0  # a request of an ended process must not take the next one's event
        self._polling = False
        self._event: Event | None = None
        self._active: Event | None = None
        self._outcome: Outcome | None = None
        self._init_error: bytes | None = None

    # The side of the Runtime API, called from the server's threads.

    def next_event(self) -> Event | None:
        """Wait for an invocation. None when the process that asked is gone."""
        with self._changed:
            generation = self._generation
            self._polling = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._event is not None or self._generation != generation)
            if self._generation != generation:
                return None
            self._polling = False
            self._active, self._event = self._event, None
            return self._active

    def answer(self, request_id: str, outcome: Outcome) -> bool:
        """Take a result. False for one that nobody waits for."""
        with self._changed:
            if self._active is None or self._active.request_id != request_id or self._outcome is not None:
                return False
            self._outcome = outcome
            self._changed.notify_all()
            return True

    def fail_init(self, body: bytes) -> None:
        with self._changed:
            self._init_error = body
            self._changed.notify_all()

    # The side of the invocation.

    def start(self, limit: float) -> Outcome | None:
        """Start the process unless it runs, and wait until it asks for work. An error document when it does not."""
        with self._changed:
            if self._process is not None and self._process.poll() is None:
                return None
            self._generation += 1
            self._polling, self._init_error = False, None
            self._event = self._active = self._outcome = None
            self._changed.notify_all()
        process = self._spawn()
        with self._changed:
            self._process = process
            until = time.monotonic() + limit
            while not self._polling and time.monotonic() < until and process.poll() is None:
                self._changed.wait(0.05)
            if self._polling:
                return None
            error = self._init_error
        exit_code = process.poll()
        self.kill()
        if error is not None:
            return Outcome(True, error)
        if exit_code is not None:
            return _error("Runtime.ExitError", f"Runtime exited during its start: {_status(exit_code)}")
        return _error("Sandbox.Timedout", f"Initialisation did not finish within {limit:.0f} seconds")

    def run(self, event: Event, limit: float) -> Outcome:
        """Hand one event over and wait for its result, its end or its time limit."""
        with self._changed:
            process = self._process
            self._outcome = None
            self._event = event
            self._changed.notify_all()
            until = time.monotonic() + limit
            while self._outcome is None and time.monotonic() < until:
                if process is None or process.poll() is not None:
                    break
                self._changed.wait(0.05)
            outcome = self._outcome
            self._event = self._active = None
        if outcome is not None:
            return outcome
        exit_code = process.poll() if process else None
        self.kill()
        prefix = f"RequestId: {event.request_id} Error: "
        if exit_code is not None:
            return _error("Runtime.ExitError", f"{prefix}Runtime exited with error: {_status(exit_code)}")
        return _error("Sandbox.Timedout", f"{prefix}Task timed out after {limit:.2f} seconds")

    def kill(self) -> None:
        """End the process with everything that it started."""
        process = self._process
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def peak_memory_mb(self) -> int:
        try:
            with open(f"/proc/{self._process.pid}/status", encoding="ascii") as status:
                return next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmHWM"))
        except (AttributeError, OSError, StopIteration):
            return 0

    def _spawn(self) -> "subprocess.Popen[bytes]":
        settings = self._settings
        environment = {key: value for key, value in settings.environment.items() if not _HIDDEN_VARIABLES.match(key)}
        environment |= {
            "AWS_LAMBDA_RUNTIME_API": "{}:{}".format(*settings.api_address),
            "AWS_EXECUTION_ENV": f"AWS_Lambda_python{sys.version_info.major}.{sys.version_info.minor}",
            "LAMBDA_TASK_ROOT": settings.task_root,
            "LAMBDA_RUNTIME_DIR": settings.runtime_dir,
            "PYTHONPATH": ":".join(filter(None, [environment.get("PYTHONPATH"), settings.runtime_dir])),
            "PATH": environment.get("PATH", os.defpath),
        }
        arguments: dict[str, Any] = {}
        account = _account(settings.user)
        if account and os.geteuid() == 0:
            arguments = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
            environment["HOME"] = account.pw_dir
        process = subprocess.Popen(
            [*settings.command, settings.handler],
            cwd=settings.task_root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            bufsize=0,
            **arguments,
        )
        self._log.follow(process.stdout)
        return process


class Init:
    """Both servers, and the order of things between them."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.log = LogStream()
        self.emulator = Emulator(settings.endpoint, settings.runtime_id)
        self._api_server = _serve(settings.api_address, _api_handler(self))
        settings.api_address = self._api_server.server_address[:2]
        self._invoke_server = _serve(settings.invoke_address, _invoke_handler(self))
        self.invoke_address = self._invoke_server.server_address[:2]
        self.runtime = Runtime(settings, self.log)
        self._one_at_a_time = threading.Lock()

    def start(self) -> bool:
        """Start the function and tell the emulator whether it can be invoked."""
        failure = self.runtime.start(self.settings.startup_limit)
        if failure is None:
            self.emulator.ready()
            return True
        self.emulator.failed(failure.body)
        return False

    def invoke(self, request_id: str, function_arn: str, payload: str, trace_id: str) -> None:
        with self._one_at_a_time:
            self.log.write(f"START RequestId: {request_id} Version: {self._version()}\n")
            began = time.monotonic()
            limit = self.settings.timeout_seconds
            outcome = self.runtime.start(limit)
            if outcome is None:
                deadline = int((time.time() + limit) * 1000)
                outcome = self.runtime.run(Event(request_id, function_arn, payload, trace_id, deadline), limit)
            milliseconds = (time.monotonic() - began) * 1000
            output = self.log.take()
            if outcome.is_error and b"Sandbox.Timedout" in outcome.body:
                now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
                output += f"\n{now}Z {request_id} Task timed out after {limit:.2f} seconds\n"
            self.log.write(
                f"END RequestId: {request_id}\n"
                f"REPORT RequestId: {request_id}\tDuration: {milliseconds:.2f} ms"
                f"\tBilled Duration: {int(milliseconds) + 1} ms"
                f"\tMemory Size: {self.settings.environment.get('AWS_LAMBDA_FUNCTION_MEMORY_SIZE', '128')} MB"
                f"\tMax Memory Used: {self.runtime.peak_memory_mb()} MB\n"
            )
            self.emulator.logs(request_id, output + self.log.take())
            self.emulator.outcome(request_id, outcome)

    def close(self) -> None:
        for server in (self._invoke_server, self._api_server):
            server.shutdown()
            server.server_close()
        self.runtime.kill()

    def _version(self) -> str:
        return self.settings.environment.get("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")


def _api_handler(init: Init) -> type[BaseHTTPRequestHandler]:
    class RuntimeApi(_Handler):
        """The Runtime API: what awslambdaric asks."""

        def do_GET(self) -> None:
            if self.path != f"{API_VERSION}/invocation/next":
                self.reply(404)
                return
            event = init.runtime.next_event()
            if event is None:
                self.close_connection = True
                return
            self.reply(
                200,
                event.payload.encode(),
                {
                    "Lambda-Runtime-Aws-Request-Id": event.request_id,
                    "Lambda-Runtime-Deadline-Ms": str(event.deadline_ms),
                    "Lambda-Runtime-Invoked-Function-Arn": event.function_arn,
                    "Lambda-Runtime-Trace-Id": event.trace_id,
                },
            )

        def do_POST(self) -> None:
            body = self.body()
            if self.path == f"{API_VERSION}/init/error":
                init.runtime.fail_init(body)
                self.reply(202, b'{"status":"OK"}')
                return
            match = re.fullmatch(rf"{API_VERSION}/invocation/([^/]+)/(response|error)", self.path)
            if not match:
                self.reply(404)
            elif init.runtime.answer(match[1], Outcome(match[2] == "error", body)):
                self.reply(202, b'{"status":"OK"}')
            else:
                self.reply(400, b'{"errorType":"InvalidRequestID","errorMessage":"Invalid request ID"}')

    return RuntimeApi


def _invoke_handler(init: Init) -> type[BaseHTTPRequestHandler]:
    class Invoke(_Handler):
        """LocalStack's side: one POST an invocation, answered at once; the result follows on its own way."""

        def do_POST(self) -> None:
            if self.path != "/invoke":
                self.reply(404)
                return
            request = json.loads(self.body())
            arguments = (
                request["invoke-id"],
                request["invoked-function-arn"],
                request["payload"],
                request.get("trace-id", ""),
            )
            threading.Thread(target=init.invoke, args=arguments, daemon=True).start()
            self.reply(200, b"OK")

    return Invoke


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65536  # head and body in one segment, or each answer waits for a delayed acknowledgement

    def body(self) -> bytes:
        """The request's body: awslambdaric sends large ones in chunks."""
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(parts)

    def reply(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: Any) -> None:
        """Requests are not part of the function's log."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def server_bind(self) -> None:
        # HTTPServer's own version looks up the host's name, which takes seconds without a name server.
        self.socket.setsockopt(1, 2, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = self.server_address[:2]


def _serve(address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> _Server:
    server = _Server(address, handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
    return server


def _error(error_type: str, message: str) -> Outcome:
    return Outcome(True, json.dumps({"errorType": error_type, "errorMessage": message}).encode())


def _status(exit_code: int) -> str:
    return f"signal: {signal.Signals(-exit_code).name}" if exit_code < 0 else f"exit status {exit_code}"


def _account(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _prepare_paths(environment: dict[str, str]) -> None:
    """Modes that the executor asks for, with the function's user as owner of its scratch directory."""
    account = _account(SANDBOX_USER)
    for entry in json.loads(environment.get("LOCALSTACK_CHMOD_PATHS") or "[]"):
        os.chmod(entry["path"], int(entry["mode"], 8))
    if account:
        os.chown("/tmp", account.pw_uid, account.pw_gid)  # noqa: S108 - the function's own scratch directory


def main() -> int:
    environment = dict(os.environ)
    settings = Settings.from_environment(environment)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _prepare_paths(environment)
    stop = threading.Event()
    # The first process of a container gets no default action for signals.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    init = Init(settings)
    started = init.start()
    if started:
        stop.wait()
    init.runtime.kill()
    return 0 if started else 1


if __name__ == "__main__":
    sys.exit(main())
