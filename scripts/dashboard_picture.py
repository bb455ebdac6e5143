"""Draws docs/pictures/dashboard.svg: the dashboard of a sample environment, as CloudWatch would show it.

Usage: dashboard_picture.py [FILE]. Called by `make reference`; a unit test fails when what is committed is older.

It reads nothing but the dashboard's body: widgets, metrics, thresholds and deployments are what an environment gets.
The values are made up: three hours, and in the last half of one the brokers refuse connections.
"""

import math
import random
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

from sample_environment import DEPLOYMENTS, NAMES, definitions  # noqa: E402 - found through the line above

sys.path.insert(0, str(ROOT / "plugins/plugin_utils"))

from alarms import expressions, rules  # noqa: E402
from alarms.dashboard import dashboard_body  # noqa: E402
from alarms.definitions import Alarm, deployed_name  # noqa: E402
from alarms.evaluator import judge  # noqa: E402

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MINUTES = 180
# Minutes from the left of the graphs.
OUTAGE = range(148, MINUTES + 1)

# --- sample data ---


@dataclass(frozen=True)
class Shape:
    """How a metric moves: around ``usual``, and around ``outage`` while the brokers are away. ``noise`` is a share."""

    usual: float
    outage: float
    noise: float = 0.12
    # How many minutes it takes from one to the other.
    slope: int = 1


SHAPES = {
    "NumberOfObjects": Shape(41000, 41000, 0.02),
    "PutRequests": Shape(3, 3, 0.6),
    "ApproximateNumberOfMessagesVisible": Shape(2, 34, 0.4, 30),
    "ApproximateAgeOfOldestMessage": Shape(25, 1900, 0.2, 30),
    "Lines": Shape(52000, 0),
    "UnparsedLines": Shape(40, 0, 0.5),
    "Objects": Shape(3, 0, 0.6),
    "Lag": Shape(240, 2100, 0.15, 30),
    "Errors": Shape(0, 6, 0.3),
    "Failures": Shape(0, 11, 0.3),
    "Throttles": Shape(0, 0),
    "Duration Maximum": Shape(3900, 120000, 0.2),
    "Duration Average": Shape(1100, 80000, 0.2),
    "ConcurrentExecutions": Shape(2, 9, 0.3),
    "HealthyHostCount": Shape(2, 0, 0),
    "UnHealthyHostCount": Shape(0, 2, 0),
    "BackendConnectionErrors": Shape(1, 620, 0.3),
    "RequestCount": Shape(760, 20),
    "SurgeQueueLength": Shape(0, 700, 0.2),
    "SpilloverCount": Shape(0, 60, 0.4),
    "CanaryAge": Shape(12, 1900, 0.2, 31),
    "QueueShare": Shape(6, 1, 0.3, 4),
    "PipelineStalled": Shape(0, 0),
    "EventsLost": Shape(0, 0),
    "DeadLetters": Shape(0, 0),
    "HeapShare": Shape(46, 30, 0.08, 6),
    "Heartbeat": Shape(2, 2, 0),
    "CurrItems": Shape(5200, 0, 0.4, 3),
    "DatabaseMemoryUsagePercentage": Shape(31, 12, 0.05, 8),
    "CurrConnections": Shape(24, 8, 0.03),
    "Evictions": Shape(0, 0),
    # Of Elasticsearch's load balancer, which stays well; and the queue that only the outage fills.
    "HealthyHostCount elasticsearch-staging": Shape(3, 3, 0),
    "UnHealthyHostCount elasticsearch-staging": Shape(0, 0),
    "BackendConnectionErrors elasticsearch-staging": Shape(0, 0),
    "RequestCount elasticsearch-staging": Shape(240, 20),
    "SurgeQueueLength elasticsearch-staging": Shape(0, 0),
    "SpilloverCount elasticsearch-staging": Shape(0, 0),
    "ApproximateNumberOfMessagesVisible elb-logs-staging-shipper-failed": Shape(0, 7, 0, 25),
}


def series(name: str, statistic: str, of: Iterable[str]) -> list[float]:
    """A value a minute, the same in every run. ``of`` are the values of the dimensions."""
    *_, last = of
    shape = next(SHAPES[key] for key in (f"{name} {last}", f"{name} {statistic}", name) if key in SHAPES)
    dice = random.Random(f"{name} {statistic} {last}")  # noqa: S311 - made-up values
    values = []
    for minute in range(MINUTES + 1):
        share = min(max((minute - OUTAGE.start) / shape.slope, 0), 1)
        level = shape.usual + (shape.outage - shape.usual) * share
        wave = 1 + 0.08 * math.sin(minute / 23) if shape.noise else 1
        value = level * wave * (1 + shape.noise * (dice.random() * 2 - 1))
        values.append(float(round(value)))
    return values


# --- reading the body ---


@dataclass(frozen=True)
class Series:
    label: str
    color: str
    values: Sequence[float]


PALETTE = ("#1f77b4", "#ff9900", "#2ca02c", "#8c564b", "#17becf")


