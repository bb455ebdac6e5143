"""The life of the process: locks path.data, starts the node API and the pipelines, and stops them on a signal."""

import os
import signal
import threading
import time
import uuid

from . import api, locks, log, plugin_table, sources
from .errors import AccessDeniedError, ConfigurationError, LockError, QueueError, RegisterError
from .pipeline import Pipeline
from .settings import Settings

_STALL_CHECKS = 5
# The real program's node API answers 3 to 10 s before its pipelines run. So many seconds it is here, unless the
# environment says otherwise.
_START_SECONDS = 0.2
_START_VARIABLE = "FAKE_START_SECONDS"


class Agent:
    """Runs the pipelines of one process."""

    def __init__(self, settings: Settings, version: str) -> None:
        self.settings, self.version = settings, version
        self.ephemeral_id = str(uuid.uuid4())
        self.started_at = time.time()
        self.pipelines: dict[str, Pipeline] = {}
        # Those that failed at register: the node API shows them with their error (seen with 8.5.3).
        self.refused: dict[str, Pipeline] = {}
        self.failures = self.successes = 0
        self.port = 0
        self.id = ""
        self._stop = threading.Event()
        self._interrupted = False
        self._hashes: dict[str, str] = {}
        self._bus: dict = {}

    def run(self) -> int:
        """Runs until a signal, or until no pipeline is left; returns the exit code.

        Raises LockError when another instance has path.data, AccessDeniedError when its lock may not be opened,
        OSError when the API can't be bound.
        """
        data = self.settings.get("path.data")
        lock = locks.acquire(os.path.join(data, ".lock"))
        self.id = self._uuid(os.path.join(data, "uuid"))
        signal.signal(signal.SIGTERM, self._terminate)
        signal.signal(signal.SIGINT, self._interrupt)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        server = api.start(self) if self._api_enabled() else None
        code = self._run_pipelines()
        self._shut_down()
        if server:
            server.shutdown()
            server.server_close()
        log.info("logstash.runner", "Logstash shut down.")
        os.close(lock)
        return code

    def _api_enabled(self) -> bool:
        enabled = self.settings.get_or("api.enabled", self.settings.get_or("http.enabled", True))
        if not enabled:
            log.info("logstash.agent", "HTTP API is disabled (`api.enabled=false`); webserver will not be started.")
        return enabled

    def _run_pipelines(self) -> int:
        reload = self.settings.get("config.reload.automatic")
        if self._stop.wait(float(os.environ.get(_START_VARIABLE, _START_SECONDS))):
            return 0
        self._converge()
        if not self.pipelines and not reload:
            return 1
        interval = max(self.settings.get("config.reload.interval"), 0.2)
        checked = time.monotonic()
        while not self._stop.wait(0.1):
            if reload and time.monotonic() - checked >= interval:
                self._converge()
                checked = time.monotonic()
            if not reload and all(pipeline.finished.is_set() for pipeline in self.pipelines.values()):
                break
        return 0

    # Pipelines

    def _converge(self) -> None:
        """Starts, replaces and stops pipelines until they are those of the sources."""
        try:
            wanted = sources.fetch(self.settings)
        except ConfigurationError as error:
            message = f"Could not fetch the configuration, message: {error}"
            details = {":exception": log.Raw("RuntimeError"), ":message": message}
            log.error("logstash.agent", "An exception happened when converging configuration", details)
            return
        actions = good = 0
        for gone in set(self.pipelines) - {config.id for config in wanted}:
            self._stop_pipeline(gone)
        for config in wanted:
            if self._hashes.get(config.id) == config.hash:
                continue
            self._hashes[config.id] = config.hash
            actions += 1
            good += self._create(config)
        if actions and actions == good:
            log.info("logstash.agent", "Pipelines running", self._running())

    def _running(self) -> dict:
        running = [log.Symbol(name) for name, pipeline in self.pipelines.items() if not pipeline.finished.is_set()]
        return {":count": len(running), ":running_pipelines": running, ":non_running_pipelines": []}

    def _create(self, config: sources.PipelineConfig) -> bool:
        replaced = config.id in self.pipelines
        if replaced:
            self._stop_pipeline(config.id)
        try:
            names = plugin_table.available(self.settings.home, self.settings.release)
            made = Pipeline(config, names, self.settings.release, self._bus)
        except (ConfigurationError, LockError, AccessDeniedError, QueueError) as error:
            kind = {
                QueueError: "Java::JavaLang::IllegalStateException",
                LockError: "Java::OrgLogstash::LockException",
                AccessDeniedError: "Java::JavaNioFile::AccessDeniedException",
            }.get(type(error), "LogStash::ConfigurationError")
            prefix = {LockError: "org.logstash.LockException: "}.get(type(error), "")
            if isinstance(error, AccessDeniedError):
                prefix = "java.nio.file.AccessDeniedException: "
            if isinstance(error, QueueError):
                prefix = f"{error.exception}: "
                if error.exception == "java.lang.InternalError":
                    kind, prefix = "Java::JavaLang::InternalError", ""
            log.error(
                "logstash.agent",
                "Failed to execute action",
                {
                    ":action": log.Raw(f"LogStash::PipelineAction::Create/pipeline_id:{config.id}"),
                    ":exception": kind,
                    ":message": f"{prefix}{error}",
                    ":backtrace": [],
                },
            )
            self.failures += 1
            return False
        try:
            made.start()
        except RegisterError:
            message = f"Could not execute action: PipelineAction::Create<{config.id}>, action_result: false"
            log.error(
                "logstash.agent",
                "Failed to execute action",
                {
                    ":id": log.Symbol(config.id),
                    ":action_type": log.Raw("LogStash::ConvergeResult::FailedAction"),
                    ":message": message,
                    ":backtrace": None,
                },
            )
            made.failure = (message, time.time())
            self.refused[config.id] = made
            self.failures += 1
            return False
        self.refused.pop(config.id, None)
        self.pipelines[config.id] = made
        self.successes += replaced
        return True

    def _stop_pipeline(self, name: str) -> None:
        pipeline = self.pipelines.pop(name)
        self._hashes.pop(name, None)
        pipeline.stop()
        pipeline.finished.wait()

    # The end

    def _terminate(self, _signal: int, _frame) -> None:
        log.warn("logstash.runner", "SIGTERM received. Shutting down.")
        self._stop.set()

    def _interrupt(self, _signal: int, _frame) -> None:
        if self._interrupted:
            log.fatal("logstash.runner", "SIGINT received. Terminating immediately..")
            os._exit(1)
        self._interrupted = True
        log.warn("logstash.runner", "SIGINT received. Shutting down.")
        self._stop.set()

    def _shut_down(self) -> None:
        """Waits for every pipeline. Never gives up, unless pipeline.unsafe_shutdown says that it may."""
        for pipeline in self.pipelines.values():
            pipeline.stop()
        checks = 0
        for pipeline in self.pipelines.values():
            while not pipeline.finished.wait(1):
                checks += 1
                if checks == _STALL_CHECKS:
                    log.error(
                        "org.logstash.execution.ShutdownWatcherExt",
                        "The shutdown process appears to be stalled due to busy or blocked plugins. Check the logs for "
                        "more information.",
                    )
                    if pipeline.draining():
                        message = f"The queue for pipeline {pipeline.id} is draining before shutdown."
                        log.info("org.logstash.execution.ShutdownWatcherExt", message)
                if checks >= _STALL_CHECKS + 3 and self.settings.get("pipeline.unsafe_shutdown"):
                    log.fatal("org.logstash.execution.ShutdownWatcherExt", "Forcefully quitting Logstash ...")
                    for stuck in self.pipelines.values():
                        stuck.aborted.set()

    def _uuid(self, path: str) -> str:
        """The node's id, kept in a file. One that can't be read or written costs a warning."""
        found = ""
        if os.path.exists(path):
            try:
                with open(path, encoding="utf-8") as stream:
                    found = stream.readline().strip()
            except OSError as error:
                details = {":path": path, ":error": f"{error.strerror} - {path}", ":class": "Errno::EACCES"}
                log.warn("logstash.agent", "Could not open persistent UUID file!", details)
        if found:
            return found
        made = str(uuid.uuid4())
        details = {":uuid": made, ":path": path}
        log.info("logstash.agent", "No persistent UUID file found. Generating new UUID", details)
        try:
            with open(path, "w", encoding="utf-8") as stream:
                stream.write(made)
        except OSError as error:
            details |= {":error": f"{error.strerror} - {path}", ":class": "Errno::EACCES"}
            log.warn("logstash.agent", "Could not write persistent UUID file! Will use ephemeral UUID", details)
        return made
