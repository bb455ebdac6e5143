"""Small charts as the coordinates of SVG paths."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from .model import Level, Point

WIDTH, HEIGHT = 200, 40
BUCKETS = 100
# The monitor keeps a point a minute; one that is missing is no gap yet.
GAP_SECONDS = 150.0
HOUR, DAY = 3600.0, 86_400.0


@dataclass(frozen=True)
class Window:
    """What the charts of a page have in common: the time that they show."""

    start: float
    end: float

    @property
    def bucket(self) -> float:
        """Seconds that are drawn as one."""
        return (self.end - self.start) / BUCKETS

    def x(self, time: float) -> float:
        return round((time - self.start) / (self.end - self.start) * WIDTH, 1)


def window(now: float, points: Iterable[Point]) -> Window:
    """From the first point, but the last hour at least and the last day at most."""
    first = min((point.time for point in points), default=now)
    return Window(min(max(first, now - DAY), now - HOUR), now)


def line(
    points: Sequence[Point], value: Callable[[Point], float | None], shown: Window, top: float, *, closed: bool = False
) -> str:
    """The path of a value, from 0 to ``top``; with gaps where nothing is known. ``closed`` makes it an area."""
    runs: list[list[tuple[float, float]]] = []
    last = float("-inf")
    for time, mean in _means(points, value, shown):
        if time - last > max(GAP_SECONDS, 1.5 * shown.bucket):
            runs.append([])
        last = time
        y = HEIGHT - 1 - (HEIGHT - 2) * min(mean / top, 1) if top > 0 else HEIGHT - 1
        runs[-1].append((shown.x(time), round(y, 1)))
    return "".join(_path(run, closed) for run in runs)


def marks(points: Sequence[Point], level: Level, shown: Window) -> list[tuple[float, float]]:
    """Where the worst verdict was ``level``: (x, width) of each stretch."""
    found: list[list[float]] = []
    last = float("-inf")
    for point in points:
        if point.level is not level or not shown.start <= point.time <= shown.end:
            continue
        if point.time - last > GAP_SECONDS:
            found.append([point.time, point.time])
        last = found[-1][1] = point.time
    return [(shown.x(start), max(1.5, round(shown.x(end) - shown.x(start), 1))) for start, end in found]


def _means(points: Sequence[Point], value: Callable[[Point], float | None], shown: Window) -> list[tuple[float, float]]:
    """The mean of each bucket that has a value, at the mean of its times."""
    buckets: dict[int, list[tuple[float, float]]] = {}
    for point in points:
        one = value(point)
        if one is not None and shown.start <= point.time <= shown.end:
            buckets.setdefault(int((point.time - shown.start) / shown.bucket), []).append((point.time, one))
    return [
        (sum(time for time, _ in inside) / len(inside), sum(one for _, one in inside) / len(inside))
        for _, inside in sorted(buckets.items())
    ]


def _path(run: Sequence[tuple[float, float]], closed: bool) -> str:
    # A single point is a short stroke, so that it can be seen.
    drawn = [*run, (round(run[0][0] + 1, 1), run[0][1])] if len(run) == 1 else run
    text = "M" + "L".join(f"{x:g} {y:g}" for x, y in drawn)
    return f"{text}L{drawn[-1][0]:g} {HEIGHT}L{drawn[0][0]:g} {HEIGHT}Z" if closed else text
