"""A deployment says which hops are open, and stops for certificates that cannot work, before it reaches a host."""

import datetime
import json

import pytest
from certificates.authority import Authority
from inventory_runs import run

LINES = [
    "senders -> brokers, tcp port 5000 of 0.0.0.0: events come in clear text from anybody. Set LogTls",
    "senders -> brokers, http port 8080 of 0.0.0.0: events come in clear text from anybody. Set LogTls",
    "brokers -> Redis, port 6379 of redis.staging.example.com: events go in clear text",
    "Redis -> indexers, port 6379 of redis.staging.example.com: events go in clear text",
    "shippers -> brokers, tcp port 5000 of logs.staging.example.com: events go in clear text. Set LogTls",
    "log shipper for load balancers -> brokers, tcp port 5000 of logs.staging.example.com: events go in clear text",
    "Elasticsearch, port 9200 of elasticsearch.staging.example.com: nothing says who sends",
]


def preflight(**variables):
    """-> exit code, and all that was said in one line."""
    variables["notification_subscribers_required"] = []
    ended = run("ansible-playbook", "-i", "inventories/staging", "playbooks/preflight.yml", "-e", json.dumps(variables))
    return ended.returncode, " ".join((ended.stdout + ended.stderr).split())


def test_each_open_hop_is_a_warning():
    code, said = preflight()
    assert code == 0, said
    for line in LINES[:-1]:
        assert said.count(f"Open hop: {line}") == 1
    assert said.count(LINES[-1]) == 1


def test_node_api_on_every_address_is_a_warning():
    code, said = preflight(logstash_api_host="0.0.0.0")  # noqa: S104 - not bound
    assert code == 0, said
    line = "anybody -> node API of each host, which listens on 0.0.0.0: it answers in clear text"
    assert said.count(f"Open hop: {line}") == 1


def test_open_hops_stop_the_run_where_they_are_to():
    code, said = preflight(open_hops="fail")
    assert code != 0
    for line in LINES[:5]:
        assert line in said
    assert "open_hops is fail; docs/network.md has the variables. Close each hop, or set it to warn." in said


@pytest.mark.parametrize("what", ["ended", "of another"])
def test_certificate_or_key_that_cannot_work_stops_the_run(tmp_path, what):
    authority, day = Authority(tmp_path / "tls"), datetime.timedelta(days=1)
    certificate, key = authority.issue("broker", begin=-2 * day, end=-day if what == "ended" else day)
    key = authority.issue("else")[1] if what == "of another" else key
    files = [{"name": "broker.crt", "src": str(certificate)}, {"name": "broker.key", "src": str(key)}]
    code, said = preflight(logstash_tls_files=files)
    assert code != 0
    wanted = "certificate of CN=broker ended on" if what == "ended" else "broker.key is not the key of broker.crt"
    assert f"logstash_tls_files: {'broker.crt: the ' if what == 'ended' else ''}{wanted}" in said
    assert "PRIVATE KEY" not in said
