"""Outputs that are really run: file, tcp, http, redis, stdout, pipeline, and elasticsearch, which knows `_bulk` alone.

Any other takes its events and drops them. An output returns from `receive` once it has dealt with the batch; until
then the batch is not acknowledged, and a stop waits for it. What cannot be sent is tried again for ever, as by the real
ones, also while the pipeline stops; but http gives up then, and leaves its batch to the persisted queue. So does
elasticsearch from 8.8 on.
"""

import base64
import http.client
import json
import os
import select
import socket
import ssl
import sys
import time
import urllib.parse
from collections import Counter

from . import log, redis, tls
from .decoration import as_list, pairs
from .event import Event

_RETRYABLE = {429, 500, 502, 503, 504}
# With this release came elasticsearch outputs that give a batch back when the pipeline stops.
_FIRST_WITH_ABORTED_BATCHES = (8, 8, 0)


class AbortedBatchError(Exception):
    """An output gave its batch up because the pipeline stops."""


class Output:
    """An output that takes events and drops them; the others are built on it."""

    def __init__(self, plugin) -> None:
        self.plugin = plugin
        self.parameters = plugin.parameters

    def receive(self, events: list[Event]) -> None:
        """Deals with a batch."""

    def ready_to_close(self) -> bool:
        """Whether a stop may go ahead."""
        return True

    def stopping(self) -> bool:
        """Whether the pipeline was asked to stop."""
        return self.plugin.pipeline.stopping.is_set()

    def aborted(self) -> bool:
        """Whether the pipeline does not wait for its outputs any more."""
        return self.plugin.pipeline.aborted.is_set()

    def warn(self, message: str, details: dict) -> None:
        """Logs in the output's name."""
        log.warn(f"logstash.outputs.{self.plugin.name}", message, details, self.plugin.pipeline.id)


class File(Output):
    """Appends to the file that the event's own fields may name."""

    def receive(self, events: list[Event]) -> None:
        """Writes the batch, and flushes it: a test looks at the file at once."""
        chunks: dict[str, list[str]] = {}
        for event in events:
            chunks.setdefault(event.sprintf(str(self.parameters["path"])), []).append(self.plugin.codec.encode(event))
        for path, texts in chunks.items():
            content = "".join(texts).encode()
            if str(self.parameters.get("gzip")) == "true":
                import gzip  # noqa: PLC0415 - seldom needed

                content = gzip.compress(content)
            try:
                os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
                mode = "wb" if self.parameters.get("write_behavior") == "overwrite" else "ab"
                with open(path, mode) as stream:
                    stream.write(content)
            except OSError as error:
                self.warn("Failed to write to file", {":path": path, ":error": error.strerror or ""})


class Stdout(Output):
    """Writes to the console."""

    def receive(self, events: list[Event]) -> None:
        """Writes the batch."""
        sys.stdout.write("".join(self.plugin.codec.encode(event) for event in events))
        sys.stdout.flush()


class Tcp(Output):
    """Keeps one connection, and tries again while there is none."""

    def __init__(self, plugin) -> None:
        super().__init__(plugin)
        self._socket: socket.socket | None = None

    def receive(self, events: list[Event]) -> None:
        """Sends the batch."""
        for event in events:
            payload = self.plugin.codec.encode(event).encode()
            while not self._send(event.sprintf(str(self.parameters["host"])), payload):
                if self.plugin.pipeline.aborted.wait(min(float(self.parameters.get("reconnect_interval", 10)), 10)):
                    return

    def _send(self, host: str, payload: bytes) -> bool:
        try:
            if self._socket is not None and self._gone():
                self._socket.close()
                self._socket = None
            if self._socket is None:
                made = socket.create_connection((host, int(self.parameters["port"])), timeout=10)
                if tls.wanted(self.parameters):
                    made = tls.client(self.parameters, self._verify()).wrap_socket(made, server_hostname=host)
                made.settimeout(0.5)
                self._socket = made
            self._write(payload)
        except OSError as error:
            self.warn("Tcp output exception", {":host": host, ":exception": str(error)})
            if self._socket is not None:
                self._socket.close()
            self._socket = None
            return False
        return True

    def _write(self, payload: bytes) -> None:
        """Waits for ever for a receiver that is there and reads nothing, as the real one does."""
        rest = memoryview(payload)
        while rest:
            try:
                rest = rest[self._socket.send(rest) :]
            except TimeoutError:
                if self.aborted() or self._gone():
                    raise ConnectionError("end of file reached") from None

    def _gone(self) -> bool:
        """Whether the peer has closed: a first write to such a connection would succeed and lose its event."""
        # Asked first whether there is anything: the socket has a timeout, so reading would wait for it.
        readable, _, _ = select.select([self._socket], [], [], 0)
        if not readable:
            return False
        timeout = self._socket.gettimeout()
        try:
            self._socket.setblocking(False)
            # The receiver sends nothing; TLS may have something of its own to say, which is no data.
            return self._socket.recv(1) == b""
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        except OSError:
            return True
        finally:
            self._socket.settimeout(timeout)

    def _verify(self) -> str:
        """Under its old names the output checks only what it is told to, and never the receiver's name."""
        if "ssl_enabled" in self.parameters:
            return "full"
        return "chain" if str(self.parameters.get("ssl_verify", "false")).lower() == "true" else "none"


