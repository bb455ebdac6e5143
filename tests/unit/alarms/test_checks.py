"""What preflight refuses: what CloudWatch refuses, and alarms that it takes, which would never ring, or always."""

import pytest
from alarm_entries import composite, entry, share
from ansible_collections.elk.deploy.plugins.module_utils.messages import CODES
from ansible_collections.elk.deploy.plugins.plugin_utils.alarms.checks import ACCEPTABLE, check
from ansible_collections.elk.deploy.plugins.plugin_utils.alarms.definitions import MISSING_DATA, read
from ansible_collections.elk.deploy.plugins.plugin_utils.alarms.metrics import facts
from hypothesis import given
from hypothesis import strategies as st

REGION = "eu-west-1"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:alarms"


def faults(*entries, region=REGION):
    """What is wrong with entries whose form is right."""
    definitions = read(entries)
    assert definitions.faults == []
    found = check(definitions, region)
    assert all(fault.code in CODES and fault.expected and fault.hint for fault in found)
    return found


def wrong(*entries, region=REGION):
    """-> (code without alarm_, key, value) of each fault."""
    return [(fault.code.removeprefix("alarm_"), fault.key, fault.value) for fault in faults(*entries, region=region)]


def of(namespace, metric, **keys):
    """An alarm over a metric, right but for the keys."""
    known = facts(namespace, metric)
    names = sorted(known.dimensions[0]) if known.dimensions else []
    low = known.kind == "sign of life"
    latched = known.kind == "depth" and known.reported == "while active"
    whole = {
        "namespace": namespace,
        "metric": metric,
        "dimensions": dict.fromkeys(names, "x"),
        "statistic": next(one for one in ("Sum", "Maximum", "Average") if one in known.statistics),
        "period": max(known.period, 60),
        "comparison_operator": "LessThanThreshold" if low else "GreaterThanThreshold",
        "threshold": 0.5,
        "evaluation_periods": 3,
        "treat_missing_data": "breaching" if low else "ignore" if latched else "notBreaching",
    }
    return entry(**(whole | keys))


GOOD = [
    entry(),
    entry(dimensions={"LoadBalancerName": "brokers", "AvailabilityZone": "eu-west-1a"}),
    entry(treat_missing_data="notBreaching", datapoints_to_alarm=1),
    share(),
    of("AWS/ELB", "UnHealthyHostCount", statistic="Maximum"),
    of("AWS/ELB", "Latency", statistic="p99.9"),
    of("AWS/ApplicationELB", "TargetConnectionErrorCount"),
    of("AWS/ApplicationELB", "TargetResponseTime", statistic="tm95"),
    of("AWS/NetworkELB", "TCP_Target_Reset_Count", treat_missing_data="missing"),
    of("AWS/Lambda", "Errors", dimensions={"FunctionName": "shipper", "Resource": "shipper:live"}),
    of("AWS/Lambda", "Duration", statistic="Maximum", threshold=270_000, treat_missing_data="ignore"),
    of("AWS/SQS", "ApproximateNumberOfMessagesVisible", statistic="Maximum", threshold=0, evaluation_periods=1),
    of("AWS/SQS", "ApproximateAgeOfOldestMessage", threshold=900),
    of("AWS/S3", "4xxErrors", statistic="Average", threshold=0.05),
    of("AWS/S3", "4xxErrors", statistic="Sum", threshold=50),
    of("AWS/S3", "BucketSizeBytes", threshold=1e12, evaluation_periods=7),
    of("AWS/AutoScaling", "GroupInServiceInstances", comparison_operator="LessThanThreshold", threshold=2),
    of("CWAgent", "disk_used_percent", dimensions={"AutoScalingGroupName": "brokers"}, threshold=85),
    of("CWAgent", "mem_used_percent", dimensions={}, period=10, threshold=85),
    of("Logstash", "Heartbeat", statistic="Sum", threshold=2, datapoints_to_alarm=2),
    of("Logstash", "QueueShare", threshold=80),
    entry(namespace="Shop", metric="Orders", dimensions={"Shop": "1"}, statistic="p50", period=10, threshold=-1),
    entry(namespace="CWAgent", metric="swap_used_percent", statistic="Maximum"),
]


@pytest.mark.parametrize("good", GOOD, ids=lambda one: f"{one.get('metric', 'expression')} {one.get('statistic', '')}")
def test_alarms_that_can_work_are_taken(good):
    assert wrong(good) == []


