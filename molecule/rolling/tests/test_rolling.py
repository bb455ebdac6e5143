"""One host after the other, out of the load balancer while it restarts; what fails stops at the first."""

import json
import os
import re
from pathlib import Path

import pytest
import testinfra
from playbook_run import Run, service

# Takes connections and answers nothing: whatever sends there waits for ever, and the health gate sees nothing of it.
HOLE = "import socket, time; hole = socket.create_server(('127.0.0.1', 9999)); time.sleep(3600)"
STALLS = """input { generator { count => 400 } }
output { http { url => "http://127.0.0.1:9999" http_method => "post" request_timeout => 3 } }
"""
PERSISTED = {"settings": {"queue.type": "persisted"}}

# Each test goes on where the one before it has left the host.
pytestmark = pytest.mark.random_order(disabled=True)

INVENTORY = os.environ["MOLECULE_INVENTORY_FILE"]
SOAKED = "/var/lib/elk/soaked.json"
GOOD = "input { heartbeat { } }\noutput { file { path => '/var/log/logstash/events.jsonl' } }\n"


@pytest.fixture(scope="module")
def nodes():
    """The two hosts, in the order of the run."""
    return testinfra.get_hosts(["ansible://brokers"], ansible_inventory=INVENTORY)


@pytest.fixture
def deploy(tmp_path, nodes):
    """deploy(text, **variables) -> the run and what it told the balancer, line by line, hosts as 1 and 2."""

    def run(text, **variables):
        (tmp_path / "broker.conf").write_text(text)
        balancer = tmp_path / "balancer"
        balancer.unlink(missing_ok=True)
        wanted = {
            "balancer": str(balancer),
            "logstash_template_path": str(tmp_path),
            "logstash_pipelines": [{"id": "broker", "templates": ["broker.conf"]}],
            "logstash_input_ports": [],
            "logstash_health_timeout": 15,
            "rollout_soak_interval": 2,
            **variables,
        }
        ended = Run("playbooks/logstash.yml", wanted, tmp_path)
        lines = balancer.read_text().splitlines() if balancer.exists() else []
        assert not any(node.file("/run/elk-deploy/logstash.lock").exists for node in nodes)
        return ended, [f"{line.split()[0]} {line[-1]}" for line in lines]

    return run


def test_each_host_is_taken_out_and_put_back_in_turn(deploy, nodes):
    run, calls = deploy(GOOD)
    assert run.code == 0, run.output
    assert calls == ["drain 1", "undrain 1", "drain 2", "undrain 2"]
    assert [service(node)["pipelines"] for node in nodes] == [["broker"], ["broker"]]


def test_run_without_changes_takes_no_host_out(deploy, nodes):
    before = [service(node) for node in nodes]
    run, calls = deploy(GOOD)
    assert run.code == 0, run.output
    assert calls == []
    assert [service(node) for node in nodes] == before


def test_bad_settings_stop_at_the_first_host_which_serves_again(deploy, nodes):
    before = [service(node) for node in nodes]
    run, calls = deploy(GOOD + "# changed\n", logstash_input_ports=[5999])
    assert run.code != 0
    assert "The last known-good configuration was restored" in run.text
    assert calls == ["drain 1", "undrain 1"]
    after = [service(node) for node in nodes]
    assert after[1] == before[1]
    assert {**after[0], "pid": ""} == {**before[0], "pid": ""}


def test_one_of_two_at_once_that_fails_does_not_drag_the_other_along(deploy, nodes):
    before = [service(node) for node in nodes]
    ports = "{{ [5999] if inventory_hostname.endswith('-1') else [] }}"
    run, calls = deploy(GOOD + "# again\n", logstash_serial=2, logstash_input_ports=ports)
    assert run.code != 0
    assert sorted(calls) == ["drain 1", "drain 2", "undrain 1", "undrain 2"]
    after = [service(node) for node in nodes]
    assert after[0]["release"] == before[0]["release"]
    assert after[1]["release"] != before[1]["release"]
    assert [state["pipelines"] for state in after] == [["broker"], ["broker"]]


def soaked(node):
    """The release that passed its soak last."""
    return f"releases/{json.loads(node.file(SOAKED).content_string)['release']}"


def test_what_an_interrupted_soak_left_is_watched_by_the_next_run(deploy, nodes):
    """A run that ends before its soak leaves what it has deployed, and no note that it has passed one."""
    assert not any(node.file(SOAKED).exists for node in nodes)
    run, calls = deploy(GOOD + "# soaked\n", rollout_soak_seconds=2, logstash_serial=2)
    assert run.code == 0, run.output
    assert sorted(set(calls)) == ["drain 1", "drain 2", "undrain 1", "undrain 2"]
    before = [service(node) for node in nodes]
    assert [soaked(node) for node in nodes] == [state["release"] for state in before]
    nodes[0].run("rm %s", SOAKED)
    run, calls = deploy(GOOD + "# soaked\n", rollout_soak_seconds=2)
    assert (run.code, calls) == (0, []), run.output
    assert soaked(nodes[0]) == before[0]["release"]
    assert [service(node) for node in nodes] == before


def test_batch_that_stalls_in_its_soak_goes_back_and_the_next_one_is_not_touched(deploy, nodes):
    before = [service(node) for node in nodes]
    assert nodes[0].run("systemd-run --unit hole python3 -c %s", HOLE).rc == 0
    pipelines = [{"id": "broker", "templates": ["broker.conf"], **PERSISTED}]
    run, calls = deploy(STALLS, rollout_soak_seconds=60, logstash_pipelines=pipelines)
    assert run.code != 0
    assert calls == ["drain 1", "undrain 1", "drain 1", "undrain 1"]
    after = [service(node) for node in nodes]
    assert {**after[0], "pid": ""} == {**before[0], "pid": ""}
    assert after[1] == before[1]
    assert "[soak_failed] The soak has found" in run.text
    assert "pipeline broker is stalled: " in run.text
    old = before[0]["release"].removeprefix("releases/")
    assert f"release {old}, and has passed the health gate." in run.text
    assert re.search(r"Not touched: \S+-rolling-2\.", run.text)
    assert soaked(nodes[0]) == before[0]["release"]


def test_drain_that_fails_restarts_nothing(deploy, nodes, tmp_path):
    before = [service(node) for node in nodes]
    hook = Path(tmp_path) / "fails.yml"
    hook.write_text("- name: Fail\n  ansible.builtin.fail:\n    msg: the balancer does not answer\n")
    run, calls = deploy(GOOD + "# third\n", logstash_drain_tasks=str(hook))
    assert run.code != 0
    assert "the balancer does not answer" in run.text
    assert calls == ["undrain 1"]
    assert [service(node) for node in nodes] == before
