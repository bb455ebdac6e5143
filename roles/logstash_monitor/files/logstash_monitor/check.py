"""``logstash_monitor check``: one look at this host, for people and playbooks. It does not need the service."""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from .clock import Clock
from .config import Config, load
from .errors import MonitorError
from .history import History
from .monitor import Monitor
from .node_api import NodeApi
from .pages import Pages
from .service import canaries

_log = logging.getLogger(__name__)


def check(
    config: Config, clock: Clock, period: float, sleep: Callable[[float], None] = time.sleep
) -> dict[str, object]:
    """Two samples a period apart, and a canary to each input: what /status says after that."""
    api = NodeApi(config.api)
    sent = canaries(config, api, clock)
    with tempfile.TemporaryDirectory() as folder:
        # The history of the service is its own.
        monitor = Monitor(config, api, sent, History(Path(folder) / "history", clock.wall()), clock)
        monitor.tick()
        end = clock.monotonic() + max(period, config.canary.timeout)
        sleep(period)
        while not sent.idle() and clock.monotonic() < end + 1:
            sleep(0.05)
        monitor.look()
    found = Pages(monitor, clock).status()
    if not found["ready"] and found["reasons"] == ["starting"]:
        # There is no later: what one canary did is all that is known.
        failed = [f"Input {one['name']}: {one['reason']}" for one in found["inputs"] if one["reason"]]
        found["reasons"] = failed or found["reasons"]
    return found


def main(arguments: Sequence[str]) -> int:
    """The command line -> 0: ready, 1: not, 2: the configuration is wrong."""
    parser = argparse.ArgumentParser(prog="logstash_monitor check", description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--period", type=float, help="seconds between the samples; the configuration's interval")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    try:
        config = load(options.config)
    except MonitorError as error:
        _log.error("%s", error)
        return 2
    found = check(config, Clock(), options.period or config.interval)
    print(json.dumps(found, indent=1))
    return 0 if found["ready"] else 1
