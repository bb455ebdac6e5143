"""What the monitor of a host says, asked on the host, and as checks of a verification."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.error import HTTPError

from . import node_api

# An input is dead once so many of its canaries are missing; a verdict is bad if it says that events
# do not get through, which back pressure does not.
CANARIES = 3
BAD = ("stalled", "losing", "crashed", "gone", "old_configuration")


def ask(url: str) -> tuple[dict[str, Any] | None, str]:
    """(the monitor's /status, "") or (None, why there is none). It answers from memory."""
    try:
        found = node_api.ask(f"{url.rstrip('/')}/status")
    except HTTPError as error:
        return None, f"it answers with status {error.code}"
    except (OSError, ValueError) as error:
        return None, str(getattr(error, "reason", error))
    return (found, "") if isinstance(found, dict) else (None, "its answer is no JSON object")


def checks(status: Mapping[str, Any] | None, problem: str) -> Iterator[dict[str, str]]:
    """A check whether the host is ready, one for each pipeline and one for each declared input."""
    if status is None:
        detail = f"it does not answer: {problem}. Look at journalctl -u logstash-monitor"
        yield {"check": "monitor", "result": "failed", "detail": detail}
        return
    reasons = "; ".join(map(str, status.get("reasons") or ()))
    if status.get("drained"):
        yield {"check": "monitor", "result": "failed", "detail": "the host is drained: no balancer sends to it"}
    elif not status.get("ready"):
        yield {"check": "monitor", "result": "failed", "detail": f"the host is not ready: {reasons}"}
    else:
        yield {"check": "monitor", "result": "passed", "detail": "the host is ready"}
    for pipeline in status.get("pipelines") or ():
        verdict = str(pipeline.get("verdict"))
        yield {
            "check": f"pipeline {pipeline.get('pipeline')}",
            "result": "failed" if verdict in BAD else "passed",
            "detail": f"{verdict.replace('_', ' ')}: {pipeline.get('reason')}",
        }
    for entry in status.get("inputs") or ():
        yield _input(entry, status)


def _input(entry: Mapping[str, Any], status: Mapping[str, Any]) -> dict[str, str]:
    age, reason = entry.get("canary_age"), entry.get("reason")
    where = f"{entry.get('kind')} port {entry.get('port')}"
    name = f"input {entry.get('name')}"
    oldest = CANARIES * float(status.get("interval") or 15)
    if age is None or age > oldest or (reason and not status.get("ready")):
        last = "no event has come in yet" if age is None else f"the last event came in {age:.0f} s ago"
        return {"check": name, "result": "failed", "detail": f"{where}: {last}{f'. {reason}' if reason else ''}"}
    # A reason may say that only the connection was tried.
    said = reason or f"an event came in {age:.0f} s ago"
    return {"check": name, "result": "passed", "detail": f"{where}: {said}"}
