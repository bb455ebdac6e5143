"""docs/pictures/dashboard.svg is drawn from the dashboard as it is."""

import importlib.util
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SPEC = importlib.util.spec_from_file_location("dashboard_picture", ROOT / "scripts/dashboard_picture.py")
drawing = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(drawing)


@pytest.fixture(scope="module")
def texts():
    picture = ET.fromstring(drawing.picture())  # noqa: S314 - our own
    return [element.text for element in picture.iter() if element.tag.endswith("text")]


def test_what_is_committed_is_what_make_reference_draws():
    committed = (ROOT / "docs/pictures/dashboard.svg").read_text()
    assert committed == drawing.picture(), "run `make reference` and commit what it draws"


def test_every_panel_and_every_stage_is_drawn(texts):
    body = drawing.dashboard_body(drawing.NAMES, drawing.definitions(), drawing.DEPLOYMENTS)
    wanted = [one["properties"].get("title") or one["properties"]["markdown"].lstrip("# ") for one in body["widgets"]]
    assert sorted(text for text in texts if text in set(wanted)) == sorted(wanted)


def test_every_alarm_is_drawn_and_its_threshold(texts):
    found = drawing.definitions()
    assert {one.name for one in (*found.alarms, *found.composites)} <= set(texts)
    assert len([text for text in texts if text.startswith(("> ", "< "))]) == len(found.alarms)


def test_the_states_follow_from_the_values():
    """The sample has its outage, and what is not touched by it stays quiet."""
    states = drawing.states()
    assert states["staging-broker-connection-errors"] == states["staging-brokers-down"] == "ALARM"
    assert states["staging-redis-memory"] == states["staging-elasticsearch-unhealthy-hosts"] == "OK"