# Statistics.


def test_maximum_of_connection_errors_is_refused_with_the_reason():
    """The two days that nobody heard of: each report is 1, and so was Maximum."""
    (fault,) = faults(entry(statistic="Maximum"))
    assert (fault.code, fault.alarm, fault.key, fault.value) == (
        *("alarm_statistic_meaningless", "broker-errors", "statistic", "Maximum"),
    )
    said = str(fault)
    assert "statistic is 'Maximum'; expected Sum for BackendConnectionErrors" in said
    assert "Only Sum counts them" in said
    assert "Maximum can stay at 1 while thousands fail" in said
    assert "https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/elb-cloudwatch-metrics.html" in said


@pytest.mark.parametrize(
    ("namespace", "metric", "statistics"),
    [
        ("AWS/ELB", "BackendConnectionErrors", ["Average", "Minimum", "SampleCount", "p99", "tm99"]),
        ("AWS/ELB", "SurgeQueueLength", ["Sum", "SampleCount"]),
        ("AWS/ELB", "Latency", ["Sum", "Minimum"]),
        ("AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", ["Maximum", "Average"]),
        ("AWS/NetworkELB", "UnHealthyHostCount", ["Sum"]),
        ("AWS/Lambda", "Errors", ["Maximum", "Average"]),
        ("AWS/Lambda", "ConcurrentExecutions", ["Sum"]),
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible", ["Sum"]),
        ("AWS/S3", "PutRequests", ["Average"]),
        ("Logstash", "EventsLost", ["Maximum"]),
        ("ElbLogShipper", "Failures", ["Maximum"]),
    ],
)
def test_statistics_that_mean_nothing_are_refused(namespace, metric, statistics):
    for statistic in statistics:
        assert wrong(of(namespace, metric, statistic=statistic)) == [("statistic_meaningless", "statistic", statistic)]


@pytest.mark.parametrize("statistic", ["sum", "SUM", "Max", "p", "p101", "p99.", "P99", "tm(10%:90%)", "TM(1)", "PR"])
def test_statistics_that_cloudwatch_does_not_have_are_refused(statistic):
    assert ("invalid", "statistic", statistic) in wrong(entry(namespace="Shop", statistic=statistic))


@pytest.mark.parametrize(
    "statistic",
    [
        *("p0", "p50", "p99.9", "p100", "tm90", "tc90", "ts90", "wm98.5", "IQM", "PR(:300)", "PR(100:2000)", "PR(10:)"),
        *("TM(10%:90%)", "TM(:95%)", "TM(150:1000)", "TC(0.005:0.030)", "TS(80%:)", "WM(10%:90%)", "TC(:0.5)"),
    ],
)
def test_statistics_that_cloudwatch_has_are_taken(statistic):
    assert wrong(entry(namespace="Shop", statistic=statistic)) == []
    assert wrong(of("AWS/ELB", "Latency", statistic=statistic)) == []


def test_statistics_of_an_expression_s_metrics_are_checked():
    lines = share()["metrics"] | {"unparsed": share()["metrics"]["unparsed"] | {"statistic": "Maximum"}}
    assert wrong(share(metrics=lines)) == [("statistic_meaningless", "metrics.unparsed.statistic", "Maximum")]


# Metrics and dimensions.


@pytest.mark.parametrize(
    ("namespace", "metric", "near"),
    [
        ("AWS/ELB", "BackendConnectionError", "BackendConnectionErrors"),
        ("AWS/ELB", "UnhealthyHostCount", "UnHealthyHostCount"),
        ("AWS/SQS", "NumberOfMessagesVisible", "ApproximateNumberOfMessagesVisible"),
        ("ElbLogShipper", "Unparsed", "UnparsedLines"),
    ],
)
def test_metric_that_its_namespace_does_not_have_is_refused_with_the_nearest(namespace, metric, near):
    (fault,) = faults(entry(namespace=namespace, metric=metric))
    assert (fault.code, fault.key, fault.value) == ("alarm_metric_unknown", "metric", metric)
    assert near in fault.expected


