"""The configuration: what it gives, and that all of its mistakes are said at once, without what is secret."""

import json

import monitor_world
import pytest
from certificates.authority import Authority
from logstash_monitor.config import load
from logstash_monitor.errors import MonitorConfigError


def refused(folder, **changes):
    """The mistakes, one a line."""
    with pytest.raises(MonitorConfigError) as caught:
        monitor_world.config(folder, **changes)
    assert str(caught.value).startswith("[monitor_config_invalid] ")
    return [line.removeprefix("- ") for line in str(caught.value).splitlines()[1:]]


def test_what_is_in_the_file(tmp_path):
    (tmp_path / "password").write_text("s3cret\n")
    login = {"user": "elk", "password_file": str(tmp_path / "password")}
    found = monitor_world.config(
        tmp_path,
        api={"url": "http://127.0.0.1:9600/", **login},
        inputs=[monitor_world.http_input(**login)],
        cloudwatch={"region": "eu-west-1", "endpoint": "", "namespace": "Logstash"},
    )
    assert (found.environment, found.layer, found.host, found.interval) == ("staging", "brokers", "broker-1", 15)
    assert (found.api.url, found.api.user, found.api.password) == ("http://127.0.0.1:9600", "elk", "s3cret")
    (one,) = found.inputs
    assert (one.name, one.pipeline, one.kind, one.port, one.password) == (
        "broker_http",
        "broker",
        "http",
        5001,
        "s3cret",
    )
    assert found.cloudwatch.region == "eu-west-1"
    assert found.record is None
    assert "s3cret" not in repr(found)


def test_defaults_are_those_of_the_contract(tmp_path):
    path = tmp_path / "config.json"
    needed = {
        "environment": "local",
        "layer": "shippers",
        "host": "shipper-1",
        "api": {},
        "pipelines": [],
        "inputs": [],
    }
    path.write_text(json.dumps(needed))
    found = load(path)
    assert (found.interval, found.api.url, found.listen.port) == (15, "http://127.0.0.1:9600", 9601)
    assert (found.canary.interval, found.canary.timeout, found.canary.max_age) == (15, 5, 45)
    assert not found.restart.enabled
    assert found.cloudwatch is None


def test_all_mistakes_are_said_at_once(tmp_path):
    mistakes = refused(
        tmp_path,
        environment="",
        interval="15",
        interva=15,
        api={"url": "ftp://127.0.0.1", "user": "elk"},
        listen={"address": "127.0.0.1", "port": 70000},
        inputs=[
            monitor_world.tcp_input(kind="udp", pipeline="other"),
            monitor_world.tcp_input(port=0, tls={"ca": str(tmp_path / "none.pem"), "certificate": "x", "key": ""}),
        ],
        canary={"interval": 15, "timeout": 5, "max_age": 16},
        restart={"enabled": "yes", "after": 10},
        log_file="relative.log",
        cloudwatch={"region": "eu-west-1", "namespace": "AWS/Logstash"},
    )
    for beginning in (
        'environment: "", expected a text that is not empty',
        'interval: "15", expected a number from 1 to 300',
        "interva: an unknown key, expected one of api, ",
        "api.url: another form, expected http://HOST:PORT",
        "api.password_file: '', expected both user and password_file",
        "listen.port: 70000, expected a port from 1 to 65535",
        "inputs[0].kind: 'udp', expected one of tcp, http",
        "inputs[0].pipeline: 'other', expected one of the list pipelines: broker",
        "inputs[1].port: 0, expected a port",
        f"inputs[1].tls.ca: {tmp_path}/none.pem (No such file or directory), expected a file",
        "inputs[1].tls.key: '' with a certificate, expected both",
        "inputs: 'broker_tcp' is there 2 times",
        "canary.max_age: 16, expected at least 20",
        'restart.enabled: "yes", expected true or false',
        "restart.after: 10, expected a number from 30",
        "log_file: 'relative.log', expected an absolute path",
        "cloudwatch.namespace: 'AWS/Logstash', expected a name",
    ):
        assert any(line.startswith(beginning) for line in mistakes), f"{beginning!r} is not in {mistakes}"
    assert len(mistakes) == 17


@pytest.mark.parametrize(
    "text", ["", "[]", "null", "{", '{"inputs": 3}', '{"inputs": [3], "api": "x", "canary": []}', "\xff"]
)
def test_a_file_of_any_form_is_refused_with_a_message(tmp_path, text):
    path = tmp_path / "config.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(MonitorConfigError, match=r"config\.json"):
        load(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(MonitorConfigError, match=r"none\.json cannot be read: .*No such file"):
        load(tmp_path / "none.json")


def test_missing_keys_are_named(tmp_path):
    path = tmp_path / "config.json"
    path.write_text("{}")
    with pytest.raises(MonitorConfigError) as caught:
        load(path)
    for key in ("environment", "layer", "host", "api", "pipelines", "inputs"):
        assert f"- {key}: missing" in str(caught.value)


def test_secrets_are_not_in_messages(tmp_path):
    (tmp_path / "password").write_bytes(b"s3cret\xff")
    (tmp_path / "key").write_text("s3cret")
    (tmp_path / "empty").write_text("\n")
    authority = Authority(tmp_path / "ca")
    mistakes = refused(
        tmp_path,
        api={"url": "http://elk:s3cret@127.0.0.1:9600", "user": "elk", "password_file": str(tmp_path / "password")},
        inputs=[
            monitor_world.http_input(
                user="elk",
                password_file=str(tmp_path / "empty"),
                tls={"ca": str(authority.path), "certificate": str(authority.path), "key": str(tmp_path / "key")},
            )
        ],
    )
    assert "s3cret" not in "\n".join(mistakes)
    assert any(line.startswith("inputs[0].tls.certificate: ") and "PEM files" in line for line in mistakes)
    assert any(line.startswith("inputs[0].password_file: ") and "is empty" in line for line in mistakes)
    assert any(line.startswith("api.password_file: ") and "(not of the form)" in line for line in mistakes)
    assert len(mistakes) == 4


def test_a_key_with_a_password_is_refused_rather_than_asked_for(tmp_path):
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    authority = Authority(tmp_path / "ca")
    key = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"password"),
    )
    (tmp_path / "key").write_bytes(key)
    tls = {"ca": str(authority.path), "certificate": str(authority.path), "key": str(tmp_path / "key")}
    (mistake,) = refused(tmp_path, inputs=[monitor_world.tcp_input(tls=tls)])
    assert mistake.startswith("inputs[0].tls.certificate: ")


def test_a_ca_for_an_api_without_tls_is_a_mistake(tmp_path):
    (mistake,) = refused(tmp_path, api={"url": "http://127.0.0.1:9600", "ca": "/etc/ca.pem"})
    assert mistake.startswith("api.ca: ")
