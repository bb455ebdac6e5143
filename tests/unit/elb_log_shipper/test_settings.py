"""Every mistake in the settings file has a message that names the file, the key and a hint."""

import json
import re
from pathlib import Path

import jsonschema
import pytest
from elb_log_shipper import settings
from elb_log_shipper.delivery import Address, Receiver, Tls
from elb_log_shipper.errors import SettingsError
from elb_log_shipper.events import Context, Options
from elb_log_shipper.keys import KEYS

ROOT = Path(__file__).parents[3]
SCHEMA = jsonschema.Draft7Validator(
    json.loads((ROOT / "docs/reference/elb_log_shipper_settings.schema.json").read_text(encoding="utf-8"))
)
# What no schema can know, or is not to: several keys, two headers of one name, tokens that are left.
BEYOND_SCHEMA = re.compile("set without|and http as transport|set together|there twice|and none has|token")
# As the role packages it with the function.
PACKAGED = ROOT / "roles/elb_log_shipper/files/settings.json"
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
    "LogTls": "#{if LogTls}#{LogTls}#{else}false#{/if}",
    "LogCa": "#{if LogCa}#{LogCa}#{/if}",
    "LogClientCertificate": "#{if LogClientCertificate}#{LogClientCertificate}#{/if}",
    "LogClientKey": "#{if LogClientKey}#{LogClientKey}#{/if}",
    "LogUser": "#{if LogHttpUser}#{LogHttpUser}#{/if}",
    "LogPassword": "#{if LogHttpPassword}#{LogHttpPassword}#{/if}",
    "Environment": "#{Octopus.Environment.Name}",
    "Component": "#{Component}",
    "Application": "#{Application}",
}


def parse(**changed) -> settings.Settings:
    """What the check comes to, after a look whether the schema comes to the same."""
    values = {**GOOD, **changed}
    fits = SCHEMA.is_valid(values)
    try:
        found = settings.parse(json.dumps(values), "some/settings.json")
    except SettingsError as error:
        if fits and not BEYOND_SCHEMA.search(str(error)):
            pytest.fail(f"the schema accepts it: {error}")
        raise
    assert fits, "the schema refuses it"
    return found


def test_packaged_file_is_json_whose_values_are_the_tokens():
    assert json.loads(PACKAGED.read_text(encoding="utf-8")) == TOKENS


def test_packaged_file_substituted_as_text_loads():
    text = PACKAGED.read_text(encoding="utf-8")
    for key, token in TOKENS.items():
        # The others are off: nobody who ships in clear text needs their variables.
        text = text.replace(token, GOOD.get(key, "false" if key == "LogTls" else ""))
    assert settings.parse(text, "x") == parse()


def test_values_and_defaults():
    assert parse() == settings.Settings(
        context=Context(component="elb", environment="Staging", application="shop"),
        receiver=Receiver((Address("logs.example.com", 5045),), "tcp"),
    )


@pytest.mark.parametrize("key", KEYS)
def test_defaults_and_examples_of_the_documentation_can_be_used(key):
    known = KEYS[key]
    if known.default is not None:
        assert parse(**{key: known.default}) == parse()
    if known.example is not None:
        partners = {"LogTls": True, "LogTransport": "http", "LogUser": "x", "LogClientCertificate": "x"}
        assert parse(**{**partners, key: known.example}) != parse(**partners)


@pytest.mark.parametrize("key", [key for key, known in KEYS.items() if known.between])
def test_limits_of_the_documentation_hold(key):
    low, high = KEYS[key].between
    assert parse(**{key: low}) != parse(**{key: high})
    for within in (low, high, high - 1, high // 2, f"00{low}"):
        assert parse(**{key: within}) == parse(**{key: str(within)})
    for beyond in (low - 1, high + 1, high * 2):
        for value in (beyond, str(beyond)):
            with pytest.raises(SettingsError, match=f"{key}: {value!r}: expected a whole number from {low} to {high}"):
                parse(**{key: value})


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0.5", 0.5), ("900", 900), ("900.000", 900), ("899.999999", 899.999999), ("000007.5", 7.5), ("90", 90)],
)
def test_seconds_may_be_a_text(text, seconds):
    assert parse(TimeoutSeconds=text).receiver.timeout == seconds