@pytest.mark.parametrize(
    ("namespace", "metric", "dimensions"),
    [
        ("AWS/ELB", "BackendConnectionErrors", {"LoadBalancer": "brokers"}),
        ("AWS/ELB", "BackendConnectionErrors", {"LoadBalancerName": "brokers", "InstanceId": "i-1"}),
        ("AWS/ApplicationELB", "TargetConnectionErrorCount", {"TargetGroup": "targetgroup/x/1"}),
        ("AWS/NetworkELB", "UnHealthyHostCount", {"LoadBalancer": "net/x/1"}),
        ("AWS/NetworkELB", "TCP_ELB_Reset_Count", {"LoadBalancer": "net/x/1", "TargetGroup": "targetgroup/x/1"}),
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible", {}),
        ("AWS/S3", "PutRequests", {"BucketName": "logs"}),
        ("AWS/S3", "BucketSizeBytes", {"BucketName": "logs", "FilterId": "logs"}),
        ("AWS/Lambda", "Errors", {"FunctionName": "shipper", "ExecutedVersion": "1"}),
        ("ElbLogShipper", "Lines", {"Environment": "production"}),
        ("Logstash", "Heartbeat", {"Host": "broker-1"}),
    ],
)
def test_dimensions_that_are_not_published_are_refused(namespace, metric, dimensions):
    (found,) = wrong(of(namespace, metric, dimensions=dimensions))
    assert found == ("dimensions_unknown", "dimensions", sorted(dimensions))


def test_the_refusal_names_the_sets_that_there_are():
    (fault,) = faults(of("AWS/S3", "PutRequests", dimensions={"BucketName": "logs"}))
    assert "BucketName, FilterId" in fault.expected
    (fault,) = faults(entry(dimensions={"Host": "a"}))
    assert "LoadBalancerName; AvailabilityZone, LoadBalancerName; AvailabilityZone; none" in fault.expected
    assert "BackendConnectionErrors has no dimension Host" in fault.hint


def test_an_empty_dimension_is_refused():
    assert wrong(entry(dimensions={"LoadBalancerName": " "})) == [("invalid", "dimensions.LoadBalancerName", " ")]


# Periods.


@pytest.mark.parametrize("period", [1, 5, 15, 45, 61, 90, 100])
def test_periods_that_cloudwatch_does_not_have_are_refused(period):
    assert wrong(entry(namespace="Shop", period=period)) == [("evaluation_invalid", "period", period)]
    assert wrong(entry(period=period)) == [("evaluation_invalid", "period", period)]


@pytest.mark.parametrize("period", [10, 20, 30, 60, 120, 300])
def test_periods_that_cloudwatch_has_are_taken(period):
    assert wrong(entry(namespace="Shop", period=period)) == []


@pytest.mark.parametrize(
    ("namespace", "metric", "period", "shortest"),
    [
        ("AWS/ELB", "BackendConnectionErrors", 30, 60),
        ("Logstash", "Heartbeat", 30, 60),
        ("AWS/S3", "BucketSizeBytes", 3600, 86_400),
        ("AWS/AutoScaling", "PredictiveScalingLoadForecast", 300, 3600),
    ],
)
def test_a_period_without_data_points_is_refused(namespace, metric, period, shortest):
    assert wrong(of(namespace, metric, period=period)) == [("period_too_short", "period", period)]
    assert wrong(of(namespace, metric, period=shortest)) == []


@pytest.mark.parametrize(
    ("period", "periods", "taken"),
    [
        (60, 1440, True),
        (60, 1441, False),
        (10, 8640, True),
        (10, 8641, False),
        (3540, 25, False),
        (3600, 168, True),
        (3600, 169, False),
        (86_400, 7, True),
        (86_400, 8, False),
    ],
)
def test_an_alarm_looks_back_a_day_or_with_long_periods_seven(period, periods, taken):
    found = wrong(entry(period=period, evaluation_periods=periods, namespace="Shop"))
    assert found == ([] if taken else [("evaluation_invalid", "evaluation_periods", periods)])


@pytest.mark.parametrize(("m", "n", "taken"), [(1, 1, True), (3, 3, True), (2, 3, True), (4, 3, False), (2, 1, False)])
def test_m_is_not_above_n(m, n, taken):
    found = wrong(entry(datapoints_to_alarm=m, evaluation_periods=n))
    assert found == ([] if taken else [("evaluation_invalid", "datapoints_to_alarm", m)])


# Thresholds.

NEVER = {">": "GreaterThanThreshold", ">=": "GreaterThanOrEqualToThreshold", "<": "LessThanThreshold"}
NEVER["<="] = "LessThanOrEqualToThreshold"


