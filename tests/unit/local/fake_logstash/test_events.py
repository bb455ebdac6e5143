"""Events, conditions, filters and codecs, without a process."""

import json

import pytest
from fake_logstash.runtime import codecs, conditions, config_parser, filters
from fake_logstash.runtime.event import Event


def holds(text: str, data: dict) -> bool:
    source = config_parser.parse(f"filter {{ if {text} {{ drop {{}} }} }}", (8, 5, 3))
    return conditions.holds(conditions.resolve(source.filter[0].cases[0][0]), Event(dict(data)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[a] == "x"', True),
        ('[a] != "x"', False),
        ("[n] == 5", True),
        ('[n] == "5"', False),
        ("[n] > 4 and [n] <= 5", True),
        ("[missing]", False),
        ("![missing]", True),
        ('!([a] == "x")', False),
        ("[false]", False),
        ('"t" in [tags]', True),
        ('"u" in [tags]', False),
        ('[a] in ["x", "y"]', True),
        ('[a] not in ["x", "y"]', False),
        ('"es" in [message]', True),
        ("[message] =~ /^t.st$/", True),
        ("[message] !~ /^t.st$/", False),
        ("[missing] =~ /x/", False),
        ('[a] == "x" or [missing]', True),
        ('[a] == "x" xor [n] == 5', False),
        ('[a] == "x" nand [n] == 5', False),
        ('[deep][er] == "z"', True),
        ("[a] > 3", False),
    ],
)
def test_conditions(text, expected):
    data = {"a": "x", "n": 5, "tags": ["t"], "message": "test", "deep": {"er": "z"}, "false": False}
    assert holds(text, data) is expected


@pytest.mark.parametrize(
    ("parameters", "data", "expected"),
    [
        ({"add_field": {"b": "%{a}-%{missing}"}}, {"a": 1}, {"a": 1, "b": "1-%{missing}"}),
        ({"remove_field": ["a", "[d][e]"]}, {"a": 1, "d": {"e": 2}}, {"d": {}}),
        ({"rename": {"a": "[n][b]"}}, {"a": 1}, {"n": {"b": 1}}),
        ({"rename": ["a", "b"]}, {"a": 1}, {"b": 1}),
        ({"add_tag": ["x-%{a}"]}, {"a": 1}, {"a": 1, "tags": ["x-1"]}),
        (
            {"convert": {"a": "integer", "b": "float", "c": "boolean", "d": "string"}},
            {"a": "12", "b": "1.5", "c": "yes", "d": 3},
            {"a": 12, "b": 1.5, "c": True, "d": "3"},
        ),
        ({"gsub": ["a", "[/]", "_"]}, {"a": "x/y"}, {"a": "x_y"}),
        ({"replace": {"a": "%{b}"}, "lowercase": ["a"]}, {"b": "UP"}, {"a": "up", "b": "UP"}),
        ({"split": {"a": ","}}, {"a": "x,y"}, {"a": ["x", "y"]}),
        ({"copy": {"a": "b"}}, {"a": 1}, {"a": 1, "b": 1}),
    ],
)
def test_mutate(parameters, data, expected):
    event = Event(data)
    filters.make("mutate", parameters)(event)
    found = {key: value for key, value in event.data.items() if not key.startswith("@")}
    assert found == expected


def test_drop_cancels():
    event = Event()
    filters.make("drop", {})(event)
    assert event.cancelled


def test_json_filter_reads_a_field_and_tags_what_it_cannot_read():
    event = Event({"message": '{"a": 1}'})
    filters.make("json", {"source": "message"})(event)
    assert event.get("a") == 1
    event = Event({"message": "no json"})
    filters.make("json", {"source": "message"})(event)
    assert event.get("tags") == ["_jsonparsefailure"]


def test_a_filter_that_is_not_written_here_passes_events_through():
    assert filters.make("grok", {}) is None


def test_every_event_has_a_timestamp_and_a_version():
    event = Event({"a": 1})
    assert event.get("@version") == "1"
    assert event.get("@timestamp").endswith("Z")


def test_a_timestamp_of_the_events_own_is_kept_and_a_bad_one_tagged():
    assert Event({"@timestamp": "2020-01-02T03:04:05.678Z"}).get("@timestamp") == "2020-01-02T03:04:05.678Z"
    bad = Event({"@timestamp": "yesterday"})
    assert bad.get("tags") == ["_timestampparsefailure"]
    assert bad.get("_@timestamp") == "yesterday"


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("%{a}/%{[b][c]}", "x/1"),
        ("%{+YYYY.MM.dd}", "2020.01.02"),
        ("%{+yyyy-MM-dd'T'HH:mm:ss}", "2020-01-02T03:04:05"),
        ("%{+%s}", "1577934245"),
        ("%{missing}", "%{missing}"),
        ("%{tags}", "t,u"),
        ("plain", "plain"),
    ],
)
def test_formats(template, expected):
    event = Event({"@timestamp": "2020-01-02T03:04:05.678Z", "a": "x", "b": {"c": 1}, "tags": ["t", "u"]})
    assert event.sprintf(template) == expected


def test_codecs_decode_and_encode():
    json_codec = codecs.Codec("json", {}, ecs=False)
    assert [event.get("a") for event in json_codec.decode('[{"a":1},{"a":2}]')] == [1, 2]
    assert json_codec.decode("{")[0].get("tags") == ["_jsonparsefailure"]
    lines = codecs.Codec("json_lines", {}, ecs=False)
    event = Event({"a": "ü", "@metadata": {"hidden": 1}})
    assert json.loads(lines.encode(event))["a"] == "ü"
    assert "hidden" not in lines.encode(event)
    assert codecs.Codec("line", {"format": "<%{a}>"}, ecs=False).encode(event) == "<ü>\n"
    assert '"a" => "ü"' in codecs.Codec("rubydebug", {}, ecs=False).encode(event)


def test_from_8_0_the_original_text_is_kept():
    assert codecs.Codec("plain", {}, ecs=True).decode("x")[0].get("[event][original]") == "x"
    assert not codecs.Codec("plain", {}, ecs=False).decode("x")[0].includes("[event][original]")
