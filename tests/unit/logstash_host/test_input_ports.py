"""The TCP ports that the inputs of a pipeline listen on are read from its text where they are literal."""

import pytest
from ansible_collections.elk.deploy.plugins.module_utils.logstash_host import input_ports


def ports(text):
    return [(found.plugin, found.port) for found in input_ports.find(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("input { tcp { port => 5000 } }", [("tcp", 5000)]),
        ('input { tcp { port => "5000" } }', [("tcp", 5000)]),
        ("input { tcp { 'port' => '5000' } }", [("tcp", 5000)]),
        ('input { "tcp" { port=>5000 } }', [("tcp", 5000)]),
        ("input{tcp{codec=>json_lines port=>5000}}", [("tcp", 5000)]),
        ("input {\n  beats {\n    host => '10.0.0.1'\n    port => 5044 # of Filebeat\n  }\n}\n", [("beats", 5044)]),
        ("input { tcp { port => 1 } http { port => 2 } }", [("tcp", 1), ("http", 2)]),
        ("input { tcp { port => 1 } }\nfilter { date { } }\ninput { http { port => 2 } }", [("tcp", 1), ("http", 2)]),
        ("input { tcp { codec => line { charset => 'UTF-8' } port => 5000 } }", [("tcp", 5000)]),
        ("input { tcp { add_field => { port => 1 'x' => 2 } port => 5000 tags => [a, 'port'] } }", [("tcp", 5000)]),
        ("input { tcp { mode => server port => 5000 } }", [("tcp", 5000)]),
        ("input { lumberjack { port => 1 } relp { port => 2 } }", [("lumberjack", 1), ("relp", 2)]),
        ("input { elastic_agent { port => 1 } logstash { port => 2 } }", [("elastic_agent", 1), ("logstash", 2)]),
        # The port of an input that has one without the setting.
        ("input { http { } }", [("http", 8080)]),
        ("input { syslog { type => x } }", [("syslog", 514)]),
    ],
)  # fmt: skip
def test_literal_ports(text, expected):
    assert ports(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# input { tcp { port => 5000 } }",
        "input {\n  # tcp { port => 5000 }\n}",
        'input {\n  tcp {\n    # port => 5000\n    port => "${TCP_PORT}"\n  }\n}',
        'input { tcp { port => "${TCP_PORT:5000}" } http { port => "${P}" } }',
        "input { generator { message => 'tcp { port => 5000 }' } }",
        'input { generator { message => "a \\" } tcp { port => 5000 }" } }',
        "output { tcp { host => 'x' port => 5000 } http { url => 'http://x' } }",
        "filter { if [port] == 5000 { mutate { add_field => { 'port' => 5000 } } } }",
        "input { udp { port => 5000 } gelf { port => 5000 } snmptrap { port => 1062 } }",
        "input { redis { host => 'x' port => 6379 } rabbitmq { port => 5672 } imap { port => 993 } }",
        "input { tcp { mode => client host => 'x' port => 5000 } }",
        "input { tcp { mode => \"client\" host => 'x' port => 5000 } }",
        'input { tcp { mode => "${MODE}" port => 5000 } }',
        "input { tcp { codec => x { port => 5000 } } }",
        "input { tcp { port => 0 } }",
        "input { tcp { port => 65536 } }",
        "input { tcp { port => [5000] } }",
        "input { tcp { port => 5000 port => 5001 } }",
        "input { tcp { port => abc } }",
        'input { if "${A}" == "x" { tcp { port => 5000 } } else { tcp { port => 5001 } } }',
        "input { if [a] =~ /}{/ { tcp { port => 5000 } } }",
        "input { tcp {",
        "input { tcp { port =>",
        "}}} => {{{ [",
        "#{Unresolved} { port => 5000 }",
    ],
)
def test_what_is_not_literal_or_does_not_listen(text):
    assert ports(text) == []


def test_input_whose_port_is_not_literal_is_known_to_listen():
    text = 'input { beats { port => "${P}" host => "${H}" } tcp { mode => client port => "${P}" } udp { port => 1 } }'
    assert input_ports.listeners(text) == [input_ports.InputPort("beats", None, "")]


def test_what_follows_a_condition_is_read():
    text = "input { if [x] { tcp { port => 1 } } else if [y] { tcp { port => 2 } } else { } tcp { port => 3 } }"
    assert ports(text) == [("tcp", 3)]


@pytest.mark.parametrize(
    ("settings", "host"),
    [("", "0.0.0.0"), ("host => '10.0.0.1'", "10.0.0.1"), ('host => "${ADDRESS}"', "")],  # noqa: S104 - read, not bound
)
def test_address(settings, host):
    assert [found.host for found in input_ports.find(f"input {{ tcp {{ port => 1 {settings} }} }}")] == [host]