@pytest.mark.parametrize(
    ("sign", "threshold", "taken"),
    [
        (">", 100, False),
        (">", 99.9, True),
        (">", 0, True),
        (">", -0.1, False),
        (">=", 100, True),
        (">=", 100.1, False),
        (">=", 0, False),
        (">=", 0.1, True),
        ("<", 0, False),
        ("<", 0.1, True),
        ("<", 100, True),
        ("<", 100.1, False),
        ("<=", 0, True),
        ("<=", -0.1, False),
        ("<=", 100, False),
        ("<=", 99.9, True),
    ],
)
def test_threshold_that_no_value_or_every_value_breaches_is_refused(sign, threshold, taken):
    found = wrong(of("Logstash", "QueueShare", comparison_operator=NEVER[sign], threshold=threshold))
    assert found == ([] if taken else [("threshold_unreachable", "threshold", threshold)])


@pytest.mark.parametrize(
    ("namespace", "metric", "statistic", "threshold", "taken"),
    [
        ("AWS/ELB", "BackendConnectionErrors", "Sum", -1, False),
        ("AWS/ELB", "BackendConnectionErrors", "Sum", 1_000_000, True),
        ("AWS/ELB", "SurgeQueueLength", "Maximum", 1024, False),
        ("AWS/ELB", "SurgeQueueLength", "Maximum", 1023, True),
        # Each request reports 0 or 1, so that only Sum can be more.
        ("AWS/S3", "5xxErrors", "Average", 5, False),
        ("AWS/S3", "5xxErrors", "Sum", 5, True),
        ("AWS/S3", "5xxErrors", "SampleCount", 5, True),
        # A fraction, although AWS gives its unit as percent.
        ("AWS/Lambda", "ProvisionedConcurrencyUtilization", "Maximum", 80, False),
        ("AWS/Lambda", "ProvisionedConcurrencyUtilization", "Maximum", 0.8, True),
        # The percentage of requests within a time.
        ("AWS/ELB", "Latency", "PR(:1)", 100, False),
        ("AWS/ELB", "Latency", "PR(:1)", 99, True),
        ("AWS/ELB", "Latency", "TC(1:)", 1000, True),
        ("ElbLogShipper", "Lag", "Maximum", -5, True),
    ],
)
def test_the_limits_are_those_of_the_statistic(namespace, metric, statistic, threshold, taken):
    found = wrong(of(namespace, metric, statistic=statistic, threshold=threshold))
    assert found == ([] if taken else [("threshold_unreachable", "threshold", threshold)])


def test_what_an_expression_can_be_is_not_known():
    assert wrong(share(threshold=-5)) == []


# Missing data.


@pytest.mark.parametrize(
    ("namespace", "metric", "sign", "right"),
    [
        # What is reported only when it happens: missing is good, and stays so.
        ("AWS/ELB", "BackendConnectionErrors", ">", {"notBreaching"}),
        ("AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", ">", {"notBreaching"}),
        # The next invocation without error ends it.
        ("AWS/Lambda", "Errors", ">", {"notBreaching", "ignore"}),
        ("AWS/Lambda", "Duration", ">", {"notBreaching", "ignore"}),
        ("AWS/SQS", "ApproximateAgeOfOldestMessage", ">", {"notBreaching", "ignore"}),
        # What waits is there also when SQS says nothing any more.
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible", ">", {"ignore"}),
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "<", {"notBreaching", "ignore", "breaching"}),
        # Without traffic there is no value that is too low.
        ("AWS/ELB", "RequestCount", "<", {"breaching"}),
        ("AWS/Lambda", "Invocations", "<", {"breaching"}),
        ("ElbLogShipper", "Objects", "<", {"breaching"}),
        ("AWS/ELB", "HealthyHostCount", "<", {"breaching"}),
        # A success rate without messages is not too low.
        ("AWS/SNS", "SMSSuccessRate", "<", {"notBreaching", "ignore", "breaching"}),
        ("Logstash", "Heartbeat", "<", {"breaching"}),
        # What is always there.
        ("AWS/NetworkELB", "TCP_ELB_Reset_Count", ">", set(MISSING_DATA)),
        ("AWS/NetworkELB", "ActiveFlowCount", "<", set(MISSING_DATA)),
        ("Logstash", "QueueShare", ">", set(MISSING_DATA)),
        ("Logstash", "DeadLetters", ">", set(MISSING_DATA)),
    ],
)
@pytest.mark.parametrize("choice", MISSING_DATA)
def test_missing_data_has_a_meaning(namespace, metric, sign, right, choice):
    found = wrong(of(namespace, metric, comparison_operator=NEVER[sign], treat_missing_data=choice))
    if choice in right:
        assert found == []
    else:
        assert ("missing_data_unsuitable", "treat_missing_data", choice) in found