def lines_of(properties: dict) -> list[Series]:
    """The series of a metric widget that are not hidden."""
    found: list[tuple[dict, Sequence[float]]] = []
    hidden = {}
    for metric in reversed(properties["metrics"]):
        options = metric[-1]
        if "expression" in options:
            points = expressions.parse(options["expression"], list(hidden))(hidden, properties["period"])
            # Of nothing, there is nothing to say: CloudWatch draws no line there.
            found.append((options, [point or 0 for point in points]))
            continue
        values = series(metric[1], options["stat"], metric[3:-1:2])
        if options.get("visible") is False:
            hidden[options["id"]] = tuple(values)
        else:
            found.append((options, values))
    free = iter(PALETTE)
    return [Series(options["label"], options.get("color") or next(free), values) for options, values in reversed(found)]


def states(widgets: Sequence[dict]) -> dict[str, str]:
    """The alarms' states at the end, by their names in CloudWatch, judged by the values as they are drawn."""
    found = {alarm.name: state_of(alarm, widgets) for alarm in definitions().alarms}
    for composite in definitions().composites:
        found[composite.name] = "ALARM" if rules.parse(composite.rule)(found) else "OK"
    return {deployed_name(name, NAMES.environment): state for name, state in found.items()}


def state_of(alarm: Alarm, widgets: Sequence[dict]) -> str:
    metric = alarm.metrics[0]
    if alarm.expression:
        (panel,) = [one["properties"] for one in widgets if one["properties"].get("title") == alarm.name]
        (line,) = lines_of(panel)
        values = line.values
    else:
        values = series(metric.metric, metric.statistic, metric.dimensions.values())
    return judge(tuple(values[-alarm.evaluation_periods :]), alarm, "OK")


# --- drawing ---

UNIT = 62  # pixels of a column
ROW = 34  # pixels of a row
GAP = 6
STYLE = """
    text { font-family: Helvetica, Arial, sans-serif; font-size: 10px; fill: #545b64 }
    .page { fill: #f2f3f3 }
    .card { fill: #ffffff; stroke: #d5dbdb }
    .title { font-size: 11.5px; font-weight: bold; fill: #16191f }
    .stage { font-size: 16px; font-weight: bold; fill: #16191f }
    .grid { stroke: #eaeded }
    .axis { stroke: #aab7b8 }
    .line { fill: none; stroke-width: 1.4 }
    .threshold { stroke: #d62728; stroke-dasharray: 4 3 }
    .limit { fill: #d62728; font-size: 9px }
    .deployment { stroke: #7f7f7f; stroke-dasharray: 2 2 }
    .small { font-size: 9px }
    .right { text-anchor: end }
    .middle { text-anchor: middle }
"""


def main(target: Path) -> None:
    target.write_text(picture())


def picture() -> str:
    widgets = dashboard_body(NAMES, definitions(), DEPLOYMENTS)["widgets"]
    found = states(widgets)
    width = 24 * UNIT + GAP
    height = max(one["y"] + one["height"] for one in widgets) * ROW + GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-labelledby="t d">',
        '<title id="t">The dashboard of a sample environment</title>',
        '<desc id="d">Objects, function, load balancer, brokers, Redis, indexers and Elasticsearch from left to right, '
        "each a column of graphs, below the states of the alarms. The values are made up: the brokers refuse "
        "connections.</desc>",
        f"<style>{STYLE}</style>",
        f'<rect class="page" width="{width}" height="{height}"/>',
    ]
    for one in widgets:
        x, y = one["x"] * UNIT + GAP, one["y"] * ROW + GAP
        properties, size = one["properties"], (one["width"] * UNIT - GAP, one["height"] * ROW - GAP)
        parts.append(f'<g transform="translate({x} {y})">')
        if one["type"] == "text":
            parts += heading(properties, size)
        elif one["type"] == "alarm":
            parts += alarms(properties, size, found)
        else:
            parts += graph(properties, size)
        parts.append("</g>")
    return "\n".join([*parts, "</svg>"]) + "\n"


def text(x: float, y: float, content: str, kind: str = "") -> str:
    return f'<text x="{x:g}" y="{y:g}" class="{kind}">{escape(content)}</text>'


def card(width: int, height: int, title: str) -> Iterator[str]:
    yield f'<rect class="card" width="{width}" height="{height}" rx="3"/>'
    yield text(9, 17, title, "title")


def heading(properties: dict, size: tuple[int, int]) -> Iterator[str]:
    yield text(2, size[1] - 7, properties["markdown"].lstrip("# "), "stage")


