"""The list of alarms that every environment gets."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
ALARMS = yaml.safe_load((ROOT / "inventories/shared/alarms.yml").read_text())["alarms"]
HEADINGS = set(re.findall(r"(?m)^#+ (\S+)$", (ROOT / "docs/operate.md").read_text()))


@pytest.mark.parametrize("alarm", ALARMS, ids=[one["name"] for one in ALARMS])
def test_the_message_of_each_alarm_leads_to_an_entry_of_the_runbook(alarm):
    address, _hash, entry = alarm["runbook"].partition("#")
    assert address == "{{ runbook }}"
    assert entry in HEADINGS
