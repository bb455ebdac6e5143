"""The monitor's settings: what its program reads follows from the role's variables; what is wrong is said before."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from ansible_collections.elk.deploy.plugins.module_utils.messages import CODES
from ansible_collections.elk.deploy.plugins.plugin_utils import monitor_settings
from ansible_collections.elk.deploy.plugins.plugin_utils.monitor_settings import config, faults, files
from role_values import Given

ROLE = Path(__file__).resolve().parents[3] / "roles/logstash_monitor"
PLAIN = yaml.safe_load((ROLE / "defaults/main.yml").read_text())
MADE = {
    "logstash_monitor_environment_name": "staging",
    "logstash_monitor_layer": "brokers",
    "logstash_monitor_host": "broker-1",
    "logstash_monitor_api_url": "http://127.0.0.1:9600",
    "logstash_monitor_api_user": "",
    "logstash_monitor_api_password": "",
    "logstash_monitor_api_ca": "",
    "logstash_monitor_pipelines": ["broker"],
    "logstash_monitor_log_file": "/var/log/logstash/logstash-plain.log",
}
TCP = {"name": "broker_tcp", "pipeline": "broker", "kind": "tcp", "port": "5000"}
HTTP = {
    "name": "broker_http",
    "pipeline": "broker",
    "kind": "http",
    "port": 8080,
    "tls": {"ca": "ca.crt", "server_name": "logs.example.com", "certificate": "monitor.crt", "key": "/etc/pki/m.key"},
    "user": "elb",
    "password": "${LOG_Password}",
}
TLS_FILES = [{"name": "ca.crt", "src": "ca.crt"}, {"name": "monitor.crt", "content": "certificate"}]


def given(**variables):
    named = {f"logstash_monitor_{name}": value for name, value in variables.items() if not name.startswith("logstash")}
    others = {name: value for name, value in variables.items() if name.startswith("logstash")}
    return Given(PLAIN | MADE | named | {"logstash_keystore": {"log_password": "secret of the test"}} | others)


def test_templates_stand_for_the_values_that_the_tests_give():
    assert {name for name, value in PLAIN.items() if "{{" in str(value)} == set(MADE)


def test_names_of_files_become_paths_and_nothing_stays_nothing():
    tcp, http = config(given(inputs=[TCP, HTTP], tls_files=TLS_FILES))["inputs"]
    assert tcp == {
        "name": "broker_tcp",
        "pipeline": "broker",
        "kind": "tcp",
        "host": "127.0.0.1",
        "port": 5000,
        "tls": None,
        "user": "",
        "password_file": "",
    }
    assert http["tls"] == {
        "ca": "/etc/logstash-monitor/tls/ca.crt",
        "server_name": "logs.example.com",
        "certificate": "/etc/logstash-monitor/tls/monitor.crt",
        "key": "/etc/pki/m.key",
    }
    assert http["password_file"].rpartition("/")[::2] == ("/etc/logstash-monitor/passwords", "broker_http")


def test_secrets_are_in_files_of_their_own_and_marked():
    read = given(
        inputs=[TCP, HTTP],
        tls_files=TLS_FILES,
        api_user="me",
        environment={"AWS_SECRET_ACCESS_KEY": 'third"secret'},
        api_password="another secret",  # noqa: S106 - of the test
    )
    found = {file["name"]: file for file in files(read)}
    assert not found["config.json"].get("secret")
    assert "secret" not in found.pop("config.json")["content"]
    assert all(file["secret"] for file in found.values())
    assert {name: file["content"] for name, file in found.items() if "content" in file} == {
        "passwords/broker_http": "secret of the test",
        "passwords/api": "another secret",
        "environment": 'AWS_SECRET_ACCESS_KEY="third\\"secret"\n',
        "tls/monitor.crt": "certificate",
    }
    assert found["tls/ca.crt"]["src"] == "ca.crt"


def test_nothing_is_sent_to_cloudwatch_unless_it_is_asked_for():
    assert config(given())["cloudwatch"] is None
    assert config(given(cloudwatch={"region": "eu-west-1"}))["cloudwatch"] == {
        "region": "eu-west-1",
        "endpoint": "",
        "namespace": "Logstash",
    }


def test_the_program_takes_what_the_role_writes(tmp_path, monkeypatch):
    """Its own check finds nothing wrong, and knows every key."""
    monkeypatch.setattr(monitor_settings, "SETTINGS", str(tmp_path))
    (tmp_path / "passwords").mkdir()
    (tmp_path / "passwords/broker_http").write_text("secret of the test")
    http = {name: value for name, value in HTTP.items() if name != "tls"}
    (tmp_path / "config.json").write_text(json.dumps(config(given(inputs=[TCP, http], restart=True))))
    load = "from pathlib import Path; from logstash_monitor.config import load; print(load(Path('config.json')).host)"
    ended = subprocess.run(
        [sys.executable, "-B", "-c", load],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROLE / "files")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.stdout, ended.stderr) == ("broker-1\n", "")


def test_what_is_right_has_no_faults():
    assert list(faults(given(inputs=[TCP, HTTP], tls_files=TLS_FILES))) == []


WRONG = {
    "an id that is no name of a file": (
        {"inputs": [TCP | {"name": "a/b"}]},
        "monitor_input_invalid",
        '[0].name is "a/b"',
    ),
    "an id twice": ({"inputs": [TCP, TCP]}, "monitor_input_invalid", "[1].name"),
    "another pipeline": ({"inputs": [TCP | {"pipeline": "x"}]}, "monitor_input_invalid", '.pipeline is "x"'),
    "no port": ({"inputs": [TCP | {"port": 0}]}, "monitor_input_invalid", ".port is 0"),
    "a user over tcp": ({"inputs": [TCP | {"user": "a", "password": "b"}]}, "monitor_input_invalid", "kind tcp"),
    "a user without a password": ({"inputs": [TCP | {"kind": "http", "user": "a"}]}, "monitor_input_invalid", "both"),
    "no file of that name": (
        {"inputs": [TCP | {"tls": {"ca": "ca.crt"}}, TCP | {"name": "b", "tls": {"ca": "ca.crt"}}]},
        "monitor_tls_invalid",
        'inputs[0].tls.ca and logstash_monitor_inputs[1].tls.ca are "ca.crt"',
    ),
    "a certificate without a key": (
        {"inputs": [TCP | {"tls": {"certificate": "/a"}}]},
        "monitor_tls_invalid",
        "expected both",
    ),
    "a file in a folder": ({"tls_files": [{"name": "../a", "content": "x"}]}, "monitor_tls_invalid", '"../a"'),
    "a file with nothing in it": ({"tls_files": [{"name": "a"}]}, "monitor_tls_invalid", "its content or its src"),
    "no such name in the keystore": (
        {"inputs": [HTTP | {"tls": None, "password": "${NOPE}"}]},
        "monitor_password_missing",
        "${NOPE}, which logstash_keystore does not have",
    ),
    "no name of a variable": ({"environment": {"A B": "x"}}, "monitor_environment_invalid", '"A B"'),
    "canaries that cannot be in time": ({"canary_max_age": 20}, "monitor_number_invalid", "together, 20"),
    "no interval": ({"interval": 0}, "monitor_number_invalid", "logstash_monitor_interval is 0"),
    "no port of its own": ({"port": 65536}, "monitor_number_invalid", "logstash_monitor_port is 65536"),
    "no region": ({"cloudwatch": {"namespace": "Logstash"}}, "monitor_cloudwatch_invalid", "has no region"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_said_once_with_its_code(what):
    variables, code, said = WRONG[what]
    (message,) = faults(given(**variables))
    assert message.startswith(f"[{code}] ")
    assert said in message
    assert code in CODES


def test_no_message_shows_a_secret():
    wrong = given(
        inputs=[HTTP | {"pipeline": "x", "user": "", "password": "geheim"}],
        environment={"A B": "geheim"},
        tls_files=[{"name": "/", "content": "geheim"}],
    )
    messages = "\n".join(faults(wrong))
    assert len(re.findall(r"^\[monitor_", messages, re.MULTILINE)) >= 4
    assert "geheim" not in messages
