"""The node API. Every answer has the shape of a recorded one; what the JVM would say of itself is made up."""

import base64
import errno
import json
import os
import platform
import re
import resource
import socket
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from . import log, plugin_table
from .pipeline import Pipeline, Plugin

_HEAP = 536870912


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request, client_address) -> None:
        """A client that went away is no news."""


def start(agent) -> ThreadingHTTPServer:
    """Binds the first free port of the range and serves in the background. Raises OSError when none is free."""
    host, ports = agent.settings.api("http.host"), agent.settings.api("http.port")
    handler = type("Handler", (_Handler,), {"agent": agent})
    for port in ports:
        try:
            server = _Server((host, port), handler)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            continue
        agent.port = port
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
        details = {":port": port}
        if agent.settings.knows("api.ssl.enabled"):
            details[":ssl_enabled"] = False
        log.info("logstash.agent", "Successfully started Logstash API endpoint", details)
        return server
    option = "--api.http.port" if agent.settings.knows("api.http.port") else "--http.port"
    where = f"port {ports[0]}, but the port is already in use."
    if len(ports) > 1:
        where = f"port range {ports[0]}..{ports[-1]}, but all the ports are already in use."
    raise OSError(
        errno.EADDRINUSE,
        f"Logstash tried to bind to {where} You can specify a new port by launching logstash with the {option} option.",
    )


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30
    agent = None

    def log_message(self, format: str, *args) -> None:  # noqa: A002 - the name is the base class's
        """Requests are not logged at INFO."""

    def do_GET(self) -> None:
        """Answers a request with JSON, in one line unless `?pretty` is asked for."""
        path, _, query = self.path.partition("?")
        if not self._authorised():
            self._answer(401, {"path": path, "status": 401, "error": {"message": "Unauthorized"}}, query)
            return
        body = answer(self.agent, path)
        status = 200 if body is not None else 404
        if body is None:
            body = {"path": path, "status": 404, "error": {"message": "Not Found"}}
        self._answer(status, body, query)

    def _authorised(self) -> bool:
        settings = self.agent.settings
        if settings.get_or("api.auth.type", "none") != "basic":
            return True
        pair = f"{settings.get('api.auth.basic.username')}:{settings.get('api.auth.basic.password')}"
        return self.headers.get("Authorization") == "Basic " + base64.b64encode(pair.encode()).decode()

    def _answer(self, status: int, body: dict, query: str) -> None:
        pretty = re.search(r"(^|&)pretty(=true)?(&|$)", query) is not None
        text = (
            json.dumps(body, indent=2, separators=(",", " : ")) if pretty else json.dumps(body, separators=(",", ":"))
        )
        content = text.encode()
        self.send_response_only(status)
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="logstash-api"')
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def answer(agent, path: str) -> dict | None:
    """The body for a path, or None where there is nothing."""
    parts = [part for part in path.split("/") if part]
    head = _head(agent)
    if not parts:
        return head
    if parts == ["_health_report"] and agent.settings.release >= (8, 16, 0):
        return {**head, **_health(agent)}
    if parts[0] != "_node" or len(parts) > 4:
        return None
    if parts[1:2] == ["stats"]:
        return _stats(agent, head, parts[2:])
    if parts[1:2] == ["plugins"]:
        gems = plugin_table.installed(agent.settings.home)
        return {**head, "total": len(gems), "plugins": [{"name": name, "version": gems[name]} for name in gems]}
    return _node(agent, head, parts[1:])


def _head(agent) -> dict:
    settings = agent.settings
    found = {
        "host": socket.gethostname(),
        "version": agent.version,
        "http_address": f"{settings.api('http.host')}:{agent.port}",
        "id": agent.id,
        "name": settings.get("node.name"),
    }
    if settings.release >= (6, 0, 0):
        found["ephemeral_id"] = agent.ephemeral_id
        found["status"] = "green"
        found["snapshot"] = None
        found["pipeline"] = {
            "workers": settings.get("pipeline.workers"),
            "batch_size": settings.get("pipeline.batch.size"),
            "batch_delay": settings.get("pipeline.batch.delay"),
        }
    return found


def _node(agent, head: dict, parts: list[str]) -> dict | None:
    single = agent.settings.release < (6, 0, 0)
    pipelines = {name: _node_pipeline(agent, pipeline) for name, pipeline in agent.pipelines.items()}
    sections = {
        "os": {
            "name": platform.system(),
            "arch": {"x86_64": "amd64"}.get(platform.machine(), platform.machine()),
            "version": platform.release(),
            "available_processors": os.cpu_count() or 1,
        },
        "jvm": _jvm_info(agent),
    }
    sections = {**({"pipeline": _only(pipelines)} if single else {"pipelines": pipelines}), **sections}
    if not parts:
        return {**head, **sections}
    wanted = parts[0].split(",")
    if len(parts) == 2 and parts[0] == "pipelines" and not single:
        return {**head, "pipelines": {parts[1]: pipelines[parts[1]]}} if parts[1] in pipelines else None
    if len(parts) > 1 or any(name not in sections for name in wanted):
        return None
    return {**head, **{name: sections[name] for name in wanted}}


