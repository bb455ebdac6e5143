"""The inventories are complete: each renders without reaching a host, and differs from the others in a few lines."""

import json
import re
import subprocess

import pytest
import yaml
from inventory_runs import REAL, ROOT, run


def test_every_host_is_rendered(rendered):
    environment, folder = rendered
    hosts = {path.name for path in folder.iterdir()}
    for group in ("broker", "indexer", "shipper"):
        assert f"{group}-1.{environment}.example.com" in hosts


def test_no_token_is_left(rendered):
    for path in rendered[1].rglob("*"):
        if path.is_file():
            assert "#{" not in path.read_text(), path


def test_paths_are_those_of_the_host(rendered):
    for path in rendered[1].glob("*/pipelines.yml"):
        for pipeline in yaml.safe_load(path.read_text()):
            assert pipeline["path.config"] == f"/etc/logstash/pipelines/{pipeline['pipeline.id']}/*.conf"
            assert list((path.parent / "pipelines" / pipeline["pipeline.id"]).glob("*.conf"))


def test_addresses_are_those_of_the_environment(rendered):
    environment, folder = rendered
    shipper = folder / f"shipper-1.{environment}.example.com/pipelines/shipper/50-output.conf"
    assert f'host => "logs.{environment}.example.com"' in shipper.read_text()
    assert re.search(r"port => 5000\n", shipper.read_text())
    indexer = folder / f"indexer-1.{environment}.example.com/pipelines/indexer/20-output-elasticsearch.conf"
    assert f"https://elasticsearch.{environment}.example.com:9200" in indexer.read_text()


def test_rendering_twice_changes_nothing(rendering):
    again = ("-i", "inventories/staging", "playbooks/render.yml", "-e", f"render_to={rendering('staging')}")
    assert set(re.findall(r"changed=(\d+)", run("ansible-playbook", *again).stdout)) == {"0"}


@pytest.mark.parametrize("environment", REAL)
def test_addresses_are_documentation_addresses(environment):
    listed = json.loads(run("ansible-inventory", "-i", f"inventories/{environment}", "--list").stdout)
    addresses = [host["ansible_host"] for host in listed["_meta"]["hostvars"].values() if "ansible_host" in host]
    assert addresses
    assert all(re.match(r"(192\.0\.2|198\.51\.100|203\.0\.113)\.", address) for address in addresses)


@pytest.mark.parametrize("environment", [*REAL, "local"])
def test_what_environments_share_is_linked_not_copied(environment):
    for group in ("all", "brokers", "indexers", "shippers"):
        link = ROOT / f"inventories/{environment}/group_vars/{group}/10-shared.yml"
        assert link.is_symlink()
        assert link.resolve() == ROOT / f"inventories/shared/{group}.yml"


@pytest.mark.parametrize("environment", REAL)
def test_environments_differ_in_few_lines(environment):
    own = [
        line
        for path in (ROOT / f"inventories/{environment}/group_vars").rglob("*.yml")
        if not path.is_symlink()
        for line in path.read_text().splitlines()
        if line and not line.startswith(("#", "---"))
    ]
    assert len(own) <= 5


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("-i", "inventories/nope"), "inventories/nope has no host in the groups brokers, indexers, shippers"),
        (("-i", "localhost,"), "has no host in the groups brokers, indexers, shippers"),
        (("-i", "inventories/staging", "-e", "octopus_environment="), 'octopus_environment is ""'),
        (("-i", "inventories/staging", "-e", '{"octopus_variables": {"LogTcpPort": ""}}'), "LogTcpPort"),
        (("-i", "inventories/staging", "-e", "logstash_version="), 'logstash_version is ""'),
        (("-i", "inventories/staging", "-e", "log_transport=udp"), 'log_transport is "udp"; expected tcp or http'),
        (
            ("-i", "inventories/staging", "-e", "broker_output=kafka"),
            'broker_output is "kafka"; expected redis, elasticsearch or file',
        ),
        (
            ("-i", "inventories/staging", "-e", "indexer_output=redis"),
            'indexer_output is "redis"; expected elasticsearch',
        ),
    ],
)
def test_wrong_input_stops_before_a_host_is_touched(arguments, named):
    ended = run("ansible-playbook", *arguments, "playbooks/site.yml")
    assert ended.returncode != 0
    assert named in ended.stdout
    assert "Gathering Facts" not in ended.stdout


def test_render_without_a_directory_says_how():
    ended = run("ansible-playbook", "-i", "inventories/staging", "playbooks/render.yml")
    assert ended.returncode != 0
    assert "-e render_to=DIR" in ended.stdout


def test_unknown_environment_of_make_deploy_names_the_known_ones():
    ended = subprocess.run([ROOT / "scripts/deploy.sh", "nope"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode != 0
    assert "no inventory for ENV=nope" in ended.stderr
    assert "staging" in ended.stderr
