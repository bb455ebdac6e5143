"""The list of alarms that every environment gets."""

import re
from pathlib import Path

import pytest
import yaml
from jinja2.nativetypes import NativeEnvironment

ROOT = Path(__file__).resolve().parents[3]
VARIABLES = yaml.safe_load((ROOT / "inventories/shared/alarms.yml").read_text())
ALARMS = VARIABLES["alarms"]
HEADINGS = set(re.findall(r"(?m)^#+ (\S+)$", (ROOT / "docs/operate.md").read_text()))


@pytest.mark.parametrize("alarm", ALARMS, ids=[one["name"] for one in ALARMS])
def test_the_message_of_each_alarm_leads_to_an_entry_of_the_runbook(alarm):
    address, _hash, entry = alarm["runbook"].partition("#")
    assert address == "{{ runbook }}"
    assert entry in HEADINGS


@pytest.mark.parametrize(
    ("given", "counts"),
    [
        ({}, [2, 1, 0]),
        ({"instance_groups": None}, [2, 1, 0]),
        ({"instance_groups": {"brokers": {"min": 3, "max": 4}}}, [3, 1, 0]),
        # While an instance is replaced there may be one more, and never one less.
        ({"instance_groups": {"brokers": {"min": 3}, "indexers": {"min": 5}}}, [3, 5, 0]),
    ],
)
def test_a_silent_host_is_missed_in_the_inventory_or_in_the_group(given, counts):
    hosts = {"groups": {"brokers": ["a", "b"], "indexers": ["c"]}}
    found = [
        NativeEnvironment().from_string(VARIABLES["host_counts"][layer]).render(hosts | given)
        for layer in ("brokers", "indexers", "shippers")
    ]
    assert found == counts
