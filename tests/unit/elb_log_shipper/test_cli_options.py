"""What the settings file can say, the options can, and both mean the same."""

import contextlib
import io
import json
import re

import pytest
from elb_log_shipper import settings
from elb_log_shipper.command_line import main as cli
from elb_log_shipper.command_line import options
from elb_log_shipper.keys import KEYS
from shipper_command import SOURCE, run

CONTEXT = {"Component": "balancer", "Environment": "test", "Application": "shop"}
RECEIVER = {"LogHost": "127.0.0.1", "LogTransport": "http"}
STATUS = {"original": "Status", "ecs": "http.response.status_code", "aws": "elb_status_code"}


@pytest.fixture
def settings_file(tmp_path):
    """Writes one, and gives its path."""

    def write(**values):
        path = tmp_path / "settings.json"
        path.write_text(json.dumps({**RECEIVER, "LogPort": 1, **CONTEXT, **values}), encoding="utf-8")
        return path

    return write


def wrong_usage(*arguments: object) -> str:
    """The message of a call that must be refused before anything is done."""
    output, messages = io.StringIO(), io.StringIO()
    with (
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(messages),
        pytest.raises(SystemExit) as end,
    ):
        cli.main([*map(str, arguments)])
    assert end.value.code == 2, messages.getvalue()
    assert messages.getvalue().startswith("usage: ")
    assert output.getvalue() == ""
    return messages.getvalue()


def test_each_key_of_the_settings_file_has_an_option():
    parsed = cli._parser().parse_args(["ship", "x", "--to", "https://h:1/x"])
    assert set(parsed.to) == {name for name, key in KEYS.items() if key.flag == "--to"}
    assert set(vars(parsed)) | set(parsed.to) >= set(KEYS)
    assert not set(vars(parsed)) & set(parsed.to)


def checked(*arguments: object) -> settings.Settings:
    parsed = cli._parser().parse_args(["ship", "x", *map(str, arguments)])
    return options.check(parsed).settings()


def test_options_come_to_the_same_as_the_file(settings_file, tmp_path):
    certificate, key, password, headers = (tmp_path / name for name in ("c.pem", "c.key", "password", "headers"))
    for path in (certificate, key):
        path.touch()
    password.write_text("pa55 #{word\n")
    headers.write_text('{"X-Tenant": "#{5}", "X-Api-Key": "ssm:/elb/key"}')
    file = settings_file(
        LogHost="::1",
        LogPort=8443,
        LogTls=True,
        LogPath="/elb?x=1",
        LogCa="ssm:/elb/ca",
        LogClientCertificate=str(certificate),
        LogClientKey=str(key),
        LogClientKeyPassphrase="pa55 word",
        LogFormat="ndjson",
        LogGzip=True,
        LogUser="elb",
        LogPassword="pa55 word",
        LogHeaders={"X-Tenant": "5", "X-Api-Key": "ssm:/elb/key"},
        ConnectTimeoutSeconds=1.5,
        TimeoutSeconds=7,
        RetrySeconds=0,
        BatchEvents=10,
        BatchBytes=2000,
        Naming="ecs",
        Include={"http.response.status_code": ["5*", "404"], "user_agent.original": ["*"]},
        Exclude={"url.original": ["*/health"]},
        Sampling={"2xx": 0.25, "404": 1},
        MaskAddresses=True,
        MaskQuery=["token", "password"],
    )
    given = f"""
        --to https://[::1]:8443/elb?x=1 --ca ssm:/elb/ca --client-certificate {certificate} --client-key {key}
        --client-key-passphrase-file {password} --headers-file {headers}
        --format ndjson --gzip --user elb --password-file {password} --connect-timeout 1.5 --timeout 7 --retry 0
        --batch-events 10 --batch-bytes 2000 --naming ecs --include http.response.status_code=5*
        --include http.response.status_code=404 --include user_agent.original=* --exclude url.original=*/health
        --sample 2xx=0.25 --sample 404=1 --mask-addresses --mask-query token --mask-query password
        --component balancer --environment test --application shop
    """.split()
    by_options, by_file = checked(*given), checked("--settings", file)
    assert [found.receiver.password for found in (by_options, by_file)] == ["pa55 #{word", "pa55 word"]
    assert [found.receiver.tls.passphrase for found in (by_options, by_file)] == ["pa55 #{word", "pa55 word"]
    assert [dict(found.receiver.headers)["X-Tenant"] for found in (by_options, by_file)] == ["#{5}", "5"]
    assert by_options.context == by_file.context
    assert by_options.options == by_file.options
    assert repr(by_options.receiver) == repr(by_file.receiver)  # all but the secrets


