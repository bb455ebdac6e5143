"""``logstash_monitor run``: the service, which systemd starts, watches and ends."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from . import monitor
from .canaries import Canaries, Canary, Count
from .clock import Clock
from .cloudwatch import CloudWatch, Publisher
from .config import Config, Input, load
from .credentials import CredentialSource
from .errors import MonitorError, NodeApiError, SampleError
from .history import History
from .node_api import SECONDS, NodeApi
from .pages import Pages
from .restart_request import RestartRequests
from .server import Server

HISTORY = "history.jsonl"
# How long the loop may take to end what it is about; then the process goes anyway.
ENDING_SECONDS = 0.5

_log = logging.getLogger(__name__)


def canaries(config: Config, api: NodeApi, clock: Clock) -> Canaries:
    """The canaries of a configuration."""

    def counter(target: Input, seconds: float) -> Count:
        try:
            return monitor.count(api.stats(seconds), target)
        except SampleError as error:
            raise NodeApiError(error.message) from None

    canary = Canary(config.host, counter, config.canary.timeout, clock)
    return Canaries(config.inputs, canary.take, config.canary, clock)


def build(config: Config, clock: Clock) -> monitor.Monitor:
    """The monitor of a configuration, with all that it needs."""
    api = NodeApi(config.api, seconds=min(SECONDS, config.interval))
    publisher = None
    if config.cloudwatch:
        publisher = Publisher(CloudWatch(config.cloudwatch, CredentialSource(clock), clock), clock)
    requests = RestartRequests(config.restart, config.state) if config.restart.enabled else None
    history = History(config.state / HISTORY, clock.wall())
    return monitor.Monitor(
        config, api, canaries(config, api, clock), history, clock, publisher=publisher, requests=requests
    )


def notify(message: str) -> None:
    """Tells systemd something (sd_notify), if it started this."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as link:
            link.settimeout(1)
            link.sendto(message.encode(), address)
    except OSError as error:
        _log.warning("systemd cannot be told %s: %s", message, error)


def run(config: Config, clock: Clock) -> int:
    """Runs until SIGTERM or SIGINT.

    :raises MonitorError: nothing can listen on the configured port.
    """
    stopping = threading.Event()
    _stop_at_signals(stopping)
    built = build(config, clock)
    server = Server(config.listen, Pages(built, clock).routes())
    server.start()
    if built.publisher:
        built.publisher.start()

    def pulse() -> None:
        # A monitor that does not answer any more is to be restarted, too.
        if server.is_alive():
            notify("WATCHDOG=1")

    loop = threading.Thread(target=built.run, args=(stopping.wait, pulse), name="loop", daemon=True)
    loop.start()
    notify("READY=1")
    _log.info(
        "Looking at %s every %g s; answering on %s:%d", config.api.url, config.interval, *_address(config, server)
    )
    # The watchdog sees a loop that hangs, and this one that has ended.
    while not stopping.wait(1) and loop.is_alive():
        pass
    told = stopping.is_set()
    notify("STOPPING=1")
    stopping.set()
    if built.publisher:
        built.publisher.stop()
    server.stop()
    loop.join(ENDING_SECONDS)
    if not told:
        _log.error("The loop has ended; the monitor ends, too, so that systemd starts it again")
    return 0 if told else 1


def _stop_at_signals(stopping: threading.Event) -> None:
    """Signals are waited for, rather than handled: a handler may not touch what the main thread holds just then."""
    signals = {signal.SIGTERM, signal.SIGINT}
    # All threads inherit it.
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)

    def wait() -> None:
        signal.sigwait(signals)
        stopping.set()

    threading.Thread(target=wait, name="signals", daemon=True).start()


def _address(config: Config, server: Server) -> tuple[str, int]:
    return config.listen.address, server.port


def main(arguments: Sequence[str]) -> int:
    """The command line -> 0 after a signal, 1: it cannot run, 2: the configuration is wrong."""
    parser = argparse.ArgumentParser(prog="logstash_monitor run", description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    options = parser.parse_args(arguments)
    # journald has the time.
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    logging.Formatter.converter = time.gmtime
    try:
        config = load(options.config)
    except MonitorError as error:
        _log.error("%s", error)
        return 2
    try:
        return run(config, Clock())
    except MonitorError as error:
        _log.error("%s", error)
        return 1
