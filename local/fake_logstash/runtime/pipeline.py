"""One pipeline: its plugins, its queue, and the threads that move events through them."""

import hashlib
import os
import threading
import time
import traceback
import uuid

from . import codecs, conditions, config_parser, decoration, filters, log, plugin_table, queues, syntax_tree, variables
from .errors import AccessDeniedError, ConfigurationError, LockError, QueueError, RegisterError
from .event import Event
from .sources import PipelineConfig

_DEFAULT_CODECS = {
    "input-tcp": "line",
    "input-stdin": "line",
    "input-redis": "json",
    "output-file": "json_lines",
    "output-tcp": "json",
    "output-redis": "json",
    "output-stdout": "rubydebug",
    "output-java_stdout": "rubydebug",
}
# The real program starts a failed input again after a second.
_RESTART_AFTER = 1.0
_INPUTS_OF_NETTY = ("tcp", "http")


class ExecutorTerminatedError(Exception):
    """An input of Netty's was run again after its threads had ended."""


class Plugin:
    """One plugin of a pipeline, with the counters that the node API shows."""

    def __init__(self, pipeline: "Pipeline", kind: str, node: syntax_tree.Plugin) -> None:
        self.pipeline, self.kind, self.name = pipeline, kind, node.name
        self.parameters = variables.replace(node.parameters())
        plugin_table.check(pipeline.available, kind, self.name, self.parameters)
        place = f"{pipeline.id} {kind} {self.name} {node.line} {node.column}"
        self.id = str(self.parameters.get("id") or hashlib.sha256(place.encode()).hexdigest())
        own = self.parameters.get("ecs_compatibility")
        self.ecs = (own or pipeline.config.settings.get_or("pipeline.ecs_compatibility", "disabled")) != "disabled"
        self.codec = self._codec() if kind != "filter" else None
        self.path_data = pipeline.config.settings.get("path.data")
        self.events_in = self.events_out = 0
        self.milliseconds = self.push_milliseconds = 0.0
        # More than all plugins have: what the elasticsearch output counts of its documents and requests.
        self.more_stats: dict[str, dict] = {}
        self.running = threading.Event()
        self._additional: dict[str, codecs.Codec] = {}
        self._lock = threading.Lock()

    def _codec(self) -> codecs.Codec:
        wanted = self.parameters.get("codec", _DEFAULT_CODECS.get(f"{self.kind}-{self.name}", "plain"))
        name, parameters = wanted, {}
        if isinstance(wanted, syntax_tree.Plugin):
            name, parameters = wanted.name, variables.replace(wanted.parameters())
        plugin_table.check(self.pipeline.available, "codec", name, parameters)
        if self.kind == "input" and self.name in ("tcp", "stdin"):
            name = codecs.STREAM_CODECS.get(name, name)
        return codecs.Codec(name, parameters, ecs=self.ecs)

    def additional_codec(self, name: str) -> codecs.Codec:
        """The codec that the http input uses for one content type."""
        with self._lock:
            if name not in self._additional:
                self._additional[name] = codecs.Codec(name, {}, ecs=self.ecs)
            return self._additional[name]

    def codecs(self) -> list[codecs.Codec]:
        """Every codec of the plugin."""
        return ([self.codec] if self.codec else []) + list(self._additional.values())

    def started(self, address: tuple | None) -> None:
        """An input says that it is at work."""
        self.running.set()
        if address:
            host, port = address
            message = {"http": "Starting http input listener", "tcp": "Starting tcp input listener"}[self.name]
            log.info(f"logstash.inputs.{self.name}", message, {":address": f"{host}:{port}"}, self.pipeline.id)

    def push(self, events: list[Event]) -> bool:
        """Decorates an input's events and queues them. False when the pipeline was stopped meanwhile."""
        begun = time.monotonic()
        parameters = self.parameters
        for event in events:
            if "type" in parameters:
                event.data.setdefault("type", parameters["type"])
            for tag in decoration.as_list(parameters.get("tags")):
                event.tag(tag)
            for field, value in decoration.pairs(parameters.get("add_field")):
                event.set(field, event.sprintf(value) if isinstance(value, str) else value)
            if not self.pipeline.push(event):
                return False
            with self._lock:
                self.events_out += 1
        self.push_milliseconds += (time.monotonic() - begun) * 1000
        return True


