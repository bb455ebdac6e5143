"""The table, the history and their JSON."""

from __future__ import annotations

import json

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.status import history, model, table, words
from status_answers import ALARMS, NOW, deployed, found, healthy, troubled, verdict


def overview(hosts, alarms=None):
    made = [model.host(name, layer, one, monitored=True) for name, (layer, one) in hosts.items()]
    return model.overview("staging", NOW, made, alarms or {}, "redis")


def shown(hosts, alarms=None, width=160):
    return table.table(overview(hosts, alarms), width=width, colour=False)


def row(text, name):
    return " ".join(next(line for line in text.splitlines() if line.lstrip().startswith(name)).split())


def test_each_host_has_a_row():
    text = shown(troubled(), ALARMS)
    assert row(text, "broker-1.") == (
        "broker-1.staging.example.com 9.5.2 0a1b2c3d4e5f ready broker: fine 413 412 84 <1 % 10 s 3 days ago, deployed"
    )
    assert "ready broker: stalled 413 0 48,120 7 %" in row(text, "broker-2.")
    assert "32 min ago, restored" in row(text, "indexer-1.")
    assert row(text, "shipper-1.").split()[1:] == [*["–", "–"], "not", "reached", *["–"] * 7]  # noqa: RUF001 - en dashes
    assert "no monitor" in row(text, "shipper-2.")


def test_alarms_come_first_then_the_way_and_what_is_wrong():
    text = shown(troubled(), ALARMS)
    assert text.startswith("ALARM staging-broker-trouble, for 60 s: Brokers lose or refuse events.")
    assert "load balancer → S3 → function → [brokers] → Redis → indexers → Elasticsearch" in text
    assert "Slowest: brokers, 48,120 events wait, none leaves." in text
    assert "5 things are wrong:" in text
    assert "shipper-1.staging.example.com: The host can't be reached" in text


def test_environment_that_is_well_says_so():
    text = shown(healthy())
    assert text.endswith("Nothing is wrong.")
    assert "Nothing waits" in text
    assert "ALARM" not in text


def test_name_of_a_host_is_never_cut():
    assert "broker-1.staging.example.com" in shown(healthy(), width=100)


def test_terminal_obeys_nothing_of_what_hosts_say():
    hostile = "\x1b]0;title\x07[bold red]x[/]"
    text = shown({hostile: ("brokers", found("x", "brokers", [verdict(hostile, "stalled", hostile)]))})
    assert "\x1b" not in text
    assert "[bold red]x[/]" in text


def test_json_has_the_same_and_is_strict_json():
    document = json.loads(table.as_json(overview(troubled(), ALARMS)), parse_constant=pytest.fail)
    assert document["level"] == "bad"
    assert [host["state"] for host in document["hosts"]][1:3] == ["ready", "drained"]
    assert len(document["wrong"]) == 5
    assert document["hosts"][0]["deployment"]["by"] == "ann@control-1"
    assert [part["name"] for part in document["parts"] if part["is_slowest"]] == ["brokers"]


def results(*lines, **more):
    return {"now": NOW, "deployments": list(lines), **more}


def test_history_is_in_the_order_of_time_and_only_the_last():
    hosts = {
        "broker-1": results(deployed(5000), deployed(1000, action="rollback")),
        "indexer-1": results(deployed(3000)),
    }
    found_ = history.history(hosts, {}, 20)
    assert [entry.host for entry in found_.entries] == ["broker-1", "indexer-1", "broker-1"]
    assert [entry.deployment.action for entry in history.history(hosts, {}, 1).entries] == ["rollback"]


def test_history_shows_change_person_and_reason():
    failed = deployed(1900, result="restored", version="9.6.0", reason="[health_failed] no", release="5566778899aabb")
    text = history.table(history.history({"broker-1": results(failed)}, {}, 20), width=160, colour=False)
    assert (
        "2026-11-28 20:28 broker-1 deploy restored 9.4.0 → 9.6.0 5566778899aa ann@control-1 83 s edb2a01c9c0f"
        in " ".join(text.split())
    )
    assert "2026-11-28 20:28 broker-1: [health_failed] no" in text


def test_hosts_whose_journal_is_not_known_are_said():
    hosts = {
        "broker-1": {"unreachable": True, "msg": "no route\nmore"},
        "broker-2": results(journal_problem="The journal of deployments can't be read: no"),
    }
    text = history.table(history.history(hosts, {}, 20), width=160, colour=False)
    assert "No deployment is known." in text
    assert "broker-1: its journal is not known: no route" in text
    assert "broker-2: The journal of deployments can't be read" in text


def test_what_instances_have_told_is_among_them():
    told = {
        "kind": "first-boot", "result": "abandon", "code": "deployment_failed", "reason": "no\nmore",
        "bundle": "b" * 64, "began": "2026-11-28T20:00:00Z", "ended": "2026-11-28T20:01:30Z", "instance": "i-0a1b",
        "layer": "brokers",
    }  # fmt: skip
    shown_ = history.history({"broker-1": results(deployed(10))}, {"results": [told]}, 20)
    first = shown_.entries[0]
    assert first.host == "i-0a1b (brokers)"
    assert (first.deployment.action, first.deployment.result, first.deployment.seconds) == ("first_boot", "failed", 90)
    assert first.deployment.reason == "[deployment_failed] no"
    text = history.table(history.history({}, {"failed": True, "msg": "AccessDenied"}, 20), width=160, colour=False)
    assert "What instances have told is not known: AccessDenied" in text


def test_history_as_json_is_as_the_journal_has_it():
    found_ = history.history({"broker-1": results(deployed(1000))}, {}, 20)
    (one,) = json.loads(history.as_json(found_))["deployments"]
    assert {name: one[name] for name in deployed(1000)} == deployed(1000)
    assert one["host"] == "broker-1"


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, words.UNKNOWN), (0, "0"), (0.01, "<0.1"), (0.44, "0.4"), (38.4, "38"), (999, "999"), (1234, "1.2k"),
     (12_400, "12k"), (999_600, "1.0M"), (3.4e6, "3.4M")],
)  # fmt: skip
def test_rates_are_short(value, text):
    assert words.rate(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0 s"), (89, "89 s"), (90, "2 min"), (3599, "1 h"), (7500, "2 h 5 min"), (200_000, "2 days")],
)
def test_durations_have_two_units_at_most(value, text):
    assert words.duration(value) == text