def alarms(properties: dict, size: tuple[int, int], found: Mapping[str, str]) -> Iterator[str]:
    width, height = size
    yield from card(width, height, properties["title"])
    # As sortBy has it: what rings comes first.
    names = [arn.rpartition(":")[2] for arn in properties["alarms"]]
    names.sort(key=lambda name: found[name] != "ALARM")
    yield f'<line class="threshold" x1="{width - 292}" y1="13" x2="{width - 276}" y2="13"/>'
    yield text(width - 272, 17, "threshold of an alarm")
    yield f'<path d="M{width - 155} 10 h7 l-3.5 5 z" fill="#7f7f7f"/>'
    yield text(width - 144, 17, ", ".join(one.label for one in DEPLOYMENTS))
    columns = 6
    rows = -(-len(names) // columns)
    cell, line = (width - 12) / columns, (height - 30) / rows
    for number, name in enumerate(names):
        x, y = 6 + number % columns * cell, 26 + number // columns * line
        color, fill = ("#d13212", "#fdf3f1") if found[name] == "ALARM" else ("#1d8102", "#f2f8f0")
        place = f'x="{x + 2:g}" y="{y:g}" width="{cell - 4:g}" height="{line - 5:g}"'
        yield f'<rect {place} rx="3" fill="{fill}" stroke="{color}"/>'
        middle = y + (line - 5) / 2
        yield f'<circle cx="{x + 14:g}" cy="{middle:g}" r="4" fill="{color}"/>'
        yield text(x + 24, middle + 4, name.removeprefix(f"{NAMES.environment}-"))


def graph(properties: dict, size: tuple[int, int]) -> Iterator[str]:
    width, height = size
    yield from card(width, height, properties["title"])
    lines = lines_of(properties)
    daily = properties["period"] == 86400
    if daily:
        lines = [Series(line.label, line.color, line.values[-14:]) for line in lines]
    notes = properties.get("annotations", {})
    limits = notes.get("horizontal", [])
    left, right, top, bottom = 38, width - 10, 26, height - 34
    highest = max(*(max(line.values) for line in lines), *(one["value"] for one in limits), 0)
    ceiling = properties["yAxis"]["left"].get("max") or nice(highest * 1.15)

    def y_of(value: float) -> float:
        return round(bottom - (bottom - top) * value / ceiling, 1)

    def x_of(share: float) -> float:
        return round(left + (right - left) * share, 1)

    for share in (0, 0.5, 1):
        y = y_of(ceiling * share)
        yield f'<line class="{"grid" if share else "axis"}" x1="{left}" y1="{y:g}" x2="{right}" y2="{y:g}"/>'
        yield text(left - 4, y + 3, short(ceiling * share), "small right")
    for share, label in times(daily):
        yield text(x_of(share), bottom + 11, label, "small middle")
    if not daily:
        for one in notes.get("vertical", []):
            x = x_of(1 - (NOW - datetime.fromisoformat(one["value"])) / timedelta(minutes=MINUTES))
            yield f'<line class="deployment" x1="{x:g}" y1="{top}" x2="{x:g}" y2="{bottom}"/>'
            yield f'<path d="M{x - 3.5:g} {top - 3} h7 l-3.5 5 z" fill="{one["color"]}"/>'
    for line in lines:
        last = len(line.values) - 1
        # What lies on a flat stretch adds nothing.
        bends = [at for at in range(last + 1) if at in (0, last) or len(set(line.values[at - 1 : at + 2])) > 1]
        points = " ".join(f"{x_of(at / last):g},{y_of(line.values[at]):g}" for at in bends)
        yield f'<polyline class="line" stroke="{line.color}" points="{points}"/>'
    for one in limits:
        y = y_of(one["value"])
        yield f'<line class="threshold" x1="{left}" y1="{y:g}" x2="{right}" y2="{y:g}"/>'
    yield from legend(lines, limits, height)


def legend(lines: Sequence[Series], limits: Sequence[dict], height: int) -> Iterator[str]:
    x = 9.0
    for line in lines:
        yield f'<rect x="{x:g}" y="{height - 15}" width="8" height="8" fill="{line.color}"/>'
        yield text(x + 11, height - 8, line.label, "small")
        x += 19 + 5.3 * len(line.label)
    for one in limits:
        # Of "lag > 900, 5 of 5".
        sign, value = re.search(r" (\S) (\S+), \d+ of \d+$", one["label"]).groups()
        label = f"{sign} {short(float(value))}"
        yield f'<line class="threshold" x1="{x:g}" y1="{height - 11}" x2="{x + 10:g}" y2="{height - 11}"/>'
        yield text(x + 13, height - 8, label, "limit")
        x += 21 + 5.3 * len(label)


def times(daily: bool) -> Iterator[tuple[float, str]]:
    if daily:
        for share in (0.08, 0.5, 0.92):
            yield share, f"{NOW - timedelta(days=14 * (1 - share)):%d %b}"
        return
    for minutes in range(30, MINUTES, 60):
        yield minutes / MINUTES, f"{NOW - timedelta(minutes=MINUTES - minutes):%H:%M}"


def nice(value: float) -> float:
    """A round number that is not smaller."""
    if value <= 1:
        return 1
    power = 10 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if step * power >= value)


def short(value: float) -> str:
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs/pictures/dashboard.svg")
