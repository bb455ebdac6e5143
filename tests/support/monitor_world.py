"""What tests of the monitor share: time that they move, a configuration, and a Logstash that is numbers only."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from logstash_monitor.clock import Clock
from logstash_monitor.config import Config, load
from logstash_monitor.errors import NodeApiError
from logstash_monitor.node_api import Answer

# 2026-11-28 00:00:00 UTC.
MIDNIGHT = 1795824000.0


class Time(Clock):
    """Clocks that move when somebody waits; ``wall`` can be set apart."""

    def __init__(self, wall: float = MIDNIGHT) -> None:
        self._now, self._offset = 1000.0, wall - 1000.0
        self.waits: list[float] = []

    def wall(self) -> float:
        return self._now + self._offset

    def monotonic(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self._now += seconds

    def set_wall(self, wall: float) -> None:
        """As an administrator, or NTP, does."""
        self._offset = wall - self._now


def content(**changes: object) -> dict:
    """The content of a configuration's file: one pipeline, one input of each kind."""
    return {
        "environment": "staging",
        "layer": "brokers",
        "host": "broker-1",
        "interval": 15,
        "api": {"url": "http://127.0.0.1:9600", "user": "", "password_file": "", "ca": ""},
        "listen": {"address": "127.0.0.1", "port": 9601},
        "pipelines": ["broker"],
        "inputs": [tcp_input(), http_input()],
        "canary": {"interval": 15, "timeout": 5, "max_age": 45},
        "cloudwatch": None,
        "restart": {"enabled": False, "after": 300, "at_most": 2, "within": 21600},
        "service": "logstash.service",
        "log_file": "/var/log/logstash/logstash-plain.log",
        "journal": "/var/lib/elk/deployments.jsonl",
        "state": "/var/lib/logstash-monitor",
        **changes,
    }


def tcp_input(**changes: object) -> dict:
    return {
        "name": "broker_tcp",
        "pipeline": "broker",
        "kind": "tcp",
        "host": "127.0.0.1",
        "port": 5000,
        "tls": None,
        "user": "",
        "password_file": "",
        **changes,
    }


def http_input(**changes: object) -> dict:
    return tcp_input(name="broker_http", kind="http", port=5001) | changes


def write(folder: Path, **changes: object) -> Path:
    """A configuration's file, whose directories are in ``folder``."""
    own = {
        "state": str(folder / "state"),
        "journal": str(folder / "deployments.jsonl"),
        "log_file": str(folder / "logstash-plain.log"),
    }
    (folder / "state").mkdir(exist_ok=True)
    path = folder / "config.json"
    path.write_text(json.dumps(content(**{**own, **changes})))
    return path


def config(folder: Path, **changes: object) -> Config:
    return load(write(folder, **changes))


class Logstash:
    """Pipeline ``broker`` with its two inputs, the filter that drops canaries and an output, as the node API tells.

    ``tick`` moves its counters; a test changes the rest.
    """

    def __init__(self) -> None:
        self.process = "process-1"
        self.arrived = {"broker_tcp": 0, "broker_http": 0}
        self.canaries = self.canaries_waiting = self.left = self.refused = self.queue = 0
        self.heap = 40
        self.filters = ["canaries"]
        self.error = ""
        self.looks = 0

    def tick(self, events: int, leaving: int | None = None) -> None:
        """Events come in; as many as ``leaving`` go out, by default all that there are."""
        self.arrived["broker_tcp"] += events
        self.queue += events
        gone = self.queue if leaving is None else min(self.queue, leaving)
        self.queue -= gone
        self.left += gone
        if leaving != 0:
            # A filter drops them, but only in a batch that a worker has time for.
            self.canaries += self.canaries_waiting
            self.canaries_waiting = 0

    def restart(self) -> None:
        """Another process, which counts anew."""
        queue = self.queue
        self.__init__()
        self.process = "process-2"
        self.queue = queue

    def stats(self) -> dict:
        gone = self.left + self.canaries

        def events(into: int, out: int) -> dict:
            return {"in": into, "out": out, "duration_in_millis": gone}

        return {
            "host": "broker-1",
            "version": "8.5.3",
            "id": "node-1",
            "ephemeral_id": self.process,
            "status": "green",
            "jvm": {"uptime_in_millis": 3_600_000, "mem": {"heap_used_percent": self.heap}},
            "pipelines": {
                "broker": {
                    "events": {
                        "in": sum(self.arrived.values()),
                        "filtered": gone,
                        "out": self.left,
                        "duration_in_millis": gone,
                        "queue_push_duration_in_millis": 0,
                    },
                    "plugins": {
                        "inputs": [
                            {"id": name, "name": name.partition("_")[2], "events": {"out": count}}
                            for name, count in self.arrived.items()
                        ],
                        "filters": [
                            {"id": name, "name": "drop", "events": events(gone, self.left)} for name in self.filters
                        ],
                        "outputs": [
                            {
                                "id": "to_elasticsearch",
                                "name": "elasticsearch",
                                "events": events(self.left, self.left),
                                "documents": {
                                    "successes": self.left - self.refused,
                                    "non_retryable_failures": self.refused,
                                },
                            }
                        ],
                    },
                    "reloads": {"failures": 0, "successes": 0, "last_error": None},
                    "queue": {
                        "type": "persisted",
                        "events_count": self.queue + self.canaries_waiting,
                        "queue_size_in_bytes": self.queue * 1000,
                        "max_queue_size_in_bytes": 1_000_000_000,
                    },
                    "hash": "abc",
                    "ephemeral_id": f"{self.process}-broker",
                }
            },
        }

    def look(self) -> Answer:
        """As :meth:`node_api.NodeApi.look`."""
        self.looks += 1
        if self.error:
            raise NodeApiError(self.error)
        return Answer(self.stats(), None)


class Senders:
    """Inputs that count what they get, unless ``fault`` has an exception for them or says that they swallow it."""

    def __init__(self, logstash: Logstash) -> None:
        self.logstash = logstash
        self.sent: list[tuple[str, dict]] = []
        self.swallow: set[str] = set()
        self.fault: dict[str, Exception] = {}

    def by_kind(self) -> Mapping[str, Callable]:
        return {"tcp": self.send, "http": self.send}

    def send(self, target, event, _deadline):
        return _Sent(self, target.name, json.loads(event))


class _Sent:
    def __init__(self, senders: Senders, name: str, event: dict) -> None:
        self._senders, self._name, self._event = senders, name, event

    def __enter__(self) -> None:
        senders = self._senders
        if self._name in senders.fault:
            raise senders.fault[self._name]
        senders.sent.append((self._name, self._event))
        if self._name not in senders.swallow:
            senders.logstash.arrived[self._name] += 1
            senders.logstash.canaries_waiting += 1

    def __exit__(self, *_: object) -> None:
        return
