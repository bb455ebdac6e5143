"""What each pipeline did in the last day, a point a minute: in memory, and in a file that outlives a restart."""

from __future__ import annotations

import collections
import datetime
import json
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .clock import iso

INTERVAL = 60
HOURS = 24
POINTS = HOURS * 3600 // INTERVAL
# A file that is larger was not written by this program.
MOST_BYTES = 64 << 20

# {"time": ISO, "pipelines": {ID: {"in", "out", "queue_events", "queue_bytes", "verdict"}}}
Point = Mapping[str, Any]

_log = logging.getLogger(__name__)


class History:
    """The points, oldest first. A point is a line of the file; the file has at most two days of them.

    :param path: made if it is not there. That it cannot be written is said once, and the points are kept in memory.
    """

    def __init__(self, path: Path, now: float) -> None:
        """:param now: seconds since 1970; points from more than a day before, or from later, are left out."""
        self._path = path
        self._points: collections.deque[Point] = collections.deque(maxlen=POINTS)
        self._lines = 0
        self._failed = False
        self._read(now)

    def points(self) -> list[Point]:
        """All points, oldest first."""
        return list(self._points)

    def add(self, time: float, pipelines: Mapping[str, Mapping[str, Any]]) -> None:
        """Adds the point of the minute that began at ``time``, seconds since 1970."""
        point = {"time": iso(time), "pipelines": pipelines}
        self._points.append(point)
        while self._points and _seconds(self._points[0]) <= time - HOURS * 3600:
            self._points.popleft()
        try:
            if self._lines >= 2 * POINTS:
                self._write_anew()
            else:
                # One write is in the file as a whole, or, when the disk is full or the host dies, in part.
                with open(self._path, "ab") as stream:
                    stream.write(_line(point))
                self._lines += 1
        except OSError as error:
            if not self._failed:
                _log.warning("%s cannot be written: %s. The history is kept in memory only.", self._path, error)
            self._failed = True
            # Whatever is in the file now: next time, all of it is written.
            self._lines = 2 * POINTS
        else:
            self._failed = False

    def _read(self, now: float) -> None:
        try:
            with open(self._path, "rb") as stream:
                content = stream.read(MOST_BYTES)
        except FileNotFoundError:
            return
        except OSError as error:
            _log.warning("%s cannot be read: %s. The history begins anew.", self._path, error)
            return
        lines = content.split(b"\n")
        whole = lines.pop() == b""
        for line in lines:
            point = _parsed(line)
            if point is None:
                whole = False
            elif now - HOURS * 3600 < _seconds(point) <= now:
                self._points.append(point)
        self._lines = len(lines)
        if not whole:
            # A line that was not finished would take the next one with it.
            self._lines = 2 * POINTS

    def _write_anew(self) -> None:
        draft = self._path.with_name(self._path.name + ".new")
        with open(draft, "wb") as stream:
            stream.writelines(map(_line, self._points))
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(draft, self._path)
        self._lines = len(self._points)


def _line(point: Point) -> bytes:
    return json.dumps(point, separators=(",", ":")).encode() + b"\n"


def _parsed(line: bytes) -> Point | None:
    try:
        point = json.loads(line)
        _seconds(point)
        return point if isinstance(point["pipelines"], dict) else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _seconds(point: Point) -> float:
    return datetime.datetime.fromisoformat(point["time"].replace("Z", "+00:00")).timestamp()
