"""What is known of the metrics that alarms watch: ``metrics.csv``, a row for each, with the page that says so.

Columns that are not plain words:

- ``dimensions``: the sets that are published, as in ``LoadBalancerName|LoadBalancerName+AvailabilityZone``. ``-`` is
  the set without any, and ``*`` stands for sets that depend on somebody's configuration.
- ``period``: seconds between two data points, so the shortest period that has one.
- ``reported``: when there is a data point; one of :data:`REPORTED`.
- ``statistics``: those that mean something; ``percentiles`` stands for all that CloudWatch derives from single values.
- ``lowest``, ``highest``: of a single data point, which is what Average, Minimum, Maximum and percentiles stay between.
- ``why``: why the other statistics mean nothing, in words for whoever chose one of them.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

KINDS = ("failures", "traffic", "depth", "level", "share", "duration", "age", "size", "sign of life")
# {when a metric is reported: whether there are times without a data point although all is well}
REPORTED = {
    "always": False,
    "with targets": False,  # while targets are registered
    "when not zero": True,
    "with traffic": True,  # for each request, invocation or operation
    "with messages": True,  # while there is one that it is about
    "while active": True,  # SQS and SNS: up to six hours after the last use
}
# What anybody may send to: a metric that is not in the table need not be a mistake.
_OPEN = {"CWAgent"}


@dataclass(frozen=True, slots=True)
class Facts:
    """A row of the table. ``dimensions`` is ``None`` where any set may be published."""

    namespace: str
    metric: str
    kind: str
    unit: str
    dimensions: tuple[frozenset[str], ...] | None
    period: int
    reported: str
    statistics: tuple[str, ...]
    lowest: float | None
    highest: float | None
    why: str
    source: str

    @property
    def sparse(self) -> bool:
        """Whether there are times without a data point although all is well."""
        return REPORTED[self.reported]


def facts(namespace: str, metric: str) -> Facts | None:
    """What is known of a metric; ``None`` if that is nothing."""
    return _table().get((namespace, metric))


def namespaces() -> list[str]:
    """Those that the table has metrics of."""
    return sorted({namespace for namespace, _metric in _table()})


def metrics_of(namespace: str) -> list[str]:
    """All metrics of a namespace, if the table has them all; else none, and any name may be one."""
    return [] if namespace in _OPEN else [metric for known, metric in _table() if known == namespace]


@cache
def _table() -> dict[tuple[str, str], Facts]:
    with Path(__file__).with_suffix(".csv").open(encoding="utf-8", newline="") as stream:
        return {(row["namespace"], row["metric"]): _facts(row) for row in csv.DictReader(stream)}


def _facts(row: dict[str, str]) -> Facts:
    return Facts(
        namespace=row["namespace"],
        metric=row["metric"],
        kind=row["kind"],
        unit=row["unit"],
        dimensions=None if row["dimensions"] == "*" else tuple(map(_set, row["dimensions"].split("|"))),
        period=int(row["period"]),
        reported=row["reported"],
        statistics=tuple(row["statistics"].split("|")),
        lowest=float(row["lowest"]) if row["lowest"] else None,
        highest=float(row["highest"]) if row["highest"] else None,
        why=row["why"],
        source=row["source"],
    )


def _set(text: str) -> frozenset[str]:
    return frozenset() if text == "-" else frozenset(text.split("+"))
