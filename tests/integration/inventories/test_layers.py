"""The layers' pipelines: Logstash's language, the way between the layers, and what depends on the release."""

import json
import re
import subprocess

import pytest
import yaml
from fake_logstash.runtime import config_parser
from inventory_runs import ROOT, run
from logstash_pipeline_parser import Pipeline

# One of each major release: the oldest that the templates are for, the last before a renaming, and the newest.
RELEASES = ["6.3.2", "8.7.1", "9.5.2"]
SECRETS = {
    "RedisPassword": "r3dis",
    "ElasticsearchUrl": "https://a.example.com:9200,https://b.example.com:9200",
    "ElasticsearchUser": "writer",
    "ElasticsearchPassword": "${ELASTICSEARCH_PASSWORD}",
    "ElasticsearchCa": "/etc/pki/elasticsearch.pem",
    "LogTls": "true",
    "LogUser": "elb",
    "LogKeyStore": "/etc/pki/broker.jks",
    **dict.fromkeys(("LogCertificate", "LogKey", "LogClientCa", "LogCa", "RedisCa"), "/etc/pki/tls.pem"),
    **dict.fromkeys(("LogClientCertificate", "LogClientKey"), "/etc/pki/tls.pem"),
}
# Another data directory, and several Redis hosts: one is the shippers' business, one that of the other layers.
ELSEWHERE = json.dumps(
    {"logstash_path_data": "/srv/logstash", "octopus_variables": {"RedisHost": "a.example.com, b.example.com"}}
)
ENVIRONMENT = {"ELASTICSEARCH_PASSWORD": "secret", "LOG_PASSWORD": "secret", "LOG_KEY_STORE_PASSWORD": "secret"}


def pipelines(folder):
    """{file name with its pipeline: text} of all rendered pipelines."""
    return {"/".join(path.parts[-2:]): path.read_text() for path in sorted(folder.glob("*/pipelines/*/*.conf"))}


def everything(folder):
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="session")
def staging(rendering):
    """staging(option..., hosts=group) -> the folder that staging was rendered to with these options, each set once."""

    def rendered(*options, hosts=""):
        limit = ["--limit", hosts] if hosts else []
        return rendering("staging", *limit, *(part for option in options for part in ("-e", option)))

    return rendered


@pytest.fixture(scope="session")
def changed(staging):
    """changed(version, output) -> staging with another release, the other transport, another output and all secrets."""

    def rendered(version, output="elasticsearch"):
        options = (f"logstash_version={version}", "log_transport=http", f"broker_output={output}")
        # The redis plugins of that release have no TLS for brokers, and an error says so.
        redis = {"RedisTls": "true"} if version == "9.5.2" else {}
        arns = ["arn:aws:ssm:eu-west-1:123456789012:parameter/elb"]
        # The monitor would have to be given the secrets themselves.
        values = {"octopus_variables": SECRETS | redis, "elb_log_shipper_secret_arns": arns, "monitored": False}
        return staging(*options, json.dumps(values))

    return rendered


def check_language(text, release=(9, 5, 2)):
    """Both parsers read it; the published one refuses lists under `path` alone, so there it is called otherwise."""
    Pipeline(re.sub(r"\bpath => \[", "paths => [", text)).parse()
    return config_parser.parse(text, release)


def test_every_pipeline_of_every_environment_is_in_logstashs_language(rendered):
    texts = pipelines(rendered[1])
    assert {name.split("/")[0] for name in texts} == {"broker", "indexer", "shipper"}
    for text in texts.values():
        check_language(text)


def test_a_mistake_in_a_template_would_be_found(staging):
    text = pipelines(staging())["shipper/50-output.conf"].replace("=>", "=", 1)
    with pytest.raises(Exception, match="Expected"):
        check_language(text)