def test_a_password_may_be_a_secret(settings_file):
    given = ["--to", "http://h:1", "--user", "elb", "--password-secret", "secretsmanager:elb#password"]
    assert checked(*given).receiver.password == given[-1]
    over_file = checked("--settings", settings_file(LogUser="elb", LogPassword="x"), "--password-secret", "ssm:/elb")
    assert (over_file.receiver.user, over_file.receiver.password) == ("elb", "ssm:/elb")


def test_an_option_replaces_the_file_s_value_and_no_other(settings_file):
    file = settings_file(Naming="ecs", Include={"tls.cipher": "b"}, LogGzip=True, MaskAddresses=True, RetrySeconds=5)
    found = checked("--settings", file, "--naming", "aws", "--include", "elb=d", "--no-gzip", "--no-mask-addresses")
    assert found.options.naming == "aws"
    assert found.options.include == {"elb": ("d",)}
    assert (found.receiver.gzip, found.options.mask_addresses, found.receiver.retry_seconds) == (False, False, 5)
    assert checked("--settings", settings_file()).receiver.retry_seconds == 60, "as the function"


def test_parse_with_the_file_prints_what_the_function_would_send(settings_file, sample_path):
    file = settings_file(Naming="aws", Exclude={"elb_status_code": "2*"}, MaskAddresses=True)
    by_file = run("parse", sample_path, "--settings", file)
    given = ["--naming", "aws", "--exclude", "elb_status_code=2*", "--mask-addresses"]
    given += ["--component", "balancer", "--application", "shop", "--environment", "test"]
    by_options = run("parse", sample_path, *given)
    assert by_file.returncode == by_options.returncode == 0
    arrived = re.compile(rb'"arrival_time":"[^"]*",')  # of raw events, and later in the second run
    assert arrived.sub(b"", by_file.stdout) == arrived.sub(b"", by_options.stdout)
    events = [json.loads(line) for line in by_file.stdout.splitlines()]
    assert 2 < len(events) < 15
    assert not any(str(event.get("elb_status_code")).startswith("2") for event in events)
    assert {event["application"] for event in events} == {"shop"}
    assert f"15 lines, 2 unparsed, {15 - len(events)} left out, " in by_file.stderr.decode()


def test_ship_needs_nothing_but_the_file(settings_file, http_receiver, sample_path):
    receiver = http_receiver()
    file = settings_file(LogPort=receiver.port, LogPath="/elb", LogUser="elb", LogPassword="pa55word", BatchEvents=4)
    done = run("ship", sample_path, "--settings", file)
    assert done.returncode == 0, done.stderr
    assert [len(batch) for batch in receiver.batches] == [4, 4, 4, 3]
    assert {path for path, _, _ in receiver.requests} == {"/elb"}
    assert {headers["Authorization"] for _, headers, _ in receiver.requests} == {"Basic ZWxiOnBhNTV3b3Jk"}
    assert receiver.events[0]["Component"] == "balancer"
    assert b"pa55word" not in done.stderr


