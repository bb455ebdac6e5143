"""Hops that are open, each in a line; variables that can't work, each with a hint."""

import pytest
from ansible_collections.elk.deploy.plugins.module_utils.logstash.versions import parse
from ansible_collections.elk.deploy.plugins.plugin_utils.logstash.hops import FUNCTION, Wanted, faults, open_hops

BROKER, SHIPPER, INDEXER = "broker/input.conf", "shipper/output.conf", "indexer/input.conf"
TO_REDIS, ELASTICSEARCH = "broker/output-redis.conf", "shared/output-elasticsearch.conf"
TLS = "${LOGSTASH_TLS_PATH}/"
FILES = ("broker.crt", "broker.key", "ca.crt", "shipper.crt", "shipper.key")
VALUES = {
    "LogTls": "true",
    "LogTransport": "tcp",
    "LogHost": "logs.example.com",
    "LogPort": "5000",
    "LogTcpPort": "5000",
    "LogHttpPort": "8080",
    "LogTcpAddress": "0.0.0.0",  # noqa: S104 - not bound
    "LogHttpAddress": "0.0.0.0",  # noqa: S104 - not bound
    "LogCertificate": TLS + "broker.crt",
    "LogKey": TLS + "broker.key",
    "LogClientCa": TLS + "ca.crt",
    "LogCa": TLS + "ca.crt",
    "LogClientCertificate": TLS + "shipper.crt",
    "LogClientKey": TLS + "shipper.key",
    "RedisTls": "true",
    "RedisHost": "redis.example.com",
    "RedisPort": "6379",
    "RedisCa": TLS + "ca.crt",
    "RedisPassword": "${REDIS_PASSWORD}",
    "ElasticsearchUrl": "https://writer:${ES_PWD}@e.example.com:9200",
    "ElasticsearchUser": "",
}


def wanted(*templates, version="9.5.2", tls_files=FILES, secret_arns=("arn",), keys=None, api=None, **values):
    known = VALUES | values
    return Wanted(
        value=lambda name: known.get(name, ""),
        templates=templates,
        version=parse(version),
        tls_files=tls_files,
        secret_arns=secret_arns,
        keys=keys or {},
        **(api or {}),
    )


@pytest.mark.parametrize("template", [BROKER, SHIPPER, INDEXER, TO_REDIS, ELASTICSEARCH, FUNCTION])
def test_closed_hop_is_in_no_line(template):
    assert open_hops(wanted(template)) == []
    assert faults(wanted(template)) == []


@pytest.mark.parametrize(
    ("template", "values", "lines"),
    [
        (BROKER, {"LogTls": "false"}, ["senders -> brokers, tcp port 5000", "senders -> brokers, http port 8080"]),
        (BROKER, {"LogTls": ""}, ["senders -> brokers, tcp port 5000", "senders -> brokers, http port 8080"]),
        (BROKER, {"LogTls": "false", "LogTcpAddress": "127.0.0.1"}, ["http port 8080 of 0.0.0.0"]),
        (BROKER, {"LogTls": "false", "LogTcpAddress": "::1", "LogHttpAddress": "localhost"}, []),
        (BROKER, {"LogClientCa": ""}, ["events are taken from anybody", "events are taken from anybody"]),
        (BROKER, {"LogClientCa": "", "LogUser": "elb"}, ["tcp port 5000 of 0.0.0.0: events are taken from anybody"]),
        (
            BROKER,
            {"LogTls": "false", "LogUser": "elb", "LogTcpAddress": "127.0.0.1"},
            ["clear text, the password of LogUser too"],
        ),
        (SHIPPER, {"LogTls": "false"}, ["shippers -> brokers, tcp port 5000 of logs.example.com"]),
        (SHIPPER, {"LogTls": "false", "LogHost": "127.0.0.1"}, []),
        (FUNCTION, {"LogTls": "no"}, ["load balancers -> brokers, tcp port 5000 of logs.example.com"]),
        (TO_REDIS, {"RedisTls": "false"}, ["brokers -> Redis, port 6379 of redis.example.com"]),
        (TO_REDIS, {"RedisPassword": ""}, ["Redis takes events from anybody. Set RedisPassword"]),
        (INDEXER, {"RedisTls": "false", "RedisHost": "127.0.0.1,b"}, ["Redis -> indexers, port 6379 of 127.0.0.1, b"]),
        (INDEXER, {"RedisTls": "false", "RedisHost": "127.0.0.1"}, []),
        (ELASTICSEARCH, {"ElasticsearchUrl": "https://u:p@a, http://b:9201"}, ["Elasticsearch, port 9201 of b"]),
        (ELASTICSEARCH, {"ElasticsearchUrl": "https://a"}, ["port 9200 of a: nothing says who sends"]),
        (ELASTICSEARCH, {"ElasticsearchUrl": "https://a", "ElasticsearchUser": "u"}, []),
        (ELASTICSEARCH, {"ElasticsearchUrl": "https://a", "ElasticsearchApiKey": "${K}"}, []),
        (ELASTICSEARCH, {"ElasticsearchUrl": "https://a", "ElasticsearchCertificate": "/c"}, []),
        (ELASTICSEARCH, {"ElasticsearchUrl": "http://127.0.0.1:9200"}, []),
        (ELASTICSEARCH, {"ElasticsearchUrl": "c"}, ["Elasticsearch, port 9200 of c"]),
        ("own/input.conf", {"LogTls": "false"}, []),
    ],
)
def test_open_hop_is_told_with_its_ends_its_port_and_its_variable(template, values, lines):
    found = open_hops(wanted(template, **values))
    assert len(found) == len(lines)
    for line, part in zip(found, lines, strict=True):
        assert part in line
        assert any(name in line for name in VALUES)