@pytest.mark.parametrize(
    "text", ["0", "0.000", "900.1", "901", "1000", "9e1", "1.", ".5", "0000007", "1.0000000", "5\n"]
)
def test_seconds_that_cannot_be_used(text):
    with pytest.raises(SettingsError, match=r"TimeoutSeconds: .*: expected a number of seconds above 0, 900 at most"):
        parse(TimeoutSeconds=text)


@pytest.mark.parametrize("share", ["0", "0.25", "1", "1.0", 0, 1])
def test_shares_may_be_texts(share):
    assert parse(Sampling={"2xx": share}).options.sampling == {"2xx": float(share)}


def test_the_schema_fits_the_packaged_file_with_its_tokens():
    jsonschema.Draft7Validator.check_schema(SCHEMA.schema)
    assert SCHEMA.is_valid(TOKENS)


@pytest.mark.parametrize("key", [key for key, known in KEYS.items() if known.choices])
def test_choices_of_the_documentation_are_all(key):
    assert len({repr(parse(**{key: choice})) for choice in KEYS[key].choices}) == len(KEYS[key].choices)
    with pytest.raises(SettingsError, match=f"{key}: 'other': expected {' or '.join(KEYS[key].choices)}"):
        parse(**{key: "other"})


def test_everything_can_be_set():
    reference = "secretsmanager:elb#password"
    receiver = parse(
        LogHost=["a", "b:444", "[::1]:445", "::1"],
        LogPort="443",
        LogTransport="HTTP",
        LogPath="/elb?x=1",
        ConnectTimeoutSeconds=1.5,
        TimeoutSeconds="7",
        RetrySeconds=0,
        BatchEvents="10",
        BatchBytes=2000,
        LogTls="True",
        LogCa="/opt/ca.pem",
        LogClientCertificate="ssm:/elb/certificate",
        LogClientKey="secretsmanager:elb#key",
        LogClientKeyPassphrase="secretsmanager:elb#passphrase",
        LogFormat="ndjson",
        LogGzip=True,
        LogUser="elb",
        LogPassword=reference,
        LogHeaders={"X-Api-Key": "ssm:/elb/key", "X-Tenant": "shop 1", "X-None": ""},
    ).receiver
    assert receiver == Receiver(
        addresses=(Address("a", 443), Address("b", 444), Address("::1", 445), Address("::1", 443)),
        transport="http",
        tls=Tls("/opt/ca.pem", "ssm:/elb/certificate", "secretsmanager:elb#key", "secretsmanager:elb#passphrase"),
        path="/elb?x=1",
        format="ndjson",
        gzip=True,
        user="elb",
        password=reference,
        headers=(("X-Api-Key", "ssm:/elb/key"), ("X-Tenant", "shop 1")),
        connect_timeout=1.5,
        timeout=7.0,
        retry_seconds=0.0,
        batch_events=10,
        batch_bytes=2000,
    )


@pytest.mark.parametrize(
    "key",
    [
        "LogCa",
        "LogClientCertificate",
        "LogClientKey",
        "LogClientKeyPassphrase",
        "LogUser",
        "LogPassword",
        "LogHeaders",
        "LogTls",
    ],
)
def test_an_option_without_a_value_is_off(key):
    value = False if key == "LogTls" else ""
    assert parse(**{key: value}) == parse()


def test_a_password_is_in_no_message_and_no_repr():
    found = parse(LogTransport="http", LogUser="elb", LogPassword="pa55word")
    assert "pa55word" not in repr(found)
    for values in ({"LogPassword": "pa55word"}, {"LogPassword": ["pa55word"], "LogUser": "x", "LogTransport": "http"}):
        with pytest.raises(SettingsError, match="LogPassword") as raised:
            parse(**values)
        assert "pa55word" not in str(raised.value)
    with pytest.raises(SettingsError, match="LogPassword: a token") as raised:
        parse(LogPassword="pa55#{word")
    assert "word" not in str(raised.value).replace("LogPassword", "")


