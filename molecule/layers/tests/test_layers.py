"""Lines in the shipper's files arrive at the indexer's end typed, complete and once, whichever way they go."""

import json
import os
import uuid
from pathlib import Path

import ansible_process
import pytest
from certificates.authority import Authority
from strangers import ATTACKS, Sender, refused
from testinfra.utils.ansible_runner import AnsibleRunner
from waiting import wait_for

# Each test goes on where the one before it has left the host.
pytestmark = pytest.mark.random_order(disabled=True)

ROOT = Path(os.environ["MOLECULE_PROJECT_DIRECTORY"])
INVENTORY = os.environ["MOLECULE_INVENTORY_FILE"]
EVENTS = "/var/log/logstash/events.jsonl"
CONTEXT = {"Environment": "molecule", "Application": "website", "Component": "web-server", "Type": "logs"}


@pytest.fixture(scope="module")
def layer():
    """layer(group) -> the host of a layer."""
    runner = AnsibleRunner(INVENTORY)
    hosts = {group: runner.get_host(runner.get_hosts(group)[0]) for group in ("brokers", "indexers", "shippers")}
    return hosts.__getitem__


def deploy(transport):
    """Brings the shippers alone to a transport: nobody else has to be touched."""
    where = ("-i", INVENTORY, "-i", "molecule/layers/inventory", "--limit", "shippers")
    ended = ansible_process.run(
        "ansible-playbook", *where, "playbooks/logstash.yml", "-e", f"log_transport={transport}"
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


def write(shipper, name):
    """Adds lines that carry a name to the files of all kinds, with headers and empty lines -> the events to expect."""
    machine = {**CONTEXT, "Machine": shipper.check_output("hostname")}
    files = {
        "website/app.log": (
            json.dumps({"Message": "of its own", "Name": name, "Seconds": 1.5, "Cart": {"Items": 3}, "host": "its own"})
            + f"\n2026-03-02 08:05:00 INFO {name} Größe 42\n{{ no JSON {name}\n"
        ),
        # As on Windows: lines end with CR LF.
        "iis/W3SVC1/u_ex260302.log": (
            "#Software: Microsoft Internet Information Services 10.0\r\n"
            "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) "
            "cs(Referer) sc-status sc-substatus sc-win32-status time-taken\r\n"
            f"2026-03-02 08:05:00 10.0.1.15 GET /{name} - 443 - 198.51.100.23 Mozilla/5.0+(X11;+Linux) - 200 0 0 31\r\n"
        ),
        "performance/counters.csv": (
            f'"(PDH-CSV 4.0)","\\\\WEB1\\Processor(_Total)\\% Processor Time","\\\\WEB1\\{name}"\n\n'
            f'"03/02/2026 08:05:00.123","12.5"," ","{int(name, 16)}","7"\n'
        ),
    }
    for path, text in files.items():
        shipper.run_test(f"printf %s {_quoted(text)} >> /var/log/{path}")
    application = {**machine, "SourceModuleName": "Application"}
    return [
        {**application, "Message": "of its own", "Name": name, "Seconds": 1.5, "Cart": {"Items": 3}, "host": "its own"},
        {**application, "Message": f"2026-03-02 08:05:00 INFO {name} Größe 42"},
        {**application, "Message": f"{{ no JSON {name}", "tags": ["_jsonparsefailure"]},
        {
            **machine,
            "SourceModuleName": "IIS",
            "@timestamp": "2026-03-02T08:05:00.000Z",
            "ServerIp": "10.0.1.15",
            "Method": "GET",
            "UriStem": f"/{name}",
            "Port": 443,
            "ClientIp": "198.51.100.23",
            "UserAgent": "Mozilla/5.0 (X11; Linux)",
            "Status": 200,
            "SubStatus": 0,
            "Win32Status": 0,
            "TimeTakenMilliseconds": 31,
        },
        {
            **machine,
            "SourceModuleName": "Performance",
            "@timestamp": "2026-03-02T08:05:00.123Z",
            "ProcessorPercent": 12.5,
            "DiskQueueLength": float(int(name, 16)),
            "RequestsPerSecond": 7.0,
        },
    ]


def _quoted(text):
    return "'" + text.replace("'", "'\\''") + "'"


def arrived(indexer, name, count):
    """The events at the end that carry a name, without what only Logstash adds to them."""

    def lines():
        found = indexer.run(f"grep -E '{name}|{int(name, 16)}' {EVENTS}").stdout.splitlines()
        return found if len(found) >= count else []

    found = [json.loads(line) for line in wait_for(lines, f"{count} events of {name}")]
    return [{key: value for key, value in event.items() if key != "@version"} for event in found]


def check(events, expected):
    """Every event is there, with exactly its fields, once."""
    for event in events:
        # The time of a line that has none is that of its arrival.
        if event["SourceModuleName"] == "Application":
            del event["@timestamp"]
    found, wanted = ([json.dumps(event, sort_keys=True) for event in events_] for events_ in (events, expected))
    assert sorted(found) == sorted(wanted)


def received(broker):
    """{input: events} of the broker."""
    stats = json.loads(broker.check_output("curl -s http://127.0.0.1:9600/_node/stats/pipelines"))
    return {plugin["id"]: plugin["events"]["out"] for plugin in stats["pipelines"]["broker"]["plugins"]["inputs"]}


# The first is what was deployed; then the transport is switched, and switched back.
@pytest.mark.parametrize("transport", ["tcp", "http", "tcp again"])
def test_lines_of_all_kinds_arrive_typed_and_complete(layer, transport):
    if transport != "tcp":
        deploy(transport.split()[0])
    before = received(layer("brokers"))
    name = uuid.uuid4().hex[:8]
    expected = write(layer("shippers"), name)
    check(arrived(layer("indexers"), name, len(expected)), expected)
    after = received(layer("brokers"))
    by = {input_: after[input_] - before[input_] for input_ in after}
    used = f"broker_{transport.split()[0]}"
    assert by == {"broker_tcp": 0, "broker_http": 0, used: len(expected)}


def test_redis_keeps_events_while_the_indexer_is_down(layer):
    layer("indexers").run_test("systemctl stop logstash")
    name = uuid.uuid4().hex[:8]
    expected = write(layer("shippers"), name)
    waiting = "redis-cli --tls --cacert /etc/redis/ca.crt --no-auth-warning -a 'only for this test' llen logstash"
    wait_for(lambda: layer("brokers").check_output(waiting) == str(len(expected)), f"{len(expected)} events in Redis")
    layer("indexers").run_test("systemctl start logstash")
    check(arrived(layer("indexers"), name, len(expected)), expected)


@pytest.fixture(scope="module")
def sender(layer, tmp_path_factory):
    """What can send to the broker's inputs as anybody."""
    broker = layer("brokers")
    address = broker.check_output("hostname -i").split()[0]
    name = f"{os.environ.get('ELK_TEST_ID', 'elk-molecule')}-layers-broker"
    folder = ROOT / f"build/molecule/{name.removesuffix('-broker')}-tls"
    made = Sender(address, {"tcp": 5000, "http": 8080}, name, folder / "ca.crt", "elb:only for http")
    made.good = (folder / "shipper.crt", folder / "shipper.key")
    made.bad = Authority(tmp_path_factory.mktemp("other")).issue("shipper")
    return made


@pytest.mark.parametrize("attack", ATTACKS)
def test_stranger_gets_no_event_in(layer, sender, attack):
    name = uuid.uuid4().hex
    assert refused(attack, sender, f"evil {name}")
    # What comes after it has arrived, so that it would have, too.
    assert b"200" in sender.http(f"good {name}", sender.tls(sender.good))
    found = wait_for(lambda: layer("indexers").run(f"grep {name} {EVENTS}").stdout, "the good event")
    assert f"good {name}" in found
    assert f"evil {name}" not in found


def test_redis_takes_nothing_in_plain_text(layer):
    broker = layer("brokers")
    plain = broker.run(
        "redis-cli -h %s -a 'only for this test' rpush logstash evil", broker.check_output("hostname -i")
    )
    assert "OK" not in plain.stdout
    assert plain.rc != 0


def test_keys_are_readable_by_nobody_else(layer):
    for group in ("brokers", "shippers", "indexers"):
        key = layer(group).file("/etc/logstash/current/tls/shipper.key")
        assert (key.user, key.group, key.mode) == ("root", "logstash", 0o640)
