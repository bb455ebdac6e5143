"""The CloudWatch dashboard of an environment: the path of a log line from left to right, one column a stage.

A stage that the environment does not have is left out. Every alarm is seen: its threshold is a line in the panel that
shows its metric, or else it gets a panel of its own in the column of its metric. Periods and thresholds come from the
alarms' definitions.

Structure: "Dashboard Body Structure and Syntax", CloudWatch user guide,
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-Dashboard-Body-Structure.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .definitions import Alarm, Definitions, Metric

COLUMNS = 24
MAX_WIDGETS = 500
MAX_ALARMS = 100  # of one alarm widget
# "Search expression limits", https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
MAX_SEARCH = 1024
# Older ones would hide the graphs behind lines.
LAST_DEPLOYMENTS = 5

_PANEL_HEIGHT = 5
_MINUTE = 60
_DAY = 86400
_BAD = "#d62728"
_DEPLOYMENT = "#7f7f7f"
_SIGNS = {
    "GreaterThanThreshold": ">",
    "GreaterThanOrEqualToThreshold": "≥",
    "LessThanThreshold": "<",
    "LessThanOrEqualToThreshold": "≤",
}


class DashboardTooLargeError(ValueError):
    """More widgets than a dashboard may have."""


@dataclass(frozen=True, slots=True)
class LoadBalancer:
    """A load balancer as its metrics name it.

    ``kind`` is ``classic``, ``application`` or ``network``. ``name`` is the value of the dimension: of a Classic one
    its name, of the others ``app/<name>/<id>`` or ``net/<name>/<id>``; ``target_group`` is ``targetgroup/<name>/<id>``.
    """

    kind: str
    name: str
    target_group: str = ""


@dataclass(frozen=True, slots=True)
class Names:
    """What an environment has, by name. What is empty it has not.

    ``account`` and ``partition`` are by default those of the stack that creates the dashboard. ``redis`` are
    ElastiCache's cluster ids, ``brokers`` and ``indexers`` the values of the dimension ``Host``. ``agent`` says whether
    the CloudWatch agent runs on the hosts.
    """

    region: str
    environment: str
    account: str = "${AWS::AccountId}"
    partition: str = "${AWS::Partition}"
    bucket: str = ""
    objects_queue: str = ""
    failed_queue: str = ""
    function: str = ""
    broker_load_balancer: LoadBalancer | None = None
    auto_scaling_group: str = ""
    brokers: tuple[str, ...] = ()
    redis: tuple[str, ...] = ()
    indexers: tuple[str, ...] = ()
    elasticsearch_load_balancer: LoadBalancer | None = None
    agent: bool = False


@dataclass(frozen=True, slots=True)
class Deployment:
    """When something was deployed (ISO 8601, such as ``2026-03-02T08:00:00Z``), and its label."""

    time: str
    label: str


@dataclass(frozen=True, slots=True)
class _Line:
    """A metric in a panel, or all metrics of its name that have one of ``hosts`` among their dimensions' values."""

    metric: Metric
    label: str
    color: str = ""
    hosts: tuple[str, ...] = ()

    def shows(self, metric: Metric) -> bool:
        """Whether a threshold for this metric means something for this line."""
        same = (metric.namespace, metric.metric, metric.statistic)
        if same != (self.metric.namespace, self.metric.metric, self.metric.statistic):
            return False
        if self.hosts:
            return not set(self.hosts).isdisjoint(metric.dimensions.values())
        return metric.dimensions == self.metric.dimensions


@dataclass
class _Panel:
    title: str
    lines: Sequence[_Line]
    period: int = _MINUTE
    start: str = ""
    percent: bool = False
    expression: str = ""
    alarms: list[Alarm] = field(default_factory=list)


@dataclass
class _Stage:
    title: str
    panels: list[_Panel]