def test_another_receiver_gets_neither_the_file_s_password_nor_its_certificates(
    settings_file, http_receiver, sample_path
):
    receiver = http_receiver()
    file = settings_file(
        LogHost="127.0.0.2",
        LogTls=True,
        LogCa="/none.pem",
        LogClientCertificate="/none.pem",
        LogClientKeyPassphrase="x",
        LogHeaders={"X-Api-Key": "x"},
        LogUser="elb",
        LogPassword="x",
        LogPath="/elb",
        Naming="aws",
    )
    done = run("ship", sample_path, "--settings", file, "--to", f"http://127.0.0.1:{receiver.port}")
    assert done.returncode == 0, done.stderr
    ((path, headers, _),) = receiver.requests
    assert path == "/"
    assert not {"Authorization", "X-Api-Key"} & set(headers)
    assert receiver.events[0]["component"] == "balancer"


def test_a_password_is_read_from_a_file_without_its_newline(http_receiver, sample_path, tmp_path):
    receiver = http_receiver()
    path = tmp_path / "password"
    path.write_text("pa55word\n")
    to = ["--to", f"http://127.0.0.1:{receiver.port}", "--user", "elb"]
    done = run("ship", sample_path, *to, "--password-file", path)
    assert done.returncode == 0, done.stderr
    assert receiver.requests[0][1]["Authorization"] == "Basic ZWxiOnBhNTV3b3Jk"


@pytest.mark.parametrize("naming", STATUS)
def test_check_notes_what_cannot_be_parsed_in_each_naming(sample_path, naming):
    plain = run("check", sample_path)
    done = run("check", sample_path, "--naming", naming)
    assert done.returncode == plain.returncode == 1
    notes, expected = (one.stderr.decode().splitlines()[:-1] for one in (done, plain))
    assert notes == expected
    assert len(notes) == 2
    assert re.search(r": byte 2309: 11 columns: expected 12 or more in .*: '2026-03-02T08:01:08", notes[0])


def test_check_is_a_trial_of_filters_and_masks(sample_path):
    done = run("check", sample_path, "--include", "Status=5*", "--mask-addresses")
    messages = done.stderr.decode()
    assert "15 lines, 2 unparsed, 11 left out" in messages
    assert "203.0.113.0" in messages
    assert "203.0.113.69" not in messages


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--naming", "camel"], "--naming: 'camel': expected original or ecs or aws"),
        (["--include", "Status"], "argument --include: 'Status': expected FIELD=PATTERN, as in Status=5*"),
        (["--exclude", "=5*"], "argument --exclude: '=5*': expected FIELD=PATTERN"),
        (["--exclude", "Status="], "argument --exclude: 'Status=': expected FIELD=PATTERN"),
        (["--sample", "2xx"], "argument --sample: '2xx': expected STATUS=SHARE, as in 404=1 or 2xx=0.1"),
        (["--sample", "2xx=2"], "--sample: {'2xx': '2'}: expected statuses such as 404 or 2xx, each with a share from"),
        (["--sample", "2xx=half"], "--sample: {'2xx': 'half'}: expected statuses"),
        (["--sample", "ok=1"], "--sample: {'ok': '1'}: expected statuses"),
        (["--mask-query", ""], "--mask-query: ['']: expected texts, none of them empty"),
        (["--settings", "none.json"], "argument --settings: 'none.json': no such file. Check the path"),
    ],
)
def test_wrong_options_say_what_was_seen_and_expected(arguments, message):
    for command in ("parse", "check"):
        assert message in wrong_usage(command, "x", *arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("", "ship needs --to, or --settings with the receiver in it"),
        ("--to tcp://h:1 --user x", "--user: 'x': expected a name without a colon, and http as transport"),
        ("--to http://h:1 --user a:b", "--user: 'a:b': expected a name without a colon"),
        ("--to tcp://h:1 --ca pyproject.toml", "--ca: set without TLS. Set LogTls to true (--to: tls or https)"),
        ("--to tls://h:1 --ca none.pem", "argument --ca: 'none.pem': no such file"),
        ("--to tls://h:1 --client-certificate none.pem", "--client-certificate: 'none.pem': no such file"),
        ("--to tls://h:1 --client-key pyproject.toml", "--client-key: set without a certificate. Set both, or none"),
        ("--to http://h:1 --format xml", "--format: 'xml': expected json_array or ndjson"),
        ("--to http://h:1 --batch-events 0", "--batch-events: '0': expected a whole number from 1 to 1000000"),
        ("--to http://h:1 --batch-bytes 1k", "--batch-bytes: '1k': expected a whole number from 1 to"),
        ("--to http://h:1 --timeout 0", "--timeout: '0': expected a number of seconds above 0, 900 at most"),
        ("--to http://h:1 --connect-timeout x", "--connect-timeout: 'x': expected a number of seconds above 0"),
        ("--to http://h:1 --retry -1", "--retry"),
        ("--to http://h:1/\N{LATIN SMALL LETTER A WITH DIAERESIS}", "--to: '/ä': expected a URL's path"),
    ],
)
def test_wrong_receivers_say_what_was_seen_and_expected(arguments, message):
    assert message in wrong_usage("ship", "x", *arguments.split())


