"""The template of the alarms, as CloudFormation reads it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from alarm_entries import composite, entry, share
from ansible_collections.elk.deploy.plugins.plugin_utils.alarms.definitions import read, without
from ansible_collections.elk.deploy.plugins.plugin_utils.alarms.template import template

SUPPRESSION = {
    "actions_suppressor": "broker-trouble",
    "actions_suppressor_wait_period": 120,
    "actions_suppressor_extension_period": 1200,
}
ENTRIES = [
    entry(),
    share(),
    # Before its suppressor in the list.
    composite("delivery-trouble", "ALARM(lines-unparsed)", **SUPPRESSION),
    composite(rule='ALARM("broker-errors") OR OK(lines-unparsed)'),
]


def resources(definitions):
    return json.loads(template(definitions, "staging"))["Resources"]


def test_a_composite_refers_to_the_alarms_of_its_rule_and_to_its_suppressor():
    found = resources(read(ENTRIES))
    properties = found["DeliveryTrouble"]["Properties"]
    assert properties["AlarmName"] == "staging-delivery-trouble"
    assert properties["AlarmRule"] == {"Fn::Sub": 'ALARM("${LinesUnparsed}")'}
    # Ref of an alarm is its name; and it makes CloudFormation create that alarm first.
    assert properties["ActionsSuppressor"] == {"Ref": "BrokerTrouble"}
    assert found["BrokerTrouble"]["Properties"]["AlarmName"] == "staging-broker-trouble"
    assert properties["ActionsSuppressorWaitPeriod"] == 120
    assert properties["ActionsSuppressorExtensionPeriod"] == 1200


@pytest.mark.parametrize(
    ("statistic", "key"),
    [("Sum", "Statistic"), ("SampleCount", "Statistic"), ("p99", "ExtendedStatistic"), ("IQM", "ExtendedStatistic")],
)
def test_a_statistic_is_in_the_property_that_takes_it(statistic, key):
    properties = resources(read([entry(statistic=statistic)]))["BrokerErrors"]["Properties"]
    assert {name: value for name, value in properties.items() if "Statistic" in name} == {key: statistic}


def test_a_composite_without_a_suppressor_has_none_of_its_properties():
    for found in (resources(read(ENTRIES))["BrokerTrouble"], resources(without(read(ENTRIES), ["broker-trouble"]))):
        assert "Suppressor" not in json.dumps(found)


def test_cfn_lint_is_content(tmp_path):
    (tmp_path / "alarms.json").write_text(template(read(ENTRIES), "staging"), encoding="utf-8")
    program = Path(sys.executable).parent / "cfn-lint"
    result = subprocess.run([program, tmp_path / "alarms.json"], capture_output=True, text=True, check=False)
    assert result.stdout + result.stderr == ""