def test_a_passphrase_is_in_no_message_and_no_repr():
    tls = {"LogTls": True, "LogClientCertificate": "c.pem"}
    assert "pa55word" not in repr(parse(LogClientKeyPassphrase="pa55word", **tls))
    for values in (
        {"LogClientKeyPassphrase": "pa55word"},
        {"LogClientKeyPassphrase": ["pa55word"], **tls},
        {"LogClientKeyPassphrase": "pa55word#{x}", **tls},
    ):
        with pytest.raises(SettingsError, match="LogClientKeyPassphrase") as raised:
            parse(**values)
        assert "pa55word" not in str(raised.value)


def headers(value: object, **more) -> settings.Settings:
    return parse(**{"LogTransport": "http", **more, "LogHeaders": value})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("X-Key: pa55word", "the value: expected an object such as"),
        (["pa55word"], "the value: expected an object such as"),
        *[(nothing, "the value: expected an object such as") for nothing in (0, False, [])],
        ({"X-Key: pa55word": "x"}, "the name of header 1 has characters"),
        ({"X-Fine": "x", "X\r\nX-Key": "pa55word"}, "the name of header 2 has characters"),
        ({"": "pa55word"}, "the name of header 1 has characters"),
        ({"X\u00e9": "pa55word"}, "the name of header 1 has characters"),
        ({"X-Key": "pa55word\r\nX-Other: 1"}, "the value of X-Key is not printable"),
        ({"X-Key": "pa55word\n"}, "the value of X-Key is not printable"),
        ({"X-Key": " pa55word"}, "the value of X-Key is not printable"),
        ({"X-Key": "pa55word\0"}, "the value of X-Key is not printable"),
        ({"X-Key": "pa55word\u00e9"}, "the value of X-Key is not printable"),
        ({"X-Key": ["pa55word"]}, "the value of X-Key is not printable"),
        ({"X-Key": "pa55word#{Key}"}, "X-Key: a token was not substituted"),
        ({"X-Key": "pa55word", "x-key": "pa55word"}, "X-Key is there twice"),
    ],
)
def test_headers_that_cannot_be_sent_and_no_value_is_in_a_message(value, expected):
    with pytest.raises(SettingsError, match=f"LogHeaders: {expected}") as raised:
        headers(value)
    assert "pa55word" not in str(raised.value)


@pytest.mark.parametrize(
    "name",
    ["Host", "content-length", "Content-Type", "CONTENT-ENCODING", "Connection", "Transfer-Encoding", "Expect"],
)
def test_headers_that_say_how_a_request_is_sent_are_not_the_settings(name):
    with pytest.raises(SettingsError, match=f"LogHeaders: {name} is not to be set"):
        headers({name: "x"})


def test_headers_are_in_no_repr_and_go_with_http_only():
    assert "pa55word" not in repr(headers({"X-Key": "pa55word"}))
    with pytest.raises(SettingsError, match="LogHeaders: set without http as transport"):
        headers({"X-Key": "pa55word"}, LogTransport="tcp")
    with pytest.raises(SettingsError, match="LogHeaders: Authorization is set together with a user"):
        headers({"authorization": "Bearer x"}, LogUser="elb")


@pytest.mark.parametrize("host", ["10.0.0.1", "localhost", "::1", "logs-1.example.com"])
def test_hosts(host):
    assert parse(LogHost=host).receiver.addresses == (Address(host, 5045),)


def test_several_hosts_in_one_text():
    found = parse(LogHost="a, b:1,[fe80::1]:2").receiver.addresses
    assert found == (Address("a", 5045), Address("b", 1), Address("fe80::1", 2))


@pytest.mark.parametrize("key", sorted(TOKENS.keys() - {"LogPassword"}))
def test_a_token_that_is_left_is_named_with_its_key_and_the_way_out(key):
    token = TOKENS[key].partition("}")[0] + "}"
    name = token[2:-1].removeprefix("if ")
    message = f"{key}: the token {token} was not substituted. Define the variable {name} for this environment"
    with pytest.raises(SettingsError, match=re.escape(message)):
        parse(**{key: TOKENS[key]})