@pytest.mark.parametrize(
    ("host", "settings", "said"),
    [
        ("0.0.0.0", {}, "it answers in clear text"),  # noqa: S104 - not bound
        ("10.0.0.7", {"api.auth.type": "basic", "api.ssl.enabled": False}, "it answers in clear text"),
        ("10.0.0.7", {"api.ssl.enabled": True}, "it answers anybody"),
        ("10.0.0.7", {"api.ssl.enabled": "true", "api.auth.type": "basic"}, ""),
        ("127.0.0.1", {}, ""),
        ("::1", {}, ""),
        ("", {}, ""),
    ],
)
def test_node_api_that_other_machines_reach_is_a_hop(host, settings, said):
    found = open_hops(wanted(api={"api_host": host, "settings": settings}))
    assert len(found) == bool(said)
    assert said in "".join(found)


@pytest.mark.parametrize(
    ("template", "values", "version", "said"),
    [
        (BROKER, {"LogTls": "yes"}, "9.5.2", "LogTls is 'yes'; expected true or false"),
        (INDEXER, {"RedisTls": "1"}, "9.5.2", "RedisTls is '1'; expected true or false"),
        (BROKER, {"LogKey": TLS + "other.key"}, "9.5.2", "expected a file other.key there"),
        (BROKER, {"LogCertificate": ""}, "9.5.2", "LogCertificate is empty, which LogTls needs"),
        (BROKER, {"LogUser": "elb"}, "9.5.2", "LogPassword is empty, but LogUser has a name"),
        (BROKER, {"LogKeyStorePassword": "${K}"}, "6.3.2", "LogKeyStore is empty; expected a Java key store"),
        (SHIPPER, {"LogCa": ""}, "9.5.2", "LogCa is empty, which LogTls needs"),
        (
            SHIPPER,
            {"LogUser": "elb", "LogPassword": "${P}", "LogTransport": "http"},
            "5.2.2",
            "releases that have: 5.3.0 to before 5.4.0, and from 5.4.3 on",
        ),
        (TO_REDIS, {}, "8.5.3", "the redis output of Logstash 8.5.3 has no TLS; releases that have: from 8.15.0 on"),
        (INDEXER, {}, "7.0.1", "the redis input of Logstash 7.0.1 has no TLS"),
        (TO_REDIS, {"RedisUser": "elk"}, "9.5.2", "no release can name a user of Redis's ACL"),
        (INDEXER, {"RedisUser": "elk", "RedisTls": ""}, "9.5.2", "no release can name a user of Redis's ACL"),
        (INDEXER, {"RedisCertificate": TLS + "broker.crt"}, "9.5.2", "no release can show a certificate"),
        (ELASTICSEARCH, {"ElasticsearchApiKey": "${K}"}, "7.7.1", "has no API keys; releases that have: from 7.8.0 on"),
        (ELASTICSEARCH, {"ElasticsearchApiKey": "${K}", "ElasticsearchUser": "u"}, "9.5.2", "expected one of them"),
        (ELASTICSEARCH, {"ElasticsearchApiKey": "${K}", "ElasticsearchUrl": "http://e"}, "9.5.2", "https://"),
        (
            ELASTICSEARCH,
            {"ElasticsearchCertificate": TLS + "broker.crt", "ElasticsearchKey": TLS + "broker.key"},
            "8.7.1",
            "has no certificates of its own in PEM; releases that have: from 8.8.0 on",
        ),
        (ELASTICSEARCH, {"ElasticsearchCa": TLS + "no.crt"}, "9.5.2", "expected a file no.crt there"),
    ],
)
def test_what_cannot_work_is_refused_with_the_way_out(template, values, version, said):
    found = faults(wanted(template, version=version, **values))
    assert len(found) == 1
    assert said in found[0]


@pytest.mark.parametrize(
    ("template", "transport", "kind", "said"),
    [
        (BROKER, "tcp", (False, "RSA"), "expected PKCS#8, the only form that the http input reads"),
        (SHIPPER, "http", (False, "RSA"), "expected PKCS#8, the only form that the http output reads"),
        (SHIPPER, "tcp", (False, "RSA"), ""),
        (SHIPPER, "tcp", (True, "other"), "expected RSA, the only kind that the tcp output reads"),
        (SHIPPER, "http", (True, "other"), ""),
    ],
)
def test_key_has_the_form_that_its_plugin_reads(template, transport, kind, said):
    keys = {"broker.key": kind, "shipper.key": kind}
    found = faults(wanted(template, keys=keys, LogTransport=transport))
    assert len(found) == bool(said)
    assert said in "".join(found)


def test_files_that_are_on_the_host_already_need_not_be_among_the_files():
    values = dict.fromkeys(("LogCertificate", "LogKey", "LogClientCa"), "/etc/pki/x")
    assert faults(wanted(BROKER, tls_files=(), **values)) == []


def test_function_that_may_read_no_secret_is_refused_before_it_fails_to():
    values = {"LogCa": "secretsmanager:s#ca", "LogHttpUser": "elb", "LogPassword": "ssm:/p"}
    (line,) = faults(wanted(FUNCTION, secret_arns=(), **values))
    assert line.startswith("LogCa, LogPassword of the log shipper for load balancers refer to 'secretsmanager:s#ca'")
    assert "elb_log_shipper_secret_arns is empty" in line
    assert faults(wanted(FUNCTION, secret_arns=(), LogTls="false", **values | {"LogHttpUser": ""})) == []
