"""How many hosts are changed at once, from what the layers of an inventory ask for."""

import json

import pytest
import yaml
from ansible_process import ROOT, run

HOSTS = [f"h{number}" for number in range(4)]


@pytest.mark.parametrize(
    ("wishes", "first_batch"),
    [
        ({}, HOSTS),
        ({"brokers": 1}, HOSTS[:1]),
        ({"brokers": "2"}, HOSTS[:2]),
        ({"brokers": 10, "indexers": 2}, HOSTS[:2]),
        ({"brokers": "50%"}, HOSTS[:2]),
        ({"brokers": "100%", "indexers": "25%"}, HOSTS[:1]),
        ({"brokers": "25%", "indexers": 3}, HOSTS[:3]),
    ],
)
def test_smallest_batch_that_a_layer_asks_for(tmp_path, wishes, first_batch):
    layers = {"brokers": HOSTS[:2], "indexers": HOSTS[2:]}
    groups = {
        layer: {
            "hosts": {host: {"ansible_connection": "local"} for host in hosts},
            "vars": {"logstash_serial": wishes[layer]} if layer in wishes else {},
        }
        for layer, hosts in layers.items()
    }
    # The play names layers that an inventory need not have.
    groups["shippers"] = {}
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"all": {"children": groups}}))
    play = {
        "hosts": "all",
        "gather_facts": False,
        "vars_files": [str(ROOT / "playbooks/vars/batches.yml")],
        "serial": "{{ batch_size }}",
        "tasks": [
            {"ansible.builtin.debug": {"msg": "first batch: {{ ansible_play_batch | join(' ') }};"}, "run_once": True},
            {"ansible.builtin.meta": "end_play"},
        ],
    }
    plays = [{"ansible.builtin.import_playbook": str(ROOT / "playbooks/batches.yml")}, play]
    (tmp_path / "play.yml").write_text(json.dumps(plays))
    ended = run("ansible-playbook", "-i", "hosts.yml", "play.yml", cwd=tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.split("first batch: ")[1].split(";")[0].split() == first_batch
