"""What a service does at this moment: whether it runs, on which ports, and what its node API shows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.error import URLError

from . import listening, node_api, service_manager, settings_lines
from .service_manager import Run

# Where Logstash's node API listens when no setting says so.
API_PORTS = "9600-9700"
RUNNING = ("active", "activating", "reloading")


def properties(run: Run, service: str) -> dict[str, str]:
    """What systemd knows of a unit, as strings."""
    return service_manager.show(run, service, "LoadState", "ActiveState", "UnitFileState", "MainPID", "NRestarts")


def addresses_of(pid: str | int) -> list[tuple[str, int]]:
    """The addresses that a process listens on, as a sorted list of (address, TCP port)."""
    sockets = listening.listeners(pid)
    own = [sockets[inode] for inode in listening.own_listeners(pid) if inode in sockets]
    return sorted({(found.address, found.port) for found in own})


def ask(url: str) -> dict[str, Any]:
    """The JSON object that the node API answers with; empty where it does not."""
    try:
        found = node_api.ask(url)
    except (OSError, URLError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def find_api(pid: str | int, addresses: Iterable[tuple[str, int]], settings_file: str) -> tuple[str, dict[str, Any]]:
    """The URL of the process's own node API and its answer; empty where it is turned off, or asks for a password.

    Only ports that the settings give to the API are asked: on others, the question would become an event.
    """
    settings = settings_lines.read_common(settings_file)
    ports = str(settings.get("api.http.port", settings.get("http.port", API_PORTS)))
    if not re.fullmatch(r"\d+(-\d+)?", ports):
        return "", {}
    first, _separator, last = ports.partition("-")
    for address, port in addresses:
        if int(first) <= port <= int(last or first):
            # What listens on every address is asked on loopback.
            host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(address, f"[{address}]" if ":" in address else address)  # noqa: S104
            url = f"http://{host}:{port}"
            node = ask(f"{url}/_node")
            if str(node.get("jvm", {}).get("pid", "")) == str(pid):
                return url, node
    return "", {}


def observe(run: Run, service: str, settings_file: str) -> dict[str, Any]:
    """What the service does now, as {running, ports, api, version, pipelines}."""
    state = properties(run, service)
    pid = state.get("MainPID", "0")
    addresses = addresses_of(pid) if pid != "0" else []
    api, node = find_api(pid, addresses, settings_file)
    pipelines = ask(f"{api}/_node/pipelines").get("pipelines") if api else {}
    return {
        "running": state.get("ActiveState") in RUNNING,
        "ports": sorted({port for _address, port in addresses}),
        "api": api,
        "version": node.get("version", ""),
        "pipelines": sorted(pipelines or {}),
    }


def describe(serves: Mapping[str, Any]) -> str:
    """What ``observe`` found, for a message."""
    if not serves["running"]:
        return "it does not run"
    ports = ", ".join(map(str, serves["ports"])) or "none"
    api = f", its node API at {serves['api']} shows pipeline {', '.join(serves['pipelines'])}" if serves["api"] else ""
    return f"it listens on port {ports}{api}"


def lacks(now: Mapping[str, Any], before: Mapping[str, Any]) -> str:
    """What a service does not do now and did before, as a text; empty when it does all of it."""
    if not before["running"]:
        return "it runs, and did not before" if now["running"] else ""
    if not now["running"]:
        return "it does not run"
    missing = [str(port) for port in before["ports"] if port not in now["ports"]]
    if missing:
        return f"its process does not listen on port {', '.join(missing)}"
    if before["api"] and now["api"] != before["api"]:
        return f"its node API does not answer at {before['api']}"
    if before["version"] != now["version"] and before["version"]:
        return f"its version is {now['version']}, not {before['version']}"
    gone = [name for name in before["pipelines"] if name not in now["pipelines"]]
    return f"its node API does not show pipeline {', '.join(gone)}" if gone else ""
