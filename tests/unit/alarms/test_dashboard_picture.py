"""docs/pictures/dashboard.svg is drawn from the dashboard as it is."""

import importlib.util
import xml.etree.ElementTree as ET
from collections import Counter
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


def test_what_the_dashboard_has_is_drawn(texts):
    found = drawing.definitions()
    widgets = drawing.dashboard_body(drawing.NAMES, found, drawing.DEPLOYMENTS)["widgets"]
    properties = [one["properties"] for one in widgets]
    titles = Counter(one.get("title") or one["markdown"].lstrip("# ") for one in properties)
    assert titles <= Counter(texts)
    assert {one.name for one in (*found.alarms, *found.composites)} <= set(texts)
    thresholds = [one for each in properties for one in each.get("annotations", {}).get("horizontal", ())]
    assert len([text for text in texts if text[:2] in ("> ", "≥ ", "< ", "≤ ")]) == len(thresholds)


def test_the_states_follow_from_the_values():
    """The sample has its outage, and what is not touched by it stays quiet."""
    body = drawing.dashboard_body(drawing.NAMES, drawing.definitions())
    ringing = {name for name, state in drawing.states(body["widgets"]).items() if state == "ALARM"}
    # The function fails of the same cause, so that only one of the two composite alarms sends a message.
    follow = {"staging-function-errors", "staging-delivery-trouble"}
    assert {"staging-broker-connection-errors", "staging-broker-trouble", *follow} <= ringing
    assert ringing.isdisjoint({"staging-elasticsearch-unhealthy", "staging-lines-unparsed"})
