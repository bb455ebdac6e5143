"""What a host has against what it should have: each thing that differs is seen by itself."""

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.logstash import difference

INSTALLED = {
    "package": "9.5.2",
    "held": True,
    "archives": [],
    "current": "",
    "has_archive_unit": False,
    "outdated": False,
}
WANTED = {"version": "9.5.2", "source": "package", "hold": True}
RECORD = {"version": "9.5.2", "release": "aaaa", "package": {"version": "9.5.2"}, "fingerprints": {"plugins": "p"}}
SETTINGS = {"differs": False, "would_stage": False}


def host(**proven):
    return {
        "installed": {"is_current": True},
        "deployment": {"record": {**RECORD, "health": {"old": 1}}, "changing": False, **proven},
        "overrides": {"handling": "remove", "removable": []},
    }


@pytest.mark.parametrize(
    ("installed", "wanted", "expected"),
    [
        ({}, {}, (True, True, True)),
        ({"package": ""}, {}, (False, True, True)),
        ({"held": False}, {}, (True, False, True)),
        ({"has_archive_unit": True}, {}, (True, True, False)),
        ({"outdated": True}, {}, (True, True, False)),
        ({"archives": ["9.5.2"], "held": False}, {"source": "archive"}, (True, True, False)),
        ({"current": "9.5.2", "has_archive_unit": True}, {"source": "archive"}, (True, True, True)),
    ],
)
def test_installation(installed, wanted, expected):
    found = difference.of_installation({**INSTALLED, **installed}, {**WANTED, **wanted})
    assert (found["is_wanted"], found["is_held"], found["is_current"]) == expected


def test_files_of_versions_to_go_back_to_are_kept():
    proven = {
        "record": {"package": {"version": "9.5.2"}},
        "earlier": [{"package": {"version": "9.4.0"}}, {"package": {"version": "9.3.0"}}],
        "found": {"package": {"version": "8.5.3"}},
    }
    assert difference.versions_to_keep(INSTALLED, proven, "9.5.2") == ["9.5.2", "9.4.0", "8.5.3"]
    assert difference.versions_to_keep({"package": ""}, {"record": {}, "earlier": []}, "9.5.2") == []


def test_target_of_a_rollback():
    earlier = [{"release": "bbbb"}, {"release": "cccc"}]
    proven = {"record": {"release": "aaaa"}, "earlier": earlier}
    assert difference.rollback_target(proven, "previous") == earlier[0]
    assert difference.rollback_target(proven, "cccc") == earlier[1]
    assert difference.rollback_target(proven, "dddd") == {}
    assert difference.rollback_target({"record": {}, "earlier": []}, "previous") == {}


def test_what_is_live_and_proven_needs_nothing():
    assert difference.is_up_to_date(RECORD, host(), SETTINGS)


@pytest.mark.parametrize("name", ["version", "release", "package", "fingerprints"])
def test_a_part_of_the_record_that_differs_is_not_proven(name):
    assert not difference.is_up_to_date({**RECORD, name: {"other": 1}}, host(), SETTINGS)


def test_what_else_is_not_proven():
    assert not difference.is_up_to_date(RECORD, host(changing=True), SETTINGS)
    assert not difference.is_up_to_date(RECORD, host(record={}), SETTINGS)
    assert not difference.is_up_to_date(RECORD, host(), {**SETTINGS, "differs": True})
    assert not difference.is_up_to_date(RECORD, host(), {**SETTINGS, "would_stage": True})
    assert not difference.is_up_to_date(RECORD, {**host(), "installed": {"is_current": False}}, SETTINGS)
    removable = {"handling": "remove", "removable": ["/etc/default/logstash"]}
    assert not difference.is_up_to_date(RECORD, {**host(), "overrides": removable}, SETTINGS)
    assert difference.is_up_to_date(RECORD, {**host(), "overrides": {**removable, "handling": "leave"}}, SETTINGS)