def dashboard_body(names: Names, definitions: Definitions, deployments: Sequence[Deployment] = ()) -> dict[str, Any]:
    """The dashboard's body, the same for the same input.

    :raises DashboardTooLargeError: there are so many alarms that it would have more than 500 widgets.
    """
    stages = _stages(names)
    for alarm in definitions.alarms:
        _place(alarm, stages, names)
    shown = [stage for stage in stages.values() if stage.panels]
    alarm_widgets, top = _alarm_widgets(names, definitions)
    widgets = [*alarm_widgets, *_columns(shown, top, names.region, _vertical(deployments))]
    if len(widgets) > MAX_WIDGETS:
        raise DashboardTooLargeError(
            f"[dashboard_too_large] The dashboard of {names.environment} would have {len(widgets)} widgets for "
            f"{len(definitions.alarms)} alarms; CloudWatch takes up to {MAX_WIDGETS}. Disable alarms, or let one alarm "
            "watch what many watch one by one."
        )
    return {"start": "-PT3H", "periodOverride": "inherit", "widgets": widgets}


def dashboard_template(body: Mapping[str, Any]) -> str:
    """A CloudFormation template that creates the dashboard, named as its stack. One widget a line, for differences."""
    rest = {key: value for key, value in body.items() if key != "widgets"}
    widgets = ",\n".join(json.dumps(widget, separators=(",", ":"), sort_keys=True) for widget in body["widgets"])
    text = f'{json.dumps(rest)[:-1]}, "widgets": [\n{widgets}\n]}}'
    function = ""
    if "${AWS::" in text:
        function = " !Sub"
        text = re.sub(r"\$\{(?!AWS::)", "${!", text)
    indented = "\n".join(f"        {line}" for line in text.splitlines())
    return f"""---
AWSTemplateFormatVersion: "2010-09-09"
Description: The path of a log line as a CloudWatch dashboard, with the states of the alarms. Generated; do not edit.

Resources:
  Dashboard:
    Type: AWS::CloudWatch::Dashboard
    Properties:
      DashboardName: !Ref AWS::StackName
      DashboardBody:{function} |-
{indented}
"""


def alarm_arn(names: Names, alarm: str) -> str:
    """The ARN of an alarm of the list; its name in AWS begins with the environment's."""
    return f"arn:{names.partition}:cloudwatch:{names.region}:{names.account}:alarm:{names.environment}-{alarm}"


# --- stages ---


def _stages(names: Names) -> dict[str, _Stage]:
    """The stages in the order of the path, without the alarms that have no panel yet."""
    return {
        "objects": _Stage("Objects", list(_objects(names))),
        "function": _Stage("Function", list(_function(names))),
        "brokers": _Stage(
            "Brokers",
            [
                *_load_balancer(names.broker_load_balancer),
                *_group(names.auto_scaling_group),
                *_hosts(names, names.brokers),
            ],
        ),
        "redis": _Stage("Redis", list(_redis(names.redis))),
        "indexers": _Stage("Indexers", list(_hosts(names, names.indexers))),
        "elasticsearch": _Stage("Elasticsearch", list(_load_balancer(names.elasticsearch_load_balancer))),
        "others": _Stage("Others", []),
    }


