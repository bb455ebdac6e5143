"""Every mistake in the settings file has a message that names the file, the key and the way out."""

import json
import re
from pathlib import Path

import pytest
from elb_log_shipper import settings
from elb_log_shipper.errors import SettingsError
from elb_log_shipper.events import Context

GOOD = {
    "LogHost": "logs.example.com",
    "LogPort": "5045",
    "LogTransport": "tcp",
    "Environment": "Staging",
    "Component": "elb",
    "Application": "shop",
}
TOKENS = {
    "LogHost": "#{LogHost}",
    "LogPort": "#{LogPort}",
    "LogTransport": "#{LogTransport}",
    "Environment": "#{Octopus.Environment.Name}",
    "Component": "#{Component}",
    "Application": "#{Application}",
}


def parse(**changed) -> settings.Settings:
    return settings.parse(json.dumps({**GOOD, **changed}), "some/settings.json")


def test_packaged_file_is_json_whose_values_are_the_tokens():
    assert json.loads(settings.DEFAULT_PATH.read_text(encoding="utf-8")) == TOKENS


def test_packaged_file_substituted_as_text_loads():
    text = settings.DEFAULT_PATH.read_text(encoding="utf-8")
    for key, token in TOKENS.items():
        text = text.replace(token, GOOD[key])
    assert settings.parse(text, "x") == parse()


def test_values_and_defaults():
    assert parse() == settings.Settings(
        host="logs.example.com",
        port=5045,
        transport="tcp",
        context=Context(component="elb", environment="Staging", application="shop"),
        path="/",
        connect_timeout=5.0,
        timeout=30.0,
        batch_events=500,
        batch_bytes=1048576,
    )


def test_everything_can_be_set():
    found = parse(
        LogPort=443,
        LogTransport="HTTP",
        LogPath="/elb?x=1",
        ConnectTimeoutSeconds=1.5,
        TimeoutSeconds="7",
        BatchEvents="10",
        BatchBytes=2000,
    )
    assert (found.port, found.transport, found.path) == (443, "http", "/elb?x=1")
    assert (found.connect_timeout, found.timeout, found.batch_events, found.batch_bytes) == (1.5, 7.0, 10, 2000)


@pytest.mark.parametrize("host", ["10.0.0.1", "localhost", "::1", "logs-1.example.com"])
def test_hosts(host):
    assert parse(LogHost=host).host == host


@pytest.mark.parametrize("key", TOKENS)
def test_a_token_that_is_left_is_named_with_its_key_and_the_way_out(key):
    name = TOKENS[key][2:-1]
    message = f"{key}: the token {TOKENS[key]} was not substituted. Define the variable {name} for this environment"
    with pytest.raises(SettingsError, match=re.escape(message)):
        parse(**{key: TOKENS[key]})


def test_a_token_inside_a_value_is_found():
    with pytest.raises(SettingsError, match=r"LogHost: the token #\{Zone\} was not"):
        parse(LogHost="logs.#{Zone}.example.com")


@pytest.mark.parametrize("key", GOOD)
def test_missing_key(key):
    values = {name: value for name, value in GOOD.items() if name != key}
    with pytest.raises(SettingsError, match=f"some/settings.json: {key}: missing"):
        settings.parse(json.dumps(values), "some/settings.json")


def test_unknown_key_lists_the_known_ones():
    with pytest.raises(SettingsError, match=r"LogHots: unknown key. Known are LogHost, LogPort"):
        parse(LogHots="x")


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("LogHost", "", "the name or address of the receiver"),
        ("LogHost", " ", "the name or address of the receiver"),
        ("LogHost", "http://logs", "without scheme and port"),
        ("LogHost", None, "a string"),
        ("LogPort", "0", "1 to 65535"),
        ("LogPort", "65536", "1 to 65535"),
        ("LogPort", "", "1 to 65535"),
        ("LogPort", "-1", "1 to 65535"),
        ("LogPort", "http", "1 to 65535"),
        ("LogPort", "9" * 5000, "1 to 65535"),
        ("LogPort", 5.5, "1 to 65535"),
        ("LogPort", True, "1 to 65535"),
        ("LogTransport", "udp", "tcp or http"),
        ("LogTransport", "", "tcp or http"),
        ("LogTransport", 1, "a string"),
        ("LogPath", "elb", "starts with /"),
        ("LogPath", "/a b", "no space"),
        ("LogPath", "/a\r\nX: 1", "no space"),
        ("ConnectTimeoutSeconds", 0, "above 0"),
        ("TimeoutSeconds", "x", "above 0"),
        ("TimeoutSeconds", 901, "900 at most"),
        ("BatchEvents", 0, "1 to 1000000"),
        ("BatchBytes", "1k", "1 to"),
        ("Component", 1, "a string"),
        ("Environment", ["x"], "a string"),
    ],
)
def test_values_that_cannot_be_used(key, value, expected):
    with pytest.raises(SettingsError, match=rf"some/settings\.json: {key}: .*expected .*{expected}"):
        parse(**{key: value})


@pytest.mark.parametrize("text", ["", "{", '{"LogHost": "a"b"}', "nonsense", "[1]]"])
def test_not_json(text):
    with pytest.raises(SettingsError, match=r"x\.json: not JSON: .*escape it for JSON"):
        settings.parse(text, "x.json")


@pytest.mark.parametrize("text", ["[]", '"x"', "null", "1"])
def test_not_an_object(text):
    with pytest.raises(SettingsError, match="expected a JSON object"):
        settings.parse(text, "x.json")


def test_missing_file_is_named_with_the_variable(tmp_path):
    with pytest.raises(SettingsError, match=r"none\.json: not found.*ELB_LOG_SHIPPER_SETTINGS"):
        settings.load(tmp_path / "none.json")


def test_unreadable_file(tmp_path):
    (tmp_path / "latin.json").write_bytes(b'{"LogHost": "\xe9"}')
    for path in (tmp_path, tmp_path / "latin.json"):
        with pytest.raises(SettingsError, match="can't be read"):
            settings.load(path)


def test_the_environment_names_the_file(tmp_path, monkeypatch):
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({**GOOD, "LogHost": "mine"}), encoding="utf-8")
    monkeypatch.setenv("ELB_LOG_SHIPPER_SETTINGS", str(path))
    assert settings.load().host == "mine"


@pytest.mark.parametrize("value", [None, ""])
def test_without_it_the_packaged_file_is_read(monkeypatch, value):
    monkeypatch.delenv("ELB_LOG_SHIPPER_SETTINGS", raising=False)
    if value is not None:
        monkeypatch.setenv("ELB_LOG_SHIPPER_SETTINGS", value)
    with pytest.raises(SettingsError, match=re.escape(str(Path("elb_log_shipper", "settings.json")))):
        settings.load()
