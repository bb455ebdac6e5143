"""The dashboard: CloudWatch takes it, it shows what the environment has, and every alarm with its threshold."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
import yaml
from ansible_collections.elk.deploy.plugins.module_utils.messages import CODES
from ansible_collections.elk.deploy.plugins.plugin_utils.alarms.dashboard import (
    DashboardTooLargeError,
    Deployment,
    LoadBalancer,
    Names,
    dashboard_body,
    dashboard_template,
)
from ansible_collections.elk.deploy.plugins.plugin_utils.alarms.definitions import read
from ansible_collections.elk.deploy.plugins.plugin_utils.alarms.metrics import facts

EVERYTHING = Names(
    region="eu-west-1",
    environment="staging",
    bucket="example-staging-elb-logs",
    objects_queue="elb-logs-staging-shipper-objects",
    failed_queue="elb-logs-staging-shipper-failed",
    function="elb-logs-staging-shipper",
    broker_load_balancer=LoadBalancer("classic", "brokers-staging"),
    auto_scaling_group="brokers-staging",
    agent_group="brokers-staging",
    redis=("redis-staging-001",),
    elasticsearch_load_balancer=LoadBalancer("application", "app/es-staging/50dc6c4", "targetgroup/es/73e2d6b"),
    monitored=True,
    brokers=("broker-1", "broker-2"),
    indexers=("indexer-1",),
)

# "Dashboard Body Structure and Syntax", CloudWatch user guide, as far as the toolkit uses it; nothing else passes.
COLOR = {"type": "string", "pattern": "^#[0-9a-f]{6}$"}
TIME = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"}


def exactly(required, **optional):
    """An object with these keys and no others."""
    properties = required | optional
    return {
        "type": "object",
        "properties": properties,
        "required": sorted(required),
        "additionalProperties": False,
    }


HORIZONTAL = exactly(
    {"value": {"type": "number"}},
    label={"type": "string"},
    color=COLOR,
)
EXPRESSION = exactly(
    {"expression": {"type": "string", "minLength": 1}},
    label={"type": "string"},
    color=COLOR,
    period={"type": "integer", "minimum": 1},
)
OPTIONS = exactly(
    {"stat": {"enum": ["Average", "Maximum", "Minimum", "SampleCount", "Sum"]}},
    id={"type": "string", "pattern": "^[a-z][A-Za-z0-9_]*$"},
    visible={"type": "boolean"},
    period={"type": "integer", "minimum": 1},
    label={"type": "string"},
    color=COLOR,
)
METRIC = exactly(
    {
        "metrics": {"type": "array", "items": {"type": "array", "minItems": 1}, "minItems": 1, "maxItems": 500},
        "region": {"type": "string"},
        "period": {"type": "integer", "minimum": 1, "maximum": 86400},
    },
    title={"type": "string"},
    view={"enum": ["timeSeries", "singleValue", "gauge", "bar", "pie", "table"]},
    stacked={"type": "boolean"},
    start={"type": "string", "pattern": "^-P"},
    legend=exactly({"position": {"enum": ["bottom", "right", "hidden"]}}),
    yAxis=exactly(
        {},
        left=exactly({}, min={"type": "number"}, max={"type": "number"}, showUnits={"type": "boolean"}),
    ),
    annotations=exactly(
        {},
        horizontal={"type": "array", "items": HORIZONTAL},
        vertical={"type": "array", "items": exactly({"value": TIME}, label={"type": "string"}, color=COLOR)},
    ),
)
ALARM = exactly(
    {"alarms": {"type": "array", "items": {"type": "string", "pattern": "^arn:"}, "minItems": 1, "maxItems": 100}},
    title={"type": "string"},
    sortBy={"enum": ["default", "stateUpdatedTimestamp", "timestamp"]},
)
TEXT = exactly({"markdown": {"type": "string"}}, background={"enum": ["solid", "transparent"]})
PLACE = {
    "x": {"type": "integer", "minimum": 0, "maximum": 23},
    "y": {"type": "integer", "minimum": 0},
    "width": {"type": "integer", "minimum": 1, "maximum": 24},
    "height": {"type": "integer", "minimum": 1, "maximum": 1000},
}
WIDGETS = [
    exactly({"type": {"const": kind}, "properties": properties, **PLACE})
    for kind, properties in (("metric", METRIC), ("alarm", ALARM), ("text", TEXT))
]
BODY = exactly(
    {"widgets": {"type": "array", "maxItems": 500, "items": {"oneOf": WIDGETS}}},
    start={"type": "string", "pattern": "^-P"},
    periodOverride={"enum": ["auto", "inherit"]},
)


def entry(name="lag", **changes):
    return {
        "name": name,
        "what_broke": "Logs come late.",
        "what_to_do": "Look at the brokers.",
        "runbook": "docs/troubleshooting.md",
        "namespace": "ElbLogShipper",
        "metric": "Lag",
        "dimensions": {"FunctionName": EVERYTHING.function},
        "statistic": "Maximum",
        "period": 60,
        "comparison_operator": "GreaterThanThreshold",
        "threshold": 900,
        "evaluation_periods": 5,
        "treat_missing_data": "notBreaching",
    } | changes


def unparsed(**changes):
    """An alarm over an expression."""
    whole = entry("unparsed", expression="100 * bad / FILL(lines, 1)", threshold=1)
    for key in ("namespace", "metric", "dimensions", "statistic"):
        del whole[key]
    metric = {"namespace": "ElbLogShipper", "dimensions": {"FunctionName": EVERYTHING.function}, "statistic": "Sum"}
    metrics = {"bad": metric | {"metric": "UnparsedLines"}, "lines": metric | {"metric": "Lines"}}
    return whole | {"metrics": metrics} | changes


def definitions(*entries):
    found = read(entries)
    assert found.faults == []
    return found


def panels(body, title):
    return [one["properties"] for one in body["widgets"] if one["properties"].get("title") == title]


def titles(body, kind="text"):
    return [one["properties"]["markdown"].lstrip("# ") for one in body["widgets"] if one["type"] == kind]


def check(body):
    jsonschema.validate(body, BODY)
    taken = set()
    for one in body["widgets"]:
        cells = {
            (x, y) for x in range(one["x"], one["x"] + one["width"]) for y in range(one["y"], one["y"] + one["height"])
        }
        assert one["x"] + one["width"] <= 24
        assert taken.isdisjoint(cells), f"{one['properties']} lies over another widget"
        taken |= cells
        for metric in one["properties"].get("metrics", ()):
            if len(metric) == 1:
                jsonschema.validate(metric[0], EXPRESSION)
            else:
                # Namespace, name, pairs of a dimension and its value, options.
                assert len(metric) % 2 == 1
                assert all(isinstance(part, str) and part for part in metric[:-1])
                jsonschema.validate(metric[-1], OPTIONS)
    assert sum(len(one["properties"].get("metrics", ())) for one in body["widgets"]) <= 2500


KINDS = [
    LoadBalancer("classic", "brokers"),
    LoadBalancer("application", "app/brokers/1", "targetgroup/brokers/2"),
    LoadBalancer("network", "net/brokers/1", "targetgroup/brokers/2"),
    LoadBalancer("network", "net/brokers/1"),
]


@pytest.mark.parametrize("balancer", KINDS, ids=lambda one: f"{one.type} {one.target_group}")
def test_cloudwatch_takes_it(balancer):
    names = Names(
        "eu-west-1",
        "staging",
        function="f",
        bucket="b",
        broker_load_balancer=balancer,
        brokers=("a", "b"),
        monitored=True,
    )
    rule = {key: value for key, value in entry("logs-late").items() if key in ("what_broke", "what_to_do", "runbook")}
    alarms = definitions(entry(), unparsed(), rule | {"name": "logs-late", "rule": "ALARM(staging-lag)"})
    check(dashboard_body(names, alarms, [Deployment("2026-03-02T08:00:00Z", "version 7")]))


@pytest.mark.parametrize("balancer", KINDS, ids=lambda one: f"{one.type} {one.target_group}")
def test_what_is_shown_exists_and_means_something(balancer):
    """As far as the table of facts goes: it has no metrics of ElastiCache, and the agent's are somebody's choice."""
    names = replace(EVERYTHING, broker_load_balancer=balancer, redis=(), agent_group="", shippers=("shipper-1",))
    shown = [
        metric for one in dashboard_body(names, read([]))["widgets"] for metric in one["properties"].get("metrics", ())
    ]
    assert len(shown) > 30
    for namespace, name, *dimensions, options in shown:
        known = facts(namespace, name)
        assert known, f"{namespace} {name}"
        assert frozenset(dimensions[::2]) in known.dimensions, f"{namespace} {name} {dimensions}"
        assert options["stat"] in known.statistics, f"{namespace} {name}: {options['stat']} means nothing"


def test_the_path_goes_from_left_to_right():
    body = dashboard_body(EVERYTHING, definitions(entry()))
    check(body)
    assert titles(body) == [
        "Objects",
        "Function",
        "Load balancer",
        "Brokers",
        "Redis",
        "Indexers",
        "Elasticsearch",
    ]
    columns = [one for one in body["widgets"] if one["type"] == "text"]
    assert [one["x"] for one in columns] == [0, 4, 8, 12, 15, 18, 21]
    assert {one["y"] for one in columns} == {columns[0]["y"]}


def test_what_the_environment_does_not_have_is_left_out():
    body = dashboard_body(Names("eu-west-1", "local", function="elb-logs-shipper", bucket="b"), read([]))
    check(body)
    assert titles(body) == ["Objects", "Function"]
    assert sum(one["width"] for one in body["widgets"] if one["type"] == "text") == 24
    assert "AWS/ELB" not in json.dumps(body)
    assert "PutRequests" not in json.dumps(body)


def test_columns_fill_the_width_where_it_does_not_divide_evenly():
    body = dashboard_body(replace(EVERYTHING, redis=(), indexers=()), read([]))
    assert [one["width"] for one in body["widgets"] if one["type"] == "text"] == [5, 5, 5, 5, 4]


def test_an_environment_without_anything_has_an_empty_dashboard():
    body = dashboard_body(Names("eu-west-1", "scratch"), read([]))
    check(body)
    assert body["widgets"] == []


def test_a_threshold_and_its_period_are_those_of_the_alarm():
    names = replace(EVERYTHING, elasticsearch_load_balancer=None)
    alarm = entry(
        "broker-connection-errors",
        namespace="AWS/ELB",
        metric="BackendConnectionErrors",
        dimensions={"LoadBalancerName": "brokers-staging"},
        statistic="Sum",
        period=300,
        threshold=100,
    )
    (panel,) = panels(dashboard_body(names, definitions(alarm)), "Connections refused")
    assert panel["period"] == 300
    (line,) = panel["annotations"]["horizontal"]
    assert (line["value"], line["label"]) == (100, "broker-connection-errors > 100, 5 of 5")
    for threshold in (250.5, 1234567):
        (changed,) = panels(dashboard_body(names, definitions(alarm | {"threshold": threshold})), "Connections refused")
        (line,) = changed["annotations"]["horizontal"]
        assert (line["value"], line["label"]) == (threshold, f"broker-connection-errors > {threshold}, 5 of 5")


@pytest.mark.parametrize(
    ("comparison", "sign"),
    [
        ("GreaterThanThreshold", ">"),
        ("GreaterThanOrEqualToThreshold", "≥"),
        ("LessThanThreshold", "<"),
        ("LessThanOrEqualToThreshold", "≤"),
    ],
)
def test_a_threshold_says_on_which_side_the_alarm_is(comparison, sign):
    alarm = entry("silent", comparison_operator=comparison, threshold=0.5, evaluation_periods=3, datapoints_to_alarm=2)
    (panel,) = panels(dashboard_body(EVERYTHING, definitions(alarm)), "Lag, s")
    assert panel["annotations"]["horizontal"][0]["label"] == f"silent {sign} 0.5, 2 of 3"


@pytest.mark.parametrize(
    "changes",
    [
        {"statistic": "Average"},
        {"metric": "Refused", "statistic": "Sum"},
        {"dimensions": {"Environment": "staging", "Component": "shop"}},
        {"namespace": "AWS/SNS", "metric": "NumberOfNotificationsFailed", "dimensions": {"TopicName": "alarms"}},
    ],
    ids=["statistic", "metric", "dimensions", "namespace"],
)
def test_an_alarm_whose_metric_no_panel_shows_gets_one(changes):
    alarm = entry("another", **changes)
    body = dashboard_body(EVERYTHING, definitions(alarm))
    check(body)
    (panel,) = panels(body, "another")
    dimensions = [part for pair in alarm["dimensions"].items() for part in pair]
    (metric,) = panel["metrics"]
    assert metric[:-1] == [alarm["namespace"], alarm["metric"], *dimensions]
    assert metric[-1]["stat"] == alarm["statistic"]
    assert panel["annotations"]["horizontal"][0]["value"] == 900


def test_a_panel_has_one_period():
    body = dashboard_body(EVERYTHING, definitions(entry("soon"), entry("long", period=3600)))
    assert [one["period"] for one in (*panels(body, "Lag, s"), *panels(body, "long"))] == [60, 3600]


def test_an_expression_is_drawn_and_its_metrics_are_hidden():
    (panel,) = panels(dashboard_body(EVERYTHING, definitions(unparsed())), "unparsed")
    expression, *metrics = panel["metrics"]
    assert expression[0]["expression"] == "100 * bad / FILL(lines, 1)"
    assert {one[-1]["id"]: one[1] for one in metrics} == {"bad": "UnparsedLines", "lines": "Lines"}
    assert not any(one[-1]["visible"] for one in metrics)
    assert panel["annotations"]["horizontal"][0]["value"] == 1


def queue_filling(name="queue-filling", **dimensions):
    dimensions = {"Environment": "staging", **dimensions}
    return entry(name, namespace="Logstash", metric="QueueShare", dimensions=dimensions, threshold=80)


def labels(panel):
    return [one["label"] for one in panel.get("annotations", {}).get("horizontal", ())]


def test_hosts_have_panels_only_where_the_monitor_runs():
    without = replace(EVERYTHING, redis=(), agent_group="", auto_scaling_group="", monitored=False)
    assert titles(dashboard_body(without, read([]))) == ["Objects", "Function", "Load balancer", "Elasticsearch"]
    body = dashboard_body(replace(EVERYTHING, shippers=("shipper-1",)), read([]))
    assert titles(body)[:5] == ["Objects", "Function", "Shippers", "Load balancer", "Brokers"]
    check(body)


def test_alarms_of_many_hosts_share_a_line():
    alarms = [queue_filling(f"queue-filling-{host}", Host=host) for host in EVERYTHING.brokers]
    (panel,) = panels(dashboard_body(EVERYTHING, definitions(*alarms)), "Persistent queue, % full")
    assert [one[5] for one in panel["metrics"]] == list(EVERYTHING.brokers)
    assert labels(panel) == ["queue-filling-broker-1 and 1 more > 80, 5 of 5"]


@pytest.mark.parametrize("dimensions", [{}, {"Layer": "brokers"}], ids=["environment", "layer"])
def test_a_threshold_for_the_highest_of_all_hosts_stands_at_each_host(dimensions):
    body = dashboard_body(EVERYTHING, definitions(queue_filling(**dimensions)))
    assert panels(body, "queue-filling") == []
    assert [labels(one) for one in panels(body, "Persistent queue, % full")] == [["queue-filling > 80, 5 of 5"]]


@pytest.mark.parametrize(
    "alarm",
    [
        queue_filling(Layer="indexers"),
        queue_filling() | {"statistic": "Minimum"},
        queue_filling() | {"comparison_operator": "LessThanThreshold"},
        queue_filling(Host="broker-9"),
    ],
    ids=["another layer", "lowest of all", "highest below", "unknown host"],
)
def test_a_threshold_for_something_else_than_each_host_has_a_panel_of_its_own(alarm):
    body = dashboard_body(EVERYTHING, definitions(alarm))
    assert [labels(one) for one in panels(body, "Persistent queue, % full")] == [[]]
    assert len(panels(body, "queue-filling")) == 1


@pytest.mark.parametrize(("threshold", "own"), [(0, 0), (5, 1)])
def test_a_sum_of_all_hosts_is_above_0_when_that_of_one_is(threshold, own):
    changes = {"metric": "EventsLost", "statistic": "Sum", "threshold": threshold}
    body = dashboard_body(EVERYTHING, definitions(queue_filling("events-lost") | changes))
    assert len(panels(body, "events-lost")) == own
    assert [labels(one) for one in panels(body, "Events lost")] == [["events-lost > 0, 5 of 5"] * (1 - own)] * 2


def test_a_threshold_is_in_every_panel_that_it_is_for():
    alarm = queue_filling("pipeline-stalled") | {"metric": "PipelineStalled", "threshold": 0}
    body = dashboard_body(EVERYTHING, definitions(alarm))
    assert [labels(one) for one in panels(body, "Pipelines stalled")] == [["pipeline-stalled > 0, 5 of 5"]] * 2


def test_alarms_are_at_the_top_with_their_names_in_aws_and_composite_ones_first():
    rule = {key: value for key, value in entry().items() if key in ("what_broke", "what_to_do", "runbook")}
    alarms = definitions(entry(), rule | {"name": "logs-late", "rule": "ALARM(staging-lag)"})
    names = Names("eu-west-1", "staging", account="123456789012", partition="aws-cn", function="f")
    first = dashboard_body(names, alarms)["widgets"][0]
    assert (first["type"], first["y"], first["width"]) == ("alarm", 0, 24)
    assert first["properties"]["alarms"] == [
        f"arn:aws-cn:cloudwatch:eu-west-1:123456789012:alarm:staging-{name}" for name in ("logs-late", "lag")
    ]


def test_more_alarms_than_one_widget_takes():
    body = dashboard_body(EVERYTHING, definitions(*(entry(f"lag-{number}") for number in range(101))))
    check(body)
    assert [len(one["properties"]["alarms"]) for one in body["widgets"] if one["type"] == "alarm"] == [100, 1]


def test_a_dashboard_that_cloudwatch_does_not_take_says_so():
    alarms = definitions(*(entry(f"lag-{number}", period=60 * number) for number in range(1, 500)))
    with pytest.raises(DashboardTooLargeError, match=r"^The dashboard of staging.* 5\d\d widgets "):
        dashboard_body(EVERYTHING, alarms)
    assert DashboardTooLargeError.code in CODES


def test_more_metrics_than_cloudwatch_takes():
    hosts = tuple(f"broker-{number}" for number in range(500))
    with pytest.raises(DashboardTooLargeError, match=r" 25\d\d metrics; "):
        dashboard_body(replace(EVERYTHING, brokers=hosts), read([]))


def test_the_last_deployments_stand_in_every_graph():
    deployments = [Deployment(f"2026-03-{day:02}T08:00:00Z", f"version {day}") for day in range(9, 0, -1)]
    body = dashboard_body(EVERYTHING, definitions(entry()), deployments)
    check(body)
    for panel in (one["properties"] for one in body["widgets"] if one["type"] == "metric"):
        assert [one["label"] for one in panel["annotations"]["vertical"]] == [f"version {day}" for day in range(5, 10)]


def test_the_same_environment_has_the_same_template():
    deployments = [Deployment("2026-03-02T08:00:00Z", "version 7"), Deployment("2026-03-03T08:00:00Z", "version 8")]
    first = dashboard_template(dashboard_body(EVERYTHING, definitions(entry(), unparsed()), deployments))
    again = dashboard_template(dashboard_body(EVERYTHING, definitions(entry(), unparsed()), deployments[::-1]))
    assert first == again
    other = dashboard_template(dashboard_body(EVERYTHING, definitions(entry(threshold=901), unparsed()), deployments))
    assert len([1 for old, new in zip(first.splitlines(), other.splitlines(), strict=True) if old != new]) == 1


class Loader(yaml.SafeLoader):
    """Reads `!Ref x` and `!Sub x` as (Ref, x) and (Sub, x)."""


Loader.add_multi_constructor("!", lambda loader, suffix, node: (suffix, loader.construct_scalar(node)))


def body_of(template):
    (resource,) = yaml.load(template, Loader)["Resources"].values()  # noqa: S506 - a SafeLoader
    assert resource["Type"] == "AWS::CloudWatch::Dashboard"
    assert resource["Properties"]["DashboardName"] == ("Ref", "AWS::StackName")
    return resource["Properties"]["DashboardBody"]


def test_the_template_fills_in_account_and_partition_and_nothing_else():
    odd = Deployment("2026-03-02T08:00:00Z", "price ${HOME} \u00fc")
    body = dashboard_body(EVERYTHING, definitions(entry()), [odd])
    function, text = body_of(dashboard_template(body))
    assert function == "Sub"
    # As CloudFormation does it.
    text = text.replace("${AWS::AccountId}", "123456789012").replace("${AWS::Partition}", "aws")
    assert re.findall(r"\$\{(?!!)", text) == []
    filled = json.loads(text.replace("${!", "${"))
    assert filled["widgets"][0]["properties"]["alarms"] == [
        "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:staging-lag"
    ]
    assert filled["widgets"][1:] == body["widgets"][1:]


def test_a_template_with_nothing_to_fill_in_has_the_body_as_it_is():
    names = Names("eu-west-1", "staging", account="123456789012", partition="aws", function="f")
    body = dashboard_body(names, definitions(entry()), [Deployment("2026-03-02T08:00:00Z", "price ${HOME}")])
    assert json.loads(body_of(dashboard_template(body))) == body


def test_cfn_lint_is_content(tmp_path):
    (tmp_path / "dashboard.yml").write_text(dashboard_template(dashboard_body(EVERYTHING, definitions(entry()))))
    program = Path(sys.executable).parent / "cfn-lint"
    result = subprocess.run([program, tmp_path / "dashboard.yml"], capture_output=True, text=True, check=False)
    assert result.stdout + result.stderr == ""