def _timestamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _only(pipelines: dict) -> dict:
    """Before 6.0 there is one pipeline, whatever pipeline.id calls it."""
    return next(iter(pipelines.values()), {})


def _node_pipeline(agent, pipeline: Pipeline) -> dict:
    settings = pipeline.config.settings
    found = {
        "ephemeral_id": pipeline.ephemeral_id,
        "hash": pipeline.config.hash,
        "workers": settings.get("pipeline.workers"),
        "batch_size": settings.get("pipeline.batch.size"),
        "batch_delay": settings.get("pipeline.batch.delay"),
        "config_reload_automatic": agent.settings.get("config.reload.automatic"),
        "config_reload_interval": int(agent.settings.get("config.reload.interval") * 1e9),
        "dead_letter_queue_enabled": bool(pipeline.dead_letter_queue),
    }
    if pipeline.dead_letter_queue:
        found["dead_letter_queue_path"] = pipeline.dead_letter_queue.path
    return found


def _stats(agent, head: dict, parts: list[str]) -> dict | None:
    single = agent.settings.release < (6, 0, 0)
    pipelines = {
        name: _pipeline_stats(agent, pipeline) for name, pipeline in {**agent.refused, **agent.pipelines}.items()
    }
    sections = {
        "jvm": _jvm_stats(agent),
        "process": _process(),
        "events": _events(agent),
        "pipeline" if single else "pipelines": _only(pipelines) if single else pipelines,
        "reloads": {"failures": agent.failures, "successes": agent.successes},
    }
    if agent.settings.release >= (8, 5, 0):
        sections["flow"] = _flow(list(agent.pipelines.values()))
    if not parts:
        sections["os"] = {}
        if agent.settings.release >= (6, 3, 0):
            sections["queue"] = {"events_count": sum(len(pipeline.queue) for pipeline in agent.pipelines.values())}
        return {**head, **sections}
    wanted = parts[0].split(",")
    if len(parts) == 2 and parts[0] == "pipelines" and not single:
        return {**head, "pipelines": {parts[1]: pipelines[parts[1]]}} if parts[1] in pipelines else None
    if len(parts) > 1 or any(name not in sections for name in wanted):
        return None
    return {**head, **{name: sections[name] for name in wanted}}


def _events(agent) -> dict:
    pipelines = list(agent.pipelines.values())
    counts = {name: sum(pipeline.counts[name] for pipeline in pipelines) for name in ("in", "filtered", "out")}
    return {
        **counts,
        "duration_in_millis": sum(int(pipeline.milliseconds) for pipeline in pipelines),
        "queue_push_duration_in_millis": sum(_push_time(pipeline) for pipeline in pipelines),
    }


def _push_time(pipeline: Pipeline) -> int:
    return int(sum(plugin.push_milliseconds for plugin in pipeline.inputs))


def _flow(pipelines: list[Pipeline]) -> dict:
    """Rates since the start; `current` is not measured apart."""
    now = time.monotonic()
    elapsed = max((now - pipeline.started_at for pipeline in pipelines), default=0) or 1e-3

    def rate(amount: float) -> dict:
        value = round(amount / elapsed, 3)
        return {"current": value, "lifetime": value}

    return {
        "input_throughput": rate(sum(pipeline.counts["in"] for pipeline in pipelines)),
        "filter_throughput": rate(sum(pipeline.counts["filtered"] for pipeline in pipelines)),
        "output_throughput": rate(sum(pipeline.counts["out"] for pipeline in pipelines)),
        "queue_backpressure": rate(sum(_push_time(pipeline) for pipeline in pipelines) / 1000),
        "worker_concurrency": rate(sum(pipeline.milliseconds for pipeline in pipelines) / 1000),
    }


