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
from dataclasses import dataclass, field
from typing import Any

from .definitions import Alarm, Definitions, Metric, deployed_name

COLUMNS = 24
MAX_WIDGETS = 500
MAX_ALARMS = 100  # of one alarm widget
# "CloudWatch service quotas", https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
MAX_METRICS = 2500
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
    """More widgets or metrics than a dashboard may have."""

    code = "dashboard_too_large"


@dataclass(frozen=True, slots=True)
class LoadBalancer:
    """A load balancer as its metrics name it.

    ``type`` is ``classic``, ``application`` or ``network``. ``name`` is the value of the dimension: of a Classic one
    its name, of the others ``app/<name>/<id>`` or ``net/<name>/<id>``; ``target_group`` is ``targetgroup/<name>/<id>``.
    """

    type: str
    name: str
    target_group: str = ""


@dataclass(frozen=True, slots=True)
class Names:
    """What an environment has, by name. What is empty it has not.

    ``account`` and ``partition`` are by default those of the stack that creates the dashboard. ``bucket_filter`` is the
    id of the bucket's request metrics, ``redis`` are ElastiCache's cluster ids. ``brokers``, ``indexers`` and
    ``shippers`` are the values of the dimension ``Host``; they have panels where logstash_monitor runs on them
    (``monitored``). ``agent_group`` is the Auto Scaling group by which the CloudWatch agent adds up its metrics.
    """

    region: str
    environment: str
    account: str = "${AWS::AccountId}"
    partition: str = "${AWS::Partition}"
    bucket: str = ""
    bucket_filter: str = ""
    objects_queue: str = ""
    failed_queue: str = ""
    function: str = ""
    broker_load_balancer: LoadBalancer | None = None
    auto_scaling_group: str = ""
    agent_group: str = ""
    redis: tuple[str, ...] = ()
    elasticsearch_load_balancer: LoadBalancer | None = None
    monitored: bool = False
    brokers: tuple[str, ...] = ()
    indexers: tuple[str, ...] = ()
    shippers: tuple[str, ...] = ()

    def hosts(self, layer: str) -> tuple[str, ...]:
        """The hosts of a layer that send metrics."""
        of_layer = {"brokers": self.brokers, "indexers": self.indexers, "shippers": self.shippers}
        return of_layer[layer] if self.monitored else ()


@dataclass(frozen=True, slots=True)
class Deployment:
    """When something was deployed (ISO 8601, such as ``2026-03-02T08:00:00Z``), and its label."""

    time: str
    label: str