def test_each_unsuitable_choice_is_told_once():
    for choice in ("missing", "breaching", "ignore"):
        assert len(wrong(entry(treat_missing_data=choice))) == 1


def test_a_sign_of_life_is_missed_when_there_is_too_little_of_it():
    found = wrong(of("Logstash", "Heartbeat", comparison_operator="GreaterThanThreshold"))
    assert found == [("missing_data_unsuitable", "comparison_operator", "GreaterThanThreshold")]


@pytest.mark.parametrize("metric", ["Heartbeat", "QueueShare"])
def test_a_single_gap_does_not_ring(metric):
    found = wrong(of("Logstash", metric, treat_missing_data="breaching", evaluation_periods=1))
    assert found == [("missing_data_unsuitable", "evaluation_periods", 1)]
    assert wrong(of("Logstash", metric, treat_missing_data="breaching", evaluation_periods=2)) == []


def test_a_team_s_own_metric_may_do_with_missing_data_what_it_likes():
    for choice in MISSING_DATA:
        assert wrong(entry(namespace="Shop", treat_missing_data=choice)) == []


@pytest.mark.parametrize(
    ("expression", "choice", "taken"),
    [
        ("100 * unparsed / lines", "missing", False),
        ("100 * unparsed / lines", "breaching", False),
        ("100 * unparsed / lines", "ignore", True),
        ("100 * FILL(unparsed, 0) / lines", "missing", True),
        ("100 * FILL(unparsed, 0) / lines", "breaching", True),
    ],
)
def test_an_expression_over_what_has_gaps_has_them_unless_they_are_filled(expression, choice, taken):
    found = wrong(share(expression=expression, treat_missing_data=choice))
    assert found == ([] if taken else [("missing_data_unsuitable", "treat_missing_data", choice)])


def test_an_expression_has_no_gaps_if_one_of_its_metrics_has_none():
    metrics = share()["metrics"]
    always = of("Logstash", "QueueShare")
    metrics["lines"] = {key: always[key] for key in ("namespace", "metric", "dimensions", "statistic")}
    assert wrong(share(metrics=metrics, treat_missing_data="missing")) == []


# Expressions.


@pytest.mark.parametrize(
    "expression",
    [
        "100 * unparsed / lines",
        "IF(FILL(unparsed, REPEAT) > 0 AND lines == 0, 1, 0)",
        "(unparsed+lines)*1.5e3",
        "SUM(METRICS())",
        "MAX([unparsed, lines])",
    ],
)
def test_expressions_that_use_their_metrics_are_taken(expression):
    assert wrong(share(expression=expression)) == []


def test_expression_and_metrics_have_the_same_names():
    assert {key for _code, key, _value in wrong(share(expression="100 * unparsd / lines"))} == {
        *("expression", "metrics.unparsed"),
    }
    (fault, _unused) = faults(share(expression="100 * unparsd / lines"))
    assert (fault.code, "unparsed, lines" in fault.expected) == ("alarm_expression_invalid", True)


def test_functions_are_written_in_capitals():
    assert wrong(share(expression="fill(unparsed, 0) / lines")) == [
        ("expression_invalid", "expression", "fill(unparsed, 0) / lines")
    ]


def test_metrics_of_an_expression_have_one_period():
    metrics = share()["metrics"]
    metrics["lines"]["period"] = 60
    assert wrong(share(metrics=metrics)) == [("expression_invalid", "metrics", [60, 300])]


def test_an_expression_has_ten_metrics_at_most():
    lines = share()["metrics"]["lines"]
    for number in (10, 11):
        names = [f"m{index}" for index in range(number)]
        found = wrong(share(expression=" + ".join(names), metrics=dict.fromkeys(names, lines)))
        assert found == ([] if number == 10 else [("expression_invalid", "metrics", 11)])


# Actions.


