"""The text format, read by a parser that takes nothing else than the format's grammar."""

import re

import monitor_world
import pytest
from logstash_monitor import samples
from logstash_monitor.canaries import InputState
from logstash_monitor.host_files import Deployments
from logstash_monitor.judge import GRAVITY, Verdict
from logstash_monitor.monitor import View
from logstash_monitor.prometheus import Exposition, render

_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_VALUE = r"[+-]?(?:Inf|\d+(?:\.\d+)?(?:e[+-]?\d+)?)|NaN"
_PAIR = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)')
_UNESCAPED = {"\\\\": "\\", "\\n": "\n", '\\"': '"'}


def parsed(text):
    """{name: (kind, help, {labels: value})}; AssertionError for what the grammar does not have."""
    assert text.endswith("\n")
    found, current = {}, None
    for line in text[:-1].split("\n"):
        if match := re.fullmatch(rf"# (HELP|TYPE) ({_NAME}) (.+)", line):
            word, name, rest = match.groups()
            if word == "HELP":
                assert name not in found, f"{name} is not in one place"
                assert re.fullmatch(r"(?:[^\\]|\\\\|\\n)+", rest)
                found[name] = [None, rest, {}]
            else:
                assert rest in ("counter", "gauge")
                assert found[name][0] is None
                found[name][0] = rest
            current = name
            continue
        match = re.fullmatch(rf"({_NAME})(?:\{{(.*)\}})? ({_VALUE})", line)
        assert match, line
        name, labels, value = match.groups()
        assert name == current, f"{name} is not below its TYPE"
        rest, pairs = labels or "", {}
        while rest:
            pair = _PAIR.match(rest)
            assert pair, line
            assert pair[1] not in pairs
            pairs[pair[1]] = re.sub(r'\\[\\n"]', lambda one: _UNESCAPED[one[0]], pair[2])
            rest = rest[pair.end() :]
        key = tuple(sorted(pairs.items()))
        assert key not in found[name][2], f"{line} is there twice"
        found[name][2][key] = float(value)
    for name, (kind, _help, values) in found.items():
        assert values, name
        assert name.endswith("_total") == (kind == "counter"), name
    return found


@pytest.fixture
def logstash():
    logstash = monitor_world.Logstash()
    logstash.tick(10, leaving=7)
    return logstash


def shown(logstash, inputs=(), verdicts=(), answered=True, by_result=None):
    view = View(
        looked=100.0,
        answered=100.0 if answered else 85.0,
        sample=samples.read(logstash.stats(), 100.0),
        verdicts=tuple(verdicts),
        deployments=Deployments(None, by_result or {}),
    )
    found = parsed(render(view, inputs, 130.0, ready=True))
    return {name: values for name, (_kind, _help, values) in found.items()}


def labels(**pairs):
    return tuple(sorted(pairs.items()))


def test_counters_and_levels_of_a_pipeline(logstash):
    found = shown(logstash)
    own = labels(pipeline="broker")
    assert found["logstash_events_in_total"] == {own: 10}
    assert found["logstash_events_out_total"] == {own: 7}
    assert found["logstash_events_filtered_total"] == {own: 7}
    assert found["logstash_queue_events"] == {own: 3}
    assert found["logstash_queue_bytes"] == {own: 3000}
    assert found["logstash_queue_max_bytes"] == {own: 1_000_000_000}
    assert found["logstash_plugin_events_out_total"] == {
        labels(pipeline="broker", plugin="broker_tcp", kind="input"): 10,
        labels(pipeline="broker", plugin="broker_http", kind="input"): 0,
        labels(pipeline="broker", plugin="canaries", kind="filter"): 7,
        labels(pipeline="broker", plugin="to_elasticsearch", kind="output"): 7,
    }
    assert (
        labels(pipeline="broker", plugin="to_elasticsearch", kind="output") in found["logstash_plugin_events_in_total"]
    )
    assert found["logstash_heap_used_ratio"] == {(): 0.4}
    assert found["logstash_info"] == {labels(version="8.5.3"): 1}
    assert "logstash_dead_letter_queue_bytes" not in found  # it has none


def test_a_dead_letter_queue(logstash):
    stats = logstash.stats()
    stats["pipelines"]["broker"]["dead_letter_queue"] = {"queue_size_in_bytes": 5}
    logstash.stats = lambda: stats
    assert shown(logstash)["logstash_dead_letter_queue_bytes"] == {labels(pipeline="broker"): 5}


def test_one_verdict_of_each_pipeline_is_1(logstash):
    verdict = Verdict("broker", "stalled", "It is so.", {"queue_share": 12.5, "dead_letters": None})
    found = shown(logstash, verdicts=[verdict])
    assert found["logstash_pipeline_verdict"] == {
        labels(pipeline="broker", verdict=word): int(word == "stalled") for word in GRAVITY
    }
    assert found["logstash_queue_share_ratio"] == {labels(pipeline="broker"): 0.125}


def test_canaries_and_deployments(logstash, tmp_path):
    inputs = [InputState(one, 100.25) for one in monitor_world.config(tmp_path).inputs]
    found = shown(logstash, inputs, by_result={"deployed": 3, "failed": 1})
    assert found["logstash_canary_age_seconds"] == {
        labels(input="broker_tcp"): 29.75,
        labels(input="broker_http"): 29.75,
    }
    assert found["logstash_deployments_total"] == {labels(result="deployed"): 3, labels(result="failed"): 1}
    assert found["logstash_monitor_up"] == found["logstash_up"] == found["logstash_ready"] == {(): 1}


def test_a_logstash_that_does_not_answer_has_no_counters(logstash):
    found = shown(logstash, answered=False)
    assert found["logstash_up"] == {(): 0}
    assert found["logstash_monitor_up"] == {(): 1}
    assert not any("events" in name for name in found)


def test_before_the_first_look():
    found = parsed(render(View(), (), 0.0, ready=False))
    assert {name: values[()] for name, (_kind, _help, values) in found.items()} == {
        "logstash_monitor_up": 1,
        "logstash_up": 0,
        "logstash_ready": 0,
    }


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\nb", 'a\\"\n\\n', "}", "ä", ",", '",x="'])
def test_labels_are_escaped(name):
    out = Exposition()
    out.gauge("x", "A \\ and\na line.", 1, label=name)
    ((_kind, text, values),) = parsed(out.text()).values()
    assert values == {(("label", name),): 1}
    assert text == "A \\\\ and\\na line."


@pytest.mark.parametrize("value", [0, 1.5, 10**18, 1e300, 1e-7, float("inf"), float("-inf")])
def test_values(value):
    out = Exposition()
    out.gauge("x", "X.", value)
    ((_kind, _text, values),) = parsed(out.text()).values()
    assert values == {(): value}


@pytest.mark.parametrize(
    "text", ["x 1", "x 1\n", "# HELP x X.\n# TYPE x gauge\nx{a=b} 1\n", '# HELP x X.\n# TYPE x gauge\nx{a="\n"} 1\n']
)
def test_the_parser_refuses_what_is_wrong(text):
    with pytest.raises(AssertionError):
        parsed(text)