class Http(Output):
    """One request an event, or one a batch with `json_batch`; failures that may pass are tried again."""

    def __init__(self, plugin) -> None:
        super().__init__(plugin)
        self._connections: dict[tuple, http.client.HTTPConnection] = {}

    def receive(self, events: list[Event]) -> None:
        """Sends the batch."""
        if self.parameters.get("format", "json") == "json_batch":
            self._deliver(str(self.parameters["url"]), [event.to_hash() for event in events], events[0])
            return
        for event in events:
            self._deliver(event.sprintf(str(self.parameters["url"])), self._mapped(event), event)

    def _mapped(self, event: Event):
        if self.parameters.get("format") == "message":
            return event.sprintf(str(self.parameters.get("message", "")))
        mapping = self.parameters.get("mapping")
        if mapping:
            return {event.sprintf(key): event.sprintf(str(value)) for key, value in pairs(mapping)}
        return event.to_hash()

    def _deliver(self, url: str, content, event: Event) -> None:
        body = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        kind = {"json": "application/json", "json_batch": "application/json", "message": "text/plain"}
        headers = {"Content-Type": kind.get(self.parameters.get("format", "json"), "application/x-www-form-urlencoded")}
        if self.parameters.get("content_type"):
            headers["Content-Type"] = self.parameters["content_type"]
        if self.parameters.get("user"):
            credentials = f"{self.parameters['user']}:{self.parameters.get('password', '')}"
            headers["Authorization"] = f"Basic {base64.b64encode(credentials.encode()).decode()}"
        headers |= {key: event.sprintf(str(value)) for key, value in pairs(self.parameters.get("headers"))}
        wait = 0.5
        while True:
            status = self._request(url, body.encode(), headers)
            if status is not None and 200 <= status < 300:
                return
            retryable = status is None or status in _RETRYABLE
            details = {":url": url, ":response_code": status, ":will_retry": retryable}
            self.warn(
                "[HTTP Output Failure] Could not access URL" if status is None else "Encountered non-2xx HTTP code",
                details,
            )
            if not retryable or str(self.parameters.get("retry_failed", "true")) == "false":
                return
            if self.stopping():
                raise AbortedBatchError(url)
            time.sleep(wait)
            wait = min(wait * 2, 10)

    def _request(self, url: str, body: bytes, headers: dict) -> int | None:
        parts = urllib.parse.urlsplit(url)
        key = (parts.scheme, parts.netloc)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        for fresh in (False, True):
            connection = self._connections.pop(key, None)
            if connection is None or fresh:
                connection = self._connect(parts)
            try:
                connection.request(str(self.parameters["http_method"]).upper(), target, body, headers)
                response = connection.getresponse()
                response.read()
            except (OSError, http.client.HTTPException):
                # A connection that was kept may have been closed by the server meanwhile: try once on a new one.
                connection.close()
                continue
            self._connections[key] = connection
            return response.status
        return None

    def _connect(self, parts) -> http.client.HTTPConnection:
        timeout = float(self.parameters.get("request_timeout", 60))
        if parts.scheme == "https":
            return http.client.HTTPSConnection(parts.netloc, timeout=timeout, context=tls.client(self.parameters))
        return http.client.HTTPConnection(parts.netloc, timeout=timeout)