def test_an_alarm_that_nobody_hears_of_is_refused():
    assert wrong(entry(alarm_actions=[])) == [("action_invalid", "alarm_actions", [])]


def test_a_member_needs_no_action_of_its_own_if_its_composite_has_one():
    silent = entry(alarm_actions=[], ok_actions=[])
    assert wrong(silent, composite()) == []
    assert wrong(silent, composite(alarm_actions=[]), composite("above", "ALARM(broker-trouble)")) == []


def test_a_composite_without_action_does_not_help_its_members():
    found = wrong(entry(alarm_actions=[]), composite(alarm_actions=[]))
    assert found == [("action_invalid", "alarm_actions", [])] * 2


def test_a_composite_that_the_environment_does_not_have_does_not_help_its_members():
    assert wrong(entry(alarm_actions=[]), composite(enabled=False)) == [("action_invalid", "alarm_actions", [])]


@pytest.mark.parametrize(
    "action",
    [
        "alarms",
        "notifications",
        TOPIC,
        "arn:aws:lambda:eu-west-1:123456789012:function:mend:live",
        "arn:aws:ssm:eu-west-1:123456789012:opsitem:3#CATEGORY=Availability",
        "arn:aws:ssm-incidents::123456789012:responseplan/brokers",
        "arn:aws:aiops:eu-west-1:123456789012:investigation-group/1",
    ],
)
def test_what_cloudwatch_can_call_is_taken(action):
    for keys in ({"alarm_actions": [action]}, {"ok_actions": [action]}):
        assert wrong(entry(**keys)) == []
        assert wrong(entry(), composite(**keys)) == []


@pytest.mark.parametrize("key", ["alarm_actions", "ok_actions"])
@pytest.mark.parametrize(
    "action",
    [
        "alarm",
        "Alarms",
        "everyone@example.com",
        "https://example.com/hook",
        "arn:aws:sns",
        "arn:aws:sqs:eu-west-1:123456789012:alarms",
        "arn:aws:sns:eu-central-1:123456789012:alarms",
        "arn:aws:lambda:us-east-1:123456789012:function:mend",
    ],
)
def test_what_it_cannot_call_is_refused(key, action):
    assert wrong(entry(**{key: [action]})) == [("action_invalid", key, action)]


def test_a_topic_name_that_does_not_exist_is_refused_with_the_nearest():
    (fault,) = faults(entry(alarm_actions=["alarm"]))
    assert fault.hint == "Did you mean alarms?"
    assert fault.expected == "alarms or notifications, or an ARN"


def test_an_action_in_another_region_is_refused_with_the_alarm_s_own():
    (fault,) = faults(entry(alarm_actions=[TOPIC]), region="us-east-1")
    assert fault.expected == "an action in us-east-1"
    assert wrong(entry(alarm_actions=[TOPIC]), region="") == []


@pytest.mark.parametrize(
    "action",
    [
        "arn:aws:automate:eu-west-1:ec2:reboot",
        "arn:aws:swf:eu-west-1:123456789012:action/actions/AWS_EC2.InstanceId.Reboot/1.0",
        "arn:aws:autoscaling:eu-west-1:123456789012:scalingPolicy:1:autoScalingGroupName/a:policyName/b",
    ],
)
def test_only_some_alarms_can_change_instances(action):
    assert wrong(entry(alarm_actions=[action])) == []
    assert wrong(entry(), composite(alarm_actions=[action])) == [("action_invalid", "alarm_actions", action)]
    of_expressions = [] if ":autoscaling:" in action else [("action_invalid", "alarm_actions", action)]
    assert wrong(share(alarm_actions=[action])) == of_expressions


def test_there_are_five_actions_at_most():
    assert wrong(entry(alarm_actions=[f"{TOPIC}{number}" for number in range(5)])) == []
    assert wrong(entry(alarm_actions=[f"{TOPIC}{number}" for number in range(6)])) == [
        ("action_invalid", "alarm_actions", 6)
    ]


# Rules.


@pytest.mark.parametrize(
    "rule",
    [
        "ALARM(broker-errors)",
        'ALARM("broker-errors") AND NOT OK(other)',
        "(ALARM(broker-errors)\n OR INSUFFICIENT_DATA(other)) AND TRUE",
        "NOT (ALARM(broker-errors) OR FALSE)",
    ],
)
def test_rules_are_taken_as_cloudwatch_writes_them(rule):
    assert wrong(entry(), entry("other"), composite(rule=rule)) == []