def _pipeline_stats(agent, pipeline: Pipeline) -> dict:
    found = {
        "events": {
            **pipeline.counts,
            "duration_in_millis": int(pipeline.milliseconds),
            "queue_push_duration_in_millis": _push_time(pipeline),
        }
    }
    if agent.settings.release >= (8, 5, 0):
        found["flow"] = _flow([pipeline])
    codecs = [codec.stats() for plugin in pipeline.inputs + pipeline.outputs for codec in plugin.codecs()]
    found["plugins"] = {
        "inputs": [_input_stats(plugin) for plugin in pipeline.inputs],
        "codecs": codecs,
        "filters": [_plugin_stats(plugin) for plugin in pipeline.filters],
        "outputs": [_plugin_stats(plugin) for plugin in pipeline.outputs],
    }
    if agent.settings.release < (6, 3, 0):
        del found["plugins"]["codecs"]
    found["reloads"] = {
        "failures": int(bool(pipeline.failure)),
        "last_failure_timestamp": _timestamp(pipeline.failure[1]) if pipeline.failure else None,
        "last_error": {"message": pipeline.failure[0], "backtrace": None} if pipeline.failure else None,
        "successes": 0,
        "last_success_timestamp": None,
    }
    found["queue"] = pipeline.queue.stats()
    if pipeline.dead_letter_queue:
        found["dead_letter_queue"] = {
            "max_queue_size_in_bytes": pipeline.config.settings.get("dead_letter_queue.max_bytes"),
            "dropped_events": 0,
            "queue_size_in_bytes": 1,
            "storage_policy": pipeline.config.settings.get_or("dead_letter_queue.storage_policy", "drop_newer"),
            "last_error": "no errors",
            "expired_events": 0,
        }
    found["hash"] = pipeline.config.hash
    found["ephemeral_id"] = pipeline.ephemeral_id
    return found


def _input_stats(plugin: Plugin) -> dict:
    events = {"queue_push_duration_in_millis": int(plugin.push_milliseconds), "out": plugin.events_out}
    return {"id": plugin.id, "events": events, "name": plugin.name}


def _plugin_stats(plugin: Plugin) -> dict:
    events = {"out": plugin.events_out, "in": plugin.events_in, "duration_in_millis": int(plugin.milliseconds)}
    return {"id": plugin.id, **plugin.more_stats, "events": events, "name": plugin.name}


def _jvm_info(agent) -> dict:
    return {
        "pid": os.getpid(),
        "version": "17.0.15",
        "vm_version": "17.0.15",
        "vm_vendor": "fake",
        "vm_name": "fake, no JVM",
        "start_time_in_millis": int(agent.started_at * 1000),
        "mem": {
            "heap_init_in_bytes": _HEAP,
            "heap_max_in_bytes": _HEAP,
            "non_heap_init_in_bytes": 2555904,
            "non_heap_max_in_bytes": 0,
        },
        "gc_collectors": ["Copy", "MarkSweepCompact"],
    }


def _jvm_stats(agent) -> dict:
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    pool = {
        "peak_max_in_bytes": 0,
        "max_in_bytes": 0,
        "committed_in_bytes": 0,
        "used_in_bytes": 0,
        "peak_used_in_bytes": 0,
    }
    collector = {"collection_time_in_millis": 0, "collection_count": 0}
    return {
        "threads": {"count": threading.active_count(), "peak_count": threading.active_count()},
        "mem": {
            "heap_used_percent": min(used * 100 // _HEAP, 100),
            "heap_committed_in_bytes": _HEAP,
            "heap_max_in_bytes": _HEAP,
            "heap_used_in_bytes": used,
            "non_heap_used_in_bytes": 0,
            "non_heap_committed_in_bytes": 0,
            "pools": {name: dict(pool) for name in ("survivor", "young", "old")},
        },
        "gc": {"collectors": {name: dict(collector) for name in ("young", "old")}},
        "uptime_in_millis": int((time.time() - agent.started_at) * 1000),
    }


def _process() -> dict:
    descriptors = len(os.listdir("/proc/self/fd"))
    usage = resource.getrusage(resource.RUSAGE_SELF)
    load = os.getloadavg()
    with open("/proc/self/statm", encoding="utf-8") as stream:
        pages = int(stream.read().split(" ")[0])
    return {
        "open_file_descriptors": descriptors,
        "peak_open_file_descriptors": descriptors,
        "max_file_descriptors": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        "mem": {"total_virtual_in_bytes": pages * resource.getpagesize()},
        "cpu": {
            "total_in_millis": int((usage.ru_utime + usage.ru_stime) * 1000),
            "percent": 0,
            "load_average": {"1m": round(load[0], 2), "5m": round(load[1], 2), "15m": round(load[2], 2)},
        },
    }


def _health(agent) -> dict:
    """The health report in short: green while every pipeline runs."""
    indicators = {}
    for name, pipeline in agent.pipelines.items():
        state = "finished" if pipeline.finished.is_set() else "running"
        color = "green" if state == "running" else "yellow"
        symptom = "The pipeline is healthy." if state == "running" else "The pipeline has finished running"
        indicators[name] = {"status": color, "symptom": symptom, "details": {"status": {"state": state.upper()}}}
    worst = "green"
    if agent.failures:
        worst = "red"
    elif any(item["status"] != "green" for item in indicators.values()):
        worst = "yellow"
    healthy = worst == "green"
    symptom = f"{len(indicators)} indicator is healthy" if healthy else "1 indicator is unhealthy"
    part = {"status": worst, "symptom": symptom + " (`pipelines`)", "indicators": indicators}
    return {"status": worst, "symptom": symptom, "indicators": {"pipelines": part}}