@pytest.mark.parametrize(
    "arguments",
    [
        "--to http://elb:hunter2@h:1",
        "--to http://h:1 --user elb --password-file hunter2",
        "--to http://h:1 --user elb --password-secret hunter2",
        "--to http://h:1 --headers-file hunter2",
        "--to tls://h:1 --client-certificate pyproject.toml --client-key-passphrase-file hunter2",
        "--to tls://h:1 --client-certificate pyproject.toml --client-key-passphrase-secret hunter2",
    ],
)
def test_a_password_in_the_wrong_place_is_in_no_message(arguments):
    assert "hunter2" not in wrong_usage("ship", "x", *arguments.split())


def test_headers_that_cannot_be_used(tmp_path):
    path = tmp_path / "headers"
    for content, message in (
        ("hunter2", "--headers-file: the file can't be read: not JSON"),
        ('"hunter2"', "--headers-file: the value: expected an object such as"),
        ('{"Host": "hunter2"}', "--headers-file: Host is not to be set"),
        ('{"X-Key": "hunter2\\n"}', "--headers-file: the value of X-Key is not printable"),
    ):
        path.write_text(content)
        said = wrong_usage("ship", "x", "--to", "http://h:1", "--headers-file", path)
        assert message in said
        assert "hunter2" not in said


def test_passwords_that_cannot_be_used(tmp_path):
    path = tmp_path / "password"
    path.write_text("\n")
    to = ["--to", "http://h:1"]
    assert "an empty file" in wrong_usage("ship", "x", *to, "--user", "elb", "--password-file", path)
    path.write_bytes(b"\xff")
    assert "can't be read: not UTF-8" in wrong_usage("ship", "x", *to, "--user", "elb", "--password-file", path)
    path.write_text("pa55word")
    assert "--password-file: set without a user" in wrong_usage("ship", "x", *to, "--password-file", path)
    both = ["--password-file", path, "--password-secret", "ssm:/elb"]
    assert "not allowed with" in wrong_usage("ship", "x", *to, "--user", "elb", *both)


@pytest.mark.parametrize("command", ["parse", "ship", "check"])
def test_all_of_the_file_is_checked_whatever_the_command_needs(command, settings_file, sample_path):
    file = settings_file(LogPort="#{LogPort}")
    assert f"settings file {file}: LogPort: the token" in wrong_usage(command, sample_path, "--settings", file)
    file = settings_file(LogPort="x")
    assert f"settings file {file}: LogPort: 'x': expected" in wrong_usage(command, sample_path, "--settings", file)
    file = settings_file(Naming="camel")
    assert f"settings file {file}: Naming: 'camel': expected" in wrong_usage(command, sample_path, "--settings", file)
    file.write_text("{")
    assert f"settings file {file}: not JSON" in wrong_usage(command, sample_path, "--settings", file)


def test_help_is_in_groups():
    text = run("ship", "--help", cwd=SOURCE).stdout.decode()
    groups = ["\noptions:", "\nevents:", "\nreceiver:", "\nreceiver with HTTP:"]
    assert [text.index(group) for group in groups] == sorted(text.index(group) for group in groups)
    assert "receiver" not in run("parse", "--help", cwd=SOURCE).stdout.decode()
