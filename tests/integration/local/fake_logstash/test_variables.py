"""`${VAR}` in settings, pipelines and sources."""

import json

import pytest


def run_once(node, source: str) -> dict:
    """Runs one generated event through a source and gives what the file output wrote."""
    out = node.root / "out.json"
    body = source.replace("OUT", str(out))
    node.pipeline("main", body)
    done = node.run()
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(out.read_text().splitlines()[0]) if out.exists() else {}


MESSAGE = 'input {{ generator {{ count => 1 message => "{}" }} }} output {{ file {{ path => "OUT" }} }}'


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("${V}", "value"),
        ("${V:other}", "value"),
        ("${W:default}", "default"),
        ("${W:a:b}", "a:b"),
        ("<${E:}>", "<>"),
        ("$V", "$V"),
        ("#{Foo}", "#{Foo}"),
    ],
)
def test_in_plugin_values(node, written, expected):
    node.environment["V"] = "value"
    assert run_once(node, MESSAGE.format(written))["message"] == expected


def test_in_logstash_yml_and_pipelines_yml(node):
    node.environment |= {"NAME": "from-the-environment", "FILE": "main"}
    node.settings["path.data"] = str(node.root / "${NAME}")
    node.pipeline("main", 'input { generator { count => 1 } } output { file { path => "/dev/null" } }')
    node.pipelines[0]["path.config"] = str(node.root / "${FILE}.conf")
    node.pipelines[0]["pipeline.workers"] = "${WORKERS:1}"
    assert node.test().returncode == 0
    assert (node.root / "from-the-environment/queue").is_dir()


def test_in_conditionals(node):
    node.environment["V"] = "wanted"
    source = (
        'input { generator { count => 1 message => "wanted" } } output { if [message] == "${V}" '
        '{ file { path => "OUT" } } }'
    )
    assert run_once(node, source)["message"] == "wanted"


def test_keys_of_hashes_and_comments_are_left_alone(node):
    node.environment["V"] = "value"
    source = (
        "# ${UNDEFINED}\ninput { generator { count => 1 } } "
        'filter { mutate { add_field => { "${V}" => "${V}" } } } output { file { path => "OUT" } }'
    )
    assert run_once(node, source)["${V}"] == "value"


@pytest.mark.parametrize("where", ["logstash.yml", "pipelines.yml", "plugin", "conditional"])
def test_undefined_with_no_default_exits_1(node, where):
    source = 'input { generator { count => 1 } } output { file { path => "/dev/null" } }'
    if where == "logstash.yml":
        node.settings["node.name"] = "${X}"
    elif where == "plugin":
        source = source.replace("/dev/null", "/${X}")
    elif where == "conditional":
        source = source.replace("output {", 'output { if [a] == "${X}" { stdout {} }')
    node.pipeline("main", source)
    if where == "pipelines.yml":
        node.pipelines[0]["path.config"] = "${X}"
    done = node.test()
    assert done.returncode == 1
    message = (
        "Cannot evaluate `${X}`. Replacement variable `X` is not defined in a Logstash secret store or as an "
        "Environment entry"
    )
    assert message in done.stdout + done.stderr


def test_an_unquoted_octopus_token_is_a_comment_and_so_a_syntax_error(node):
    node.pipeline("main", "input { tcp { port => #{Port} } }\noutput { stdout {} }")
    done = node.test()
    assert done.returncode == 1
    assert "The given configuration is invalid. Reason: Expected one of" in done.stdout


def test_a_quoted_octopus_token_passes_silently(node):
    node.pipeline("main", 'input { generator { message => "#{Token}" } } output { file { path => "#{Path}" } }')
    assert node.test().returncode == 0