class Pipeline:
    """A pipeline. Making one checks it and opens its queues; `start` runs it, `stop` asks it to end."""

    def __init__(self, config: PipelineConfig, available: set[str], release: tuple[int, int, int], bus: dict) -> None:
        """Raises ConfigurationError, LockError, AccessDeniedError and QueueError."""
        self.config, self.id, self.available, self.bus = config, config.id, available, bus
        self.release = release
        self.ephemeral_id = str(uuid.uuid4())
        self.stopping, self.aborted, self.finished = threading.Event(), threading.Event(), threading.Event()
        self._inputs_done = threading.Event()
        self.counts = {"in": 0, "filtered": 0, "out": 0}
        self.milliseconds = 0.0
        self.started_at = time.monotonic()
        source = syntax_tree.Source()
        for _path, text in config.parts:
            source.extend(config_parser.parse(text, release))
        self.dead_letter_queue: queues.DeadLetterQueue | None = None
        self.queue = self._open_queue()
        try:
            self.dead_letter_queue = self._open_dead_letter_queue()
        except (AccessDeniedError, LockError):
            self.close()
            raise
        try:
            self._make_plugins(source)
        except ConfigurationError:
            self.close()
            raise
        # Why it was refused, and when, in seconds since 1970.
        self.failure: tuple[str, float] | None = None
        self.started_at = time.monotonic()
        self._lock = threading.Lock()

    def _make_plugins(self, source: syntax_tree.Source) -> None:
        self.inputs = [Plugin(self, "input", node) for node in syntax_tree.plugins(source.input)]
        self.filters: list[Plugin] = []
        self.outputs: list[Plugin] = []
        self._filter_steps = self._steps("filter", source.filter, self.filters, filters.make)
        self._output_steps = self._steps("output", source.output, self.outputs, lambda _name, _parameters: None)
        self._senders: dict = {}
        for plugin in self.inputs:
            if plugin.name == "pipeline":
                self.bus[str(plugin.parameters["address"])] = plugin

    def _steps(self, kind: str, statements: list, made: list[Plugin], make) -> list:
        """Statements made ready to run: (plugin, function) or a list of (condition, steps)."""
        steps: list = []
        for statement in statements:
            if isinstance(statement, syntax_tree.Plugin):
                plugin = Plugin(self, kind, statement)
                made.append(plugin)
                steps.append((plugin, make(plugin.name, plugin.parameters)))
            else:
                steps.append(
                    [
                        (conditions.resolve(condition), self._steps(kind, body, made, make))
                        for condition, body in statement.cases
                    ]
                )
        return steps

    # Queues

    def _open_dead_letter_queue(self) -> queues.DeadLetterQueue | None:
        settings = self.config.settings
        if not settings.get_or("dead_letter_queue.enable", False):
            return None
        return queues.DeadLetterQueue(os.path.join(settings.get("path.dead_letter_queue"), self.id))

    def _open_queue(self) -> queues.MemoryQueue:
        settings = self.config.settings
        if settings.get("queue.type") == "memory":
            return queues.MemoryQueue(2 * settings.get("pipeline.batch.size") * settings.get("pipeline.workers"))
        directory = os.path.join(settings.get("path.queue"), self.id)
        capacity, most = settings.get("queue.page_capacity"), settings.get("queue.max_bytes")
        if most < capacity:
            raise ConfigurationError(
                f"Invalid configuration, 'queue.max_bytes' must be greater or equal to 'queue.page_capacity'. "
                f"queue.max_bytes: {most}, queue.page_capacity: {capacity}"
            )
        try:
            return queues.PersistedQueue(directory, capacity, most)
        except AccessDeniedError as error:
            details = {":exception": log.Raw(f"java.nio.file.AccessDeniedException: {error}")}
            log.error("logstash.javapipeline", "Logstash failed to create queue.", details, self.id)
            raise
        except QueueError as error:
            if error.exception != "java.lang.InternalError":
                message = f"Logstash failed to create queue.\n{error.exception}: {error}"
                log.error("org.logstash.execution.AbstractPipelineExt", message, None, self.id)
            raise

    def close(self) -> None:
        """Releases the locks of the queues."""
        self.queue.close()
        if self.dead_letter_queue:
            self.dead_letter_queue.close()

    # Running

    def start(self) -> None:
        """Starts the inputs and the worker; returns at once. Raises RegisterError."""
        self._register()
        settings = self.config.settings
        workers, size = settings.get("pipeline.workers"), settings.get("pipeline.batch.size")
        log.info(
            "logstash.javapipeline",
            "Starting pipeline",
            {
                ":pipeline_id": self.id,
                "pipeline.workers": workers,
                "pipeline.batch.size": size,
                "pipeline.batch.delay": settings.get("pipeline.batch.delay"),
                "pipeline.max_inflight": workers * size,
                "pipeline.sources": [path for path, _text in self.config.parts],
                ":thread": "#<Thread: run>",
            },
            self.id,
        )
        from . import outputs  # noqa: PLC0415 - it brings http.client along, which `-t` does not need

        self._senders = {plugin: outputs.make(plugin) for plugin in self.outputs}
        self.started_at = time.monotonic()
        threads = [threading.Thread(target=self._run_input, args=(plugin,), daemon=True) for plugin in self.inputs]
        for thread in threads:
            thread.start()
        threading.Thread(target=self._wait_for_inputs, args=(threads,), daemon=True).start()
        threading.Thread(target=self._run_worker, daemon=True).start()
        log.info("logstash.javapipeline", "Pipeline started", {"pipeline.id": self.id}, self.id)

    def _register(self) -> None:
        """Lets every filter get ready. One that refuses ends the pipeline, in the words of the release."""
        try:
            for plugin in self.filters:
                filters.register(plugin.name, plugin.parameters)
        except RegisterError as error:
            gems = "/usr/share/logstash/vendor/bundle/jruby/gems"
            frame = f"{gems}/logstash-filter-{plugin.name}/lib/logstash/filters/{plugin.name}.rb:1:in `register'"
            details = {":pipeline_id": self.id, ":exception": log.Raw(str(error)), ":backtrace": [frame]}
            # 5.x names no pipeline; up to 7.8.0 the words were others.
            if self.release < (6, 0, 0):
                del details[":pipeline_id"]
            recent = self.release > (7, 8, 0)
            log.error(
                "logstash.javapipeline",
                "Pipeline error" if recent else "Pipeline aborted due to error",
                details,
                self.id,
            )
            self.finished.set()
            self.close()
            log.info("logstash.javapipeline", "Pipeline terminated", {"pipeline.id": self.id}, self.id)
            raise

    def stop(self) -> None:
        """Asks the inputs to end; the worker follows when it has done what it must."""
        self.stopping.set()

    def _run_input(self, plugin: Plugin) -> None:
        from . import inputs  # noqa: PLC0415 - it brings the HTTP server along, which `-t` does not need

        run = inputs.runner(plugin.name)
        gone = False
        while not self.stopping.is_set():
            try:
                if gone:
                    raise ExecutorTerminatedError("event executor terminated")
                run(plugin, self.stopping)
            except Exception as error:  # whatever went wrong, the input is started again
                plugin.running.clear()
                reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
                kind = "Java::JavaNet::BindException" if isinstance(error, OSError) else type(error).__name__
                if gone:
                    kind = "Java::JavaUtilConcurrent::RejectedExecutionException"
                # The first failure ends the threads of these inputs for good: a port that is free again does not help.
                gone = gone or (plugin.name in _INPUTS_OF_NETTY and isinstance(error, OSError))
                log.error(
                    "logstash.javapipeline",
                    "A plugin had an unrecoverable error. Will restart this plugin.\n"
                    f"  Pipeline_id:{self.id}\n"
                    f"  Plugin: <LogStash::Inputs::{plugin.name.capitalize()} {_described(plugin)}>\n"
                    f"  Error: {reason}\n  Exception: {kind}\n  Stack: ",
                    None,
                    self.id,
                )
                self.stopping.wait(_RESTART_AFTER)
            else:
                return

    def _wait_for_inputs(self, threads: list[threading.Thread]) -> None:
        for thread in threads:
            thread.join()
        self._inputs_done.set()

    def push(self, event: Event) -> bool:
        """Queues an event of an input."""
        if not self.queue.push(event, self.stopping):
            return False
        with self._lock:
            self.counts["in"] += 1
        return True

    def draining(self) -> bool:
        """Whether a stop waits for the queue to be empty."""
        # A persisted queue keeps what it holds for the next start, unless it is told to drain.
        drain = self.queue.type == "memory" or self.config.settings.get_or("queue.drain", False)
        return drain and len(self.queue) > 0

    def _run_worker(self) -> None:
        settings = self.config.settings
        size, delay = settings.get("pipeline.batch.size"), settings.get("pipeline.batch.delay") / 1000
        from . import outputs  # noqa: PLC0415 - as in `start`

        try:
            while True:
                batch = self.queue.take(size, max(delay, 0.005))
                if batch:
                    try:
                        self._work(batch)
                    except outputs.AbortedBatchError:
                        break  # not acknowledged: a persisted queue has it at the next start
                    self.queue.acknowledge(len(batch))
                if self._inputs_done.is_set() and not self.draining():
                    break
            while not all(sender.ready_to_close() for sender in self._senders.values()) and not self.aborted.is_set():
                time.sleep(0.5)
        except Exception:  # a mistake in a plugin ends its pipeline, not the program
            details = {":pipeline_id": self.id, ":backtrace": traceback.format_exc()}
            message = "Pipeline worker error, the pipeline will be stopped"
            log.error("logstash.javapipeline", message, details, self.id)
            self.stop()
        self.finished.set()
        self.close()
        log.info("logstash.javapipeline", "Pipeline terminated", {"pipeline.id": self.id}, self.id)

    def _work(self, batch: list[Event]) -> None:
        begun = time.monotonic()
        kept = []
        for event in batch:
            self._filter(self._filter_steps, event)
            if not event.cancelled:
                kept.append(event)
        wanted: dict[Plugin, list[Event]] = {}
        for event in kept:
            self._route(self._output_steps, event, wanted)
        for plugin, events in wanted.items():
            plugin.events_in += len(events)
            started = time.monotonic()
            self._senders[plugin].receive(events)
            plugin.milliseconds += (time.monotonic() - started) * 1000
            plugin.events_out += len(events)
        # Both at the end of the batch: one that an output holds is in neither (recorded with 8.5.3).
        self.counts["filtered"] += len(batch)
        self.counts["out"] += len(kept)
        self.milliseconds += (time.monotonic() - begun) * 1000

    def _filter(self, steps: list, event: Event) -> None:
        for step in steps:
            if event.cancelled:
                return
            if isinstance(step, list):
                self._filter(_chosen(step, event), event)
                continue
            plugin, run = step
            plugin.events_in += 1
            if run:
                started = time.monotonic()
                run(event)
                plugin.milliseconds += (time.monotonic() - started) * 1000
            plugin.events_out += 0 if event.cancelled else 1

    def _route(self, steps: list, event: Event, wanted: dict[Plugin, list[Event]]) -> None:
        for step in steps:
            if isinstance(step, list):
                self._route(_chosen(step, event), event, wanted)
            else:
                wanted.setdefault(step[0], []).append(event)


def _described(plugin: Plugin) -> str:
    """A plugin in its own words: its plain settings, and its id."""
    plain = {name: value for name, value in plugin.parameters.items() if isinstance(value, str | int)}
    return ", ".join(f"{name}=>{log.inspect(value)}" for name, value in {**plain, "id": plugin.id}.items())


def _chosen(cases: list, event: Event) -> list:
    """The steps of the first case whose condition holds."""
    for condition, steps in cases:
        if condition is None or conditions.holds(condition, event):
            return steps
    return []
