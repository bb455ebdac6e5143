"""What the confinement takes from a pipeline is named before anything changes; what it does not need is not."""

import pytest
from ansible_collections.elk.deploy.plugins.modules import logstash_confinement

ALLOWED = {"low_ports": False, "instance_role": False, "writable": ["/var/lib/logstash", "/srv/positions/"]}


@pytest.fixture
def confinement(run_module, tmp_path, monkeypatch):
    """confinement(text, **options) -> the module's result for one pipeline, on a host with the usual low ports."""
    monkeypatch.setattr(logstash_confinement, "ROOT", str(tmp_path))
    for name, text in {
        "proc/sys/net/ipv4/ip_unprivileged_port_start": "1024\n",
        "etc/resolv.conf": "nameserver 10.0.0.2\n",
        "environment": 'HOME="/home"\n',
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "pipelines/broker").mkdir(parents=True)

    def run(text, **options):
        (tmp_path / "pipelines/broker/10-input.conf").write_text(text)
        arguments = {"path": str(tmp_path / "pipelines"), "user": "nobody", **ALLOWED}
        arguments["environment_files"] = [str(tmp_path / "environment")]
        return run_module(logstash_confinement, **{**arguments, **options})

    return run


@pytest.mark.parametrize(
    ("text", "port"),
    [
        ("input { tcp { port => 514 } }", 514),
        ("input { udp { port => '1023' } }", 1023),
        ("input { syslog { } }", 514),
        ("input { if [x] { } beats { port => 80 } }", 80),
    ],
)
def test_low_port_of_an_input_is_named(confinement, text, port):
    result = confinement(text)
    assert f"pipelines/broker/10-input.conf: the input {result['low'][0].split()[3]} listens on {port}" in result["msg"]
    assert "Set logstash_low_ports to true" in result["msg"]
    assert not confinement(text, low_ports=True)["failed"]


@pytest.mark.parametrize(
    "text",
    [
        "input { tcp { port => 1024 } }",
        "input { tcp { port => 80 mode => client } }",
        "input { tcp { port => '${PORT}' } }",
        "input { redis { port => 80 } }",
        "input { # tcp { port => 80 }\n stdin { } }",
        "output { tcp { port => 80 } }",
        "filter { mutate { add_field => { s3 => x } } }",
    ],
)
def test_what_listens_on_no_low_port_is_accepted(confinement, text):
    assert not confinement(text)["failed"]


def test_ports_of_variables_count(confinement):
    ports = [{"variable": "logstash_api_port", "port": 9600}, {"variable": "logstash_input_ports", "port": 443}]
    assert "logstash_input_ports has 443" in confinement("", ports=ports)["msg"]


def test_low_is_what_the_host_takes_for_low(confinement, tmp_path):
    (tmp_path / "proc/sys/net/ipv4/ip_unprivileged_port_start").write_text("80\n")
    assert not confinement("input { tcp { port => 80 } }")["failed"]
    assert "below 80" in confinement("input { tcp { port => 79 } }")["msg"]


@pytest.mark.parametrize(
    ("text", "plugin"),
    [
        ('input { s3 { bucket => "b" } }', "input s3"),
        ('input { sqs { queue => "q" region => "eu-west-1" } }', "input sqs"),
        ('input { cloudwatch { namespace => "AWS/ELB" } }', "input cloudwatch"),
        ('input { kinesis { kinesis_stream_name => "k" } }', "input kinesis"),
        ('output { if [a] in ["b"] { null { } } else { s3 { bucket => "b" } } }', "output s3"),
        ('output { if "x" in [tags] and ([n] > 5 or [m] =~ /s3 {/) { sns { arn => "a" } } }', "output sns"),
        ('output { s3 { role_arn => "arn:aws:iam::1:role/r" } }', "output s3"),
        ("output { opensearch { auth_type => { type => 'aws_iam' region => 'eu' } } }", "output opensearch"),
        ('output { google_cloud_storage { bucket => "b" } }', "output google_cloud_storage"),
    ],
)
def test_plugin_without_keys_is_named(confinement, text, plugin):
    result = confinement(text)
    assert f"pipelines/broker/10-input.conf: the {plugin} is given no keys" in result["msg"]
    assert "Set logstash_instance_role to true" in result["msg"]
    assert not confinement(text, instance_role=True)["failed"]


