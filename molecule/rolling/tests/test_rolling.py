"""One host after the other, out of the load balancer while it restarts; what fails stops at the first."""

import os
from pathlib import Path

import pytest
import testinfra
from playbook_run import Run, service

# Each test goes on where the one before it has left the host.
pytestmark = pytest.mark.random_order(disabled=True)

INVENTORY = os.environ["MOLECULE_INVENTORY_FILE"]
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


def test_drain_that_fails_restarts_nothing(deploy, nodes, tmp_path):
    before = [service(node) for node in nodes]
    hook = Path(tmp_path) / "fails.yml"
    hook.write_text("- name: Fail\n  ansible.builtin.fail:\n    msg: the balancer does not answer\n")
    run, calls = deploy(GOOD + "# third\n", logstash_drain_tasks=str(hook))
    assert run.code != 0
    assert "the balancer does not answer" in run.text
    assert calls == ["undrain 1"]
    assert [service(node) for node in nodes] == before