class Elasticsearch(Output):
    """Sends a batch with `_bulk`, and again what may pass later: documents with 429, and whatever no host has answered.

    Before 8.8, any stop waits with it. From 8.8 on, it aborts the batch then.
    """

    def __init__(self, plugin) -> None:
        super().__init__(plugin)
        # As in the real one's answers, a counter is there once it has counted.
        self._documents: Counter = Counter()
        self._requests: Counter = Counter()
        self._responses: Counter = Counter()
        self._connection: http.client.HTTPConnection | None = None

    def receive(self, events: list[Event]) -> None:
        """Returns once every document was taken, or refused for good. Raises AbortedBatchError."""
        left = events
        wait = 0.5
        while left and not self.aborted():
            if self._reachable():
                before, left = left, self._bulk(left)
                if len(left) < len(before):
                    wait = 0.5
            self.plugin.more_stats = {
                "documents": dict(self._documents),
                "bulk_requests": {**self._requests, "responses": dict(self._responses)},
            }
            if not left:
                return
            if self.stopping() and self._aborts_batches():
                thread = f"[{self.plugin.pipeline.id}]>worker0"
                message = "Received signal to abort processing current batch. Terminating pipeline worker"
                log.info("org.logstash.execution.WorkerLoop", f"{message} {thread}", None, self.plugin.pipeline.id)
                raise AbortedBatchError
            time.sleep(wait)
            wait = min(wait * 2, 4)

    def _bulk(self, events: list[Event]) -> list[Event]:
        """Sends a request -> the events that have to be sent again."""
        lines = [
            json.dumps(line, ensure_ascii=False, separators=(",", ":"))
            for event in events
            for line in (
                {"index": {"_index": event.sprintf(str(self.parameters.get("index", "logstash")))}},
                event.to_hash(),
            )
        ]
        answer = self._request("".join(line + "\n" for line in lines).encode())
        if answer is None:
            self._requests["failures"] += 1
            return events
        errors = answer.get("errors")
        self._responses["200"] += 1
        self._requests["with_errors" if errors else "successes"] += 1
        statuses = [next(iter(item.values()))["status"] for item in answer["items"]] if errors else [201] * len(events)
        again = []
        for event, status in zip(events, statuses, strict=True):
            if status < 300:
                self._documents["successes"] += 1
            elif status == 429:
                self._documents["retryable_failures"] += 1
                again.append(event)
            else:
                self._documents["non_retryable_failures"] += 1
                self.warn("Could not index event to Elasticsearch.", {":status": status})
        if again:
            details = {":code": 429, ":count": len(again)}
            log.info("logstash.outputs.elasticsearch", "Retrying failed action", details, self.plugin.pipeline.id)
        return again

    def _request(self, body: bytes) -> dict | None:
        """The JSON of a good answer, or None."""
        status: object = None
        try:
            if self._connection is None:
                host = str(as_list(self.parameters.get("hosts", ["127.0.0.1"]))[0])
                parts = urllib.parse.urlsplit(host if "//" in host else f"http://{host}")
                timeout = float(self.parameters.get("timeout", 60))
                if parts.scheme == "https":
                    context = tls.client(self.parameters)
                    self._connection = http.client.HTTPSConnection(parts.netloc, timeout=timeout, context=context)
                else:
                    self._connection = http.client.HTTPConnection(
                        parts.hostname or "", parts.port or 9200, timeout=timeout
                    )
            self._connection.request("POST", "/_bulk", body, {"Content-Type": "application/x-ndjson"})
            response = self._connection.getresponse()
            content, status = response.read(), response.status
            if status == 200:
                return json.loads(content)
        except (OSError, ValueError, http.client.HTTPException) as error:
            status = str(error)
            if self._connection is not None:
                self._connection.close()
            self._connection = None
        self.warn("Encountered a retryable error (will retry with exponential backoff)", {":code": status})
        return None

    def _aborts_batches(self) -> bool:
        return self.plugin.pipeline.release >= _FIRST_WITH_ABORTED_BATCHES

    def ready_to_close(self) -> bool:
        """Whether a host accepts connections, or need not."""
        return self._aborts_batches() or self._reachable()

    def _reachable(self) -> bool:
        for host in as_list(self.parameters.get("hosts", ["127.0.0.1"])):
            url = str(host) if "//" in str(host) else f"http://{host}"
            parts = urllib.parse.urlsplit(url)
            try:
                socket.create_connection((parts.hostname, parts.port or 9200), timeout=2).close()
            except OSError as error:
                self.warn(
                    "Attempted to resurrect connection to dead ES instance, but got an error",
                    {":url": f"{parts.scheme}://{parts.netloc}/", ":message": error.strerror or str(error)},
                )
                continue
            return True
        return False


class Pipeline(Output):
    """Hands its events to inputs of other pipelines in this process, by address."""

    def receive(self, events: list[Event]) -> None:
        """Waits for each address to be listened to, as the real one does."""
        bus = self.plugin.pipeline.bus
        for address in as_list(self.parameters["send_to"]):
            while address not in bus and not self.stopping():
                time.sleep(0.2)
            if address in bus:
                bus[address].push([event.clone() for event in events])


class Redis(Output):
    """Appends each event to a list, and tries again while it can't. `congestion_threshold` is not looked at."""

    def __init__(self, plugin) -> None:
        super().__init__(plugin)
        self._client: redis.Client | None = None

    def receive(self, events: list[Event]) -> None:
        """Sends the batch."""
        for event in events:
            key = event.sprintf(str(self.parameters["key"]))
            while not self._sent(key, self.plugin.codec.encode(event)):
                if self.plugin.pipeline.aborted.wait(float(self.parameters.get("reconnect_interval", 1))):
                    return

    def _sent(self, key: str, payload: str) -> bool:
        try:
            host = str(as_list(self.parameters.get("host", "127.0.0.1"))[0])
            self._client = self._client or redis.Client(host, self.parameters)
            self._client.call("RPUSH", key, payload)
        except OSError as error:
            self.warn("Failed to send event to Redis", {":exception": str(error)})
            if self._client:
                self._client.close()
            self._client = None
            return False
        return True


def make(plugin) -> Output:
    """The output of the plugin with this name."""
    known = {
        "elasticsearch": Elasticsearch,
        "file": File,
        "http": Http,
        "java_stdout": Stdout,
        "pipeline": Pipeline,
        "redis": Redis,
        "stdout": Stdout,
        "tcp": Tcp,
    }
    return known.get(plugin.name, Output)(plugin)
