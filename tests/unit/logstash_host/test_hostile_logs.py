"""What strangers send may stand in Logstash's log: the time to read it grows with its length, whatever it is."""

import json

import pytest
from ansible_collections.elk.deploy.plugins.module_utils.logstash_host import explanations, logstash_log
from ansible_collections.elk.deploy.plugins.module_utils.masking import foreign
from growth import assert_linear

START = "[2026-01-01T00:00:05,000]"
PIECES = [
    " ",
    "\t",
    "]",
    "[",
    '"',
    '\\"',
    "(",
    "(:1",
    "(a:1)",
    ".rb:1",
    ":",
    ", ",
    ">",
    ">, ",
    "{a",
    "=>",
    'a=>"b"',
    "{x ",
    "Pipeline started {",
    "pipeline_id:",
    'pipeline.id"=>"',
    ":id=>",
    "PipelineAction::a<",
    "logstash-input-a",
    "lib/logstash/inputs/a",
    "LogStash::Inputs::A",
    "Couldn't find any input plugin named 'a",
    "codec=><LogStash::Codecs::A a=>b ",
    "codec=><LogStash::Codecs::A a=>",
    ":exception=>#<A::",
    ":error=>#<",
    ':message=>"\\',
    "backtrace",
    " port=>80",
    " port=>",
    "Plugin: ",
    "Pipeline_id:",
    "Will restart this plugin",
    "Will restart this plugin port=>80 ",
    "Error: ",
    "Stack: ",
    "Exception: ",
    'Path "',
    "Cannot evaluate ${",
    'Setting "',
    "Tried to load a plugin's code, but failed. ",
    "using the configured data ",
    "pattern %{a",
    "pattern %{",
    "Native memory allocation (a",
    "java.lang.",
    "password=",
    "a",
]


def read(text: str) -> None:
    """All that is read of a log when a run fails."""
    found = logstash_log.entries(text.splitlines())
    for start in logstash_log.starts(found):
        logstash_log.failures([start])
        logstash_log.ended(start)
        logstash_log.restarting(start)
        logstash_log.reasons(start)
    logstash_log.shortened(text)
    explanations.explain(logstash_log.words(found))
    foreign.hide(text)


FORMS = {
    "bare": "{}",
    "logger": START + "[ERROR][{}",
    "error": START + "[ERROR][logstash.agent ][main] Failed to execute action {}",
    "restart": START + "[ERROR][logstash.agent ] A plugin had an unrecoverable error. Will restart this plugin.\n  {}",
}


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_long_line(form, piece):
    assert_linear(lambda size: read(form.format(piece * size)), 300)


@pytest.mark.parametrize("piece", PIECES)
def test_many_lines_of_one_entry(piece):
    assert_linear(lambda size: read(FORMS["restart"].format(f"{piece}\n" * size)), 300)


@pytest.mark.parametrize("line", ["", " ", *FORMS.values()])
def test_many_entries(line):
    line = line.format(":exception=>#<Grok::PatternError")
    assert_linear(lambda size: read(f"{line}\n" * size), 200)


@pytest.mark.parametrize(
    "line",
    [
        '{"level":',
        '{"level":"ERROR","logEvent":[]}',
        '{"level":"ERROR","logEvent":{"message":"x"},"thread":5}',
        '{"level":{},"logEvent":{"message":"x"}}',
        '{"level":"ERROR","timeMillis":1e999,"logEvent":{"message":"x"}}',
        '{"level":"ERROR","timeMillis":1e30,"logEvent":{"message":"x"}}',
        '{"level":"ERROR","logEvent":' + "[" * 100_000,
        '{"level":"ERROR","logEvent":' + '{"metaClass":' * 400 + "{}" + "}" * 401,
        '{"level":null,"logEvent":{}}',
        '{"level":"ERROR","loggerName":["a"],"logEvent":{}}',
    ],
)
def test_what_only_looks_like_an_entry_of_json_is_text(line):
    read(line)
    read(json.dumps({"level": "ERROR", "logEvent": {"message": "x"}}) + "\n" + line)
