"""Writes the tables of docs/aws.md: what an environment costs a month, with the arithmetic.

Usage: cost.py [FILE]. Called by `make reference`; a unit test fails when what is committed is older.

What the toolkit knows is read from where it is: the alarms' list, the function's metrics, the role's defaults, the
README's benchmark. Prices are in aws_prices.csv, and everything that had to be assumed is below.
"""

# ruff: noqa: RUF001 - the page shows products with their sign

import csv
import functools
import json
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / name) for name in ("lambda", "scripts")]

from elb_log_shipper.aws import metrics  # noqa: E402 - found through the line above
from sample_environment import NAMES, definitions  # noqa: E402

sys.path.insert(0, str(ROOT / "plugins/plugin_utils"))

from alarms.metrics import facts, metrics_of  # noqa: E402

PAGE = ROOT / "docs/aws.md"
HOURS = 730  # of a month, as AWS's own calculator has it
DAYS = HOURS / 24


@dataclass(frozen=True)
class Volume:
    """``nodes`` of all load balancers write an object each every five minutes."""

    lines_a_day: int
    nodes: int


VOLUMES = (Volume(1_000_000, 2), Volume(10_000_000, 4), Volume(100_000_000, 20))

# Assumed; the page lists them.
LINE_BYTES = 400  # as it lies in the bucket: between a Classic line and one of an Application Load Balancer as gzip
EVENT_BYTES = 1000  # as JSON, on its way to a broker
SLOWER = 2  # than the benchmark: another processor, TLS, and a receiver that is not on loopback
START_SECONDS = 1  # of each invocation: open the object, connect, wait for the answer
LOG_LINES_BYTES = 1000  # of each invocation, beside the line of its metrics
MESSAGES = 200  # e-mails of alarms
ZONES = 2  # with an interface endpoint
OTHER_ZONE = 0.5  # of the events go to a broker in another zone

BROKERS = 3  # instances of a group
VOLUME_GIGABYTES = 30  # of each, as the template's default
# What an instance that deploys itself asks for, beside S3's free gateway endpoint; docs/bake.md.
GROUP_ENDPOINTS = ("autoscaling", "cloudformation", "secretsmanager", "ssm", "sns")
# https://aws.amazon.com/elasticloadbalancing/pricing/: an NLCU is a GB an hour, of TCP
GIGABYTES_OF_A_UNIT = 1

# "Configure Lambda function memory", https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
MEGABYTES_OF_A_PROCESSOR = 1769
# "Configuring scaling behavior for SQS event source mappings",
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html: five processes, with long polling (20 s)
POLLS_AN_HOUR = 5 * 3600 / 20


def _defaults() -> dict:
    defaults = yaml.safe_load((ROOT / "roles/elb_log_shipper/defaults/main.yml").read_text())
    return {name.removeprefix("elb_log_shipper_"): value for name, value in defaults.items()}


def _benchmark() -> int:
    """The lower of the speeds that the README promises, lines a second on one processor."""
    found = re.search(r"parses and ships ([\d,]+) to", (ROOT / "README.md").read_text())
    return int(found[1].replace(",", ""))


DEFAULTS = _defaults()
BENCHMARK = _benchmark()
LINES_A_SECOND = BENCHMARK * DEFAULTS["memory"] / MEGABYTES_OF_A_PROCESSOR / SLOWER


def objects(volume: Volume) -> float:
    return volume.nodes * 12 * HOURS


def gigabyte_seconds(volume: Volume) -> float:
    seconds = volume.lines_a_day * DAYS / LINES_A_SECOND + objects(volume) * START_SECONDS
    return seconds * DEFAULTS["memory"] / 1024


def log_gigabytes(volume: Volume) -> float:
    values: dict = dict.fromkeys(metrics.UNITS, 1_000_000) | {"Lag": [100.123]}
    (line,) = metrics.lines(values, metrics.Dimensions(NAMES.function, NAMES.environment, "load-balancer"))
    return objects(volume) * (len(json.dumps(line)) + LOG_LINES_BYTES) / 1e9


