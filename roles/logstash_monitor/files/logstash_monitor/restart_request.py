"""Asking for a restart of Logstash. The monitor may not do it: it writes a file, and a unit of root's decides.

It asks after a stall that lasted, and for nothing else: never while a queue still moves, nor for back pressure, which
the verdicts tell apart from a stall.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Sequence
from pathlib import Path

from .clock import iso
from .config import RestartConfig
from .readiness import Standing

NAME = "restart-request.json"

_log = logging.getLogger(__name__)


class RestartRequests:
    """:param state: the monitor's directory; the request is the file NAME there."""

    def __init__(self, config: RestartConfig, state: Path) -> None:
        self._config, self._path = config, state / NAME
        self._asked = float("-inf")

    def consider(self, standings: Sequence[Standing], answered: bool, now: float, wall: float) -> bool:
        """Asks if a pipeline has stalled for long enough, and was seen to stall just now; says whether it asked.

        While the stall goes on, it asks again each time so long has passed: a request may have been refused.

        :param now: on the monotonic clock, as the standings' times.
        :param wall: in seconds since 1970.
        """
        stalled = [one for one in standings if one.verdict == "stalled" and now - one.since >= self._config.after]
        if not (self._config.enabled and answered and stalled) or now - self._asked < self._config.after:
            return False
        worst = min(stalled, key=lambda one: one.since)
        request = {
            "time": iso(wall),
            "pipeline": worst.pipeline,
            "since": iso(wall - (now - worst.since)),
            "reason": worst.reason,
        }
        self._asked = now
        try:
            _replace(self._path, json.dumps(request).encode() + b"\n")
        except OSError as error:
            _log.warning("%s cannot be written: %s. Logstash is not restarted.", self._path, error)
            return False
        _log.warning(
            "Pipeline %s has stalled since %s: asked for a restart. %s", worst.pipeline, request["since"], worst.reason
        )
        return True


def _replace(path: Path, content: bytes) -> None:
    """In one step, which is what the unit waits for."""
    draft = path.with_name(path.name + ".new")
    with open(draft, "wb") as stream:
        stream.write(content)
    os.replace(draft, path)
