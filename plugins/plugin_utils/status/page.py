"""An environment as it is now, as one HTML file that needs nothing else and runs nothing.

What hosts and alarms say is arbitrary text: Jinja2 escapes it, and control characters are made legible before. The
page's policy allows its one style, by its hash, and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path

import jinja2
from markupsafe import Markup

from ..octopus.preview import legible
from . import charts, words
from .model import Host, Level, Overview, Point

MINUTE = 60
_FOLDER = Path(__file__).parent
_SAYS = {
    Level.GOOD: "All is well",
    Level.UNKNOWN: "Not all is known",
    Level.DOUBTFUL: "Worth a look",
    Level.BAD: "Something is wrong",
}


@dataclass(frozen=True)
class Charts:
    """The paths of a host's charts, and what they reach."""

    events_in: str
    events_out: str
    queue: str
    bad: list[tuple[float, float]]
    doubtful: list[tuple[float, float]]
    peak: float
    most_queued: float

    @property
    def is_empty(self) -> bool:
        return not (self.events_in or self.events_out or self.queue)


def page(overview: Overview) -> bytes:
    """The page; the same bytes for the same overview."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalized,
    )
    style = (_FOLDER / "page.css").read_text("utf-8")
    shown = charts.window(overview.time, (point for host in overview.hosts for point in host.points))
    # Hosts of a layer have one scale, so that they can be compared.
    peaks = {layer: _peak(overview, layer) for layer in {host.layer for host in overview.hosts}}
    text = environment.get_template("page.html.j2").render(
        overview=overview,
        says=_SAYS[overview.level],
        layers=[
            (layer, [(host, _charts(host, shown, peaks[layer])) for host in overview.hosts if host.layer == layer])
            for layer in dict.fromkeys(host.layer for host in overview.hosts)
        ],
        hours=words.duration(shown.end - shown.start),
        words=words,
        Level=Level,
        WIDTH=charts.WIDTH,
        HEIGHT=charts.HEIGHT,
        style=Markup(style),  # noqa: S704 - the page's own
        style_hash=f"sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode('ascii')}",
    )
    return text.encode("utf-8")


def _charts(host: Host, shown: charts.Window, top: float) -> Charts:
    most_queued = max((point.queue_events or 0.0 for point in host.points), default=0.0)
    # What comes in within a minute is no queue that anybody has to see.
    deep = max(most_queued, top * MINUTE)
    return Charts(
        events_in=charts.line(host.points, lambda point: point.events_in, shown, top, closed=True),
        events_out=charts.line(host.points, lambda point: point.events_out, shown, top),
        queue=charts.line(host.points, lambda point: point.queue_events, shown, deep, closed=True),
        bad=charts.marks(host.points, Level.BAD, shown),
        doubtful=charts.marks(host.points, Level.DOUBTFUL, shown),
        peak=max(map(_rate, host.points), default=0.0),
        most_queued=most_queued,
    )


def _rate(point: Point) -> float:
    return max(point.events_in or 0.0, point.events_out or 0.0)


def _peak(overview: Overview, layer: str) -> float:
    return max((_rate(point) for host in overview.hosts if host.layer == layer for point in host.points), default=0.0)


def _finalized(value: object) -> object:
    return legible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