def function_metrics() -> int:
    """Each name counts once for each set of dimensions."""
    (line,) = metrics.lines(dict.fromkeys(metrics.UNITS, 1), metrics.Dimensions("f", "e", "c"))
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    return len(directive["Metrics"]) * len(directive["Dimensions"])


def s3_request_metrics() -> int:
    """All that S3 sends for one filter; plugins/plugin_utils/alarms/metrics.csv lists them."""
    sets = [facts("AWS/S3", name).dimensions for name in metrics_of("AWS/S3")]
    return sum(frozenset({"BucketName", "FilterId"}) in one for one in sets)


def alarm_metrics(*, high_resolution: bool) -> int:
    """An alarm over an expression is charged for each of its metrics."""
    return sum(
        len(alarm.metrics)
        for alarm in definitions().alarms
        if (min(m.period for m in alarm.metrics) < 60) is high_resolution
    )


@dataclass(frozen=True)
class Item:
    """A line of the bill. ``counted`` says where the quantity comes from."""

    name: str
    price: str
    counted: str
    quantity: Callable[[Volume], float]


def always(number: float) -> Callable[[Volume], float]:
    return lambda _volume: number


RETENTION = DEFAULTS["log_expiration_days"]
LOG_DAYS = DEFAULTS["function_log_days"]

ITEMS = (
    Item("S3: objects put", "s3_put", "nodes × 12 an hour × 730 h", objects),
    Item("S3: objects read", "s3_get", "once each", objects),
    Item(
        "S3: storage",
        "s3_storage",
        f"lines a day × {LINE_BYTES} bytes × {RETENTION} days",
        lambda volume: volume.lines_a_day * LINE_BYTES * RETENTION / 1e9,
    ),
    Item(
        "S3: request metrics",
        "metric",
        "all that one filter has, for the alarm `nothing-shipped`",
        always(s3_request_metrics()),
    ),
    Item("Lambda: requests", "lambda_requests", "one for each object", objects),
    Item(
        "Lambda: duration",
        "lambda_arm64",
        f"(lines ÷ {LINES_A_SECOND:,.0f} a second + {START_SECONDS} s for each object)"
        f" × {DEFAULTS['memory'] / 1024:g} GB",
        gigabyte_seconds,
    ),
    Item("SQS: polling", "sqs_requests", "5 pollers × 180 an hour × 730 h", always(POLLS_AN_HOUR * HOURS)),
    Item(
        "CloudWatch: the function's metrics",
        "metric",
        f"{len(metrics.UNITS)} names × {function_metrics() // len(metrics.UNITS)} sets of dimensions",
        always(function_metrics()),
    ),
    Item(
        "CloudWatch: alarms",
        "alarm",
        "metrics of all alarms; an expression counts each of its own",
        always(alarm_metrics(high_resolution=False)),
    ),
    Item(
        "CloudWatch: alarms of high resolution",
        "alarm_high_resolution",
        "periods under a minute",
        always(alarm_metrics(high_resolution=True)),
    ),
    Item("CloudWatch: composite alarms", "alarm_composite", "", always(len(definitions().composites))),
    Item("CloudWatch: dashboard", "dashboard", "", always(1)),
    Item("CloudWatch: the function's log", "logs_ingestion", "invocations × the lines that one logs", log_gigabytes),
    Item(
        "CloudWatch: keeping that log",
        "logs_storage",
        f"the same, for {LOG_DAYS} days",
        lambda volume: log_gigabytes(volume) * LOG_DAYS / DAYS,
    ),
    Item("SNS: e-mails", "sns_email", "assumed", always(MESSAGES)),
    Item("KMS: the topics' key", "kms_key", "one for both topics", always(1)),
)
IN_A_VPC = (
    Item("SQS's interface endpoint", "interface_endpoint", f"{ZONES} zones × 730 h", always(ZONES * HOURS)),
    Item(
        "Events to brokers in another zone",
        "other_zone",
        f"lines × {EVENT_BYTES} bytes × {OTHER_ZONE:g}, both directions",
        lambda volume: volume.lines_a_day * DAYS * EVENT_BYTES * OTHER_ZONE * 2 / 1e9,
    ),
)
GROUP = (
    Item("EC2: instances", "m7g_large", f"{BROKERS} × 730 h", always(BROKERS * HOURS)),
    Item("EBS: their volumes", "gp3", f"{BROKERS} × {VOLUME_GIGABYTES} GB", always(BROKERS * VOLUME_GIGABYTES)),
    Item("Load balancer", "network_balancer", "730 h", always(HOURS)),
    Item(
        "Load balancer: traffic",
        "network_balancer_unit",
        f"lines × {EVENT_BYTES} bytes, a unit is {GIGABYTES_OF_A_UNIT} GB",
        lambda volume: volume.lines_a_day * DAYS * EVENT_BYTES / 1e9 / GIGABYTES_OF_A_UNIT,
    ),
    Item(
        "Interface endpoints, without internet",
        "interface_endpoint",
        f"{len(GROUP_ENDPOINTS)} × {ZONES} zones × 730 h",
        always(len(GROUP_ENDPOINTS) * ZONES * HOURS),
    ),
)


