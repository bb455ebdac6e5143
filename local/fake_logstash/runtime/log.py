"""Log lines in the real format, to the console and to the files under path.logs.

`[2026-11-23T16:00:00,123][INFO ][logstash.agent           ][pipeline] message {:key=>"value"}`
"""

import json
import os
import sys
import threading
import time

LEVELS = {"trace": 0, "debug": 1, "info": 2, "warn": 3, "error": 4, "fatal": 5}


class Symbol(str):
    """A Ruby symbol: written `:name`."""

    __slots__ = ()


class Raw(str):
    """Text written as it is, such as a class name."""

    __slots__ = ()


def inspect(value) -> str:
    """A value the way Ruby's `inspect` writes it. Keys of a hash that begin with `:` are symbols."""
    if value is None or isinstance(value, bool):
        return {None: "nil", True: "true", False: "false"}[value]
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, str):
        if isinstance(value, Symbol):
            return f":{value}" if value.replace("_", "a").isalnum() else f':"{value}"'
        return json.dumps(value, ensure_ascii=False)
    text = str(value)
    if isinstance(value, dict):
        pairs = (f"{key if key.startswith(':') else inspect(key)}=>{inspect(item)}" for key, item in value.items())
        text = "{" + ", ".join(pairs) + "}"
    elif isinstance(value, list | tuple):
        text = "[" + ", ".join(inspect(item) for item in value) + "]"
    return text


class Log:
    """The one log of the process; `configure` moves it from the console to the console and files."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._threshold = LEVELS["info"]
        self._file = None
        self._json = False
        self._configured = False

    def configure(self, *, path_logs: str, level: str, log_format: str, has_log4j: bool) -> None:
        """Sets the level and opens the files.

        Without log4j2.properties in path.settings the real program logs to the console alone, in another format.
        A file that can't be written costs the file log, never the start.
        """
        self._threshold = LEVELS[level]
        self._json = log_format == "json"
        if not has_log4j:
            return
        self._configured = True
        names = ["logstash-deprecation.log", "logstash-slowlog-plain.log"]
        if self._json:
            names = ["logstash-deprecation.json", "logstash-slowlog-json.log"]
        main = "logstash-json.log" if self._json else "logstash-plain.log"
        for name in [main, *names]:
            path = os.path.join(path_logs, name)
            try:
                os.makedirs(path_logs, exist_ok=True)
                stream = open(path, "a", encoding="utf-8")  # noqa: SIM115 - stays open for the life of the process
            except OSError as error:
                now = time.strftime("%Y-%m-%d %H:%M:%S,000")
                sys.stderr.write(
                    f"{now} main ERROR RollingFileManager ({path}) java.io.FileNotFoundException: {path} "
                    f"({error.strerror}) java.io.FileNotFoundException: {path} ({error.strerror})\n"
                )
                sys.stderr.flush()
                continue
            if name == main:
                self._file = stream
            else:
                stream.close()

    def write(self, level: str, logger: str, message: str, details: dict | None = None, pipeline: str = "") -> None:
        """Writes one entry to the console and, where one is open, to the log file."""
        if LEVELS[level] < self._threshold:
            return
        now = time.time()
        text = f"{message} {inspect(details)}" if details else message
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(now)) + f",{int(now * 1000) % 1000:03d}"
        name = level.upper()
        if self._json:
            entry = {"level": name, "loggerName": logger, "timeMillis": int(now * 1000), "thread": "main"}
            if pipeline:
                entry["pipeline.id"] = pipeline
            fields = {key.lstrip(":"): item for key, item in (details or {}).items()}
            line = json.dumps({**entry, "logEvent": {"message": message, **fields}}, default=str)
        elif self._configured:
            where = f"[{pipeline}]" if pipeline else ""
            line = f"[{stamp}][{name:<5}][{logger:<25}]{where} {text}"
        else:
            last = logger.rpartition(".")[2]
            line = f"[{name:<5}] {stamp.replace('T', ' ').replace(',', '.')} [main] {last} - {text}"
        with self._lock:
            for stream in (sys.stdout, self._file):
                if stream is not None:
                    try:
                        stream.write(line + "\n")
                        stream.flush()
                    except OSError:
                        # The reader of our console went away, or the disk is full: logging must not stop the pipelines.
                        continue


log = Log()


def debug(logger: str, message: str, details: dict | None = None, pipeline: str = "") -> None:
    """Logs at DEBUG."""
    log.write("debug", logger, message, details, pipeline)


def info(logger: str, message: str, details: dict | None = None, pipeline: str = "") -> None:
    """Logs at INFO."""
    log.write("info", logger, message, details, pipeline)


def warn(logger: str, message: str, details: dict | None = None, pipeline: str = "") -> None:
    """Logs at WARN."""
    log.write("warn", logger, message, details, pipeline)


def error(logger: str, message: str, details: dict | None = None, pipeline: str = "") -> None:
    """Logs at ERROR."""
    log.write("error", logger, message, details, pipeline)


def fatal(logger: str, message: str, details: dict | None = None, pipeline: str = "") -> None:
    """Logs at FATAL."""
    log.write("fatal", logger, message, details, pipeline)