def _objects(names: Names) -> Iterator[_Panel]:
    if names.objects_queue:
        queue = {"QueueName": names.objects_queue}
        yield _panel(
            "Objects that wait",
            _Line(_metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", queue, "Maximum"), "wait"),
        )
        yield _panel(
            "Age of the oldest, s",
            _Line(_metric("AWS/SQS", "ApproximateAgeOfOldestMessage", queue, "Maximum"), "oldest"),
        )
    if names.failed_queue:
        failed = {"QueueName": names.failed_queue}
        yield _panel(
            "Failed to the last try",
            _Line(_metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", failed, "Maximum"), "failed", _BAD),
        )
    if names.bucket:
        # S3 sends this metric once a day, so that the dashboard's own time range would show nothing.
        stored = {"BucketName": names.bucket, "StorageType": "AllStorageTypes"}
        line = _Line(_metric("AWS/S3", "NumberOfObjects", stored, "Average"), "objects")
        yield _Panel("Objects in the bucket", [line], period=_DAY, start="-P14D")


def _function(names: Names) -> Iterator[_Panel]:
    if not names.function:
        return
    function = {"FunctionName": names.function}

    def own(name: str, statistic: str, label: str, color: str = "") -> _Line:
        return _Line(_metric("ElbLogShipper", name, function, statistic), label, color)

    def of_lambda(name: str, statistic: str, label: str, color: str = "") -> _Line:
        return _Line(_metric("AWS/Lambda", name, function, statistic), label, color)

    yield _panel("Lines", own("Lines", "Sum", "shipped"), own("UnparsedLines", "Sum", "unparsed", _BAD))
    yield _panel("Lag, s", own("Lag", "Maximum", "from log time to delivery"))
    yield _panel(
        "Errors",
        of_lambda("Errors", "Sum", "errors", _BAD),
        of_lambda("Throttles", "Sum", "throttles", "#ff7f0e"),
        own("Failures", "Sum", "failures", "#9467bd"),
    )
    yield _panel("Duration, ms", of_lambda("Duration", "Maximum", "longest"), of_lambda("Duration", "Average", "mean"))
    yield _panel("Running at once", of_lambda("ConcurrentExecutions", "Maximum", "invocations"))


def _load_balancer(balancer: LoadBalancer | None) -> Iterator[_Panel]:
    if balancer is None:
        return
    namespace = {"classic": "AWS/ELB", "application": "AWS/ApplicationELB", "network": "AWS/NetworkELB"}[balancer.kind]
    whole = {"LoadBalancerName" if balancer.kind == "classic" else "LoadBalancer": balancer.name}
    # Without the target group, Application and Network Load Balancers count no hosts.
    group = whole if balancer.kind == "classic" else {**whole, "TargetGroup": balancer.target_group}

    def line(name: str, statistic: str, label: str, color: str = "", dimensions: Mapping[str, str] = whole) -> _Line:
        return _Line(_metric(namespace, name, dimensions, statistic), label, color)

    if balancer.kind == "classic" or balancer.target_group:
        yield _panel(
            "Hosts behind the load balancer",
            line("HealthyHostCount", "Minimum", "healthy", "#2ca02c", group),
            line("UnHealthyHostCount", "Maximum", "unhealthy", _BAD, group),
        )
    if balancer.kind == "classic":
        yield _panel("Connections refused", line("BackendConnectionErrors", "Sum", "connection errors", _BAD))
        yield _panel("Connections", line("RequestCount", "Sum", "requests or connections"))
        yield _panel(
            "Waiting for a host",
            line("SurgeQueueLength", "Maximum", "waiting"),
            line("SpilloverCount", "Sum", "turned away", _BAD),
        )
    elif balancer.kind == "application":
        yield _panel("Connections refused", line("TargetConnectionErrorCount", "Sum", "connection errors", _BAD))
        yield _panel(
            "Connections", line("NewConnectionCount", "Sum", "new"), line("ActiveConnectionCount", "Sum", "active")
        )
    else:
        yield _panel(
            "Connections reset",
            line("TCP_Target_Reset_Count", "Sum", "by hosts", _BAD),
            line("TCP_ELB_Reset_Count", "Sum", "by the load balancer", "#ff7f0e"),
            line("TCP_Client_Reset_Count", "Sum", "by clients"),
        )
        yield _panel("Connections", line("NewFlowCount", "Sum", "new"), line("ActiveFlowCount", "Average", "active"))


def _group(name: str) -> Iterator[_Panel]:
    if name:
        group = {"AutoScalingGroupName": name}
        yield _panel(
            "Instances",
            _Line(_metric("AWS/AutoScaling", "GroupInServiceInstances", group, "Minimum"), "in service", "#2ca02c"),
            _Line(_metric("AWS/AutoScaling", "GroupDesiredCapacity", group, "Maximum"), "desired"),
        )


def _hosts(names: Names, hosts: tuple[str, ...]) -> Iterator[_Panel]:
    if not hosts:
        return

    def panel(title: str, namespace: str, metric: str, statistic: str, percent: bool = False) -> _Panel:
        environment = {"Environment": names.environment} if namespace == "Logstash" else {}
        line = _Line(_metric(namespace, metric, environment, statistic), "", hosts=hosts)
        return _Panel(title, [line], percent=percent)

    yield panel("Persistent queue, % full", "Logstash", "QueueShare", "Maximum", percent=True)
    yield panel("Pipelines stalled", "Logstash", "PipelineStalled", "Maximum")
    yield panel("Events lost", "Logstash", "EventsLost", "Sum")
    yield panel("Heartbeats a minute", "Logstash", "Heartbeat", "Sum")
    if names.agent:
        yield panel("Memory used, %", "CWAgent", "mem_used_percent", "Maximum", percent=True)
        yield panel("Disk used, %", "CWAgent", "disk_used_percent", "Maximum", percent=True)


def _redis(clusters: tuple[str, ...]) -> Iterator[_Panel]:
    if not clusters:
        return

    def panel(title: str, metric: str, statistic: str, percent: bool = False) -> _Panel:
        lines = [
            _Line(_metric("AWS/ElastiCache", metric, {"CacheClusterId": cluster}, statistic), cluster)
            for cluster in clusters
        ]
        return _Panel(title, lines, percent=percent)

    yield panel("Items", "CurrItems", "Maximum")
    yield panel("Memory used, %", "DatabaseMemoryUsagePercentage", "Maximum", percent=True)
    yield panel("Connections", "CurrConnections", "Maximum")
    yield panel("Evicted", "Evictions", "Sum")


def _panel(title: str, *lines: _Line) -> _Panel:
    return _Panel(title, lines)


def _metric(namespace: str, name: str, dimensions: Mapping[str, str], statistic: str) -> Metric:
    return Metric(namespace, name, dimensions, statistic, _MINUTE)


# --- alarms ---


def _place(alarm: Alarm, stages: Mapping[str, _Stage], names: Names) -> None:
    """Its threshold goes into the panel that shows its metric, in the alarm's period; else it gets a panel."""
    if not alarm.expression:
        for stage in stages.values():
            for panel in stage.panels:
                fits = any(line.shows(alarm.metrics[0]) for line in panel.lines) and not panel.expression
                if fits and (not panel.alarms or panel.period == alarm.period):
                    panel.period = alarm.period
                    panel.alarms.append(alarm)
                    return
    lines = [_Line(metric, "") for metric in alarm.metrics]
    if not alarm.expression:
        lines = [replace(line, label=line.metric.metric) for line in lines]
    panel = _Panel(alarm.name, lines, period=alarm.period, expression=alarm.expression, alarms=[alarm])
    stages[_stage_of(alarm, names)].panels.append(panel)


def _stage_of(alarm: Alarm, names: Names) -> str:
    metric = alarm.metrics[0]
    values = set(metric.dimensions.values())
    if metric.namespace in ("AWS/ELB", "AWS/ApplicationELB", "AWS/NetworkELB"):
        balancer = names.elasticsearch_load_balancer
        return "elasticsearch" if balancer and balancer.name in values else "brokers"
    if metric.namespace in ("Logstash", "CWAgent"):
        return "indexers" if not values.isdisjoint(names.indexers) else "brokers"
    return {
        "AWS/S3": "objects",
        "AWS/SQS": "objects",
        "AWS/Lambda": "function",
        "ElbLogShipper": "function",
        "AWS/AutoScaling": "brokers",
        "AWS/ElastiCache": "redis",
        "AWS/ES": "elasticsearch",
    }.get(metric.namespace, "others")


# --- widgets ---


def _alarm_widgets(names: Names, definitions: Definitions) -> tuple[list[dict[str, Any]], int]:
    """The alarms' states across the dashboard, composite ones first, and the row below them."""
    alarms = [*(one.name for one in definitions.composites), *(one.name for one in definitions.alarms)]
    arns = [alarm_arn(names, alarm) for alarm in alarms]
    widgets: list[dict[str, Any]] = []
    row = 0
    for start in range(0, len(arns), MAX_ALARMS):
        some = arns[start : start + MAX_ALARMS]
        height = 2 + -(-len(some) // 6)
        properties = {"title": f"Alarms of {names.environment}", "alarms": some, "sortBy": "stateUpdatedTimestamp"}
        widgets.append(_widget("alarm", (0, row), (COLUMNS, height), properties))
        row += height
    return widgets, row


def _columns(
    stages: Sequence[_Stage], top: int, region: str, vertical: Sequence[Mapping[str, Any]]
) -> Iterator[dict[str, Any]]:
    x = 0
    for number, stage in enumerate(stages):
        # What does not divide evenly goes to the columns on the left.
        width = COLUMNS // len(stages) + (number < COLUMNS % len(stages))
        text = {"markdown": f"## {stage.title}", "background": "transparent"}
        yield _widget("text", (x, top), (width, 1), text)
        for row, panel in enumerate(stage.panels):
            y = top + 1 + row * _PANEL_HEIGHT
            yield _widget("metric", (x, y), (width, _PANEL_HEIGHT), _properties(panel, region, vertical))
        x += width


def _widget(kind: str, at: tuple[int, int], size: tuple[int, int], properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": kind, "x": at[0], "y": at[1], "width": size[0], "height": size[1], "properties": dict(properties)}


def _properties(panel: _Panel, region: str, vertical: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    left: dict[str, Any] = {"min": 0, "showUnits": False}
    if panel.percent:
        left["max"] = 100
    properties: dict[str, Any] = {
        "title": panel.title,
        "view": "timeSeries",
        "stacked": False,
        "region": region,
        "period": panel.period,
        "metrics": list(_metrics(panel)),
        "yAxis": {"left": left},
        "legend": {"position": "bottom"},
    }
    if panel.start:
        properties["start"] = panel.start
    annotations = {"horizontal": _horizontal(panel.alarms), "vertical": list(vertical)}
    annotations = {kind: entries for kind, entries in annotations.items() if entries}
    if annotations:
        properties["annotations"] = annotations
    return properties


def _metrics(panel: _Panel) -> Iterator[list[Any]]:
    if panel.expression:
        yield [{"expression": panel.expression, "label": panel.title, "period": panel.period}]
    for line in panel.lines:
        metric = line.metric
        options: dict[str, Any] = {"color": line.color} if line.color else {}
        if line.hosts:
            for search in _searches(metric, line.hosts, panel.period):
                # Without a label of its own, each series has that of its metric: the dimensions that differ.
                yield [{"expression": search, "label": "", **options}]
            continue
        options |= {"stat": metric.statistic}
        # Metrics of an expression may have periods of their own.
        options |= {"id": metric.id, "visible": False, "period": metric.period} if panel.expression else {}
        options |= {"label": line.label} if line.label else {}
        dimensions = [part for pair in metric.dimensions.items() for part in pair]
        yield [metric.namespace, metric.metric, *dimensions, options]


def _searches(metric: Metric, hosts: Sequence[str], period: int) -> Iterator[str]:
    """Expressions that find the metric of all hosts: as many as their length allows."""

    def search(some: Sequence[str]) -> str:
        terms = [f'Namespace="{metric.namespace}"', f'MetricName="{metric.metric}"']
        terms += [f'{key}="{value}"' for key, value in metric.dimensions.items()]
        any_host = " OR ".join(f'"{host}"' for host in some)
        return f"SEARCH('{' '.join(terms)} ({any_host})', '{metric.statistic}', {period})"

    some: list[str] = []
    for host in hosts:
        if some and len(search([*some, host])) > MAX_SEARCH:
            yield search(some)
            some = []
        some.append(host)
    yield search(some)


def _horizontal(alarms: Sequence[Alarm]) -> list[dict[str, Any]]:
    """The thresholds; alarms that differ in their dimensions only share a line."""
    groups: dict[tuple[str, float, int, int], list[Alarm]] = {}
    for alarm in alarms:
        key = (alarm.comparison_operator, alarm.threshold, alarm.datapoints_to_alarm, alarm.evaluation_periods)
        groups.setdefault(key, []).append(alarm)
    found = []
    for (comparison, threshold, datapoints, periods), same in groups.items():
        more = f" and {len(same) - 1} more" if len(same) > 1 else ""
        label = f"{same[0].name}{more} {_SIGNS[comparison]} {threshold:g}, {datapoints} of {periods}"
        found.append({"label": label, "value": threshold, "color": _BAD})
    return found


def _vertical(deployments: Sequence[Deployment]) -> list[dict[str, Any]]:
    last = sorted(deployments, key=lambda one: (one.time, one.label))[-LAST_DEPLOYMENTS:]
    return [{"label": one.label, "value": one.time, "color": _DEPLOYMENT} for one in last]