@dataclass(frozen=True, slots=True)
class _Line:
    """A metric in a panel. ``layer`` is that of the host that sends it."""

    metric: Metric
    label: str
    color: str = ""
    layer: str = ""

    def has_threshold_of(self, alarm: Alarm) -> bool:
        """Whether the alarm's threshold means something for this line."""
        metric, own = alarm.metrics[0], self.metric
        if (metric.namespace, metric.metric, metric.statistic) != (own.namespace, own.metric, own.statistic):
            return False
        if metric.dimensions == own.dimensions:
            return True
        # The highest of many hosts is above a threshold when one of them is, and so is a sum above 0.
        above = alarm.comparison_operator == "GreaterThanThreshold" and alarm.threshold == 0
        side = {"Maximum": "Greater", "Minimum": "Less", "Sum": "Greater" if above else ""}.get(metric.statistic)
        if not (self.layer and side and alarm.comparison_operator.startswith(side)):
            return False
        return metric.dimensions.items() <= {**own.dimensions, "Layer": self.layer}.items()


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

    :raises DashboardTooLargeError: there are more alarms or hosts than one dashboard can show.
    """
    stages = _stages(names)
    for alarm in definitions.alarms:
        _place(alarm, stages, names)
    shown = [stage for stage in stages.values() if stage.panels]
    alarm_widgets, top = _alarm_widgets(names, definitions)
    widgets = [*alarm_widgets, *_columns(shown, top, names.region, _vertical(deployments))]
    metrics = sum(len(one["properties"].get("metrics", ())) for one in widgets)
    if len(widgets) > MAX_WIDGETS or metrics > MAX_METRICS:
        raise DashboardTooLargeError(
            f"The dashboard of {names.environment} would have {len(widgets)} widgets with "
            f"{metrics} metrics; CloudWatch takes up to {MAX_WIDGETS} with {MAX_METRICS}. Let fewer alarms watch what "
            "many watch one by one, or leave out hosts."
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
    """The ARN of an alarm of the list."""
    name = deployed_name(alarm, names.environment)
    return f"arn:{names.partition}:cloudwatch:{names.region}:{names.account}:alarm:{name}"


# --- stages ---


def _stages(names: Names) -> dict[str, _Stage]:
    """The stages in the order of the path, without the alarms that have no panel yet."""
    return {
        "objects": _Stage("Objects", list(_objects(names))),
        "function": _Stage("Function", list(_function(names))),
        "shippers": _Stage("Shippers", list(_hosts(names, "shippers"))),
        "load_balancer": _Stage("Load balancer", list(_load_balancer(names.broker_load_balancer))),
        "brokers": _Stage(
            "Brokers",
            [*_instances(names.auto_scaling_group), *_hosts(names, "brokers"), *_agent(names.agent_group)],
        ),
        "redis": _Stage("Redis", list(_redis(names.redis))),
        "indexers": _Stage("Indexers", list(_hosts(names, "indexers"))),
        "elasticsearch": _Stage("Elasticsearch", list(_load_balancer(names.elasticsearch_load_balancer))),
        "others": _Stage("Others", []),
    }


def _objects(names: Names) -> Iterator[_Panel]:
    if names.bucket and names.bucket_filter:
        put = {"BucketName": names.bucket, "FilterId": names.bucket_filter}
        yield _panel("Objects delivered", _Line(_metric("AWS/S3", "PutRequests", put, "Sum"), "put"))
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
    namespace = {"classic": "AWS/ELB", "application": "AWS/ApplicationELB", "network": "AWS/NetworkELB"}[balancer.type]
    whole = {"LoadBalancerName" if balancer.type == "classic" else "LoadBalancer": balancer.name}
    # Only with the target group do Application and Network Load Balancers count hosts.
    group = {**whole, "TargetGroup": balancer.target_group} if balancer.target_group else whole

    def line(name: str, statistic: str, label: str, color: str = "", dimensions: Mapping[str, str] = whole) -> _Line:
        return _Line(_metric(namespace, name, dimensions, statistic), label, color)

    if balancer.type == "classic" or balancer.target_group:
        yield _panel(
            "Hosts",
            line("HealthyHostCount", "Minimum", "healthy", "#2ca02c", group),
            line("UnHealthyHostCount", "Maximum", "unhealthy", _BAD, group),
        )
    if balancer.type == "classic":
        yield _panel("Connections refused", line("BackendConnectionErrors", "Sum", "connection errors", _BAD))
        yield _panel("Connections", line("RequestCount", "Sum", "requests or connections"))
        yield _panel(
            "Waiting for a host",
            line("SurgeQueueLength", "Maximum", "waiting"),
            line("SpilloverCount", "Sum", "turned away", _BAD),
        )
    elif balancer.type == "application":
        refused = line("TargetConnectionErrorCount", "Sum", "connection errors", _BAD, group)
        yield _panel("Connections refused", refused)
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


def _instances(group: str) -> Iterator[_Panel]:
    if group:
        dimensions = {"AutoScalingGroupName": group}

        def line(name: str, statistic: str, label: str, color: str = "") -> _Line:
            return _Line(_metric("AWS/AutoScaling", name, dimensions, statistic), label, color)

        yield _panel(
            "Instances",
            line("GroupInServiceInstances", "Minimum", "in service", "#2ca02c"),
            line("GroupDesiredCapacity", "Maximum", "desired"),
        )


# What each layer is prone to.
_HOST_PANELS = {
    "shippers": ("PipelineStalled", "EventsLost", "HeapShare"),
    "brokers": ("CanaryAge", "QueueShare", "PipelineStalled", "EventsLost", "HeapShare"),
    "indexers": ("PipelineStalled", "EventsLost", "DeadLetters", "HeapShare"),
}
_HOST_METRICS = {
    "CanaryAge": ("Age of the test event, s", "Maximum"),
    "QueueShare": ("Persistent queue, % full", "Maximum"),
    "PipelineStalled": ("Pipelines stalled", "Maximum"),
    "EventsLost": ("Events lost", "Sum"),
    "DeadLetters": ("Dead letters", "Maximum"),
    "HeapShare": ("Heap, % full", "Minimum"),
}


def _hosts(names: Names, layer: str) -> Iterator[_Panel]:
    hosts = names.hosts(layer)
    if not hosts:
        return
    environment = {"Environment": names.environment}
    for name in _HOST_PANELS[layer]:
        title, statistic = _HOST_METRICS[name]
        lines = [
            _Line(_metric("Logstash", name, {**environment, "Host": host}, statistic), host, layer=layer)
            for host in hosts
        ]
        yield _Panel(title, lines, percent=name.endswith("Share"))
    alive = _metric("Logstash", "Heartbeat", {**environment, "Layer": layer}, "Sum")
    yield _panel("Hosts with a sign of life", _Line(alive, "hosts"))


def _agent(group: str) -> Iterator[_Panel]:
    if group:
        dimensions = {"AutoScalingGroupName": group}
        for title, name in (("Memory used, %", "mem_used_percent"), ("Disk used, %", "disk_used_percent")):
            line = _Line(_metric("CWAgent", name, dimensions, "Maximum"), "fullest")
            yield _Panel(title, [line], percent=True)


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
    """Its threshold goes into the panels that show its metric, in the alarm's period; else it gets a panel."""
    shown = False
    if not alarm.expression:
        for panel in (panel for stage in stages.values() for panel in stage.panels if not panel.expression):
            fits = any(line.has_threshold_of(alarm) for line in panel.lines)
            if fits and (not panel.alarms or panel.period == alarm.period):
                panel.period = alarm.period
                panel.alarms.append(alarm)
                shown = True
    if not shown:
        lines = [_Line(metric, metric.metric if not alarm.expression else "") for metric in alarm.metrics]
        panel = _Panel(alarm.name, lines, period=alarm.period, expression=alarm.expression, alarms=[alarm])
        stages[_stage_of(alarm, names)].panels.append(panel)


