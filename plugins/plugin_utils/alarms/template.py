"""The CloudFormation template of an environment's alarms, made from their definitions."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from .definitions import TOPICS, Alarm, Composite, Definitions, Suppression, deployed_name, description

_RULE_TERM = re.compile(r"(ALARM|OK|INSUFFICIENT_DATA)\(\s*\"?([^\")\s]+)\"?\s*\)")
# All others, such as percentiles, are a property of their own.
_STATISTICS = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")


def template(definitions: Definitions, environment: str) -> str:
    """JSON text: one resource for each alarm, named ``<environment>-<name>``.

    The same definitions make the same text. Its parameters are the ARNs of the topics that the alarms name.
    """
    resources = {logical_id(one.name): _alarm(one, environment) for one in definitions.alarms}
    resources |= {logical_id(one.name): _composite(one, environment) for one in definitions.composites}
    body = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"Alarms of environment {environment}, made from the list in its group_vars.",
        "Parameters": {name: {"Type": "String", "MinLength": 1} for name in parameters(definitions)},
        "Resources": resources,
    }
    return json.dumps({key: value for key, value in body.items() if value}, indent=1) + "\n"


def logical_id(name: str) -> str:
    """``broker-connection-errors`` as ``BrokerConnectionErrors``."""
    return "".join(part.capitalize() for part in name.split("-"))


def parameters(definitions: Definitions) -> list[str]:
    """The template's parameters: the ARNs of the topics that its alarms name."""
    alarms: list[Alarm | Composite] = [*definitions.alarms, *definitions.composites]
    used = {action for one in alarms for action in (*one.alarm_actions, *one.ok_actions)}
    return [_parameter(topic) for topic in TOPICS if topic in used]


def _parameter(topic: str) -> str:
    return f"{topic.capitalize()}TopicArn"


def _alarm(alarm: Alarm, environment: str) -> dict[str, Any]:
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            **_common(alarm, environment),
            **(_expression(alarm) if alarm.expression else _single(alarm)),
            "ComparisonOperator": alarm.comparison_operator,
            "Threshold": _number(alarm.threshold),
            "EvaluationPeriods": alarm.evaluation_periods,
            "DatapointsToAlarm": alarm.datapoints_to_alarm,
            "TreatMissingData": alarm.treat_missing_data,
        },
    }


def _single(alarm: Alarm) -> dict[str, Any]:
    (metric,) = alarm.metrics
    statistic = "Statistic" if metric.statistic in _STATISTICS else "ExtendedStatistic"
    return {
        "Namespace": metric.namespace,
        "MetricName": metric.metric,
        "Dimensions": _dimensions(metric.dimensions),
        statistic: metric.statistic,
        "Period": metric.period,
    }


def _expression(alarm: Alarm) -> dict[str, Any]:
    result = {"Id": "result", "Expression": alarm.expression, "Label": alarm.name, "ReturnData": True}
    return {
        "Metrics": [
            result,
            *(
                {
                    "Id": one.id,
                    "ReturnData": False,
                    "MetricStat": {
                        "Metric": {
                            "Namespace": one.namespace,
                            "MetricName": one.metric,
                            "Dimensions": _dimensions(one.dimensions),
                        },
                        "Stat": one.statistic,
                        "Period": one.period,
                    },
                }
                for one in alarm.metrics
            ),
        ]
    }


def _composite(alarm: Composite, environment: str) -> dict[str, Any]:
    # References, so that CloudFormation makes the members and the suppressor first.
    rule = _RULE_TERM.sub(lambda match: f'{match[1]}("${{{logical_id(match[2])}}}")', alarm.rule)
    return {
        "Type": "AWS::CloudWatch::CompositeAlarm",
        "Properties": {
            **_common(alarm, environment),
            "AlarmRule": {"Fn::Sub": rule},
            **(_suppression(alarm.suppression) if alarm.suppression else {}),
        },
    }


def _suppression(suppression: Suppression) -> dict[str, Any]:
    return {
        "ActionsSuppressor": {"Ref": logical_id(suppression.alarm)},
        "ActionsSuppressorWaitPeriod": suppression.wait_period,
        "ActionsSuppressorExtensionPeriod": suppression.extension_period,
    }


def _common(alarm: Alarm | Composite, environment: str) -> dict[str, Any]:
    actions = {
        "AlarmActions": [_action(one) for one in alarm.alarm_actions],
        "OKActions": [_action(one) for one in alarm.ok_actions],
    }
    return {
        "AlarmName": deployed_name(alarm.name, environment),
        "AlarmDescription": description(alarm.what_broke, alarm.what_to_do, alarm.runbook),
        **{key: value for key, value in actions.items() if value},
    }


def _action(action: str) -> Any:
    return {"Ref": _parameter(action)} if action in TOPICS else action


def _dimensions(dimensions: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in sorted(dimensions.items())]


def _number(value: float) -> int | float:
    return int(value) if value.is_integer() else value