@pytest.mark.parametrize(
    "text",
    [
        'input { s3 { access_key_id => "${KEY}" secret_access_key => "${SECRET}" } }',
        'output { s3 { aws_credentials_file => "/etc/keys" } }',
        "output { opensearch { auth_type => { type => 'basic' user => 'u' } } }",
        "output { opensearch { auth_type => { type => 'aws_iam' aws_access_key_id => 'x' } } }",
        'output { google_pubsub { json_key_file => "/etc/keys.json" } }',
        "output { redis { } }\n# s3 { }",
    ],
)
def test_plugin_with_keys_is_accepted(confinement, text):
    assert not confinement(text)["failed"]


@pytest.mark.parametrize("variable", ["AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE"])
def test_keys_of_the_environment_count(confinement, tmp_path, variable):
    (tmp_path / "environment").write_text(f'{variable}="x"\n')
    assert not confinement("input { s3 { } }")["failed"]


def test_keys_in_the_home_count(confinement, tmp_path):
    (tmp_path / "home/.aws").mkdir(parents=True)
    (tmp_path / "home/.aws/credentials").write_text("[default]\n")
    assert not confinement("input { s3 { } }")["failed"]


def test_address_in_a_pipeline_is_named(confinement):
    text = 'input { http_poller { urls => { me => "http://169.254.169.254/latest" } } }'
    assert "10-input.conf names its address" in confinement(text)["msg"]


def test_host_whose_names_are_resolved_there_is_named(confinement, tmp_path):
    (tmp_path / "etc/resolv.conf").write_text("search x\nnameserver 169.254.169.254\n")
    assert "/etc/resolv.conf has names resolved by 169.254.169.254" in confinement("")["msg"]
    (tmp_path / "etc/resolv.conf").write_text("nameserver 169.254.169.253\n")
    assert not confinement("")["failed"]


def test_all_is_told_at_once(confinement):
    message = confinement("input { syslog { } s3 { } }")["msg"]
    assert "logstash_low_ports" in message
    assert "logstash_instance_role" in message


@pytest.mark.parametrize(
    ("setting", "path"),
    [
        ("last_run_metadata_path", "/usr/share/logstash/.logstash_jdbc_last_run"),
        ("sincedb_path", "/var/log/.sincedb"),
        ("sequence_path", "/var/lib/logstash-other/seq"),
        ("aggregate_maps_path", "/var/lib/logstash/../maps"),
    ],
)
def test_place_outside_is_named_with_file_and_line(confinement, setting, path):
    result = confinement(f'input {{\n  x {{ {setting} => "{path}" }}\n}}\n')
    assert result["failed"]
    assert f"pipelines/broker/10-input.conf:2: {setting} => {path}" in result["msg"]
    assert "logstash_write_paths" in result["msg"]


@pytest.mark.parametrize(
    "text",
    [
        'sincedb_path => "/var/lib/logstash/own/.sincedb"',
        "sincedb_path => '/srv/positions/a'",
        'sincedb_path => "/dev/null"',
        'sincedb_path => "${POSITIONS}/a"',
        'sincedb_path => "/${POSITIONS}/a"',
        '# sincedb_path => "/usr/share/logstash/a"',
        'path => "/srv/logs/*.log"',
    ],
)
def test_other_places_are_not(confinement, text):
    assert not confinement(f"input {{ x {{\n{text}\n}} }}\n")["failed"]


@pytest.mark.parametrize("folder", logstash_confinement.PRIVATE)
def test_temporary_folders_do_not_outlive_the_service(confinement, folder):
    assert confinement(f'sincedb_path => "{folder}/.sincedb"', writable=[folder])["failed"]


def test_all_that_the_confinement_takes_is_named_at_once(confinement):
    said = confinement("input { tcp { port => 80 } file { sincedb_path => '/var/log/.sincedb' } s3 { bucket => 'b' } }")
    assert said["codes"] == ["position_file_blocked", "low_port_blocked", "instance_role_blocked"]