# --- the page ---


def main(page: Path) -> None:
    page.write_text(filled(page.read_text()))


def filled(text: str) -> str:
    """The page with its tables made anew; all else stays as it is."""
    for name, table in (
        ("costs", costs()),
        ("in-a-vpc", in_a_vpc()),
        ("group", group()),
        ("prices", price_table()),
    ):
        start, end = f"<!-- {name}: written by make reference -->\n", f"<!-- end of {name} -->"
        if text.count(start) != 1 or text.count(end) != 1:
            raise ValueError(f"{PAGE.name}: expected one '{start.strip()}' and one '{end}'. Put them back.")
        before, _, rest = text.partition(start)
        text = before + start + table + end + rest.partition(end)[2]
    return text


@functools.cache
def prices() -> dict[str, dict[str, str]]:
    with (ROOT / "scripts/aws_prices.csv").open(newline="") as file:
        return {row["key"]: row for row in csv.DictReader(file)}


def amount(item: Item, volume: Volume) -> Decimal:
    """In USD, to the cent."""
    price = prices()[item.price]
    exact = Decimal(item.quantity(volume)) * Decimal(price["usd"]) / Decimal(price["per"])
    return exact.quantize(Decimal("0.01"), ROUND_HALF_UP)


def total(items: Sequence[Item], volume: Volume) -> Decimal:
    """Of the amounts as they are shown, so that the table adds up."""
    return sum((amount(item, volume) for item in items), Decimal())


def costs() -> str:
    return table(ITEMS, "**A month**")


def in_a_vpc() -> str:
    return table(IN_A_VPC, "**A month, in addition**")


def group() -> str:
    return table(GROUP, "**A month, in addition**")


def table(items: Sequence[Item], last: str) -> str:
    days = [f"{volume.lines_a_day // 1_000_000} million lines a day" for volume in VOLUMES]
    rows = [["", "how many", "price, USD", *days], ["---"] * (3 + len(days))]
    for item in items:
        cells = [f"{quantity(item.quantity(volume))} = ${amount(item, volume)}" for volume in VOLUMES]
        rows.append([item.name, item.counted, price_of(item.price), *cells])
    rows.append([last, "", "", *(f"**${total(items, volume)}**" for volume in VOLUMES)])
    return markdown(rows)


def price_table() -> str:
    rows = [["price, USD", "read at"], ["---", "---"]]
    rows += [[f"{price_of(key)}", f"<{row['source']}>"] for key, row in prices().items()]
    return markdown(rows)


def price_of(key: str) -> str:
    row = prices()[key]
    if row["per"] == "1":
        return f"{row['usd']} for {'an' if row['unit'].startswith(('alarm', 'hour')) else 'a'} {row['unit']}"
    return f"{row['usd']} for {int(row['per']):,} {row['unit']}"


def quantity(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 or number == int(number) else f"{number:,.2f}"


def markdown(rows: Sequence[Sequence[str]]) -> str:
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else PAGE)