def _stage_of(alarm: Alarm, names: Names) -> str:
    metric = alarm.metrics[0]
    values = set(metric.dimensions.values())
    if metric.namespace in ("AWS/ELB", "AWS/ApplicationELB", "AWS/NetworkELB"):
        balancer = names.elasticsearch_load_balancer
        return "elasticsearch" if balancer and balancer.name in values else "load_balancer"
    if metric.namespace == "Logstash":
        for layer in ("indexers", "shippers"):
            if layer in values or not values.isdisjoint(names.hosts(layer)):
                return layer
        return "brokers"
    return {
        "AWS/S3": "objects",
        "AWS/SQS": "objects",
        "AWS/Lambda": "function",
        "ElbLogShipper": "function",
        "AWS/AutoScaling": "brokers",
        "CWAgent": "brokers",
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
        options |= {"stat": metric.statistic}
        # Metrics of an expression may have periods of their own.
        options |= {"id": metric.id, "visible": False, "period": metric.period} if panel.expression else {}
        options |= {"label": line.label} if line.label else {}
        dimensions = [part for pair in metric.dimensions.items() for part in pair]
        yield [metric.namespace, metric.metric, *dimensions, options]


def _horizontal(alarms: Sequence[Alarm]) -> list[dict[str, Any]]:
    """The thresholds; alarms that differ in their dimensions only share a line."""
    groups: dict[tuple[str, float, int, int], list[Alarm]] = {}
    for alarm in alarms:
        key = (alarm.comparison_operator, alarm.threshold, alarm.datapoints_to_alarm, alarm.evaluation_periods)
        groups.setdefault(key, []).append(alarm)
    found = []
    for (comparison, threshold, datapoints, periods), same in groups.items():
        more = f" and {len(same) - 1} more" if len(same) > 1 else ""
        label = f"{same[0].name}{more} {_SIGNS[comparison]} {threshold:.15g}, {datapoints} of {periods}"
        found.append({"label": label, "value": threshold, "color": _BAD})
    return found


def _vertical(deployments: Sequence[Deployment]) -> list[dict[str, Any]]:
    last = sorted(deployments, key=lambda one: (one.time, one.label))[-LAST_DEPLOYMENTS:]
    return [{"label": one.label, "value": one.time, "color": _DEPLOYMENT} for one in last]