def test_a_token_inside_a_value_is_found():
    with pytest.raises(SettingsError, match=r"LogHost: the token #\{Zone\} was not"):
        parse(LogHost="logs.#{Zone}.example.com")


@pytest.mark.parametrize("key", GOOD)
def test_missing_key(key):
    values = {name: value for name, value in GOOD.items() if name != key}
    assert not SCHEMA.is_valid(values)
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
        ("LogHost", "http://logs", "without scheme and path"),
        ("LogHost", None, "a string"),
        ("LogHost", "a,", "HOST or HOST:PORT"),
        ("LogHost", "a:0", "HOST or HOST:PORT"),
        ("LogHost", "a:70000", "HOST or HOST:PORT"),
        ("LogHost", "a:b", "HOST or HOST:PORT"),
        ("LogHost", "a:000001", "HOST or HOST:PORT"),
        ("LogHost", [], "HOST or HOST:PORT"),
        ("LogHost", [1], "HOST or HOST:PORT"),
        ("LogFormat", "xml", "json_array or ndjson"),
        ("LogTls", "yes", "true or false"),
        ("LogGzip", 1, "true or false"),
        ("LogCa", 1, "a string"),
        ("LogUser", "a:b", "without a colon"),
        ("RetrySeconds", -1, "from 0"),
        ("RetrySeconds", 901, "900 at most"),
        ("LogPort", "0", "1 to 65535"),
        ("LogPort", "65536", "1 to 65535"),
        ("LogPort", "", "1 to 65535"),
        ("LogPort", "-1", "1 to 65535"),
        ("LogPort", "http", "1 to 65535"),
        ("LogPort", "9" * 5000, "1 to 65535"),
        ("LogPort", "1" * 11, "1 to 65535"),
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
    assert settings.load().receiver.addresses[0].host == "mine"


@pytest.mark.parametrize("value", [None, ""])
def test_without_it_the_packaged_file_is_read(monkeypatch, value):
    monkeypatch.delenv("ELB_LOG_SHIPPER_SETTINGS", raising=False)
    if value is not None:
        monkeypatch.setenv("ELB_LOG_SHIPPER_SETTINGS", value)
    with pytest.raises(SettingsError, match=re.escape(str(Path("elb_log_shipper", "settings.json")))):
        settings.load()


def test_what_events_hold():
    assert parse().options == Options()
    found = parse(
        Naming="ECS",
        Include={"http.response.status_code": "5*"},
        Exclude={"user_agent.original": ["ELB-*", "curl, wget"]},
        Sampling={"2xx": 0.1, "404": 1},
        MaskAddresses="true",
        MaskQuery="token, password",
    ).options
    assert found == Options(
        naming="ecs",
        include={"http.response.status_code": ("5*",)},
        exclude={"user_agent.original": ("ELB-*", "curl, wget")},
        sampling={"2xx": 0.1, "404": 1},
        mask_addresses=True,
        mask_query=("token", "password"),
    )


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("Naming", "camel", "original or ecs or aws"),
        ("Include", "Status", "an object such as"),
        ("Include", {"Status": []}, "at least one pattern"),
        ("Include", {"status": "5*"}, "original names, and none has 'status'; there is Status"),
        ("Exclude", {"tls.cipher": "*"}, "original names, and none has 'tls.cipher'"),
        ("Exclude", {"Status": [500]}, "texts"),
        ("Exclude", {"Status": 500}, "texts"),
        ("Sampling", {"2xx": 2}, "from 0 to 1"),
        ("Sampling", {"ok": 0.5}, "from 0 to 1"),
        ("Sampling", {"2xx": True}, "from 0 to 1"),
        ("Sampling", {"2xx": "1.1"}, "from 0 to 1"),
        ("Sampling", {"2xx": None}, "from 0 to 1"),
        ("Sampling", [], "from 0 to 1"),
        ("MaskAddresses", "sometimes", "true or false"),
        ("MaskQuery", 5, "texts"),
        ("MaskQuery", [""], "texts"),
    ],
)
def test_what_events_can_not_hold(key, value, expected):
    with pytest.raises(SettingsError, match=rf"some/settings\.json: {key}: .*expected .*{expected}"):
        parse(**{key: value})