@pytest.mark.parametrize(
    ("version", "output"), [*((version, "elasticsearch") for version in RELEASES), ("9.5.2", "redis")]
)
def test_each_release_accepts_every_pipeline(changed, installed, tmp_path, version, output):
    folder = changed(version, output)
    wanted = []
    for host in folder.iterdir():
        for pipeline in yaml.safe_load((host / "pipelines.yml").read_text()):
            pipeline["path.config"] = f"{host}/pipelines/{pipeline['pipeline.id']}/*.conf"
            wanted.append(pipeline)
    (tmp_path / "pipelines.yml").write_text(json.dumps(wanted))
    settings = {"path.data": str(tmp_path / "data"), "path.logs": str(tmp_path / "logs")}
    if version.startswith("9."):
        settings["allow_superuser"] = True
    (tmp_path / "logstash.yml").write_text(json.dumps(settings))
    (tmp_path / "log4j2.properties").write_text("status = error\n")
    ended = subprocess.run(
        [installed(version) / "bin/logstash", "--path.settings", tmp_path, "-t"],
        env={"PATH": "/usr/bin:/bin", **ENVIRONMENT},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "Configuration OK" in ended.stdout


def test_plugins_of_the_pipelines_have_ids_of_their_own(staging):
    for layer in ("broker", "indexer", "shipper"):
        text = "\n".join(text for name, text in pipelines(staging()).items() if name.startswith(layer))
        ids = re.findall(r'^ *id => "(.*)"$', text, re.MULTILINE)
        assert ids
        assert len(ids) == len(set(ids))


def test_the_transport_changes_the_shippers_output_and_nothing_else(staging):
    tcp, http = everything(staging()), everything(staging("log_transport=http"))
    assert tcp.keys() == http.keys()
    changed = {name for name in tcp if tcp[name] != http[name]}
    assert changed == {"shipper-1.staging.example.com/pipelines/shipper/50-output.conf"}
    (name,) = changed
    tcp_output, http_output = (check_language(text[name]).output[0] for text in (tcp, http))
    assert (tcp_output.name, tcp_output.parameters()["port"]) == ("tcp", 5000)
    assert (http_output.name, http_output.parameters()["url"]) == ("http", "http://logs.staging.example.com:8080")


@pytest.mark.parametrize(("transport", "port"), [("tcp", "5000"), ("http", "8080")])
def test_the_load_balancers_log_shipper_follows_the_transport(transport, port):
    tokens = json.loads((ROOT / "roles/elb_log_shipper/files/settings.json").read_text())
    expression = f"'{tokens['LogTransport']} {tokens['LogPort']}' | elk.deploy.octopus_substitute"
    assert evaluated(expression, f"log_transport={transport}") == f"{transport} {port}"


@pytest.mark.parametrize("transport", ["tcp", "http"])
def test_brokers_listen_for_both_whatever_the_transport_is(staging, transport):
    folder = staging() if transport == "tcp" else staging(f"log_transport={transport}")
    inputs = check_language(pipelines(folder)["broker/10-input.conf"]).input
    assert {plugin.name: plugin.parameters()["port"] for plugin in inputs} == {"tcp": 5000, "http": 8080}


def evaluated(expression, *options, host="localhost"):
    """What an expression is on a host of staging."""
    given = [part for option in options for part in ("-e", option)]
    where = ("ansible", "-i", "inventories/staging", "--playbook-dir", str(ROOT / "playbooks"), host)
    ended = run(*where, "-m", "debug", "-a", f"msg={{{{ {expression} }}}}", *given)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return yaml.safe_load(ended.stdout.partition("=>")[2])["msg"]


@pytest.mark.parametrize(("version", "name"), [("8.7.1", "cacert"), ("9.5.2", "ssl_certificate_authorities")])
def test_elasticsearch_gets_its_addresses_credentials_and_authority(changed, version, name):
    folder = changed(version)
    for file in ("broker/30-output-elasticsearch.conf", "indexer/20-output-elasticsearch.conf"):
        (output,) = check_language(pipelines(folder)[file]).output
        assert output.parameters() == {
            "id": "elasticsearch",
            "hosts": ["https://a.example.com:9200", "https://b.example.com:9200"],
            "index": "logstash-staging-%{+YYYY.MM.dd}",
            "user": "writer",
            "password": "${ELASTICSEARCH_PASSWORD}",
            name: "/etc/pki/elasticsearch.pem",
        }


SERVER = {
    "6.3.2": (
        {"ssl_enable": "true", "ssl_cert": ..., "ssl_key": ..., "ssl_extra_chain_certs": ..., "ssl_verify": "true"},
        {"ssl": "true", "keystore": "/etc/pki/broker.jks", "keystore_password": ..., "verify_mode": "force_peer"},
    ),
    "8.7.1": (
        {
            "ssl_enable": "true",
            "ssl_cert": ...,
            "ssl_key": ...,
            "ssl_certificate_authorities": ...,
            "ssl_verify": "true",
        },
        {
            "ssl": "true",
            "ssl_certificate": ...,
            "ssl_key": ...,
            "ssl_certificate_authorities": ...,
            "ssl_verify_mode": "force_peer",
        },
    ),
    "9.5.2": (
        {
            "ssl_enabled": "true",
            "ssl_certificate": ...,
            "ssl_key": ...,
            "ssl_certificate_authorities": ...,
            "ssl_client_authentication": "required",
        },
    )
    * 2,
}
CLIENT = {
    "6.3.2": {"cacert", "client_cert", "client_key"},
    "8.7.1": {"cacert", "client_cert", "client_key"},
    "9.5.2": {"ssl_certificate_authorities", "ssl_certificate", "ssl_key"},
}


@pytest.mark.parametrize("version", RELEASES)
def test_tls_has_the_names_of_the_release(changed, version):
    found = pipelines(changed(version))
    inputs = check_language(found["broker/10-input.conf"]).input
    for plugin, wanted in zip(inputs, SERVER[version], strict=True):
        parameters = plugin.parameters()
        tls = {name for name in parameters if re.match(r"ssl|verify|keystore", name)}
        assert tls == set(wanted)
        for name, value in wanted.items():
            assert parameters[name] == value or (value is ... and parameters[name])
    (output,) = check_language(found["shipper/50-output.conf"]).output
    assert output.parameters()["url"] == "https://logs.staging.example.com:8080"
    assert output.parameters().keys() >= {*CLIENT[version], "user", "password"}


def test_indexers_trust_the_authority_of_redis(changed):
    folder = changed("9.5.2", "redis")
    environment = (folder / "indexer-1.staging.example.com/environment").read_text()
    assert 'SSL_CERT_FILE="/etc/pki/tls.pem"' in environment
    (redis,) = check_language(pipelines(folder)["indexer/10-input.conf"]).input
    assert redis.parameters()["ssl"] == "true"
    (output,) = check_language(pipelines(folder)["broker/30-output-redis.conf"]).output
    assert output.parameters()["ssl_enabled"] == "true"
    assert output.parameters()["ssl_certificate_authorities"] == "/etc/pki/tls.pem"


@pytest.mark.parametrize(("version", "compatibility"), [("6.3.2", None), ("9.5.2", "disabled")])
def test_settings_of_the_pipelines_are_known_to_the_release(changed, version, compatibility):
    (broker,) = yaml.safe_load((changed(version) / "broker-1.staging.example.com/pipelines.yml").read_text())
    assert broker.get("pipeline.ecs_compatibility") == compatibility
    assert (broker["pipeline.workers"], broker["pipeline.batch.size"]) == (2, 125)


@pytest.mark.parametrize(("output", "dead_letters"), [("redis", None), ("elasticsearch", True)])
def test_the_brokers_queue_is_on_disk_and_elasticsearch_has_a_dead_letter_queue(changed, output, dead_letters):
    (broker,) = yaml.safe_load((changed("9.5.2", output) / "broker-1.staging.example.com/pipelines.yml").read_text())
    assert (broker["queue.type"], broker["queue.max_bytes"]) == ("persisted", "1gb")
    assert broker.get("dead_letter_queue.enable") == dead_letters


@pytest.mark.parametrize("layer", ["brokers", "indexers"])
def test_a_stop_drains_the_queue_where_it_is_asked_for(staging, layer):
    """Elsewhere the settings are as they were before there was a choice: nothing is restarted for it."""

    def settings(*options):
        files = staging(*options, hosts=layer).glob("*/pipelines.yml")
        return [one for file in files for one in yaml.safe_load(file.read_text())]

    assert {one["queue.drain"] for one in settings("drain_queue_on_stop=true")} == {True}
    assert not any("queue.drain" in one for one in settings())


def test_a_broker_without_redis_needs_none_of_its_variables():
    expression = "logstash_required_variables"
    needed = evaluated(expression, "broker_output=elasticsearch", host="brokers")
    assert needed == ["LogTcpPort", "LogHttpPort", "ElasticsearchUrl", "ElasticsearchIndex"]
    assert "RedisHost" in evaluated(expression, host="brokers")


def test_a_shipper_reads_only_the_kinds_of_files_that_it_is_told(staging):
    names = pipelines(staging('{"shipper_files": ["performance"]}', hosts="shippers"))
    assert list(names) == ["shipper/10-filter.conf", "shipper/20-performance.conf", "shipper/30-output.conf"]


def test_where_files_were_read_to_is_kept_in_the_data_directory(staging):
    texts = pipelines(staging(ELSEWHERE))
    kept = [found for text in texts.values() for found in re.findall(r'sincedb_path => "(.*)"', text)]
    assert sorted(kept) == [f"/srv/logstash/{name}.sincedb" for name in ("application", "iis", "performance")]


def test_brokers_and_indexers_go_to_every_redis_host(staging):
    found = pipelines(staging(ELSEWHERE))
    inputs = check_language(found["indexer/10-input.conf"]).input
    assert [plugin.parameters()["host"] for plugin in inputs] == ["a.example.com", "b.example.com"]
    assert len({plugin.parameters()["id"] for plugin in inputs}) == 2
    (output,) = check_language(found["broker/30-output-redis.conf"]).output
    assert output.parameters()["host"] == ["a.example.com", "b.example.com"]


@pytest.mark.parametrize(("version", "has"), [("7.13.4", False), ("7.14.0", True), ("9.5.2", True)])
def test_the_tcp_input_keeps_the_connection_out_of_the_events_from_7_14(staging, version, has):
    text = pipelines(staging(f"logstash_version={version}", hosts="brokers"))["broker/10-input.conf"]
    tcp, _http = check_language(text, tuple(map(int, version.split(".")))).input
    assert ("ecs_compatibility" in tcp.parameters()) == has
