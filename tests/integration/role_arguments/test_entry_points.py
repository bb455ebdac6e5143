"""Every entry point of every role, and the preflight, says all that is wrong with the variables: real runs."""

import json
import re
import sys

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.role_arguments import expected
from inventory_runs import run
from role_specs import ENTRIES, SPECS, WRONG, is_hidden


def wrong_values(role, entry):
    """A wrong value for every variable but those of any type: a wrong choice where there are any, else a wrong type."""
    return {
        variable: "mvoe" if "choices" in spec and spec["type"] == "str" else WRONG[spec["type"]][0]
        for variable, spec in SPECS[role][entry]["options"].items()
        if spec["type"] in WRONG
    }


@pytest.fixture(scope="module")
def entered(tmp_path_factory):
    """{(role, entry point, as it is named): what a run said that had every variable wrong}, of one run for all."""
    folder = tmp_path_factory.mktemp("entered")
    hosts = {}
    for role, entry in ENTRIES:
        for name in (entry, f"{entry}.yml"):
            hosts[f"{role}-{name}"] = {**wrong_values(role, entry), "role": role, "entry": name}
    (folder / "hosts.json").write_text(
        json.dumps({"all": {"vars": {"ansible_connection": "local", "octopus_environment": "test"}, "hosts": hosts}})
    )
    # Literal names, as playbooks have them: hosts of one include task share the first one's tasks_from.
    includes = [
        {
            "ansible.builtin.include_role": {
                "name": f"elk.deploy.{role}",
                "tasks_from": name,
                "rolespec_validate": False,
            },
            "when": f"role == '{role}' and entry == '{name}'",
        }
        for role, entry in ENTRIES
        for name in (entry, f"{entry}.yml")
    ]
    keep = {
        "ansible.builtin.copy": {
            "content": "{{ ansible_failed_result.msg }}",
            "dest": f"{folder}/{{{{ inventory_hostname }}}}.txt",
            "mode": "0600",
        },
        "vars": {"ansible_python_interpreter": sys.executable},
    }
    play = {"hosts": "all", "gather_facts": False, "tasks": [{"block": includes, "rescue": [keep]}]}
    (folder / "play.yml").write_text(json.dumps([play]))
    ended = run("ansible-playbook", "-i", folder / "hosts.json", folder / "play.yml", "--forks", "4")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return {host: (folder / f"{host}.txt").read_text() for host in hosts}


@pytest.mark.parametrize(("role", "entry"), ENTRIES)
def test_every_entry_point_checks_every_variable_however_it_is_named(entered, role, entry):
    for name in (entry, f"{entry}.yml"):
        for variable, value in wrong_values(role, entry).items():
            spec = SPECS[role][entry]["options"][variable]
            seen = "(not shown)" if is_hidden(spec) else json.dumps(value)
            assert f"{variable} is {seen}; expected {expected(spec)}. " in entered[f"{role}-{name}"]


@pytest.mark.parametrize(
    ("group", "role"), [("brokers", "logstash"), ("control", "elb_log_shipper"), ("control", "aws_stacks")]
)
def test_preflight_checks_every_variable_before_any_host(tmp_path, group, role):
    wrong = wrong_values(role, "main")
    broker = {
        "logstash_pipelines": [{"id": "broker", "templates": ["broker/output-file.conf"]}],
        "octopus_variables": {"EventsFile": "/x"},
    }
    buckets = {
        "elb_log_shipper_log_bucket": "one-bucket",
        "elb_log_shipper_artifact_bucket": "other-bucket",
        "elb_log_shipper_required_variables": [],
        "octopus_unresolved": "ignore",
    }
    # Nobody answers there, so that touching it would fail in another way.
    hosts = {"brokers": {"hosts": {"192.0.2.2": broker}}, "control": {"hosts": {"192.0.2.3": buckets}}}
    hosts[group] = {"hosts": {"192.0.2.1": {**(buckets if group == "control" else {}), **wrong}}}
    inventory = {"all": {"vars": {"octopus_environment": "test", "ansible_connection": "ssh"}, "children": hosts}}
    (tmp_path / "hosts.json").write_text(json.dumps(inventory))
    ended = run("ansible-playbook", "-i", tmp_path / "hosts.json", "playbooks/preflight.yml")
    output = " ".join((ended.stdout + ended.stderr).split())
    assert ended.returncode != 0
    assert "UNREACHABLE" not in output
    for variable, value in wrong.items():
        spec = SPECS[role]["main"]["options"][variable]
        seen = "(not shown)" if is_hidden(spec) else json.dumps(value)
        assert f"{variable} is {seen}; expected {expected(spec)}." in output, output