@pytest.mark.parametrize(
    "rule",
    [
        "ALARM(broker-errors) and OK(broker-errors)",
        "ALARM(broker-errors) OR",
        "ALARM(broker-errors) ALARM(broker-errors)",
        "(ALARM(broker-errors)",
        "ALARM(broker-errors))",
        "ALARM(broker-errors) OR ALARM[other]",
        "ALARM(broker-errors) OR other",
        "ALARM(broker-errors) OR ()",
        "ALARM(broker-errors)(TRUE)",
    ],
)
def test_a_rule_that_cannot_be_read_is_refused(rule):
    assert wrong(entry(), composite(rule=rule)) == [("rule_invalid", "rule", rule)]


def test_a_rule_names_alarms_of_the_list():
    (fault,) = faults(entry(), composite(rule="ALARM(broker-error) OR ALARM(broker-errors)"))
    assert (fault.code, fault.value, fault.hint) == (
        "alarm_rule_invalid",
        "broker-error",
        "Did you mean broker-errors?",
    )


def test_an_alarm_whose_form_is_wrong_is_not_missed_in_rules_as_well():
    definitions = read([entry(threshold="high"), composite()])
    assert [fault.key for fault in definitions.faults] == ["threshold"]
    assert check(definitions, REGION) == []


def test_a_rule_does_not_lead_back_to_its_own_alarm():
    assert wrong(composite("a", "ALARM(a)")) == [("rule_invalid", "rule", "ALARM(a)")]
    circle = [composite("a", "ALARM(b)"), composite("b", "ALARM(c)"), composite("c", "ALARM(a)")]
    assert [value for _code, _key, value in wrong(*circle)] == ["ALARM(b)", "ALARM(c)", "ALARM(a)"]
    beside = [composite("d", "ALARM(a)"), entry()]
    assert len(wrong(*circle, *beside)) == 3


def test_two_ways_to_the_same_alarm_are_no_circle():
    ways = [composite("left"), composite("right"), composite("above", "ALARM(left) OR ALARM(right)")]
    assert wrong(entry(), *ways) == []


def test_a_rule_has_a_hundred_alarms_at_most():
    entries = [entry(f"a{number}") for number in range(101)]
    rule = " OR ".join(f"ALARM(a{number})" for number in range(100))
    assert wrong(*entries, composite(rule=rule)) == []
    assert wrong(*entries, composite(rule=f"{rule} OR OK(a100)")) == [("rule_invalid", "rule", 101)]


# Suppressors.


def suppressed(suppressor, name="delivery-trouble", rule="ALARM(other)"):
    periods = {"actions_suppressor_wait_period": 60, "actions_suppressor_extension_period": 60}
    return composite(name, rule, actions_suppressor=suppressor, **periods)


def test_any_other_alarm_can_be_a_suppressor():
    assert wrong(entry(), entry("other"), suppressed("broker-errors")) == []
    assert wrong(entry(), entry("other"), composite(), suppressed("broker-trouble")) == []
    # Also one of its own rule.
    assert wrong(entry(), suppressed("broker-errors", rule="ALARM(broker-errors)")) == []


def test_a_suppressor_is_an_alarm_of_the_list():
    (fault,) = faults(entry(), entry("other"), suppressed("broker-error"))
    assert (fault.code, fault.key, fault.value, fault.hint) == (
        "alarm_suppressor_invalid",
        "actions_suppressor",
        "broker-error",
        "Did you mean broker-errors?",
    )


def test_an_alarm_does_not_suppress_itself_nor_what_it_depends_on():
    itself = suppressed("delivery-trouble")
    assert wrong(entry("other"), itself) == [("suppressor_invalid", "actions_suppressor", "delivery-trouble")]
    circle = [composite("above", "ALARM(delivery-trouble)"), suppressed("above")]
    assert wrong(entry("other"), *circle) == [("suppressor_invalid", "actions_suppressor", "above")]
    each_other = [suppressed("b", "a"), suppressed("a", "b")]
    assert [value for _code, _key, value in wrong(entry("other"), *each_other)] == ["b", "a"]


def test_a_suppressor_does_not_make_an_alarm_heard():
    silent = entry(alarm_actions=[], ok_actions=[])
    assert wrong(silent, entry("other"), suppressed("broker-errors")) == [("action_invalid", "alarm_actions", [])]


