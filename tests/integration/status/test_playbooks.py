"""playbooks/status.yml and history.yml in real runs: every host has its row, whatever it says or does not say."""

from __future__ import annotations

import json
import shutil
import time

import pytest
import status_answers
from status_answers import deployed, found, history, verdict

NEEDS_SSH = pytest.mark.skipif(not shutil.which("ssh"), reason="needs an SSH client")


@pytest.fixture
def now(monkeypatch):
    """The answers are of this minute, since the playbooks have the clock of this machine."""
    monkeypatch.setattr(status_answers, "NOW", time.time())


@pytest.mark.usefixtures("now")
def test_environment_that_is_well_has_a_table_a_page_and_no_error(environment):
    environment.add("brokers", "broker-1", found("broker-1", "brokers", [verdict("broker")], history("broker")))
    environment.add("indexers", "indexer-1", found("indexer-1", "indexers", [verdict("indexer")]))
    ended = environment.run("status")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "Nothing is wrong." in ended.stdout
    assert "ready" in ended.stdout
    assert "3 days ago, deployed" in ended.stdout
    page = (environment.path / "page.html").read_text()
    assert page.count("<svg") == 2
    assert str(environment.path / "page.html") in ended.stdout


@NEEDS_SSH
@pytest.mark.usefixtures("now")
def test_what_is_wrong_ends_with_2_and_each_host_has_its_row(environment):
    stalled = verdict("broker", "stalled", status_answers.STALL, out_per_second=0.0, queue_events=48_120)
    environment.add("brokers", "broker-1", found("broker-1", "brokers", [stalled], history("broker")))
    environment.add("brokers", "broker-2")
    away = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}
    environment.add("shippers", "shipper-1", **away)
    ended = environment.run("status", alarms=[{"name": "queue-filling"}], aws_endpoint_url="http://127.0.0.1:1")
    assert ended.returncode == 2, ended.stdout + ended.stderr
    assert "broker-1: pipeline broker is stalled: 48,120 events wait" in ended.stdout
    assert "broker-2: The monitor at http://127.0.0.1:1 does not answer" in ended.stdout
    assert "shipper-1: The host can't be reached" in ended.stdout
    assert "The alarms are not known." in ended.stdout
    assert "[brokers]" in ended.stdout
    assert "Traceback" not in ended.stdout + ended.stderr
    page = (environment.path / "page.html").read_text()
    for name in ("broker-1", "broker-2", "shipper-1"):
        assert f"<bdi>{name}</bdi>" in page


@pytest.mark.usefixtures("now")
def test_status_as_json_is_json_alone(environment):
    environment.add("brokers", "broker-1", found("broker-1", "brokers", [verdict("broker")]))
    ended = environment.run("status", status_format="json")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    (host,) = json.loads(ended.stdout)["hosts"]
    assert (host["host"], host["state"], host["version"]) == ("broker-1", "ready", "9.5.2")


def test_environment_that_is_not_monitored_is_not_wrong(environment):
    environment.add("brokers", "broker-1", {"deployments": [deployed()], "status": {}})
    ended = environment.run("status", monitored=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "no monitor" in ended.stdout
    assert "9.5.2" in ended.stdout


def test_history_is_in_the_order_of_time_over_hosts_and_of_one_host(environment):
    lines = [deployed(5000, version="9.4.0"), deployed(1000, result="restored", reason="[health_failed] no")]
    environment.add("brokers", "broker-1", {"deployments": lines, "status": {}})
    environment.add("indexers", "indexer-1", {"deployments": [deployed(3000)], "status": {}})
    ended = environment.run("history")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    rows = [line.split()[2] for line in ended.stdout.splitlines() if " deploy " in line]
    assert rows == ["broker-1", "indexer-1", "broker-1"]
    assert "broker-1: [health_failed] no" in ended.stdout
    ended = environment.run("history", "--limit", "indexer-1,control", history_format="json")
    assert [one["host"] for one in json.loads(ended.stdout)["deployments"]] == ["indexer-1"]
    ended = environment.run("history", history_last=1, history_format="json")
    assert [one["result"] for one in json.loads(ended.stdout)["deployments"]] == ["restored"]
