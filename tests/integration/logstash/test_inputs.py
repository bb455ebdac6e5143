"""All that the preflight says of a host's variables, at once: one real run."""

import hashlib
import json

import pytest
from inventory_runs import ROOT, run


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """{host: what the preflight says of it}, of one run for all."""
    folder = tmp_path_factory.mktemp("inputs")
    package = folder / "logstash.deb"
    package.write_text("a package")
    right = f"sha256:{hashlib.sha256(package.read_bytes()).hexdigest()}"
    of_file = {"logstash_package_url": str(package), "logstash_package_checksum": right}
    hosts = {
        "everything": {
            **of_file,
            "logstash_api_port": 0,
            "logstash_package_checksum": f"sha256:{'0' * 64}",
            "logstash_settings": {"foo.bar": 1},
            "logstash_plugins": [{"name": "x"}],
            "logstash_keystore": {"A-B": "hunter2hunter2", "C": 1.5},
            "octopus_variables": {},
        },
        "absent": {**of_file, "logstash_package_url": "/nowhere/logstash.deb"},
        "directory": {**of_file, "logstash_package_url": str(folder)},
        # One that is made from a token hides nothing, and is told itself only after the templates.
        "token": {"logstash_archive_root": "{{ '#{Root}' | elk.deploy.octopus_substitute }}", "logstash_api_port": 0},
        "version": {"logstash_version": "latest", "logstash_settings": {"foo.bar": 1}},
        "right": of_file,
    }
    general = {
        "ansible_connection": "ssh",
        "octopus_environment": "test",
        "logstash_template_path": f"{ROOT}/templates/logstash",
        "logstash_pipelines": [{"id": "broker", "templates": ["broker/input.conf"]}],
        "octopus_variables": {"LogTcpPort": 5000, "LogHttpPort": 5001},
        "logstash_input_ports": [5000],
    }
    (folder / "hosts.json").write_text(json.dumps({"all": {"vars": general, "hosts": hosts}}))
    role = {"name": "elk.deploy.logstash", "tasks_from": "preflight_inputs", "rolespec_validate": False}
    keep = {
        "ansible.builtin.copy": {
            "content": "{{ ansible_failed_result.msg }}",
            "dest": f"{folder}/{{{{ inventory_hostname }}}}.txt",
            "mode": "0600",
        },
        "delegate_to": "localhost",
        "connection": "local",
    }
    block = [{"block": [{"ansible.builtin.include_role": role}], "rescue": [keep]}]
    (folder / "play.yml").write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": block}]))
    ended = run("ansible-playbook", "-i", folder / "hosts.json", folder / "play.yml")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    said = {host: folder / f"{host}.txt" for host in hosts}
    return {host: path.read_text() if path.exists() else "" for host, path in said.items()}


def test_all_that_is_wrong_is_told_at_once(told):
    for text in (
        "logstash_api_port is 0; expected one port from 1 to 65535. Set a single free port;",
        f'logstash_package_checksum is "sha256:{"0" * 64}", but ',
        "logstash_settings: Logstash ",
        "plugin 1 (x): name is 'x'; expected a plugin's whole name",
        "The keystore cannot be created: the value of C is a number with a point, expected text",
        "'A-B' is not a name that ${NAME} can refer to",
        "broker/input.conf:9:13: #{LogTcpPort}: variable LogTcpPort is not defined",
    ):
        assert text in told["everything"], told["everything"]
    assert "hunter2" not in told["everything"]


def test_package_file_on_the_control_node(told):
    assert told["right"] == ""
    assert (
        'logstash_package_url is "/nowhere/logstash.deb": there is no such file on the control node.' in told["absent"]
    )
    assert "it is not a file that user " in told["directory"]


def test_variable_that_is_made_from_a_token_hides_no_other_fault(told):
    assert "logstash_api_port is 0; expected one port" in told["token"]
    assert "logstash_archive_root has no value: " in told["token"]


def test_what_follows_from_another_fault_is_not_told(told):
    assert told["version"].startswith('[version_invalid] logstash_version is "latest"; ')
    assert "foo.bar" not in told["version"]
    assert len(told["version"].splitlines()) == 1