# What is accepted.

ACCEPTED = {
    "alarm_metric_unknown": entry(metric="BrandNew"),
    "alarm_dimensions_unknown": entry(dimensions={"LoadBalancer": "brokers"}),
    "alarm_statistic_meaningless": entry(statistic="Maximum"),
    "alarm_period_too_short": entry(period=30),
    "alarm_threshold_unreachable": entry(threshold=-1),
    "alarm_missing_data_unsuitable": entry(treat_missing_data="ignore"),
}


@pytest.mark.parametrize("code", ACCEPTABLE)
def test_who_knows_better_can_say_why(code):
    (fault,) = faults(ACCEPTED[code])
    assert fault.code == code
    assert f"accepted: {{{code}: ...}}" in fault.hint
    assert faults(ACCEPTED[code] | {"accepted": {code: "It is right here."}}) == []


@pytest.mark.parametrize("code", ACCEPTABLE)
def test_one_code_is_accepted_and_not_the_others(code):
    for other in ACCEPTABLE:
        if other != code:
            assert len(faults(ACCEPTED[code] | {"accepted": {other: "It is right here."}})) == 1


@pytest.mark.parametrize("code", ["alarm_evaluation_invalid", "alarm_action_invalid", "statistic", "alarm_invalid"])
def test_what_cloudwatch_refuses_cannot_be_accepted(code):
    found = wrong(entry(datapoints_to_alarm=9, alarm_actions=[], accepted={code: "It is right here."}))
    assert [one for one in found if one[0] != "action_invalid"] == [
        ("evaluation_invalid", "datapoints_to_alarm", 9),
        ("invalid", "accepted", code),
    ]
    assert ("action_invalid", "alarm_actions", []) in found


def test_all_faults_of_all_alarms_are_told_at_once():
    found = faults(
        entry("one", statistic="Maximum", datapoints_to_alarm=6, alarm_actions=["alarm"]),
        share("two", expression="lines"),
        composite("three", "ALARM(four)", alarm_actions=[]),
    )
    assert [(fault.alarm, fault.code.removeprefix("alarm_")) for fault in found] == [
        ("one", "statistic_meaningless"),
        ("one", "evaluation_invalid"),
        ("one", "action_invalid"),
        ("two", "expression_invalid"),
        ("three", "rule_invalid"),
        ("three", "action_invalid"),
    ]


WORDS = st.text(max_size=20) | st.text("ab()[]:% .,\"'0123456789ALRMORNDTUEFS", max_size=40)


@given(words=st.lists(WORDS, min_size=5, max_size=5))
def test_whatever_is_written_is_taken_or_refused(words):
    expression, rule, statistic, action, dimension = words
    definitions = read(
        [
            entry(statistic=f"x{statistic}", alarm_actions=[action], dimensions={dimension: dimension}),
            share(expression=f"lines {expression}", accepted={dimension: "It is right here."}),
            composite(rule=f"ALARM(broker-errors) {rule}", ok_actions=[action]),
        ]
    )
    found = check(definitions, REGION)
    assert [fault.alarm for fault in found].count("broker-errors") >= 3
    assert all(str(fault) for fault in found)


@pytest.mark.parametrize(
    ("namespace", "meant"),
    [
        ("AWS/ApplicationElb", "AWS/ApplicationELB"),
        ("Aws/Lambda", "AWS/Lambda"),
        ("AWS/ApplicatonELB", "AWS/ApplicationELB"),
        ("AWS/SES", ""),
        ("Shop", ""),
    ],
)
def test_a_slip_in_a_namespace_is_told_and_one_of_ones_own_is_taken(namespace, meant):
    found = faults(entry(namespace=namespace, metric="Foo", dimensions={}))
    assert [(fault.key, fault.expected) for fault in found] == ([("namespace", meant)] if meant else [])


def test_an_open_namespace_is_itself():
    assert wrong(entry(namespace="CWAgent", metric="swap_used_percent", statistic="Maximum", threshold=50)) == []


def test_a_load_balancer_by_its_whole_arn_would_have_no_data():
    arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/shop/50dc6c495c0c9188"
    found = wrong(of("AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", dimensions={"LoadBalancer": arn}))
    assert found == [("invalid", "dimensions.LoadBalancer", arn)]