def test_a_wrong_number_of_hosts_at_once_does_not_become_all(tmp_path):
    wrong = ["abc", "0", "-1", "0%", "101%", "1.5", 0, 1.5, [1], None]
    right = [1, "1", 25, "1%", "100%"]
    hosts = {f"host-{number}": {"logstash_serial": value} for number, value in enumerate(wrong + right)}
    (tmp_path / "hosts.json").write_text(json.dumps({"all": {"children": {"brokers": {"hosts": hosts}}}}))
    ended = run("ansible-playbook", "-i", tmp_path / "hosts.json", "playbooks/batches.yml")
    output = " ".join(ended.stdout.split())
    for number, value in enumerate(wrong):
        assert f"host-{number} : ok=0 changed=0 unreachable=0 failed=1" in re.sub(" +", " ", output)
        assert f"logstash_serial is {json.dumps(value)}; expected a number of hosts such as 1" in output
    for number in range(len(wrong), len(wrong + right)):
        assert re.search(rf"host-{number} : ok=2 ", output)


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        # The template's line comes first, and without one the variable.
        ({"octopus_variables": {}}, ["broker/input.conf:9:13: #{LogTcpPort}: variable LogTcpPort is not defined"]),
        (
            {"octopus_variables": {"LogTcpPort": 1, "LogHttpPort": 2}, "logstash_heap_size": "{{ nowhere }}"},
            ["logstash_heap_size has no value: ", "'nowhere' is undefined. Correct or define what it refers to."],
        ),
        (
            {"logstash_input_ports": [], "logstash_health_timeout": "-1"},
            ['logstash_plugins_timeout is ["-1", 300, 600]; expected seconds, from 1 on. Give each enough time'],
        ),
        (
            {"octopus_variables": {"LogTcpPort": 1, "LogHttpPort": 2}, "logstash_input_ports": ["1", 70000, 0]},
            ["logstash_input_ports has 70000, 0; expected ports from 1 to 65535. Correct the list."],
        ),
        (
            {"logstash_input_ports": [], "logstash_stop_timeout": -5, "logstash_lock_max_age": 0},
            ["logstash_keep_releases is [-5, 0, 5]; expected whole numbers from 0 on. Correct the one"],
        ),
    ],
)
def test_variables_without_a_value_are_told_before_any_host(tmp_path, variables, said):
    pipeline = {"id": "broker", "templates": ["broker/input.conf"]}
    host = {
        "logstash_pipelines": [pipeline],
        "logstash_input_ports": ["{{ '#{LogTcpPort}' | elk.deploy.octopus_substitute }}"],
        **variables,
    }
    inventory = {
        "all": {"vars": {"octopus_environment": "test"}, "children": {"brokers": {"hosts": {"192.0.2.1": host}}}}
    }
    (tmp_path / "hosts.json").write_text(json.dumps(inventory))
    ended = run("ansible-playbook", "-i", tmp_path / "hosts.json", "playbooks/preflight.yml")
    output = " ".join((ended.stdout + ended.stderr).split())
    assert ended.returncode != 0
    assert "UNREACHABLE" not in output
    assert [text for text in said if text not in output] == []
